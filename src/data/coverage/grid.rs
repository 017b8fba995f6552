//! What a raster is like: its size, its place on Earth, its bands.

use std::sync::Arc;

use crate::base::bbox::Rect;
use crate::base::crs::Crs;

use super::samples::SampleKind;

/// The facts of a raster.
#[derive(Clone, Debug, PartialEq)]
pub struct Grid {
    /// Columns.
    pub width: u32,
    /// Rows.
    pub height: u32,
    /// From pixels to coordinates.
    pub affine: Affine,
    /// The system of those, x before y.
    pub crs: Crs,
    /// Whether those are longitudes and latitudes in degrees, so that a turn further is the same place.
    pub in_degrees: bool,
    /// The bands.
    pub bands: Vec<Band>,
    /// Whether the file says by a mask which pixels have values.
    pub has_mask: bool,
    /// Columns and rows of the overviews, each smaller than the one before.
    pub overviews: Vec<(u32, u32)>,
}

/// From pixels to coordinates: `x = a + column * b + row * c`, `y = d + column * e + row * f`, where column and row count
/// from the outer corner of the first pixel.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Affine(pub [f64; 6]);

/// A band.
#[derive(Clone, Debug, PartialEq)]
pub struct Band {
    /// Name, a word that is unlike those of the other bands.
    pub name: String,
    /// Type of the samples.
    pub kind: SampleKind,
    /// The value that stands for none.
    pub nodata: Option<f64>,
    /// Unit of measure, as the file has it.
    pub unit: Option<String>,
    /// Description for people.
    pub description: Option<String>,
    /// What the samples are in a picture.
    pub colour: Colour,
    /// Red, green, blue and opacity by sample.
    pub palette: Option<Arc<[[u8; 4]]>>,
    /// What samples are multiplied by to become values of the unit.
    pub scale: Option<f64>,
    /// What is added to them then.
    pub offset: Option<f64>,
    /// What the file tells of its samples. A policy that leaves a part of them takes this away.
    pub statistics: Option<Statistics>,
}

/// What samples are in a picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Colour {
    /// Nothing is known.
    Undefined,
    /// Grey, or a quantity.
    Grey,
    /// An index of the palette.
    Palette,
    /// Red.
    Red,
    /// Green.
    Green,
    /// Blue.
    Blue,
    /// Opacity.
    Alpha,
}

/// Figures of a band, nodata left out.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Statistics {
    /// The least sample.
    pub min: f64,
    /// The greatest.
    pub max: f64,
    /// The mean.
    pub mean: f64,
    /// The standard deviation.
    pub deviation: f64,
}

impl Band {
    /// The place of the opacity among bands, but where one of those that are read is it: it is a value then.
    pub fn opacity_of(bands: &[Band], read: &[usize]) -> Option<usize> {
        bands.iter().position(|band| band.colour == Colour::Alpha).filter(|band| !read.contains(band))
    }
}

impl Affine {
    /// The coordinates of a place in the grid.
    pub fn apply(&self, column: f64, row: f64) -> (f64, f64) {
        let [a, b, c, d, e, f] = self.0;
        (a + column * b + row * c, d + column * e + row * f)
    }

    /// From coordinates to pixels; none where the pixels have no area.
    pub fn inverse(&self) -> Option<Affine> {
        let [a, b, c, d, e, f] = self.0;
        let det = b * f - c * e;
        if !det.is_finite() || det == 0.0 {
            return None;
        }
        let (ib, ic, ie, i_f) = (f / det, -c / det, -e / det, b / det);
        Some(Affine([-(a * ib + d * ic), ib, ic, -(a * ie + d * i_f), ie, i_f]))
    }

    /// Whether columns run east and rows run north or south, as in a map.
    pub fn is_upright(&self) -> bool {
        let [_, b, c, _, e, f] = self.0;
        c == 0.0 && e == 0.0 && b > 0.0 && f != 0.0
    }
}

impl Grid {
    /// The rectangle around the raster, in its own system.
    pub fn extent(&self) -> Rect {
        let (width, height) = (f64::from(self.width), f64::from(self.height));
        let mut rect = Rect::EMPTY;
        for (column, row) in [(0.0, 0.0), (width, 0.0), (0.0, height), (width, height)] {
            let (x, y) = self.affine.apply(column, row);
            rect.include(x, y);
        }
        rect
    }

    /// The size of a pixel along x and y, as a map that is upright has them.
    pub fn resolution(&self) -> (f64, f64) {
        let [_, b, c, _, e, f] = self.affine.0;
        (b.hypot(e), c.hypot(f))
    }

    /// Columns and rows of a level: 0 is the raster itself.
    pub fn level(&self, level: usize) -> Option<(u32, u32)> {
        match level.checked_sub(1) {
            None => Some((self.width, self.height)),
            Some(overview) => self.overviews.get(overview).copied(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_and_back() {
        for affine in [[10.0, 0.5, 0.0, 50.0, 0.0, -0.25], [1e6, 3.0, 4.0, 5e6, 4.0, -3.0]].map(Affine) {
            let (x, y) = affine.apply(7.0, 11.0);
            let (column, row) = affine.inverse().unwrap().apply(x, y);
            assert!((column - 7.0).abs() < 1e-6 && (row - 11.0).abs() < 1e-6, "{column} {row}");
        }
        assert!(Affine([0.0, 1.0, 2.0, 0.0, 2.0, 4.0]).inverse().is_none());
    }
}
