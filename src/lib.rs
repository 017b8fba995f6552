//! Graticule: a framework and server for geodata on the web.
//!
//! The rooms of the house, each importing only from those above it: see `ARCHITECTURE.md`.

pub mod error;

pub mod base;

pub mod model;

pub mod expr;

pub mod message;

pub mod data;

pub mod sources;

pub mod formats;

pub mod render;

pub mod project;

pub mod exchange;

pub mod web;

pub mod server;

pub mod api;

pub mod access;

pub mod apis;

pub mod services;

pub mod standard;

pub mod gateways;

// A handler's struct derives from these two; re-exported, so that versions agree.
pub use serde;
pub use utoipa;

pub use error::{Error, Kind, Result};
pub use server::context::Context;
pub use server::{Builder, Server};

/// The README's code is compiled as the tests of the documentation are.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

/// The guides' code is compiled and run as well.
#[cfg(doctest)]
mod guides {
    #[doc = include_str!("../docs/plugins.md")]
    struct Plugins;
    #[doc = include_str!("../docs/filters.md")]
    struct Filters;
    #[doc = include_str!("../docs/services.md")]
    struct Services;
    #[doc = include_str!("../docs/access.md")]
    struct Access;
    #[doc = include_str!("../docs/authentication.md")]
    struct Authentication;
}
