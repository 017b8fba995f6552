//! WCS 2.0.1 with its extensions for range subsetting, scaling, interpolation and reference systems.

mod describe_coverage;
mod get_capabilities;
mod get_coverage;
mod keys;
mod names;
mod post;

pub(super) use describe_coverage::describe_coverage;
pub(super) use get_capabilities::get_capabilities;
pub(super) use get_coverage::get_coverage;

/// The version.
pub(super) const VERSION: &str = "2.0.1";

/// The most coverages that one request describes.
const MOST: usize = 1000;
