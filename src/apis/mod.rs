//! The APIs that come with the house.

pub mod circle;
pub mod landing;
pub mod oapif;
