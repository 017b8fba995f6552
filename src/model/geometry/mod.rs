//! Geometry as well-known binary (ISO, with Z and M), read in place: no geometry objects on the way to the client.
//!
//! One walk knows how WKB is built ([`wkb`]); the envelope, the reprojection, the test against a rectangle and the
//! encoders are sinks of it.

use std::fmt;

pub mod clip;
pub mod extent;
pub mod figure;
pub mod gml;
pub mod intersect;
pub mod json;
pub mod points;
pub mod relate;
pub mod rewrite;
pub mod simplify;
pub mod watch;
pub mod within;
pub mod wkb;
pub mod wkt;
pub mod write;

mod arc;
mod segments;
mod straighten;
mod turn;

#[cfg(test)]
pub(crate) mod samples;

pub use extent::{envelope, z_range};
pub use figure::Figure;
pub use intersect::{intersects, intersects_z};
pub use rewrite::rewrite_xy;
pub use straighten::straighten;
pub use within::within;

/// Bytes that are no WKB: cut short, of an unknown type, or nested too deeply.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Malformed;

impl fmt::Display for Malformed {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("the geometry is not well-formed WKB")
    }
}

impl std::error::Error for Malformed {}
