//! Geometry as well-known binary (ISO, with Z and M), read in place: no geometry objects on the way to the client.

pub mod intersect;
pub mod wkb;
