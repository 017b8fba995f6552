//! The commands of `graticule`.
fn main() {}
