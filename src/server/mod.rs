//! The server: what is registered, who is asked, and the life of a request.

pub mod api;
pub mod context;
mod life;
pub mod registry;
pub mod setup;

pub use setup::{Builder, Server};
