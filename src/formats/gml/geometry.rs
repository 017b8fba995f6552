//! WKB to a GML geometry.

use std::ops::ControlFlow;

use crate::formats::geojson::number::{write_coordinate, write_integer};
use crate::model::geometry::Malformed;
use crate::model::geometry::points::{Points, Vertex};
use crate::model::geometry::wkb::{Shape, Sink, walk};
use crate::model::schema::GeometryKind;

use super::{Srs, Version};

/// Writes the geometries of one feature type.
#[derive(Debug)]
pub(super) struct GeometryWriter {
    version: Version,
    swap: bool,
    decimals: Option<u8>,
    /// The attribute of the outermost element, with a blank before it.
    srs: Vec<u8>,
    /// What a single geometry is put into, where the type has sets of them.
    set: Option<Shape>,
}

/// What a geometry turned out to be.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Written {
    /// It is there.
    Whole,
    /// It has no place: nothing was written.
    Nowhere,
}

impl GeometryWriter {
    pub(super) fn new(version: Version, srs: &Srs, kind: GeometryKind) -> Self {
        let mut attribute = b" srsName=\"".to_vec();
        crate::base::xml::push_attribute(&srs.name, &mut attribute);
        attribute.push(b'"');
        let set = match kind {
            GeometryKind::MultiPoint => Some(Shape::MultiPoint),
            GeometryKind::MultiLineString => Some(Shape::MultiLineString),
            GeometryKind::MultiPolygon => Some(Shape::MultiPolygon),
            _ => None,
        };
        Self { version, swap: srs.swap, decimals: srs.decimals, srs: attribute, set }
    }

    /// Appends a geometry of the feature with this id. Where it has no place or is malformed, nothing is written.
    pub(super) fn write(&self, wkb: &[u8], id: &[u8], out: &mut Vec<u8>) -> Result<Written, Malformed> {
        let start = out.len();
        let mut sink = GmlSink { with: self, out, id, members: 0, set: None, gone: false, rings: 0, is_fresh: false };
        let result = walk(wkb, &mut sink);
        let gone = sink.gone || result.is_err();
        if let (false, Some(set)) = (gone, sink.set) {
            sink.close_member(set);
            sink.close(set);
        }
        if gone {
            out.truncate(start);
        }
        result.map(|()| if gone { Written::Nowhere } else { Written::Whole })
    }
}

struct GmlSink<'a> {
    with: &'a GeometryWriter,
    out: &'a mut Vec<u8>,
    id: &'a [u8],
    /// Members that began.
    members: u32,
    /// The set that a single geometry was put into.
    set: Option<Shape>,
    gone: bool,
    /// Rings of the polygon that is being written.
    rings: u32,
    /// Whether nothing was written since the last geometry began.
    is_fresh: bool,
}

impl Sink for GmlSink<'_> {
    #[inline]
    fn begin(&mut self, shape: Shape, parent: Option<Shape>) -> ControlFlow<()> {
        match (parent, self.with.set) {
            (Some(parent), _) => self.open_member(parent),
            // A layer of sets may store a single geometry, and the schema wants a set.
            (None, Some(set)) if takes(set, shape) => {
                self.open(set, true);
                self.open_member(set);
                self.set = Some(set);
            }
            _ => {}
        }
        self.open(shape, parent.is_none() && self.set.is_none());
        self.rings = 0;
        self.is_fresh = true;
        ControlFlow::Continue(())
    }

    #[inline]
    fn points(&mut self, points: Points<'_>, of: Shape, ring: usize) -> ControlFlow<()> {
        if of == Shape::Polygon {
            return self.ring(points, ring == 0);
        }
        if of == Shape::Point && points.first().is_none_or(|vertex| vertex.is_nowhere()) {
            // GML has no empty point.
            self.gone = true;
            return ControlFlow::Break(());
        }
        self.positions(points, of == Shape::Point, false)
    }

    #[inline]
    fn end(&mut self, shape: Shape, parent: Option<Shape>) -> ControlFlow<()> {
        let is_empty = if shape == Shape::Polygon { self.rings == 0 } else { self.is_fresh && is_set(shape) };
        self.is_fresh = false;
        if is_empty && self.with.version == Version::V2 {
            // GML 2 has neither an empty polygon nor an empty set.
            self.gone = true;
            return ControlFlow::Break(());
        }
        self.close(shape);
        if let Some(parent) = parent {
            self.close_member(parent);
        }
        ControlFlow::Continue(())
    }
}

/// Whether a geometry is made of others.
fn is_set(shape: Shape) -> bool {
    !matches!(shape, Shape::Point | Shape::LineString | Shape::Polygon)
}

/// Whether a set has such members.
fn takes(set: Shape, member: Shape) -> bool {
    matches!(
        (set, member),
        (Shape::MultiPoint, Shape::Point)
            | (Shape::MultiLineString, Shape::LineString)
            | (Shape::MultiPolygon, Shape::Polygon)
    )
}

impl GmlSink<'_> {
    fn name(&self, shape: Shape) -> &'static [u8] {
        let is_old = self.with.version == Version::V2;
        match shape {
            Shape::Point => b"gml:Point",
            Shape::LineString => b"gml:LineString",
            Shape::Polygon => b"gml:Polygon",
            Shape::MultiPoint => b"gml:MultiPoint",
            Shape::MultiLineString if is_old => b"gml:MultiLineString",
            Shape::MultiLineString => b"gml:MultiCurve",
            Shape::MultiPolygon if is_old => b"gml:MultiPolygon",
            Shape::MultiPolygon => b"gml:MultiSurface",
            Shape::GeometryCollection => b"gml:MultiGeometry",
        }
    }

    fn member(&self, parent: Shape) -> &'static [u8] {
        let is_old = self.with.version == Version::V2;
        match parent {
            Shape::MultiPoint => b"gml:pointMember>",
            Shape::MultiLineString if is_old => b"gml:lineStringMember>",
            Shape::MultiLineString => b"gml:curveMember>",
            Shape::MultiPolygon if is_old => b"gml:polygonMember>",
            Shape::MultiPolygon => b"gml:surfaceMember>",
            _ => b"gml:geometryMember>",
        }
    }

    fn open(&mut self, shape: Shape, is_outermost: bool) {
        let name = self.name(shape);
        self.out.push(b'<');
        self.out.extend_from_slice(name);
        if self.with.version == Version::V32 {
            // No two geometries of a document have one id: the feature's own stands last.
            self.out.extend_from_slice(b" gml:id=\"geom");
            if !is_outermost {
                self.out.push(b'-');
                write_integer(self.members, self.out);
            }
            self.out.push(b'.');
            self.out.extend_from_slice(self.id);
            self.out.push(b'"');
        }
        if is_outermost {
            self.out.extend_from_slice(&self.with.srs);
        }
        self.out.push(b'>');
    }

    fn close(&mut self, shape: Shape) {
        let name = self.name(shape);
        self.out.extend_from_slice(b"</");
        self.out.extend_from_slice(name);
        self.out.push(b'>');
    }

    fn open_member(&mut self, parent: Shape) {
        self.members += 1;
        let name = self.member(parent);
        self.out.push(b'<');
        self.out.extend_from_slice(name);
    }

    fn close_member(&mut self, parent: Shape) {
        let name = self.member(parent);
        self.out.extend_from_slice(b"</");
        self.out.extend_from_slice(name);
    }

    fn ring(&mut self, points: Points<'_>, is_exterior: bool) -> ControlFlow<()> {
        if points.is_empty() {
            return ControlFlow::Continue(());
        }
        let name: &[u8] = match (self.with.version, is_exterior) {
            (Version::V2, true) => b"gml:outerBoundaryIs>",
            (Version::V2, false) => b"gml:innerBoundaryIs>",
            (_, true) => b"gml:exterior>",
            (_, false) => b"gml:interior>",
        };
        self.rings += 1;
        self.out.push(b'<');
        self.out.extend_from_slice(name);
        self.out.extend_from_slice(b"<gml:LinearRing>");
        self.positions(points, false, true)?;
        self.out.extend_from_slice(b"</gml:LinearRing></");
        self.out.extend_from_slice(name);
        ControlFlow::Continue(())
    }

    fn positions(&mut self, points: Points<'_>, is_point: bool, is_ring: bool) -> ControlFlow<()> {
        let (first, last) = (points.first(), points.last());
        let has_z = first.is_some_and(|vertex| vertex.z.is_finite());
        let (open, close): (&[u8], &[u8]) = match (self.with.version, is_point, has_z) {
            (Version::V2, ..) => (b"<gml:coordinates>", b"</gml:coordinates>"),
            (_, true, false) => (b"<gml:pos>", b"</gml:pos>"),
            (_, true, true) => (b"<gml:pos srsDimension=\"3\">", b"</gml:pos>"),
            (_, false, false) => (b"<gml:posList>", b"</gml:posList>"),
            (_, false, true) => (b"<gml:posList srsDimension=\"3\">", b"</gml:posList>"),
        };
        self.out.extend_from_slice(open);
        let between = if self.with.version == Version::V2 { b',' } else { b' ' };
        // A ring whose last vertex was forgotten is closed.
        let is_open = |a: &Vertex, b: &Vertex| (a.x, a.y) != (b.x, b.y);
        let end = first.zip(last).filter(|(a, b)| is_ring && is_open(a, b)).map(|(first, _)| first);
        let start = self.out.len();
        for vertex in points.iter().chain(end) {
            if !(vertex.x.is_finite() && vertex.y.is_finite()) {
                self.gone = true;
                return ControlFlow::Break(());
            }
            if self.out.len() > start {
                self.out.push(b' ');
            }
            let (a, b) = if self.with.swap { (vertex.y, vertex.x) } else { (vertex.x, vertex.y) };
            write_coordinate(a, self.with.decimals, self.out);
            self.out.push(between);
            write_coordinate(b, self.with.decimals, self.out);
            if has_z {
                self.out.push(between);
                write_coordinate(if vertex.z.is_finite() { vertex.z } else { 0.0 }, self.with.decimals, self.out);
            }
        }
        self.out.extend_from_slice(close);
        ControlFlow::Continue(())
    }
}
