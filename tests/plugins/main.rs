//! Everything that plugins can do: I/O filters, services, access control, and the examples that show them.
// A test that fails may say so by a panic, within and without its test function.
#![allow(clippy::unwrap_used, clippy::panic)]

mod access;
mod cancelled;
mod closed;
mod dialects;
mod examples;
mod hostile;
mod kit;
mod limits;
mod oracle;
mod order;
mod parameters;
mod private;
mod projected;
mod redis;
mod replacing;
mod rules;
mod scripted;
mod services;
mod streaming;
mod versions;
