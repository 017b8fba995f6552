//! Where rows come from.

pub mod memory;
