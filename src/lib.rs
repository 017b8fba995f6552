//! Graticule: a framework and server for geodata on the web.
//!
//! The rooms of the house, each importing only from those above it: see `ARCHITECTURE.md`.

pub mod error;

pub mod base;

pub mod model;

pub mod formats;

pub mod web;

pub use error::{Error, Kind, Result};
