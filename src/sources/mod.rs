//! Where rows come from.

pub mod gdal;
pub mod geopackage;
pub mod memory;
pub mod postgis;

mod layer_options;
mod pool;

pub use layer_options::LayerOptions;

#[cfg(test)]
mod contract;
#[cfg(test)]
mod projected_tests;
