//! The gateways seen from outside: behind a real nginx, on the wire, and as programs.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod behind_nginx;
mod cgi;
mod client;
mod echo;
mod fastcgi_wire;
mod http2_wire;
mod nginx;
mod program;
mod recipe;
mod scgi_wire;
mod through_nginx;
mod untaken;

use std::time::Duration;

/// How long a test waits for something before it fails.
const PATIENCE: Duration = Duration::from_secs(60);
