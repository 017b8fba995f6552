//! Where rows come from.

pub mod geopackage;
pub mod memory;

#[cfg(test)]
mod projected_tests;
