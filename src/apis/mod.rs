//! The APIs that come with the house.

pub mod circle;
pub mod coverages;
pub mod landing;
pub mod oapif;

mod json_ld;
mod preview;
