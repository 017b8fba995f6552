//! A small picture that is drawn once and laid down many times.

use super::colour::Pixel;
use super::{Canvas, Rgba};

/// A small picture, ready to be laid on a canvas.
#[derive(Clone, Debug)]
pub struct Stamp {
    pub(super) width: usize,
    pub(super) pixels: Vec<Pixel>,
}

impl Stamp {
    /// What was drawn on a canvas.
    pub fn of(canvas: Canvas) -> Self {
        Self { width: canvas.width, pixels: canvas.pixels }
    }
}

impl From<&Rgba> for Stamp {
    fn from(picture: &Rgba) -> Self {
        let mut canvas = Canvas::new(picture.width, picture.height);
        canvas.image(picture.pixels(), picture.width, 0, 0, 1.0);
        Self::of(canvas)
    }
}
