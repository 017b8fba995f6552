//! The one reader of WKB: walks through a geometry and tells a sink what it meets.
//!
//! ISO (1000 for Z, 2000 for M) and EWKB (flags, SRID) in either byte order, also mixed. Sinks see the seven simple
//! shapes only: curves come as straight segments, surfaces as polygons.

use std::ops::ControlFlow;

use super::Malformed;
use super::arc::Straightened;
use super::points::{Ordinates, Points};

/// How deep collections may nest, so that no bytes can exhaust the stack.
pub const DEPTH: usize = 32;
/// Byte order, type, and a count: no geometry is shorter.
const SHORTEST: usize = 9;

const Z_FLAG: u32 = 0x8000_0000;
const M_FLAG: u32 = 0x4000_0000;
const SRID_FLAG: u32 = 0x2000_0000;

/// A geometry as sinks see it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// A point.
    Point,
    /// A line of any kind, straightened.
    LineString,
    /// A polygon, triangle or curve polygon.
    Polygon,
    /// Points.
    MultiPoint,
    /// Lines.
    MultiLineString,
    /// Polygons; surfaces made of faces too.
    MultiPolygon,
    /// Anything.
    GeometryCollection,
}

impl Shape {
    /// Whether a geometry of this shape may have such a member.
    fn takes(self, member: Shape) -> bool {
        match self {
            Self::MultiPoint => member == Self::Point,
            Self::MultiLineString => member == Self::LineString,
            Self::MultiPolygon => member == Self::Polygon,
            Self::GeometryCollection => true,
            Self::Point | Self::LineString | Self::Polygon => false,
        }
    }
}

/// What a walk tells. `Break` ends it: the rest of the bytes is not read.
pub trait Sink {
    /// Whether arcs are told as straight segments, and a compound curve in one run; else stored points are, run by run.
    const STRAIGHTEN: bool = true;

    /// A geometry starts, as a member of the parent.
    #[inline]
    fn begin(&mut self, _shape: Shape, _parent: Option<Shape>) -> ControlFlow<()> {
        ControlFlow::Continue(())
    }

    /// The vertices of a point, a line or a ring (0 is the exterior one).
    fn points(&mut self, points: Points<'_>, of: Shape, ring: usize) -> ControlFlow<()>;

    /// A geometry ends.
    #[inline]
    fn end(&mut self, _shape: Shape, _parent: Option<Shape>) -> ControlFlow<()> {
        ControlFlow::Continue(())
    }
}

/// Walks through a geometry. Bytes after it are passed over.
pub fn walk<S: Sink>(wkb: &[u8], sink: &mut S) -> Result<(), Malformed> {
    let mut walk = Walk { rest: wkb, length: wkb.len(), sink };
    match walk.geometry(None, 0) {
        Ok(()) | Err(Stop::Enough) => Ok(()),
        Err(Stop::Malformed) => Err(Malformed),
    }
}

/// The code of a geometry's type, without what it says of heights and measures; `None` where there is no head.
pub(super) fn type_code(wkb: &[u8]) -> Option<u32> {
    let (&order, rest) = wkb.split_first()?;
    let code = *rest.first_chunk()?;
    let code = if order == 0 { u32::from_be_bytes(code) } else { u32::from_le_bytes(code) };
    Some((code & !(Z_FLAG | M_FLAG | SRID_FLAG)) % 1000)
}

enum Stop {
    Malformed,
    Enough,
}

/// The types by their codes in WKB.
#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Point,
    LineString,
    Polygon,
    Members(Shape),
    CircularString,
    CompoundCurve,
    CurvePolygon,
}

impl Kind {
    fn of(code: u32) -> Result<Self, Stop> {
        Ok(match code {
            1 => Self::Point,
            2 => Self::LineString,
            3 | 17 => Self::Polygon,
            4 => Self::Members(Shape::MultiPoint),
            5 | 11 => Self::Members(Shape::MultiLineString),
            6 | 12 | 15 | 16 => Self::Members(Shape::MultiPolygon),
            7 => Self::Members(Shape::GeometryCollection),
            8 => Self::CircularString,
            9 => Self::CompoundCurve,
            10 => Self::CurvePolygon,
            _ => return Err(Stop::Malformed),
        })
    }

    fn shape(self) -> Shape {
        match self {
            Self::Point => Shape::Point,
            Self::LineString | Self::CircularString | Self::CompoundCurve => Shape::LineString,
            Self::Polygon | Self::CurvePolygon => Shape::Polygon,
            Self::Members(shape) => shape,
        }
    }
}

struct Walk<'a, 's, S> {
    rest: &'a [u8],
    length: usize,
    sink: &'s mut S,
}

impl<'a, S: Sink> Walk<'a, '_, S> {
    #[inline]
    fn geometry(&mut self, parent: Option<Shape>, depth: usize) -> Result<(), Stop> {
        let (kind, ordinates) = self.header()?;
        let shape = kind.shape();
        if depth > DEPTH || parent.is_some_and(|parent| !parent.takes(shape)) {
            return Err(Stop::Malformed);
        }
        told(self.sink.begin(shape, parent))?;
        match kind {
            Kind::Point => {
                let points = self.run(ordinates, 1)?;
                told(self.sink.points(points, shape, 0))?;
            }
            Kind::LineString => {
                let points = self.counted_run(ordinates)?;
                told(self.sink.points(points, shape, 0))?;
            }
            Kind::Polygon => {
                for ring in 0..self.count(ordinates, 4)? {
                    let points = self.counted_run(ordinates)?;
                    told(self.sink.points(points, shape, ring))?;
                }
            }
            Kind::Members(_) => self.members(shape, ordinates, depth)?,
            Kind::CircularString | Kind::CompoundCurve => self.curve(kind, ordinates, shape, 0)?,
            Kind::CurvePolygon => {
                for ring in 0..self.count(ordinates, SHORTEST)? {
                    let (kind, ordinates) = self.header()?;
                    self.curve(kind, ordinates, shape, ring)?;
                }
            }
        }
        told(self.sink.end(shape, parent))
    }

    // Not inlined, so that a point on its own needs no frame for collections.
    #[inline(never)]
    fn members(&mut self, shape: Shape, ordinates: Ordinates, depth: usize) -> Result<(), Stop> {
        for _ in 0..self.count(ordinates, SHORTEST)? {
            self.geometry(Some(shape), depth + 1)?;
        }
        Ok(())
    }

    /// A line of any kind whose header was read: one of its own, or a ring of a curve polygon.
    fn curve(&mut self, kind: Kind, ordinates: Ordinates, of: Shape, ring: usize) -> Result<(), Stop> {
        let mut line = Straightened::new(ordinates.z);
        match kind {
            Kind::LineString | Kind::CircularString => {
                let points = self.counted_run(ordinates)?;
                if kind == Kind::LineString || !S::STRAIGHTEN {
                    return told(self.sink.points(points, of, ring));
                }
                line.add_arcs(points);
            }
            Kind::CompoundCurve => {
                for _ in 0..self.count(ordinates, SHORTEST)? {
                    let (kind, ordinates) = self.header()?;
                    let points = self.counted_run(ordinates)?;
                    match kind {
                        Kind::LineString | Kind::CircularString if !S::STRAIGHTEN => {
                            told(self.sink.points(points, of, ring))?;
                        }
                        Kind::LineString => line.add_line(points),
                        Kind::CircularString => line.add_arcs(points),
                        _ => return Err(Stop::Malformed),
                    }
                }
                if !S::STRAIGHTEN {
                    return Ok(());
                }
            }
            _ => return Err(Stop::Malformed),
        }
        told(self.sink.points(line.points(), of, ring))
    }

    fn take<const N: usize>(&mut self) -> Result<[u8; N], Stop> {
        let (bytes, rest) = self.rest.split_first_chunk::<N>().ok_or(Stop::Malformed)?;
        self.rest = rest;
        Ok(*bytes)
    }

    fn number(&mut self, little_endian: bool) -> Result<u32, Stop> {
        let bytes = self.take::<4>()?;
        Ok(if little_endian { u32::from_le_bytes(bytes) } else { u32::from_be_bytes(bytes) })
    }

    fn header(&mut self) -> Result<(Kind, Ordinates), Stop> {
        let little_endian = match self.take::<1>()? {
            [0] => false,
            [1] => true,
            _ => return Err(Stop::Malformed),
        };
        let code = self.number(little_endian)?;
        if code & SRID_FLAG != 0 {
            self.take::<4>()?;
        }
        let plain = code & !(Z_FLAG | M_FLAG | SRID_FLAG);
        let (z, m) = match plain / 1000 {
            0 => (false, false),
            1 => (true, false),
            2 => (false, true),
            3 => (true, true),
            _ => return Err(Stop::Malformed),
        };
        let ordinates = Ordinates { little_endian, z: z || code & Z_FLAG != 0, m: m || code & M_FLAG != 0 };
        Ok((Kind::of(plain % 1000)?, ordinates))
    }

    /// A count of things that have at least so many bytes each: what cannot follow is refused before anybody counts on it.
    fn count(&mut self, ordinates: Ordinates, least: usize) -> Result<usize, Stop> {
        let count = self.number(ordinates.little_endian)? as usize;
        if count > self.rest.len() / least { Err(Stop::Malformed) } else { Ok(count) }
    }

    fn counted_run(&mut self, ordinates: Ordinates) -> Result<Points<'a>, Stop> {
        let count = self.count(ordinates, ordinates.count() * 8)?;
        self.run(ordinates, count)
    }

    fn run(&mut self, ordinates: Ordinates, count: usize) -> Result<Points<'a>, Stop> {
        let start = self.length - self.rest.len();
        let (bytes, rest) = self.rest.split_at_checked(count * ordinates.count() * 8).ok_or(Stop::Malformed)?;
        self.rest = rest;
        Ok(Points { numbers: bytes.as_chunks().0, ordinates, start })
    }
}

fn told(flow: ControlFlow<()>) -> Result<(), Stop> {
    if flow.is_break() { Err(Stop::Enough) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::bbox::Rect;
    use crate::model::geometry::samples::{Sample, Style, any_curve, any_sample, any_style, wkb};
    use crate::model::geometry::{envelope, intersects, intersects_z, rewrite_xy, z_range};
    use proptest::prelude::*;

    /// Runs everything that reads WKB; `true` where all of it was well-formed.
    fn read_all(bytes: &[u8]) -> bool {
        let rect = Rect { min_x: 1e300, min_y: 0.0, max_x: 2e300, max_y: 1.0 };
        let _ = intersects(bytes, &Rect { min_x: -1.0, min_y: -1.0, max_x: 1.0, max_y: 1.0 });
        let results = [
            envelope(bytes).is_ok(),
            z_range(bytes).is_ok(),
            intersects(bytes, &rect).is_ok(),
            intersects_z(bytes, 0.0, 1.0).is_ok(),
            rewrite_xy(&mut bytes.to_vec(), &mut |_, _| true).is_ok(),
        ];
        results.iter().all(|&ok| ok)
    }

    fn nested(levels: usize) -> Vec<u8> {
        let collection = [1, 7, 0, 0, 0, 1, 0, 0, 0];
        let mut bytes = collection.repeat(levels);
        bytes.extend(wkb(&Sample::Point([1.0, 2.0, 3.0, 4.0]), Style::default()));
        bytes
    }

    #[test]
    fn deep_collections_are_refused() {
        assert!(read_all(&nested(DEPTH)));
        assert!(!read_all(&nested(DEPTH + 1)));
        assert!(!read_all(&nested(1_000_000)));
    }

    #[test]
    fn a_hostile_count_is_refused() {
        for code in [2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 15, 16, 17] {
            let mut bytes = vec![1, code, 0, 0, 0, 0xff, 0xff, 0xff, 0xff];
            bytes.extend([0; 64]);
            assert!(!read_all(&bytes), "{code}");
        }
    }

    #[test]
    fn a_member_of_another_kind_is_refused() {
        let line = Sample::Line(vec![[0.0; 4], [1.0; 4]]);
        assert!(!read_all(&wkb(&Sample::Members(4, vec![line.clone()]), Style::default())));
        assert!(!read_all(&wkb(&Sample::Members(6, vec![line.clone()]), Style::default())));
        assert!(read_all(&wkb(&Sample::Members(5, vec![line.clone()]), Style::default())));
        assert!(read_all(&wkb(&Sample::Members(7, vec![line]), Style::default())));
    }

    proptest! {
        #[test]
        fn every_sample_is_read_and_no_truncation_panics(sample in prop_oneof![any_sample(), any_curve()], style in any_style()) {
            let bytes = wkb(&sample, style);
            prop_assert!(read_all(&bytes));
            for end in 0..bytes.len() {
                prop_assert!(!read_all(&bytes[..end]));
            }
        }

        #[test]
        fn no_bytes_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            read_all(&bytes);
        }

        #[test]
        fn no_damage_panics(sample in prop_oneof![any_sample(), any_curve()], style in any_style(), harm in prop::collection::vec((any::<prop::sample::Index>(), 0u8..20), 1..6)) {
            let mut bytes = wkb(&sample, style);
            for (place, value) in harm {
                let place = place.index(bytes.len());
                bytes[place] = value;
            }
            read_all(&bytes);
        }
    }
}
