//! How databases are used: `[database]` of the project file.

use std::time::Duration;

use serde::Deserialize;

/// How databases are used.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(deny_unknown_fields, default)]
pub struct Database {
    /// Most connections that are open at once to each.
    pub connections: usize,
    /// Seconds after which the database gives up a statement; never where zero.
    pub statement_seconds: u32,
}

impl Default for Database {
    fn default() -> Self {
        Self { connections: 16, statement_seconds: 60 }
    }
}

impl Database {
    /// When the database gives up a statement.
    pub fn statement_timeout(&self) -> Duration {
        Duration::from_secs(self.statement_seconds.into())
    }
}
