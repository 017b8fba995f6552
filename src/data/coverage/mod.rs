//! Coverages: rasters, as grids of samples. What a source is ([`Coverage`]), what it is told ([`Cut`]), what is asked
//! ([`CoverageQuery`]) and what comes ([`Strips`]). The gate in [`super::coverage_gate`] is the only one that makes a cut.

use std::sync::Arc;

use crate::error::Result;

mod grid;
pub(super) mod limit;
mod placing;
mod resample;
mod samples;
mod strips;
#[cfg(test)]
mod tests;
pub(super) mod warp;

pub use grid::{Affine, Band, Colour, Grid, Statistics};
pub(super) use samples::with_samples;
pub use samples::{SampleKind, Samples};
pub(super) use strips::channel;
pub use strips::{Parts, Strip, Strips};

use crate::base::bbox::Rect;
use crate::base::crs::Crs;

/// A raster.
///
/// A source knows nothing of reprojection, sizes and policies: it gives samples as they are stored, and the gate makes of
/// them what was asked.
pub trait Coverage: Send + Sync + 'static {
    /// What the raster is like.
    fn grid(&self) -> &Arc<Grid>;

    /// Has a job done on a thread that has the raster open; an error where there are too many.
    fn submit(&self, job: Job) -> Result<()>;

    /// A number that changes whenever the samples may have changed. Asked for at every request, so it must be cheap.
    fn state(&self) -> u64;
}

/// Work for an open raster, or the reason why there is none.
pub type Job = Box<dyn FnOnce(Result<&mut dyn Reader>) + Send>;

/// An open raster, on a thread of its own.
pub trait Reader {
    /// Reads the samples of a cut, as they are stored.
    fn read(&mut self, cut: &Cut, block: &mut Block) -> Result<()>;
}

/// What a source must read. Its fields are private and it is made by the gate alone.
#[derive(Clone, Debug)]
pub struct Cut {
    level: usize,
    x: u32,
    y: u32,
    width: u32,
    height: u32,
    bands: Arc<[usize]>,
}

impl Cut {
    /// The level: 0 for the raster itself, then its overviews as [`Grid::overviews`] lists them.
    pub fn level(&self) -> usize {
        self.level
    }

    /// The first column and the first row, in pixels of that level.
    pub fn origin(&self) -> (u32, u32) {
        (self.x, self.y)
    }

    /// Columns and rows; all of them lie within the level.
    pub fn size(&self) -> (u32, u32) {
        (self.width, self.height)
    }

    /// The bands, counted from 0.
    pub fn bands(&self) -> &[usize] {
        &self.bands
    }
}

/// Samples of a cut, row by row from the top.
#[derive(Clone, Debug, Default)]
pub struct Block {
    /// For each band of the cut its samples.
    pub bands: Vec<Samples>,
    /// For each pixel whether the source has a value for it (0 where not); empty where it says nothing but by the bands'
    /// nodata values.
    pub mask: Vec<u8>,
}

/// How samples are made where pixels of the answer are not those of the raster.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Resampling {
    /// The nearest sample.
    #[default]
    Nearest,
    /// Between the four around.
    Bilinear,
    /// A cubic through the sixteen around (Keys, a = -0.5).
    Cubic,
    /// The mean of all within the pixel.
    Average,
}

/// What is asked of a coverage.
#[derive(Clone, Debug, PartialEq)]
pub struct CoverageQuery {
    /// The edges of the picture, x before y; longitudes may run past ±180, the date line is no border.
    pub area: Rect,
    /// The system of those.
    pub crs: Crs,
    /// Columns of the answer.
    pub width: u32,
    /// Rows of the answer, from the top.
    pub height: u32,
    /// The bands, counted from 0 among those that are visible, in the wanted order; all where `None`.
    pub bands: Option<Vec<usize>>,
    /// How samples are made.
    pub resampling: Resampling,
    /// Which of the wanted bands is the opacity of the pixels, where the others are to be seen through it: they are weighed by
    /// it where samples are made of several, and where it is 0 there is nothing.
    pub opacity: Option<usize>,
}
