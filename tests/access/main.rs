//! Access from the project file, as a client meets it: each way to say who asks, right, wrong and missing; and what rules
//! leave of the data.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod basic;
mod gatekeeper;
mod key_url;
mod keys;
mod kit;
mod openapi;
mod program;
mod proxy;
mod rules;
mod tokens;
