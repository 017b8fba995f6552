//! The server: what is registered, who is asked, and the life of a request.

pub mod api;
pub mod context;
mod fault;
mod life;
mod look;
pub(crate) mod metrics;
pub(crate) mod outgoing;
mod ows;
mod queue;
pub mod registry;
pub mod security;
mod sequence;
pub mod service;
pub mod setup;
mod versions;

pub use setup::{Builder, Server, Snapshot};
