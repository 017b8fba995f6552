//! A client of HTTP that takes every status as an answer and sends no header that a test did not ask for.

use std::sync::OnceLock;

use serde_json::Value;
use ureq::Agent;
use ureq::http::{HeaderMap, Request};

use crate::PATIENCE;

/// An answer, read to its end.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8(self.body.clone()).unwrap()
    }

    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|_| panic!("{} {}", self.status, self.text()))
    }

    #[track_caller]
    pub(crate) fn expect(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{}", String::from_utf8_lossy(&self.body));
        self
    }
}

fn agent() -> &'static Agent {
    static AGENT: OnceLock<Agent> = OnceLock::new();
    AGENT.get_or_init(|| {
        let config = Agent::config_builder().http_status_as_error(false).max_redirects(0).accept("").user_agent("");
        // One that was kept may be closed by the other end just as it is used again.
        let config = config.max_idle_connections(0);
        config.accept_encoding("").timeout_global(Some(PATIENCE)).build().into()
    })
}

/// Sends a request and reads its answer; the error is the connection's, or that of an answer which is not whole.
pub(crate) fn attempt(method: &str, url: &str, headers: &[(&str, &str)], body: &[u8]) -> Result<Answer, ureq::Error> {
    let mut request = Request::builder().method(method).uri(url);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let response = if body.is_empty() { agent().run(request.body(())?) } else { agent().run(request.body(body)?) }?;
    let (parts, body) = response.into_parts();
    let body = body.into_with_config().limit(1 << 30).read_to_vec()?;
    Ok(Answer { status: parts.status.as_u16(), headers: parts.headers, body })
}

#[track_caller]
pub(crate) fn send(method: &str, url: &str, headers: &[(&str, &str)], body: &[u8]) -> Answer {
    attempt(method, url, headers, body).unwrap_or_else(|error| panic!("{method} {url}: {error}"))
}

#[track_caller]
pub(crate) fn get(url: &str, headers: &[(&str, &str)]) -> Answer {
    send("GET", url, headers, &[])
}
