//! Where rows come from.

pub mod gdal;
pub mod geopackage;
pub mod memory;

mod pool;

#[cfg(test)]
mod projected_tests;
