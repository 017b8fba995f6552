//! Where rows come from.

pub mod geopackage;
pub mod memory;
