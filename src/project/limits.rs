//! What a server bears: `[server.limits]` of the project file. Sizes in bytes, times in seconds.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// Limits of a server, with the values that hold where nothing is set.
#[derive(Clone, Debug, Deserialize, Serialize, PartialEq, Eq)]
#[serde(deny_unknown_fields, default)]
pub struct Limits {
    /// Largest head of a request: its URL and headers. 8192 at least.
    pub head_bytes: u32,
    /// Largest body of a request.
    pub body_bytes: u64,
    /// Largest form, which is read into memory.
    pub form_bytes: u32,
    /// Longest time in which the head of a request comes.
    pub head_seconds: u32,
    /// Longest rest of an open connection between two requests.
    pub idle_seconds: u32,
    /// How long a client may neither take its answer nor send its body.
    pub stall_seconds: u32,
    /// How long requests in flight may take when the server stops.
    pub shutdown_seconds: u32,
    /// Most connections at once; more are told so and closed.
    pub connections: u32,
    /// Most requests that are on their way to their first byte at once.
    pub requests: u32,
    /// Most requests that wait for their turn; more are turned away.
    pub queue: u32,
    /// Longest wait for a turn.
    pub queue_seconds: u32,
    /// Longest time to the first byte of an answer.
    pub request_seconds: u32,
    /// Largest answer; one that turns out larger on its way is broken off.
    pub answer_bytes: u64,
    /// What of all answers may wait in memory for clients to take it; beyond that, slow clients lose their answers and requests
    /// wait.
    pub waiting_bytes: u32,
    /// Most features of an HTML page, whatever is asked for: it is made in memory, and browsers suffer.
    pub page_features: u32,
    /// What answers with features that may be asked for again take in memory; none are kept with 0.
    pub kept_bytes: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            head_bytes: 64 * 1024,
            body_bytes: 16 * 1024 * 1024,
            form_bytes: 1024 * 1024,
            head_seconds: 30,
            idle_seconds: 75,
            stall_seconds: 60,
            shutdown_seconds: 30,
            connections: 16_384,
            requests: 512,
            queue: 1024,
            queue_seconds: 10,
            request_seconds: 60,
            answer_bytes: 4 * 1024 * 1024 * 1024,
            waiting_bytes: 128 * 1024 * 1024,
            page_features: 1000,
            kept_bytes: 32 * 1024 * 1024,
        }
    }
}

/// Smallest head that can be set: HTTP's own reader takes no less.
pub const LEAST_HEAD: u32 = 8192;

impl Limits {
    /// Sets one by its name, as an option or the environment has it: `head_bytes=16384`.
    pub fn set(&mut self, text: &str) -> Result<(), String> {
        let wrong = |what: &str| format!("limit '{text}': {what}");
        let (name, value) = text.split_once('=').ok_or_else(|| wrong("expected NAME=NUMBER"))?;
        let value: u32 = value.trim().parse().map_err(|_| wrong("the value is no whole number"))?;
        let mut table = toml::Table::try_from(&*self).map_err(|cause| wrong(&cause.to_string()))?;
        if table.insert(name.trim().to_owned(), i64::from(value).into()).is_none() {
            let names: Vec<&str> = table.keys().map(String::as_str).filter(|it| *it != name.trim()).collect();
            return Err(wrong(&format!("there is no such limit; there are {}", names.join(", "))));
        }
        *self = table.try_into().map_err(|cause: toml::de::Error| wrong(cause.message()))?;
        Ok(())
    }

    /// What is wrong with them.
    pub fn faults(&self) -> Vec<String> {
        let mut faults = Vec::new();
        if self.head_bytes < LEAST_HEAD {
            faults.push(format!("server.limits: head_bytes must be {LEAST_HEAD} at least"));
        }
        let positive = [
            ("head_seconds", self.head_seconds),
            ("idle_seconds", self.idle_seconds),
            ("stall_seconds", self.stall_seconds),
            ("connections", self.connections),
            ("requests", self.requests),
            ("request_seconds", self.request_seconds),
            ("waiting_bytes", self.waiting_bytes),
            ("page_features", self.page_features),
        ];
        for (name, _) in positive.into_iter().filter(|(_, value)| *value == 0) {
            faults.push(format!("server.limits: {name} must be 1 at least"));
        }
        faults
    }
}

/// A number of seconds.
pub fn seconds(number: u32) -> Duration {
    Duration::from_secs(number.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_is_set_by_its_name() {
        let mut limits = Limits::default();
        limits.set("head_bytes=9000").unwrap();
        limits.set(" idle_seconds = 5 ").unwrap();
        assert_eq!((limits.head_bytes, limits.idle_seconds), (9000, 5));
        for wrong in ["head_bytes", "head=1", "head_bytes=-1", "head_bytes=x", "=1", "head_seconds=99999999999"] {
            assert!(limits.set(wrong).is_err(), "{wrong}");
        }
        assert!(limits.set("heads=1").unwrap_err().contains("body_bytes, connections"));
    }

    #[test]
    fn limits_that_would_let_nothing_through_are_faults() {
        assert!(Limits::default().faults().is_empty());
        let none = Limits { head_bytes: 100, connections: 0, ..Limits::default() };
        assert_eq!(none.faults().len(), 2);
    }
}
