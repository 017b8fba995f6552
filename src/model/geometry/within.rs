//! Whether a geometry lies within rectangles: exactly, by its vertices alone, for a rectangle has no dents.

use std::ops::ControlFlow;

use crate::base::bbox::Rect;

use super::Malformed;
use super::points::{Points, Vertex};
use super::wkb::{Shape, Sink, walk};

/// Whether all of a geometry lies in the rectangles, and some of it not on an edge. The rectangles have an area and do not
/// overlap, so that each point, line and polygon must lie in one of them.
pub fn within(wkb: &[u8], rects: &[Rect]) -> Result<bool, Malformed> {
    let mut inside = Inside { rects, home: None, leaves: false, is_inner: false };
    walk(wkb, &mut inside)?;
    Ok(inside.is_inner && !inside.leaves)
}

const LEFT: u8 = 1;
const RIGHT: u8 = 2;
const BOTTOM: u8 = 4;
const TOP: u8 = 8;
const ALL: u8 = LEFT | RIGHT | BOTTOM | TOP;

struct Inside<'a> {
    rects: &'a [Rect],
    /// The rectangle in which the present point, line or polygon started.
    home: Option<Rect>,
    leaves: bool,
    is_inner: bool,
}

impl Sink for Inside<'_> {
    fn begin(&mut self, shape: Shape, _: Option<Shape>) -> ControlFlow<()> {
        if matches!(shape, Shape::Point | Shape::LineString | Shape::Polygon) {
            self.home = None;
        }
        ControlFlow::Continue(())
    }

    fn points(&mut self, points: Points<'_>, of: Shape, _: usize) -> ControlFlow<()> {
        // The edges that the last vertex lies on, and those that all do.
        let (mut last, mut common) = (None, ALL);
        let mut is_empty = true;
        for vertex in points.iter().filter(|vertex| !vertex.is_nowhere()) {
            let Some(edges) = self.edges(vertex) else {
                self.leaves = true;
                return ControlFlow::Break(());
            };
            // A segment from one edge to another crosses the inside; one that stays on an edge does not.
            self.is_inner |= of != Shape::Polygon && last.unwrap_or(edges) & edges == 0;
            (last, common, is_empty) = (Some(edges), common & edges, false);
        }
        // A ring may follow the edges all the way round: what it encloses is inside.
        self.is_inner |= of == Shape::Polygon && !is_empty && common == 0;
        ControlFlow::Continue(())
    }
}

impl Inside<'_> {
    /// The edges of its rectangle that a vertex lies on; `None` where it lies outside.
    #[allow(clippy::float_cmp)] // exactly on the edge
    fn edges(&mut self, Vertex { x, y, .. }: Vertex) -> Option<u8> {
        let home = self.home.or_else(|| self.rects.iter().find(|rect| rect.holds(x, y)).copied());
        self.home = home;
        let rect = home.filter(|rect| rect.holds(x, y))?;
        let edge = |is_on: bool, edge: u8| if is_on { edge } else { 0 };
        let upright = edge(x == rect.min_x, LEFT) | edge(x == rect.max_x, RIGHT);
        Some(upright | edge(y == rect.min_y, BOTTOM) | edge(y == rect.max_y, TOP))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::geometry::samples::{Sample, Style, any_curve, any_sample, any_style, wkb};
    use crate::model::geometry::{envelope, intersects};
    use proptest::prelude::*;

    const BOX: Rect = Rect { min_x: 0.0, min_y: 0.0, max_x: 10.0, max_y: 10.0 };
    const OTHER: Rect = Rect { min_x: 20.0, min_y: 0.0, max_x: 30.0, max_y: 10.0 };

    fn line(places: &[(f64, f64)]) -> Vec<[f64; 4]> {
        places.iter().map(|&(x, y)| [x, y, 0.0, 0.0]).collect()
    }

    fn lies(sample: &Sample) -> bool {
        within(&wkb(sample, Style::default()), &[BOX, OTHER]).unwrap()
    }

    #[test]
    fn an_edge_alone_is_not_within() {
        let point = |x: f64, y: f64| Sample::Point([x, y, 0.0, 0.0]);
        assert!(lies(&point(5.0, 5.0)) && lies(&point(25.0, 5.0)));
        assert!(!lies(&point(10.0, 5.0)) && !lies(&point(15.0, 5.0)) && !lies(&Sample::Point([f64::NAN; 4])));
        let both = |a, b| Sample::Members(4, vec![a, b]);
        assert!(lies(&both(point(10.0, 5.0), point(25.0, 5.0))));
        assert!(!lies(&both(point(5.0, 5.0), point(15.0, 5.0))));
        assert!(!lies(&Sample::Line(line(&[(0.0, 0.0), (10.0, 0.0), (10.0, 10.0)]))), "along two edges");
        assert!(lies(&Sample::Line(line(&[(0.0, 0.0), (10.0, 0.0), (0.0, 10.0)]))), "from corner to corner");
        assert!(!lies(&Sample::Line(line(&[(5.0, 5.0), (25.0, 5.0)]))), "from one to the other");
    }

    #[test]
    fn the_rectangle_itself_is_within() {
        let ring = [(0.0, 0.0), (10.0, 0.0), (10.0, 10.0), (0.0, 10.0), (0.0, 0.0)];
        assert!(lies(&Sample::Polygon(vec![line(&ring)])));
        let wider = ring.map(|(x, y)| (x * 1.5, y));
        assert!(!lies(&Sample::Polygon(vec![line(&wider)])));
    }

    proptest! {
        #[test]
        fn what_is_within_meets_it_and_has_its_envelope_there(
            sample in prop_oneof![any_sample(), any_curve()], style in any_style(), grow in -5.0..5.0f64,
        ) {
            let bytes = wkb(&sample, style);
            if let Some(Rect { min_x, min_y, max_x, max_y }) = envelope(&bytes).unwrap() {
                let (min_x, min_y, max_x, max_y) = (min_x - grow, min_y - grow, max_x + grow, max_y + grow);
                let rect = Rect { min_x, min_y, max_x, max_y };
                if min_x < max_x && min_y < max_y {
                    prop_assert_eq!(within(&bytes, &[rect]), Ok(grow >= 0.0), "{:?}", rect);
                    prop_assert!(grow < 0.0 || intersects(&bytes, &rect).unwrap());
                }
            }
        }
    }
}
