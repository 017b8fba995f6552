//! What data is made of: schemas, values, flat batches of rows, geometry as WKB.

pub mod batch;
pub mod geometry;
pub mod schema;
pub mod value;
