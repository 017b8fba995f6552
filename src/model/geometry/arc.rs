//! Circular arcs as straight segments of about four degrees, which no client can tell from the arc on a map.

use std::f64::consts::{PI, TAU};

use super::points::{Ordinates, Points, Vertex};

/// The angle of a segment.
const STEP: f64 = PI / 45.0;
const MADE: Ordinates = Ordinates { little_endian: true, z: false, m: false };

/// A line made of runs of segments and of arcs. Stored vertices stay exactly where they are.
pub(super) struct Straightened {
    numbers: Vec<[u8; 8]>,
    ordinates: Ordinates,
    last: Option<Vertex>,
}

impl Straightened {
    pub(super) fn new(z: bool) -> Self {
        Self { numbers: Vec::new(), ordinates: Ordinates { z, ..MADE }, last: None }
    }

    pub(super) fn points(&self) -> Points<'_> {
        Points { numbers: &self.numbers, ordinates: self.ordinates, start: 0 }
    }

    pub(super) fn add_line(&mut self, points: Points<'_>) {
        let mut vertices = points.iter();
        self.join(vertices.next());
        vertices.for_each(|vertex| self.push(vertex));
    }

    /// Each arc goes from one vertex through the next to the one after, where the next arc starts.
    pub(super) fn add_arcs(&mut self, points: Points<'_>) {
        let mut vertices = points.iter();
        let mut start = vertices.next();
        self.join(start);
        while let (Some(from), Some(through)) = (start, vertices.next()) {
            let end = vertices.next();
            match end {
                Some(to) => self.arc(from, through, to),
                None => self.push(through),
            }
            start = end;
        }
    }

    /// The runs of a compound curve share their ends, which are written once.
    fn join(&mut self, first: Option<Vertex>) {
        let same = |a: Vertex, b: Vertex| a.x.total_cmp(&b.x).is_eq() && a.y.total_cmp(&b.y).is_eq();
        if let Some(first) = first
            && !self.last.is_some_and(|last| same(last, first))
        {
            self.push(first);
        }
    }

    fn push(&mut self, vertex: Vertex) {
        self.numbers.extend([self.ordinates.encode(vertex.x), self.ordinates.encode(vertex.y)]);
        if self.ordinates.z {
            self.numbers.push(self.ordinates.encode(vertex.z));
        }
        self.last = Some(vertex);
    }

    fn arc(&mut self, from: Vertex, through: Vertex, to: Vertex) {
        if let Some(circle) = Circle::through(from, through, to) {
            self.turn(&circle, from, through);
            self.turn(&circle, through, to);
        } else {
            self.push(through);
            self.push(to);
        }
    }

    /// The part of the circle from one vertex (which is there already) to another.
    fn turn(&mut self, circle: &Circle, from: Vertex, to: Vertex) {
        let (start, end) = (circle.angle(from), circle.angle(to));
        let sweep = if circle.clockwise { -(start - end).rem_euclid(TAU) } else { (end - start).rem_euclid(TAU) };
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // between 0 and 90
        let segments = (sweep.abs() / STEP).ceil() as u32;
        for step in 1..segments {
            let part = f64::from(step) / f64::from(segments);
            let (sin, cos) = (start + sweep * part).sin_cos();
            self.push(Vertex {
                x: circle.x + circle.radius * cos,
                y: circle.y + circle.radius * sin,
                z: from.z + (to.z - from.z) * part,
            });
        }
        self.push(to);
    }
}

struct Circle {
    x: f64,
    y: f64,
    radius: f64,
    clockwise: bool,
}

impl Circle {
    /// `None` where the three lie on a straight line.
    fn through(first: Vertex, second: Vertex, third: Vertex) -> Option<Circle> {
        let (bx, by) = (second.x - first.x, second.y - first.y);
        let (cx, cy) = (third.x - first.x, third.y - first.y);
        // The centre, as seen from the first vertex. A full circle's second vertex lies opposite of the first.
        let (x, y, clockwise) = if cx == 0.0 && cy == 0.0 {
            (bx / 2.0, by / 2.0, false)
        } else {
            let twice = 2.0 * (bx * cy - by * cx);
            let (b2, c2) = (bx * bx + by * by, cx * cx + cy * cy);
            ((cy * b2 - by * c2) / twice, (bx * c2 - cx * b2) / twice, twice < 0.0)
        };
        let radius = x.hypot(y);
        // A radius of millions of chords is a straight line with noise, and its centre is lost in rounding.
        let chord = bx.hypot(by).max(cx.hypot(cy));
        (radius > 0.0 && radius < chord * 1e7).then_some(Circle { x: first.x + x, y: first.y + y, radius, clockwise })
    }

    fn angle(&self, of: Vertex) -> f64 {
        (of.y - self.y).atan2(of.x - self.x)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn straighten(vertices: &[(f64, f64)]) -> Vec<(f64, f64)> {
        let mut numbers = Vec::new();
        for (x, y) in vertices {
            numbers.extend([x.to_le_bytes(), y.to_le_bytes()]);
        }
        let mut line = Straightened::new(false);
        line.add_arcs(Points { numbers: &numbers, ordinates: MADE, start: 0 });
        line.points().iter().map(|vertex| (vertex.x, vertex.y)).collect()
    }

    #[test]
    fn a_full_circle_is_ninety_segments() {
        let line = straighten(&[(1.0, 0.0), (-1.0, 0.0), (1.0, 0.0)]);
        assert_eq!(line.len(), 91);
        assert!(line.iter().all(|(x, y)| (x.hypot(*y) - 1.0).abs() < 1e-12));
        assert!(line[1].1 > 0.0, "counter-clockwise");
    }

    #[test]
    fn what_is_no_arc_stays_as_it_is() {
        for line in [
            vec![(0.0, 0.0), (1.0, 1.0), (2.0, 2.0)],
            vec![(0.0, 0.0), (1.0, 5.0)],
            vec![(3.0, 3.0)],
            vec![(3.0, 3.0), (3.0, 3.0), (3.0, 3.0)],
            vec![],
        ] {
            assert_eq!(straighten(&line), line);
        }
    }

    proptest! {
        #[test]
        fn an_arc_keeps_to_its_circle_and_its_stored_vertices(
            x in -1e6..1e6f64, y in -1e6..1e6f64, radius in 1.0..1e5f64,
            start in 0.0..TAU, first in 0.05..3.0f64, second in 0.05..3.0f64, clockwise: bool,
        ) {
            let sign = if clockwise { -1.0 } else { 1.0 };
            let at = |angle: f64| (x + radius * angle.cos(), y + radius * angle.sin());
            let stored = [at(start), at(start + sign * first), at(start + sign * (first + second))];
            let line = straighten(&stored);
            prop_assert_eq!(line.first(), stored.first());
            prop_assert_eq!(line.last(), stored.last());
            prop_assert!(line.contains(&stored[1]));
            #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // both are below 50
            let about = ((first / STEP).ceil() + (second / STEP).ceil()) as usize + 1;
            prop_assert!(line.len().abs_diff(about) <= 2);
            for (px, py) in line {
                let off = ((px - x).hypot(py - y) - radius).abs();
                prop_assert!(off < radius * 1e-5 + 1e-6, "{} off", off);
            }
        }
    }
}
