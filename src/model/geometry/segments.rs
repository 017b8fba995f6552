//! An index over the segments of a geometry: what it costs to relate it is counted before it is done, and whether two
//! geometries meet is found without all the places at which they do.

use std::collections::HashMap;

use geo::{Coord, Geometry, Intersects, Line, LineString, Polygon};
use rstar::primitives::{CachedEnvelope, GeomWithData};
use rstar::{AABB, RTree};

use super::watch::Watch;

/// Why nobody says how two geometries lie to each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unsaid {
    /// One of them is too broken.
    Broken,
    /// It would cost too much.
    TooDear,
    /// Nobody waits for it any more.
    Stopped,
}

/// Pairs of segments that may still be looked at.
pub(super) struct Budget<'a> {
    left: usize,
    watch: Option<&'a Watch>,
}

impl<'a> Budget<'a> {
    pub(super) fn new(pairs: usize, watch: Option<&'a Watch>) -> Self {
        Self { left: pairs, watch }
    }

    fn pay(&mut self) -> Result<(), Unsaid> {
        if self.left.is_multiple_of(1 << 14) && self.watch.is_some_and(Watch::is_stopped) {
            return Err(Unsaid::Stopped);
        }
        self.left = self.left.checked_sub(1).ok_or(Unsaid::TooDear)?;
        Ok(())
    }
}

/// A segment, and of which of the polygons it is; points are segments without a length.
type Segment = CachedEnvelope<GeomWithData<Edge, u32>>;

/// Of lines and points.
const NO_AREA: u32 = u32::MAX;

#[derive(Clone, Copy, Debug)]
struct Edge(Line);

impl rstar::RTreeObject for Edge {
    type Envelope = AABB<[f64; 2]>;

    fn envelope(&self) -> Self::Envelope {
        AABB::from_corners([self.0.start.x, self.0.start.y], [self.0.end.x, self.0.end.y])
    }
}

/// The segments of a geometry.
#[derive(Clone, Debug)]
pub(super) struct Segments {
    tree: RTree<Segment>,
    /// A vertex of each part: where no segments meet, all of the part lies where this does.
    firsts: Vec<Coord>,
    has_areas: bool,
}

impl Segments {
    pub(super) fn new(geometry: &Geometry) -> Self {
        let mut read = Reader::default();
        read.geometry(geometry);
        Self { tree: RTree::bulk_load(read.segments), firsts: read.firsts, has_areas: read.areas > 0 }
    }

    /// How often it crosses or touches itself, but where segments follow each other.
    pub(super) fn crossings(&self, most: usize, budget: &mut Budget<'_>) -> Result<usize, Unsaid> {
        let mut twice = 0_usize;
        for (one, other) in self.tree.intersection_candidates_with_other_tree(&self.tree) {
            budget.pay()?;
            let (a, b) = (line(one), line(other));
            let follows = a.start == b.start || a.start == b.end || a.end == b.start || a.end == b.end;
            if !follows && a.intersects(&b) {
                twice += 1;
            }
            if twice / 2 > most {
                return Err(Unsaid::TooDear);
            }
        }
        Ok(twice / 2)
    }

    /// Pays for all the pairs of segments that may meet.
    pub(super) fn pay(&self, other: &Segments, budget: &mut Budget<'_>) -> Result<(), Unsaid> {
        self.tree.intersection_candidates_with_other_tree(&other.tree).try_for_each(|_| budget.pay())
    }

    /// Whether they share a point.
    pub(super) fn intersects(&self, other: &Segments, budget: &mut Budget<'_>) -> Result<bool, Unsaid> {
        for (one, other) in self.tree.intersection_candidates_with_other_tree(&other.tree) {
            budget.pay()?;
            if line(one).intersects(&line(other)) {
                return Ok(true);
            }
        }
        Ok(self.holds_one(&other.firsts, budget)? || other.holds_one(&self.firsts, budget)?)
    }

    /// Whether one of the places, none of which lies on a segment, lies within a polygon.
    fn holds_one(&self, places: &[Coord], budget: &mut Budget<'_>) -> Result<bool, Unsaid> {
        if !self.has_areas {
            return Ok(false);
        }
        let mut is_inside: HashMap<u32, bool> = HashMap::new();
        for at in places {
            is_inside.clear();
            let east = AABB::from_corners([at.x, at.y], [f64::INFINITY, at.y]);
            for segment in self.tree.locate_in_envelope_intersecting(&east) {
                budget.pay()?;
                let edge = line(segment);
                let is_passed = (edge.start.y > at.y) != (edge.end.y > at.y);
                if segment.data != NO_AREA && is_passed && lies_west(*at, &edge) {
                    let inside = is_inside.entry(segment.data).or_default();
                    *inside = !*inside;
                }
            }
            if is_inside.values().any(|inside| *inside) {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

fn line(segment: &Segment) -> Line {
    segment.geom().0
}

/// Whether a place lies west of a segment that passes its latitude.
fn lies_west(at: Coord, edge: &Line) -> bool {
    use geo::{GeoNum, Orientation, kernels::Kernel};
    let (low, high) = if edge.start.y < edge.end.y { (edge.start, edge.end) } else { (edge.end, edge.start) };
    <f64 as GeoNum>::Ker::orient2d(low, high, at) == Orientation::CounterClockwise
}

#[derive(Default)]
struct Reader {
    segments: Vec<Segment>,
    firsts: Vec<Coord>,
    areas: u32,
}

impl Reader {
    fn geometry(&mut self, geometry: &Geometry) {
        match geometry {
            Geometry::Point(point) => self.point(point.0),
            Geometry::MultiPoint(points) => points.iter().for_each(|point| self.point(point.0)),
            Geometry::LineString(line) => self.line(line, NO_AREA),
            Geometry::MultiLineString(lines) => lines.iter().for_each(|line| self.line(line, NO_AREA)),
            Geometry::Polygon(polygon) => self.polygon(polygon),
            Geometry::MultiPolygon(polygons) => polygons.iter().for_each(|polygon| self.polygon(polygon)),
            Geometry::GeometryCollection(members) => members.iter().for_each(|member| self.geometry(member)),
            // None of them is ever made here.
            Geometry::Line(_) | Geometry::Rect(_) | Geometry::Triangle(_) => {}
        }
    }

    fn point(&mut self, at: Coord) {
        self.add(Line::new(at, at), NO_AREA);
        self.firsts.push(at);
    }

    fn line(&mut self, line: &LineString, area: u32) {
        line.lines().for_each(|segment| self.add(segment, area));
        self.firsts.extend(line.0.first());
    }

    fn polygon(&mut self, polygon: &Polygon) {
        let area = self.areas;
        self.areas = self.areas.saturating_add(1).min(NO_AREA - 1);
        std::iter::once(polygon.exterior()).chain(polygon.interiors()).for_each(|ring| self.line(ring, area));
    }

    fn add(&mut self, line: Line, area: u32) {
        self.segments.push(CachedEnvelope::new(GeomWithData::new(Edge(line), area)));
    }
}
