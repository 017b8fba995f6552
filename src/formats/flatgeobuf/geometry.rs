//! WKB to the geometry of FlatGeobuf: vertices in one vector, the ends of rings and lines in another, members of sets of
//! polygons and of collections as geometries of their own.

use std::ops::ControlFlow;

use super::buffer::{Buffer, Slot};
use crate::model::geometry::Malformed;
use crate::model::geometry::points::Points;
use crate::model::geometry::wkb::{Shape, Sink, walk};
use crate::model::schema::GeometryKind;

/// A geometry that was taken apart; its memory is used again for the next.
#[derive(Debug, Default)]
pub(super) struct Parts {
    nodes: Vec<Node>,
    /// The nodes that were begun and not ended.
    path: Vec<usize>,
    xy: Vec<f64>,
    z: Vec<f64>,
    ends: Vec<u32>,
    is_lost: bool,
}

/// A geometry, or a member that is one of its own.
#[derive(Debug)]
struct Node {
    shape: Shape,
    vertices: (usize, usize),
    ends: (usize, usize),
    /// The node after all of its members.
    next: usize,
}

/// The code of a shape in the schema of FlatGeobuf.
fn code(shape: Shape) -> u8 {
    match shape {
        Shape::Point => 1,
        Shape::LineString => 2,
        Shape::Polygon => 3,
        Shape::MultiPoint => 4,
        Shape::MultiLineString => 5,
        Shape::MultiPolygon => 6,
        Shape::GeometryCollection => 7,
    }
}

/// The shape of all geometries of a layer; none where they may differ.
pub(super) fn shape_of(kind: GeometryKind) -> Option<Shape> {
    Some(match kind {
        GeometryKind::Any => return None,
        GeometryKind::Point => Shape::Point,
        GeometryKind::LineString => Shape::LineString,
        GeometryKind::Polygon => Shape::Polygon,
        GeometryKind::MultiPoint => Shape::MultiPoint,
        GeometryKind::MultiLineString => Shape::MultiLineString,
        GeometryKind::MultiPolygon => Shape::MultiPolygon,
        GeometryKind::GeometryCollection => Shape::GeometryCollection,
    })
}

/// The code of the header: that of the shape, or that of none.
pub(super) fn header_code(shape: Option<Shape>) -> u8 {
    shape.map_or(0, code)
}

/// What a geometry came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Taken {
    /// It can be written.
    Whole,
    /// It is empty, or has a place that nobody knows.
    Nothing,
    /// It is of another shape than the file says.
    Misfit,
}

impl Parts {
    /// Takes a geometry apart for a file whose geometries are all of one shape.
    pub(super) fn take(&mut self, wkb: &[u8], wanted: Option<Shape>) -> Result<Taken, Malformed> {
        self.nodes.clear();
        self.path.clear();
        self.xy.clear();
        self.z.clear();
        self.ends.clear();
        self.is_lost = false;
        walk(wkb, self)?;
        if self.is_lost || self.xy.is_empty() {
            return Ok(Taken::Nothing);
        }
        Ok(if self.fits(wanted) { Taken::Whole } else { Taken::Misfit })
    }

    /// Makes one thing a set of one, or a set of one that thing, where the file wants it.
    fn fits(&mut self, wanted: Option<Shape>) -> bool {
        let Some(first) = self.nodes.first_mut() else { return false };
        let (Some(wanted), has) = (wanted, first.shape) else { return true };
        let members = first.ends.1 - first.ends.0;
        match (has, wanted) {
            (has, wanted) if has == wanted => return true,
            (Shape::Point, Shape::MultiPoint) | (Shape::LineString, Shape::MultiLineString) => first.shape = wanted,
            (Shape::MultiPoint, Shape::Point) | (Shape::MultiLineString, Shape::LineString) if members == 1 => {
                first.shape = wanted;
            }
            (Shape::MultiPolygon, Shape::Polygon) if self.nodes.len() == 2 => drop(self.nodes.remove(0)),
            (Shape::Polygon, Shape::MultiPolygon) | (_, Shape::GeometryCollection) => {
                self.nodes.iter_mut().for_each(|node| node.next += 1);
                let next = self.nodes.len() + 1;
                self.nodes.insert(0, Node { shape: wanted, vertices: (0, 0), ends: (0, 0), next });
            }
            _ => return false,
        }
        if let [only] = &mut self.nodes[..] {
            // It may have been the second.
            only.next = 1;
        }
        true
    }

    /// Writes the geometry that was taken last; the reference at `place` leads to it.
    pub(super) fn write(&self, place: usize, has_z: bool, buffer: &mut Buffer<'_>) {
        self.write_node(0, place, has_z, buffer);
    }

    fn write_node(&self, at: usize, place: usize, has_z: bool, buffer: &mut Buffer<'_>) {
        let Some(node) = self.nodes.get(at) else { return };
        let (first, last) = node.vertices;
        let members: Vec<usize> = self.members(at, node.next).collect();
        let reference = |is_there: bool| if is_there { Slot::Reference } else { Slot::Absent };
        let all_ends = &self.ends[node.ends.0..node.ends.1];
        let ends = match node.shape {
            Shape::MultiLineString => all_ends,
            // One ring needs no end.
            Shape::Polygon if all_ends.len() > 1 => all_ends,
            _ => &[],
        };
        let has_xy = !matches!(node.shape, Shape::MultiPolygon | Shape::GeometryCollection);
        let slots = [
            reference(!ends.is_empty()),
            reference(has_xy),
            reference(has_xy && has_z),
            Slot::Absent,
            Slot::Absent,
            Slot::Absent,
            Slot::U8(code(node.shape)),
            reference(!members.is_empty()),
        ];
        let places = buffer.table(place, &slots);
        if !ends.is_empty() {
            buffer.integers(places[0], ends);
        }
        if has_xy {
            buffer.doubles(places[1], &self.xy[2 * first..2 * last]);
        }
        if has_xy && has_z {
            buffer.doubles(places[2], &self.z[first..last]);
        }
        if !members.is_empty() {
            let parts = buffer.references(places[7], members.len());
            for (number, member) in members.into_iter().enumerate() {
                self.write_node(member, parts + 4 * number, has_z, buffer);
            }
        }
    }

    fn members(&self, of: usize, end: usize) -> impl Iterator<Item = usize> + '_ {
        let after = move |&at: &usize| self.nodes.get(at).map(|node| node.next);
        std::iter::successors(Some(of + 1), after).take_while(move |&at| at < end)
    }
}

fn count(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

impl Sink for Parts {
    fn begin(&mut self, shape: Shape, parent: Option<Shape>) -> ControlFlow<()> {
        if matches!(parent, None | Some(Shape::GeometryCollection | Shape::MultiPolygon)) {
            let (vertices, ends) = (self.z.len(), self.ends.len());
            self.path.push(self.nodes.len());
            self.nodes.push(Node { shape, vertices: (vertices, vertices), ends: (ends, ends), next: 0 });
        }
        ControlFlow::Continue(())
    }

    fn points(&mut self, points: Points<'_>, of: Shape, _: usize) -> ControlFlow<()> {
        if points.is_empty() || (of == Shape::Point && points.first().is_some_and(|it| it.is_nowhere())) {
            return ControlFlow::Continue(());
        }
        for vertex in points.iter() {
            if !(vertex.x.is_finite() && vertex.y.is_finite()) {
                self.is_lost = true;
                return ControlFlow::Break(());
            }
            self.xy.extend([vertex.x, vertex.y]);
            // A height that is not there is 0 beside others, as GDAL writes it: rings of what is no number are not closed.
            self.z.push(if vertex.z.is_nan() { 0.0 } else { vertex.z });
        }
        if let Some(node) = self.path.last().and_then(|&at| self.nodes.get(at)) {
            self.ends.push(count(self.z.len() - node.vertices.0));
        }
        ControlFlow::Continue(())
    }

    fn end(&mut self, _: Shape, parent: Option<Shape>) -> ControlFlow<()> {
        if matches!(parent, None | Some(Shape::GeometryCollection | Shape::MultiPolygon))
            && let Some(at) = self.path.pop()
        {
            let (vertices, ends, next) = (self.z.len(), self.ends.len(), self.nodes.len());
            let is_empty = self.nodes[at].vertices.0 == vertices;
            if is_empty && at > 0 {
                // A reader has nothing to make of an empty member.
                self.nodes.truncate(at);
                return ControlFlow::Continue(());
            }
            let node = &mut self.nodes[at];
            (node.vertices.1, node.ends.1, node.next) = (vertices, ends, next);
        }
        ControlFlow::Continue(())
    }
}
