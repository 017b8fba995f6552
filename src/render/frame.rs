//! What part of the world a picture shows, and how large.

use crate::base::bbox::Rect;

/// The width and height of a pixel of the standard, in metres (OGC 06-042, 7.2.4.6.9).
pub(super) const PIXEL: f64 = 0.000_28;
/// Metres in a degree along the equator, for scales in systems in degrees (WGS 84's equator).
pub const METRES_PER_DEGREE: f64 = 111_319.490_793_273_57;

/// A rectangle of the world as a picture of some size.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct MapFrame {
    /// What it shows, in the coordinates of the rows that are drawn.
    pub rect: Rect,
    /// Pixels in a row.
    pub width: u32,
    /// Rows.
    pub height: u32,
    /// Metres on the ground in a unit of the coordinates; [`METRES_PER_DEGREE`] for degrees.
    pub metres_per_unit: f64,
    /// How many pixels of the picture a pixel of a style (0.28 mm) is: one, unless the client wants a finer picture.
    pub ratio: f64,
    /// The scale's denominator.
    pub scale: f64,
}

impl MapFrame {
    /// A frame for pixels of 0.28 mm. The rectangle has an area and the picture pixels.
    pub fn new(rect: Rect, width: u32, height: u32, metres_per_unit: f64) -> Self {
        let metres_per_pixel = (rect.max_x - rect.min_x) / f64::from(width.max(1)) * metres_per_unit;
        Self { rect, width, height, metres_per_unit, ratio: 1.0, scale: metres_per_pixel / PIXEL }
    }

    /// The frame for a picture with so many dots in an inch: symbols keep their size on paper, and the scale follows.
    #[must_use]
    pub fn with_dpi(self, dpi: f64) -> Self {
        let ratio = (dpi * PIXEL / 0.0254).clamp(0.1, 50.0);
        Self { ratio, scale: self.scale * ratio / self.ratio, ..self }
    }

    /// The size of a pixel in units of the coordinates: across and down.
    pub fn pixel_size(&self) -> (f64, f64) {
        let Rect { min_x, min_y, max_x, max_y } = self.rect;
        ((max_x - min_x) / f64::from(self.width.max(1)), (max_y - min_y) / f64::from(self.height.max(1)))
    }

    /// How far vertices may be moved without anybody seeing it, in units of the coordinates.
    pub fn detail(&self) -> f64 {
        let (across, down) = self.pixel_size();
        across.min(down) / 2.0
    }

    /// The rectangle with so many pixels more on each side: features there may reach into the picture with their symbols.
    pub fn grown(&self, pixels: f64) -> Rect {
        let (across, down) = self.pixel_size();
        let Rect { min_x, min_y, max_x, max_y } = self.rect;
        Rect {
            min_x: min_x - across * pixels,
            min_y: min_y - down * pixels,
            max_x: max_x + across * pixels,
            max_y: max_y + down * pixels,
        }
    }

    /// How many pixels of the picture a metre on the ground is.
    pub fn pixels_per_metre(&self) -> f64 {
        1.0 / (self.pixel_size().0 * self.metres_per_unit)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scales_follow_the_standard() {
        let metres = MapFrame::new(Rect { min_x: 0.0, min_y: 0.0, max_x: 280.0, max_y: 280.0 }, 1000, 1000, 1.0);
        assert!((metres.scale - 1000.0).abs() < 1e-6);
        assert!((metres.with_dpi(2.0 * 25.4 / 0.28).scale - 2000.0).abs() < 1e-6);
        assert!((metres.with_dpi(2.0 * 25.4 / 0.28).ratio - 2.0).abs() < 1e-9);
        let world = MapFrame::new(Rect::WORLD, 360, 180, METRES_PER_DEGREE);
        assert!((world.scale - 397_569_609.976).abs() < 1.0, "{}", world.scale);
        assert!((world.detail() - 0.5).abs() < 1e-12);
        assert!((world.grown(2.0).min_x + 182.0).abs() < 1e-12);
    }
}
