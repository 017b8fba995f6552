//! The classic services of the OGC, below `/ows`: one folder each, one file an operation, over the frame that they share.

pub mod ows;
pub mod wcs;
pub mod wfs;
pub mod wms;
