//! Whether a geometry meets a rectangle: exactly, edges included, without allocating.

use std::ops::ControlFlow;

use crate::base::bbox::Rect;

use super::points::{Points, Vertex};
use super::turn::turn;
use super::wkb::{Shape, Sink, walk};
use super::{Malformed, z_range};

/// Whether a geometry and a rectangle share a point; their edges belong to them. Curves count as they are drawn.
/// Where the answer is yes, the bytes after the place that says so are not read.
pub fn intersects(wkb: &[u8], rect: &Rect) -> Result<bool, Malformed> {
    let mut meeting = Meeting { rect, inside: false, found: false };
    walk(wkb, &mut meeting)?;
    Ok(meeting.found && !rect.is_empty())
}

/// Whether a geometry reaches into these heights, ends included. One without heights is everywhere.
pub fn intersects_z(wkb: &[u8], low: f64, high: f64) -> Result<bool, Malformed> {
    Ok(z_range(wkb)?.is_none_or(|(lowest, highest)| lowest <= high && low <= highest))
}

const LEFT: u8 = 1;
const RIGHT: u8 = 2;
const BELOW: u8 = 4;
const ABOVE: u8 = 8;

struct Meeting<'a> {
    rect: &'a Rect,
    /// Whether the rectangle's lower left corner lies within the rings of this polygon so far (even-odd, so that holes count).
    inside: bool,
    found: bool,
}

impl Sink for Meeting<'_> {
    #[inline]
    fn begin(&mut self, shape: Shape, _: Option<Shape>) -> ControlFlow<()> {
        if shape == Shape::Polygon {
            self.inside = false;
        }
        ControlFlow::Continue(())
    }

    fn points(&mut self, points: Points<'_>, of: Shape, _: usize) -> ControlFlow<()> {
        let ring = of == Shape::Polygon;
        // A ring is closed even where its last vertex was forgotten.
        let mut last = if ring { points.last().and_then(|vertex| self.place(vertex)) } else { None };
        for vertex in points.iter() {
            let next = self.place(vertex);
            if let Some(next) = next {
                if next.side == 0 || last.is_some_and(|last| self.crosses(last, next)) {
                    return self.yes();
                }
                if ring && last.is_some_and(|last| self.is_right_of_corner(last, next)) {
                    self.inside = !self.inside;
                }
            }
            last = next;
        }
        ControlFlow::Continue(())
    }

    #[inline]
    fn end(&mut self, shape: Shape, _: Option<Shape>) -> ControlFlow<()> {
        // No ring meets the rectangle, so all of it lies where its corner lies.
        if shape == Shape::Polygon && self.inside { self.yes() } else { ControlFlow::Continue(()) }
    }
}

/// A vertex and on which sides of the rectangle it lies; none of them: within it.
#[derive(Clone, Copy)]
struct Placed {
    x: f64,
    y: f64,
    side: u8,
}

impl Meeting<'_> {
    fn yes(&mut self) -> ControlFlow<()> {
        self.found = true;
        ControlFlow::Break(())
    }

    #[inline]
    fn place(&self, vertex: Vertex) -> Option<Placed> {
        let Vertex { x, y, .. } = vertex;
        let side = |outside: bool, side: u8| if outside { side } else { 0 };
        let side = side(x < self.rect.min_x, LEFT)
            | side(x > self.rect.max_x, RIGHT)
            | side(y < self.rect.min_y, BELOW)
            | side(y > self.rect.max_y, ABOVE);
        (!vertex.is_nowhere()).then_some(Placed { x, y, side })
    }

    /// Whether a segment, both ends of which lie outside, meets the rectangle.
    #[inline]
    fn crosses(&self, a: Placed, b: Placed) -> bool {
        a.side & b.side == 0 && self.crosses_aslant(a, b)
    }

    #[allow(clippy::float_cmp)] // exactly upright or level: then the sides have said it all
    fn crosses_aslant(&self, a: Placed, b: Placed) -> bool {
        if a.x == b.x || a.y == b.y {
            return true;
        }
        // The two corners that are furthest from the segment's line, one on each side: both on one side is a miss.
        let Rect { min_x, min_y, max_x, max_y } = *self.rect;
        let (one, other) = if (a.x < b.x) == (a.y < b.y) {
            ((min_x, max_y), (max_x, min_y))
        } else {
            ((min_x, min_y), (max_x, max_y))
        };
        let (one, other) = (turn((a.x, a.y), (b.x, b.y), one), turn((a.x, a.y), (b.x, b.y), other));
        !(one > 0.0 && other > 0.0 || one < 0.0 && other < 0.0)
    }

    /// Whether a ray from the rectangle's lower left corner to the right meets a segment that misses the rectangle.
    #[inline]
    fn is_right_of_corner(&self, a: Placed, b: Placed) -> bool {
        if (a.side ^ b.side) & BELOW == 0 || a.side & b.side & LEFT != 0 {
            return false;
        }
        if a.side & b.side & RIGHT != 0 {
            return true;
        }
        let corner = (self.rect.min_x, self.rect.min_y);
        let side = turn((a.x, a.y), (b.x, b.y), corner);
        if a.y < b.y { side > 0.0 } else { side < 0.0 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::geometry::samples::{Sample, Style, wkb};
    use proptest::prelude::*;

    type Place = (i64, i64);

    fn float(number: i64) -> f64 {
        f64::from(i32::try_from(number).unwrap())
    }

    fn rect(min: Place, max: Place) -> Rect {
        let [min_x, min_y, max_x, max_y] = [min.0, min.1, max.0, max.1].map(float);
        Rect { min_x, min_y, max_x, max_y }
    }

    fn line(places: &[Place]) -> Vec<[f64; 4]> {
        places.iter().map(|p| [float(p.0), float(p.1), 0.0, 0.0]).collect()
    }

    fn meets(sample: &Sample, rect: &Rect) -> bool {
        intersects(&wkb(sample, Style::default()), rect).unwrap()
    }

    fn cross(a: Place, b: Place, c: Place) -> i64 {
        (b.0 - a.0) * (c.1 - a.1) - (b.1 - a.1) * (c.0 - a.0)
    }

    /// Whether `p` lies on the segment.
    fn on(p: Place, a: Place, b: Place) -> bool {
        let between = |p, a: i64, b: i64| a.min(b) <= p && p <= a.max(b);
        cross(a, b, p) == 0 && between(p.0, a.0, b.0) && between(p.1, a.1, b.1)
    }

    fn segments_meet(a: Place, b: Place, c: Place, d: Place) -> bool {
        let proper = cross(a, b, c).signum() * cross(a, b, d).signum() < 0
            && cross(c, d, a).signum() * cross(c, d, b).signum() < 0;
        proper || on(c, a, b) || on(d, a, b) || on(a, c, d) || on(b, c, d)
    }

    /// The oracle: each segment against each edge, in whole numbers.
    fn line_meets(line: &[Place], min: Place, max: Place) -> bool {
        let edges = [min, (max.0, min.1), max, (min.0, max.1), min];
        let holds = |p: &Place| min.0 <= p.0 && p.0 <= max.0 && min.1 <= p.1 && p.1 <= max.1;
        line.iter().any(holds)
            || line.windows(2).any(|s| edges.windows(2).any(|e| segments_meet(s[0], s[1], e[0], e[1])))
    }

    /// The oracle: even-odd with a ray upwards from a corner that the code does not use.
    fn holds_corner(rings: &[Vec<Place>], corner: Place) -> bool {
        let above = |s: &[Place]| {
            let (a, b) = if s[0].0 <= s[1].0 { (s[0], s[1]) } else { (s[1], s[0]) };
            a.0 <= corner.0 && corner.0 < b.0 && cross(a, b, corner) < 0
        };
        rings.iter().flat_map(|ring| ring.windows(2)).filter(|s| above(s)).count() % 2 == 1
    }

    #[test]
    fn a_hole_is_not_the_polygon() {
        let ring = |near: i64, far: i64| line(&[(near, near), (far, near), (far, far), (near, far), (near, near)]);
        let polygon = Sample::Polygon(vec![ring(0, 10), ring(2, 8)]);
        assert!(!meets(&polygon, &rect((3, 3), (7, 7))), "within the hole");
        assert!(meets(&polygon, &rect((2, 3), (7, 7))), "touches the hole's ring");
        assert!(meets(&polygon, &rect((3, 3), (8, 8))), "touches the hole's corner");
        assert!(meets(&polygon, &rect((1, 1), (1, 1))), "within the polygon");
        assert!(meets(&polygon, &rect((10, 10), (12, 12))), "touches the polygon's corner");
        assert!(meets(&polygon, &rect((-5, -5), (15, 15))), "around the polygon");
        assert!(!meets(&polygon, &rect((11, 0), (12, 12))));
    }

    #[test]
    fn a_ring_that_is_not_closed_is_taken_as_closed() {
        let polygon = Sample::Polygon(vec![line(&[(0, 0), (10, 0), (10, 10), (0, 10)])]);
        assert!(meets(&polygon, &rect((3, 3), (4, 4))));
        assert!(meets(&polygon, &rect((-1, 3), (0, 4))));
    }

    #[test]
    fn a_line_that_passes_a_corner_closely_is_told_from_one_that_touches_it() {
        let corner = Rect { min_x: 0.5, min_y: -3.0, max_x: 4.0, max_y: 0.5 };
        let from = |x: f64| Sample::Line(vec![[x, x, 0.0, 0.0], [24.0, 24.0, 0.0, 0.0]]);
        assert!(meets(&from(0.3), &corner));
        let beside = Sample::Line(vec![[0.3, 0.3f64.next_up(), 0.0, 0.0], [24.0, 24.0f64.next_up(), 0.0, 0.0]]);
        assert!(!meets(&beside, &corner));
    }

    #[test]
    fn empty_and_broken_places_meet_nothing() {
        let world = rect((-180, -90), (180, 90));
        assert!(!meets(&Sample::Point([f64::NAN; 4]), &world));
        assert!(!meets(&Sample::Line(vec![[f64::NAN; 4], [200.0; 4]]), &world));
        assert!(!meets(&Sample::Polygon(vec![]), &world));
        assert!(!meets(&Sample::Point([1.0; 4]), &Rect::EMPTY));
    }

    #[test]
    fn heights_are_compared_where_there_are_some() {
        let point = Sample::Point([1.0, 2.0, 30.0, 0.0]);
        assert_eq!(intersects_z(&wkb(&point, Style::default()), 100.0, 200.0), Ok(true));
        let high = wkb(&point, Style { z: true, ..Style::default() });
        assert_eq!(intersects_z(&high, 100.0, 200.0), Ok(false));
        assert_eq!(intersects_z(&high, 30.0, 200.0), Ok(true));
    }

    prop_compose! {
        fn places(least: usize)(places in prop::collection::vec((-8i64..9, -8i64..9), least..7)) -> Vec<Place> { places }
    }

    prop_compose! {
        fn corners()(x in -8i64..9, y in -8i64..9, width in 0i64..6, height in 0i64..6) -> (Place, Place) {
            ((x, y), (x + width, y + height))
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(4000))]

        #[test]
        fn lines_as_the_oracle_says(places in places(1), (min, max) in corners()) {
            prop_assert_eq!(meets(&Sample::Line(line(&places)), &rect(min, max)), line_meets(&places, min, max));
        }

        #[test]
        fn polygons_as_the_oracle_says(mut rings in prop::collection::vec(places(3), 1..4), (min, max) in corners()) {
            for ring in &mut rings {
                ring.push(ring[0]);
            }
            let expected = rings.iter().any(|ring| line_meets(ring, min, max)) || holds_corner(&rings, max);
            let polygon = Sample::Polygon(rings.iter().map(|ring| line(ring)).collect());
            prop_assert_eq!(meets(&polygon, &rect(min, max)), expected);
            // Of several, one is enough.
            let far = Sample::Polygon(vec![line(&[(50, 50), (60, 50), (60, 60), (50, 50)])]);
            let both = Sample::Members(6, vec![polygon, far]);
            prop_assert_eq!(meets(&Sample::Members(7, vec![both]), &rect(min, max)), expected);
        }
    }
}
