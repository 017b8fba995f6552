//! A geometry as an object: what clients write (literals of filters, features to be stored), on its way to WKB. Rows
//! never become one but where a relation needs it.

use std::ops::ControlFlow;

use crate::base::bbox::Rect;

use super::Malformed;
use super::points::Points;
use super::wkb::{DEPTH, Shape, Sink, walk};

/// X, y and z; z is not a number where there is none.
pub type Position = [f64; 3];

/// A geometry; x (longitude) before y.
#[derive(Clone, Debug, PartialEq)]
pub enum Figure {
    /// A point, or none.
    Point(Option<Position>),
    /// A line.
    LineString(Vec<Position>),
    /// A polygon: its outer ring, then its holes.
    Polygon(Vec<Vec<Position>>),
    /// Points.
    MultiPoint(Vec<Figure>),
    /// Lines.
    MultiLineString(Vec<Figure>),
    /// Polygons.
    MultiPolygon(Vec<Figure>),
    /// Anything.
    GeometryCollection(Vec<Figure>),
}

/// How deep readers let collections nest: what WKB may.
pub const DEEPEST: usize = DEPTH;

impl Figure {
    /// Reads WKB; arcs become straight segments, and geometries that cannot be told from their neighbours' kind are refused.
    pub fn read(wkb: &[u8]) -> Result<Figure, Malformed> {
        let mut reader = Reader::default();
        walk(wkb, &mut reader)?;
        reader.whole.ok_or(Malformed)
    }

    /// The simplest figure that a rectangle is: a point, an upright or level line, or a polygon from its lower left corner
    /// counter-clockwise.
    #[allow(clippy::float_cmp)] // exactly no width or height
    pub fn rectangle(rect: &Rect) -> Figure {
        let Rect { min_x, min_y, max_x, max_y } = *rect;
        let at = |x: f64, y: f64| [x, y, f64::NAN];
        match (min_x == max_x, min_y == max_y) {
            (true, true) => Figure::Point(Some(at(min_x, min_y))),
            (false, false) => Figure::Polygon(vec![vec![
                at(min_x, min_y),
                at(max_x, min_y),
                at(max_x, max_y),
                at(min_x, max_y),
                at(min_x, min_y),
            ]]),
            _ => Figure::LineString(vec![at(min_x, min_y), at(max_x, max_y)]),
        }
    }

    /// The members of a collection, or none.
    pub fn members(&self) -> &[Figure] {
        match self {
            Figure::MultiPoint(members)
            | Figure::MultiLineString(members)
            | Figure::MultiPolygon(members)
            | Figure::GeometryCollection(members) => members,
            Figure::Point(_) | Figure::LineString(_) | Figure::Polygon(_) => &[],
        }
    }

    /// Calls `visit` with each point, line and ring.
    pub fn runs<'a>(&'a self, visit: &mut dyn FnMut(&'a [Position])) {
        match self {
            Figure::Point(at) => visit(at.as_slice()),
            Figure::LineString(line) => visit(line),
            Figure::Polygon(rings) => rings.iter().for_each(|ring| visit(ring)),
            _ => self.members().iter().for_each(|member| member.runs(visit)),
        }
    }

    /// Changes each position.
    pub fn change(&mut self, change: &mut dyn FnMut(&mut Position)) {
        match self {
            Figure::Point(at) => at.iter_mut().for_each(change),
            Figure::LineString(line) => line.iter_mut().for_each(change),
            Figure::Polygon(rings) => rings.iter_mut().flatten().for_each(change),
            Figure::MultiPoint(members)
            | Figure::MultiLineString(members)
            | Figure::MultiPolygon(members)
            | Figure::GeometryCollection(members) => members.iter_mut().for_each(|member| member.change(change)),
        }
    }

    /// Turns coordinates that came in the authority's order (north before east) into x before y.
    pub fn swap(&mut self) {
        self.change(&mut |at| at.swap(0, 1));
    }

    /// Puts positions on segments that are longer than this, at most so many pieces of each: what is straight here may bend
    /// in another system.
    pub fn split(&mut self, longest: f64, most: u16) {
        let run = |line: &mut Vec<Position>| {
            let mut fine = Vec::with_capacity(line.len());
            for ends in line.windows(2) {
                let (a, b) = (ends[0], ends[1]);
                fine.push(a);
                let pieces = ((b[0] - a[0]).hypot(b[1] - a[1]) / longest).ceil();
                let pieces = if pieces.is_finite() { pieces.min(f64::from(most)) } else { 1.0 };
                let mut piece = 1.0;
                while piece < pieces {
                    fine.push([0, 1, 2].map(|at| a[at] + (b[at] - a[at]) * (piece / pieces)));
                    piece += 1.0;
                }
            }
            fine.extend(line.last());
            *line = fine;
        };
        match self {
            Figure::Point(_) | Figure::MultiPoint(_) => {}
            Figure::LineString(line) => run(line),
            Figure::Polygon(rings) => rings.iter_mut().for_each(run),
            Figure::MultiLineString(members) | Figure::MultiPolygon(members) | Figure::GeometryCollection(members) => {
                for member in members {
                    member.split(longest, most);
                }
            }
        }
    }

    /// How many positions there are.
    pub fn count(&self) -> usize {
        let mut count = 0;
        self.runs(&mut |run| count += run.len());
        count
    }

    /// The smallest rectangle around it; empty where it has no position.
    pub fn envelope(&self) -> Rect {
        let mut rect = Rect::EMPTY;
        self.runs(&mut |run| run.iter().for_each(|at| rect.include(at[0], at[1])));
        rect
    }

    /// What is wrong with it, where something is: a line of one position, a ring that does not close.
    #[allow(clippy::float_cmp)] // closed exactly
    pub fn fault(&self) -> Option<&'static str> {
        let mut all_finite = true;
        self.runs(&mut |run| all_finite &= run.iter().all(|at| at[0].is_finite() && at[1].is_finite()));
        match self {
            _ if !all_finite => Some("a coordinate is not a finite number"),
            Figure::LineString(line) if line.len() == 1 => Some("a line has two positions or more"),
            Figure::Polygon(rings) => rings.iter().find_map(|ring| match &ring[..] {
                [] if rings.len() == 1 => None,
                [_] | [_, _] | [_, _, _] | [] => Some("a ring has four positions or more"),
                [first, .., last] if first[0] != last[0] || first[1] != last[1] => Some("a ring ends where it starts"),
                _ => None,
            }),
            _ => self.members().iter().find_map(Figure::fault),
        }
    }

    /// Whether it has heights.
    pub fn has_z(&self) -> bool {
        let mut has = false;
        self.runs(&mut |run| has |= run.iter().any(|at| !at[2].is_nan()));
        has
    }

    /// As ISO WKB, little-endian.
    pub fn wkb(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(16 + self.count() * 16);
        self.write(self.has_z(), &mut out);
        out
    }

    fn write(&self, z: bool, out: &mut Vec<u8>) {
        let code: u32 = match self {
            Figure::Point(_) => 1,
            Figure::LineString(_) => 2,
            Figure::Polygon(_) => 3,
            Figure::MultiPoint(_) => 4,
            Figure::MultiLineString(_) => 5,
            Figure::MultiPolygon(_) => 6,
            Figure::GeometryCollection(_) => 7,
        };
        out.push(1);
        out.extend((code + if z { 1000 } else { 0 }).to_le_bytes());
        let run = |line: &[Position], out: &mut Vec<u8>| {
            count(line.len(), out);
            for at in line {
                position(at, z, out);
            }
        };
        match self {
            Figure::Point(at) => position(&at.unwrap_or([f64::NAN; 3]), z, out),
            Figure::LineString(line) => run(line, out),
            Figure::Polygon(rings) => {
                count(rings.len(), out);
                for ring in rings {
                    run(ring, out);
                }
            }
            _ => {
                count(self.members().len(), out);
                self.members().iter().for_each(|member| member.write(z, out));
            }
        }
    }
}

fn position(at: &Position, z: bool, out: &mut Vec<u8>) {
    at.iter().take(if z { 3 } else { 2 }).for_each(|number| out.extend(number.to_le_bytes()));
}

#[allow(clippy::cast_possible_truncation)] // readers are limited in size far below
fn count(count: usize, out: &mut Vec<u8>) {
    out.extend((count as u32).to_le_bytes());
}

/// What the walk told so far.
#[derive(Default)]
struct Reader {
    /// The rings of the present line or polygon.
    runs: Vec<Vec<Position>>,
    /// The members of each collection that is open.
    open: Vec<Vec<Figure>>,
    whole: Option<Figure>,
}

impl Sink for Reader {
    fn begin(&mut self, shape: Shape, _: Option<Shape>) -> ControlFlow<()> {
        match shape {
            Shape::Point | Shape::LineString | Shape::Polygon => self.runs.clear(),
            _ => self.open.push(Vec::new()),
        }
        ControlFlow::Continue(())
    }

    fn points(&mut self, points: Points<'_>, _: Shape, _: usize) -> ControlFlow<()> {
        self.runs.push(points.iter().map(|vertex| [vertex.x, vertex.y, vertex.z]).collect());
        ControlFlow::Continue(())
    }

    fn end(&mut self, shape: Shape, _: Option<Shape>) -> ControlFlow<()> {
        let runs = std::mem::take(&mut self.runs);
        let mut members = || self.open.pop().unwrap_or_default();
        let figure = match shape {
            Shape::Point => {
                let at = runs.first().and_then(|run| run.first()).copied();
                Figure::Point(at.filter(|at| !at[0].is_nan() && !at[1].is_nan()))
            }
            Shape::LineString => Figure::LineString(runs.into_iter().next().unwrap_or_default()),
            Shape::Polygon => Figure::Polygon(runs),
            Shape::MultiPoint => Figure::MultiPoint(members()),
            Shape::MultiLineString => Figure::MultiLineString(members()),
            Shape::MultiPolygon => Figure::MultiPolygon(members()),
            Shape::GeometryCollection => Figure::GeometryCollection(members()),
        };
        match self.open.last_mut() {
            Some(parent) => parent.push(figure),
            None => self.whole = Some(figure),
        }
        ControlFlow::Continue(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::geometry::envelope;
    use crate::model::geometry::samples::{any_curve, any_sample, any_style, wkb};
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn what_is_read_is_written(sample in prop_oneof![any_sample(), any_curve()], style in any_style()) {
            let bytes = wkb(&sample, style);
            let written = Figure::read(&bytes).unwrap().wkb();
            prop_assert_eq!(Figure::read(&written).unwrap().wkb(), written.clone());
            prop_assert_eq!(envelope(&written), envelope(&bytes));
        }
    }
}
