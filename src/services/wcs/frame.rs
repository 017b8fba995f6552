//! The grid that a coverage is offered in: the raster's own, where that is upright and its system has a name; else an upright
//! one in a system that has one.

use crate::base::bbox::Rect;
use crate::base::crs::Crs;
use crate::data::coverage::Grid;
use crate::data::{bounds, reference};
use crate::error::Result;

/// An upright grid.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Frame {
    pub(super) crs: Crs,
    pub(super) area: Rect,
    pub(super) width: u32,
    pub(super) height: u32,
    /// The width and height of a pixel.
    pub(super) pixel: (f64, f64),
}

impl Frame {
    /// An area of so many pixels.
    pub(super) fn new(crs: Crs, area: Rect, (width, height): (u32, u32)) -> Self {
        let pixel = ((area.max_x - area.min_x) / f64::from(width), (area.max_y - area.min_y) / f64::from(height));
        Self { crs, area, width, height, pixel }
    }

    /// The grid of a coverage as it is offered.
    pub(super) fn of(grid: &Grid) -> Result<Self> {
        let [_, dx, c, _, e, dy] = grid.affine.0;
        let area = grid.extent();
        if grid.crs.uri().is_none() {
            return Self::in_system(&area, &grid.crs, (grid.width, grid.height), &Crs::Epsg(4326));
        }
        if c == 0.0 && e == 0.0 && dx > 0.0 && dy < 0.0 {
            // The raster's own numbers, for the difference of its edges is a hair off.
            return Ok(Self { crs: grid.crs.clone(), area, width: grid.width, height: grid.height, pixel: (dx, -dy) });
        }
        let (x, y) = grid.resolution();
        let (width, height) = (steps((area.max_x - area.min_x) / x), steps((area.max_y - area.min_y) / y));
        Ok(Self::new(grid.crs.clone(), area, (width, height)))
    }

    /// The grid of an area in another system: around all of it, with as many pixels on its diagonal.
    pub(super) fn in_system(area: &Rect, from: &Crs, (width, height): (u32, u32), to: &Crs) -> Result<Self> {
        let area = if from.is_same_plane(to) { *area } else { bounds::around(area, from, to)? };
        let (across, down) = (area.max_x - area.min_x, area.max_y - area.min_y);
        let pixels = f64::from(width).hypot(f64::from(height));
        let side = across.hypot(down) / pixels;
        Ok(Self::new(to.clone(), area, (steps(across / side), steps(down / side))))
    }

    /// The edges of some of its pixels, from the first column and row to those after the last; across the date line columns
    /// run on.
    pub(super) fn edges(&self, columns: (f64, f64), rows: (f64, f64)) -> Rect {
        let (dx, dy) = self.pixel;
        let Rect { min_x, max_y, .. } = self.area;
        // The very edge, without the noise of arithmetic.
        let x = |column: f64| if near(column, self.width) { self.area.max_x } else { min_x + column * dx };
        let y = |row: f64| if near(row, self.height) { self.area.min_y } else { max_y - row * dy };
        Rect { min_x: x(columns.0), max_x: x(columns.1), max_y: y(rows.0), min_y: y(rows.1) }
    }

    /// Whether the system counts in degrees.
    pub(super) fn is_geographic(&self) -> bool {
        reference::of(&self.crs).is_ok_and(|reference| reference.is_geographic)
    }
}

#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // within the range of the type
fn steps(count: f64) -> u32 {
    count.round().clamp(1.0, 1e9) as u32
}

fn near(at: f64, count: u32) -> bool {
    (at - f64::from(count)).abs() < 1e-9
}
