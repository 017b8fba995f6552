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

pub use error::{Error, Kind, Result};
