//! The drawing room: rows and samples become pixels by a style. It knows no layer and no project.
//!
//! A [`Style`](style::Style) says how things look; a [`Painter`](features::Painter) draws rows on a [`Canvas`] in a
//! [`MapFrame`]; [`picture`] makes files of the pixels. All of it blocks and belongs on a thread for drawing.

// Pixels are small whole numbers and coordinates are brought near the canvas before they become some.
#![allow(
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss
)]

pub mod canvas;
pub mod features;
pub mod legend;
pub mod picture;
pub mod raster;
pub mod style;
pub mod text;

mod frame;
mod outline;
mod tools;

#[cfg(test)]
mod features_tests;

pub use canvas::Canvas;
pub use frame::{METRES_PER_DEGREE, MapFrame};
