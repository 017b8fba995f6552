//! From coordinates to the pixels of a path, with no more vertices than can be seen.

use super::canvas::{Path, Point};
use super::frame::MapFrame;
use crate::model::geometry::points::Points;

/// Coordinates become pixels.
#[derive(Clone, Copy, Debug)]
pub(super) struct Projection {
    x: f64,
    y: f64,
    across: f64,
    down: f64,
}

/// What a ring or a line is like, in pixels.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Extent {
    pub(super) left: f64,
    pub(super) top: f64,
    pub(super) right: f64,
    pub(super) bottom: f64,
}

/// Farther away than this, in pixels, it does not matter where a vertex lies.
const FAR: f64 = 1e9;
/// Vertices in one cell of so many to a pixel are one.
const CELLS: f64 = 2.0;

impl Projection {
    pub(super) fn new(frame: &MapFrame) -> Self {
        let (across, down) = frame.pixel_size();
        Self { x: frame.rect.min_x, y: frame.rect.max_y, across: 1.0 / across, down: 1.0 / down }
    }

    #[inline]
    pub(super) fn pixel(&self, x: f64, y: f64) -> Point {
        (((x - self.x) * self.across).clamp(-FAR, FAR), ((self.y - y) * self.down).clamp(-FAR, FAR))
    }

    /// How many (square) pixels a square unit of the coordinates is.
    pub(super) fn pixels_per_area(&self) -> f64 {
        self.across * self.down
    }

    /// Appends a line or ring to a path, and says how far it reaches; `None` where it has no vertex that is a place.
    ///
    /// A run of vertices in one cell of half a pixel becomes one, midway between the first and the last of the run: so
    /// neighbours that share a border keep the same one, whichever way and from wherever each of them goes along it.
    pub(super) fn append(&self, points: Points<'_>, closed: bool, path: &mut Path) -> Option<Extent> {
        let mut vertices = points.iter().filter(|vertex| !vertex.is_nowhere()).map(|it| self.pixel(it.x, it.y));
        let start = vertices.next()?;
        let mut extent = Extent { left: start.0, top: start.1, right: start.0, bottom: start.1 };
        let (mut cell, mut first, mut last) = (cell_of(start), start, start);
        // The end of the first run: a ring's last run may lead into it.
        let (start_cell, mut start_last) = (cell, None);
        for point in vertices {
            extent.left = if point.0 < extent.left { point.0 } else { extent.left };
            extent.right = if point.0 > extent.right { point.0 } else { extent.right };
            extent.top = if point.1 < extent.top { point.1 } else { extent.top };
            extent.bottom = if point.1 > extent.bottom { point.1 } else { extent.bottom };
            let next = cell_of(point);
            if next != cell {
                match (start_last, closed) {
                    // The first vertex of a line stays where it is.
                    (None, false) => path.push(start.0, start.1),
                    _ => push_middle(path, first, last),
                }
                start_last = start_last.or(Some(last));
                (cell, first) = (next, point);
            }
            last = point;
        }
        match start_last {
            Some(start_last) if closed && cell == start_cell => {
                // The run goes on over the start, whose vertex stands already.
                let (x, y) = middle(first, start_last);
                if let Some(start) = path.open_start_mut() {
                    *start = (x, y);
                }
            }
            Some(_) if closed => push_middle(path, first, last),
            _ => {
                if !closed && path.open_points().is_empty() && last != start {
                    path.push(start.0, start.1);
                }
                path.push(last.0, last.1);
            }
        }
        path.end(closed);
        Some(extent)
    }
}

#[inline]
fn cell_of((x, y): Point) -> (i32, i32) {
    ((x * CELLS) as i32, (y * CELLS) as i32)
}

#[inline]
fn middle(a: Point, b: Point) -> Point {
    (f64::midpoint(a.0, b.0), f64::midpoint(a.1, b.1))
}

#[inline]
fn push_middle(path: &mut Path, a: Point, b: Point) {
    path.push((a.0 + b.0) * 0.5, (a.1 + b.1) * 0.5);
}

impl Extent {
    /// Whether nothing of it is larger than a pixel.
    pub(super) fn is_dot(&self) -> bool {
        self.right - self.left < 1.0 && self.bottom - self.top < 1.0
    }

    /// Whether it comes within `reach` of the picture.
    pub(super) fn is_near(&self, width: f64, height: f64, reach: f64) -> bool {
        self.right >= -reach && self.bottom >= -reach && self.left <= width + reach && self.top <= height + reach
    }
}
