//! Where rows come from.

pub mod gdal;
pub mod geopackage;
pub mod memory;
pub mod postgis;

mod pool;

#[cfg(test)]
mod contract;
#[cfg(test)]
mod projected_tests;
