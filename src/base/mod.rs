//! Words without behaviour: the field's terms as types, each with its one parser.

pub mod address;
pub mod bbox;
pub mod crs;
pub mod datetime;
pub mod fingerprint;
pub mod format;
pub mod link;
pub mod names;
pub mod near;
pub mod stack;
pub mod xml;
