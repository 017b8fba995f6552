//! Lines and rings in pixels, flat: the one form in which anything reaches the canvas.

/// A place on the canvas: x to the right, y down, in pixels from the upper left corner.
pub type Point = (f64, f64);

/// Lines and rings.
#[derive(Clone, Debug, Default)]
pub struct Path {
    pub(super) points: Vec<Point>,
    pub(super) parts: Vec<Part>,
}

/// One line or ring of a path.
#[derive(Clone, Copy, Debug)]
pub(super) struct Part {
    /// Where its points end.
    pub(super) end: usize,
    /// Whether the last point is joined to the first.
    pub(super) closed: bool,
}

/// The smallest box around some points.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Bounds {
    pub(super) left: f64,
    pub(super) top: f64,
    pub(super) right: f64,
    pub(super) bottom: f64,
}

/// The sum of all coordinates of a path stays below this, so that no product of two overflows.
const FARTHEST: f64 = 1e30;

impl Path {
    /// A path without points.
    pub const fn new() -> Self {
        Self { points: Vec::new(), parts: Vec::new() }
    }

    /// Empties the path; its memory stays.
    pub fn clear(&mut self) {
        self.points.clear();
        self.parts.clear();
    }

    /// Whether there is no line and no ring.
    pub fn is_empty(&self) -> bool {
        self.parts.is_empty()
    }

    /// Adds a point to the current line or ring.
    #[inline]
    pub fn push(&mut self, x: f64, y: f64) {
        self.points.push((x, y));
    }

    /// Ends the current line (or ring, where it is closed); the next point starts another.
    pub fn end(&mut self, closed: bool) {
        let end = self.points.len();
        if end > self.parts.last().map_or(0, |part| part.end) {
            self.parts.push(Part { end, closed });
        }
    }

    /// Adds a ring.
    pub fn ring(&mut self, points: &[Point]) {
        self.points.extend_from_slice(points);
        self.end(true);
    }

    /// Adds a rectangle.
    pub fn rectangle(&mut self, x: f64, y: f64, width: f64, height: f64) {
        self.ring(&[(x, y), (x + width, y), (x + width, y + height), (x, y + height)]);
    }

    /// Adds a circle.
    pub fn circle(&mut self, x: f64, y: f64, radius: f64) {
        let steps = (std::f64::consts::TAU / arc_step(radius)).ceil().max(8.0) as usize;
        for step in 0..steps {
            let (sin, cos) = (std::f64::consts::TAU * step as f64 / steps as f64).sin_cos();
            self.push(x + radius * cos, y + radius * sin);
        }
        self.end(true);
    }

    /// The path moved by so much.
    #[must_use]
    pub fn moved(&self, x: f64, y: f64) -> Self {
        let points = self.points.iter().map(|point| (point.0 + x, point.1 + y)).collect();
        Self { points, parts: self.parts.clone() }
    }

    /// The points of the current line or ring.
    pub(crate) fn open_points(&self) -> &[Point] {
        &self.points[self.parts.last().map_or(0, |part| part.end)..]
    }

    /// The first point of the current line or ring, to change it.
    pub(crate) fn open_start_mut(&mut self) -> Option<&mut Point> {
        let start = self.parts.last().map_or(0, |part| part.end);
        self.points.get_mut(start)
    }

    /// The lines and rings: their points, and whether they are closed.
    pub(super) fn parts(&self) -> impl Iterator<Item = (&[Point], bool)> {
        let mut start = 0;
        self.parts.iter().map(move |part| {
            let points = &self.points[start..part.end];
            start = part.end;
            (points, part.closed)
        })
    }

    /// The box around all points; `None` where there is none, or where one is no number or out of all reach.
    pub(super) fn bounds(&self) -> Option<Bounds> {
        Bounds::of(&self.points)
    }
}

impl Bounds {
    pub(super) fn of(points: &[Point]) -> Option<Self> {
        let (&(x, y), rest) = points.split_first()?;
        let mut bounds = Self { left: x, top: y, right: x, bottom: y };
        let mut sum = x.abs() + y.abs();
        for &(x, y) in rest {
            bounds.left = if x < bounds.left { x } else { bounds.left };
            bounds.right = if x > bounds.right { x } else { bounds.right };
            bounds.top = if y < bounds.top { y } else { bounds.top };
            bounds.bottom = if y > bounds.bottom { y } else { bounds.bottom };
            sum += x.abs() + y.abs();
        }
        // A sum with what is no number is none either.
        (sum < FARTHEST).then_some(bounds)
    }

    /// Whether it lies within this one wholly.
    pub(super) fn holds(&self, other: &Bounds) -> bool {
        self.left <= other.left && self.top <= other.top && other.right <= self.right && other.bottom <= self.bottom
    }

    /// Whether the two share a point.
    pub(super) fn meets(&self, other: &Bounds) -> bool {
        self.left <= other.right && other.left <= self.right && self.top <= other.bottom && other.top <= self.bottom
    }
}

/// The angle between two vertices of an arc, in radians: no chord lies more than a 25th of a pixel from its arc.
pub(super) fn arc_step(radius: f64) -> f64 {
    let step = 2.0 * (1.0 - 0.04 / radius.max(0.2)).acos();
    step.clamp(0.05, std::f64::consts::FRAC_PI_2)
}
