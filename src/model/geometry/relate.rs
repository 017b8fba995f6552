//! How two geometries lie to each other (OGC Simple Features, DE-9IM), for what rectangles alone cannot say. Flat: heights
//! play no part.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::OnceLock;

use geo::line_measures::{Bearing, Distance, Euclidean, Geodesic};
use geo::{Geometry, GeometryCollection, Intersects, LineString, MultiLineString, MultiPoint, MultiPolygon};
use geo::{Point, Polygon, Relate};

use super::figure::{Figure, Position};
use super::segments::{Budget, Segments};
use super::watch::Watch;
use crate::base::bbox::Rect;

pub use super::segments::Unsaid;

/// How the first of two geometries lies to the second.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Relation {
    /// They share a point; edges count.
    Intersects,
    /// They share no point.
    Disjoint,
    /// All of the first lies in the second, and not only on its edge.
    Within,
    /// All of the second lies in the first, and not only on its edge.
    Contains,
    /// They share points, but none of them lies inside both.
    Touches,
    /// They share some of their insides, and what they share has fewer dimensions than one of them, but is not the whole of one.
    Crosses,
    /// Both have the same dimension, and so has what they share, which is the whole of neither.
    Overlaps,
    /// They are the same set of points.
    Equals,
    /// They are no further apart than a distance.
    DWithin,
    /// They are further apart than a distance.
    Beyond,
}

/// From so many pairs of segments on, an index over them is worth making.
const MANY_PAIRS: usize = 250_000;
/// Most pairs of segments that may meet, of two geometries that are related: what is looked at for one row cannot be broken off.
const MOST_PAIRS: usize = 5_000_000;
/// Most pairs that are looked at until two geometries are found to meet.
const MOST_LOOKS: usize = 20_000_000;
/// How often a stored geometry may meet itself: a kilobyte is kept for each place.
const MOST_CROSSINGS: usize = 100_000;
/// With fewer vertices it cannot do so much too often.
const FEW_VERTICES: usize = 400;

/// Degrees over which a line that is straight in longitude and latitude hardly bends on the ground.
const STRAIGHT: f64 = 0.1;

/// A geometry made ready to be related.
#[derive(Clone, Debug)]
pub struct Shaped {
    geometry: Geometry,
    vertices: usize,
    envelope: Rect,
    segments: OnceLock<Segments>,
    /// Whether it does not meet itself too often; unknown until somebody asks.
    is_tame: OnceLock<bool>,
}

impl Shaped {
    /// Of a figure. Parts that have no place (a point that is empty, a coordinate that is infinite) are left out.
    pub fn new(figure: &Figure) -> Self {
        Self::of(geometry(figure), figure.count(), figure.envelope())
    }

    fn of(geometry: Geometry, vertices: usize, envelope: Rect) -> Self {
        Self { geometry, vertices, envelope, segments: OnceLock::new(), is_tame: OnceLock::new() }
    }

    /// The same so much further east.
    #[must_use]
    pub fn shifted(&self, by: f64) -> Self {
        use geo::MapCoords;
        let geometry = self.geometry.map_coords(|at| geo::Coord { x: at.x + by, y: at.y });
        let envelope = Rect { min_x: self.envelope.min_x + by, max_x: self.envelope.max_x + by, ..self.envelope };
        Self { is_tame: self.is_tame.clone(), ..Self::of(geometry, self.vertices, envelope) }
    }

    /// How often it crosses or touches itself, up to so often; pairs of segments of which one may do so are looked at as long
    /// as they are not many more than its vertices and `most`.
    pub fn crossings(&self, most: usize) -> Result<usize, Unsaid> {
        let pairs = self.vertices.saturating_mul(16).saturating_add(most.saturating_mul(20));
        self.segments().crossings(most, &mut Budget::new(pairs, None))
    }

    /// What it would cost to relate them, in places at which each of them meets itself or segments of one are near segments of
    /// the other; up to so much.
    pub fn cost(&self, other: &Shaped, most: usize) -> Result<usize, Unsaid> {
        let own = self.crossings(most)?;
        let both = own + other.crossings(most - own)?;
        self.segments().pay(other.segments(), &mut Budget::new(most.saturating_mul(20), None))?;
        Ok(both)
    }

    fn segments(&self) -> &Segments {
        self.segments.get_or_init(|| Segments::new(&self.geometry))
    }

    fn is_tame(&self) -> bool {
        let count = || self.vertices <= FEW_VERTICES || self.crossings(MOST_CROSSINGS).is_ok();
        *self.is_tame.get_or_init(count)
    }

    /// Whether they share a point.
    pub fn intersects(&self, other: &Shaped, watch: Option<&Watch>) -> Result<bool, Unsaid> {
        if self.vertices.saturating_mul(other.vertices) <= MANY_PAIRS {
            return guarded(|| self.geometry.intersects(&other.geometry));
        }
        self.segments().intersects(other.segments(), &mut Budget::new(MOST_LOOKS, watch))
    }

    /// Whether the relation holds; unsaid for geometries so broken that nobody can say, and for those that meet themselves or
    /// each other so often that it would take gigabytes and minutes. Distances are not relations of this kind: see
    /// [`Shaped::distance`] and [`Around`].
    pub fn relates(&self, relation: Relation, other: &Shaped, watch: Option<&Watch>) -> Result<bool, Unsaid> {
        let may_hold = match relation {
            Relation::Intersects => return self.intersects(other, watch),
            Relation::Disjoint => return self.intersects(other, watch).map(|meets| !meets),
            // So is a ring that crosses itself held off what its envelope does not even reach.
            Relation::Within => other.envelope.contains(&self.envelope),
            Relation::Contains => self.envelope.contains(&other.envelope),
            Relation::Equals => self.envelope == other.envelope,
            _ => self.envelope.intersects(&other.envelope),
        };
        if !may_hold {
            return Ok(false);
        }
        if watch.is_some_and(Watch::is_stopped) {
            return Err(Unsaid::Stopped);
        }
        if !self.is_tame() || !other.is_tame() {
            return Err(Unsaid::TooDear);
        }
        if self.vertices.saturating_mul(other.vertices) > MOST_PAIRS {
            self.segments().pay(other.segments(), &mut Budget::new(MOST_PAIRS, watch))?;
        }
        let matrix = guarded(|| self.geometry.relate(&other.geometry))?;
        Ok(match relation {
            Relation::Within => matrix.is_within(),
            Relation::Contains => matrix.is_contains(),
            Relation::Touches => matrix.is_touches(),
            Relation::Crosses => matrix.is_crosses(),
            Relation::Overlaps => matrix.is_overlaps(),
            Relation::Equals => matrix.is_equal_topo(),
            Relation::Intersects | Relation::Disjoint | Relation::DWithin | Relation::Beyond => {
                return Err(Unsaid::Broken);
            }
        })
    }

    /// How far they are apart, in the units of both.
    pub fn distance(&self, other: &Shaped) -> Option<f64> {
        guarded(|| Euclidean.distance(&self.geometry, &other.geometry)).ok()
    }
}

/// The plane about a geometry in degrees in which distances from its middle are those on the ellipsoid, in metres
/// (azimuthal, equidistant). A hundred kilometres from the middle, distances between other places are true to a
/// twentieth of a per mille, a thousand kilometres from it to half a per cent.
#[derive(Clone, Debug)]
pub struct Around {
    middle: Point,
    shaped: Shaped,
}

impl Around {
    /// About a figure in longitude and latitude; `None` where it is empty.
    pub fn new(figure: &Figure) -> Option<Self> {
        let rect = together(figure);
        if rect.is_empty() {
            return None;
        }
        let middle = Point::new(f64::midpoint(rect.min_x, rect.max_x), f64::midpoint(rect.min_y, rect.max_y));
        Some(Self { middle, shaped: Shaped::new(&flat(figure, middle)) })
    }

    /// How far another figure in longitude and latitude is off, in metres.
    pub fn distance(&self, figure: &Figure) -> Option<f64> {
        Shaped::new(&flat(figure, self.middle)).distance(&self.shaped)
    }
}

/// The envelope of a figure in longitude and latitude; with the parts in the west counted on, where they lie closer so. The
/// middle of what lies on both sides of the date line would else be the other side of the world, from which all is as far.
fn together(figure: &Figure) -> Rect {
    let mut on = Rect::EMPTY;
    figure.runs(&mut |run| {
        let turn = if run.iter().all(|at| at[0] < 0.0) { 360.0 } else { 0.0 };
        run.iter().filter(|at| is_somewhere(at)).for_each(|at| on.include(at[0] + turn, at[1]));
    });
    let rect = figure.envelope();
    if on.max_x - on.min_x < rect.max_x - rect.min_x { on } else { rect }
}

fn flat(figure: &Figure, middle: Point) -> Figure {
    let mut flat = figure.clone();
    flat.split(STRAIGHT, 64);
    flat.change(&mut |at| {
        if at[0].is_finite() && at[1].abs() <= 90.0 {
            let place = Point::new(at[0], at[1]);
            let (far, (sin, cos)) =
                (Geodesic.distance(middle, place), Geodesic.bearing(middle, place).to_radians().sin_cos());
            *at = [far * sin, far * cos, f64::NAN];
        }
    });
    flat
}

/// The library gives up on some rings that cross themselves: then nobody can say.
fn guarded<T>(run: impl FnOnce() -> T) -> Result<T, Unsaid> {
    catch_unwind(AssertUnwindSafe(run)).map_err(|_| Unsaid::Broken)
}

fn geometry(figure: &Figure) -> Geometry {
    let members = || figure.members().iter();
    match figure {
        Figure::Point(at) => match at.as_ref().filter(|at| is_somewhere(at)) {
            Some(at) => Geometry::Point(Point::new(at[0], at[1])),
            None => Geometry::MultiPoint(MultiPoint(Vec::new())),
        },
        Figure::LineString(positions) => {
            line(positions).map_or_else(|| Geometry::MultiLineString(MultiLineString(Vec::new())), Geometry::LineString)
        }
        Figure::Polygon(rings) => {
            polygon(rings).map_or_else(|| Geometry::MultiPolygon(MultiPolygon(Vec::new())), Geometry::Polygon)
        }
        Figure::MultiPoint(_) => {
            let points = members().filter_map(|member| match member {
                Figure::Point(Some(at)) if is_somewhere(at) => Some(Point::new(at[0], at[1])),
                _ => None,
            });
            Geometry::MultiPoint(MultiPoint(points.collect()))
        }
        Figure::MultiLineString(_) => {
            let lines = members().filter_map(|member| match member {
                Figure::LineString(positions) => line(positions),
                _ => None,
            });
            Geometry::MultiLineString(MultiLineString(lines.collect()))
        }
        Figure::MultiPolygon(_) => {
            let polygons = members().filter_map(|member| match member {
                Figure::Polygon(rings) => polygon(rings),
                _ => None,
            });
            Geometry::MultiPolygon(MultiPolygon(polygons.collect()))
        }
        Figure::GeometryCollection(_) => {
            Geometry::GeometryCollection(GeometryCollection(members().map(geometry).collect()))
        }
    }
}

fn is_somewhere(at: &Position) -> bool {
    at[0].is_finite() && at[1].is_finite()
}

fn line(positions: &[Position]) -> Option<LineString> {
    let is_whole = positions.len() > 1 && positions.iter().all(is_somewhere);
    is_whole.then(|| positions.iter().map(|at| (at[0], at[1])).collect())
}

fn polygon(rings: &[Vec<Position>]) -> Option<Polygon> {
    let mut rings = rings.iter().map(|ring| line(ring)).collect::<Option<Vec<_>>>()?.into_iter();
    let outer = rings.next()?;
    // A ring is closed even where its last vertex was forgotten.
    Some(Polygon::new(outer, rings.collect()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::geometry::samples::{Sample, any_sample, any_style, wkb};
    use crate::model::geometry::{intersects, within, wkt};
    use proptest::prelude::*;

    fn shaped(text: &str) -> Shaped {
        Shaped::new(&wkt::parse(text).unwrap())
    }

    #[test]
    fn the_relations_are_those_of_simple_features() {
        use Relation::{Contains, Crosses, Disjoint, Equals, Intersects, Overlaps, Touches, Within};
        let area = "POLYGON((0 0,10 0,10 10,0 10,0 0),(4 4,6 4,6 6,4 6,4 4))";
        for (one, other, holds) in [
            ("POINT(1 1)", area, &[Intersects, Within][..]),
            ("POINT(5 5)", area, &[Disjoint]),
            ("POINT(4 5)", area, &[Intersects, Touches]),
            (area, "POINT(1 1)", &[Intersects, Contains]),
            ("LINESTRING(-1 1,11 1)", area, &[Intersects, Crosses]),
            ("LINESTRING(1 1,2 3)", area, &[Intersects, Within]),
            ("LINESTRING(0 0,10 0)", area, &[Intersects, Touches]),
            ("LINESTRING(0 0,5 5)", "LINESTRING(0 5,5 0)", &[Intersects, Crosses]),
            ("LINESTRING(0 0,5 0)", "LINESTRING(3 0,9 0)", &[Intersects, Overlaps]),
            ("LINESTRING(0 0,5 0)", "LINESTRING(5 0,0 0)", &[Intersects, Equals, Within, Contains]),
            ("POLYGON((5 5,15 5,15 15,5 15,5 5))", area, &[Intersects, Overlaps]),
            ("POLYGON((10 0,20 0,20 10,10 10,10 0))", area, &[Intersects, Touches]),
            ("POLYGON((4 4,6 4,6 6,4 6,4 4))", area, &[Intersects, Touches]),
            (
                "POLYGON((10 10,0 10,0 0,10 0,10 10),(4 4,6 4,6 6,4 6,4 4))",
                area,
                &[Intersects, Equals, Within, Contains],
            ),
            ("MULTIPOINT((1 1),(50 50))", area, &[Intersects, Crosses]),
            ("MULTIPOLYGON(((20 20,30 20,30 30,20 20)),((1 1,2 1,2 2,1 1)))", area, &[Intersects, Overlaps]),
            ("GEOMETRYCOLLECTION(POINT(1 1),LINESTRING(1 2,2 2))", area, &[Intersects, Within]),
            ("POINT EMPTY", area, &[Disjoint]),
            ("MULTIPOLYGON EMPTY", area, &[Disjoint]),
        ] {
            for relation in [Intersects, Disjoint, Within, Contains, Touches, Crosses, Overlaps, Equals] {
                let told = shaped(one).relates(relation, &shaped(other), None);
                assert_eq!(told, Ok(holds.contains(&relation)), "{one} {relation:?} {other}");
            }
        }
    }

    #[test]
    fn distances_in_degrees_are_told_in_metres() {
        let around = |one: &str, other: &str| {
            Around::new(&wkt::parse(one).unwrap()).unwrap().distance(&wkt::parse(other).unwrap()).unwrap()
        };
        // A degree along the equator, and one of the meridian there, on WGS 84.
        assert!((around("POINT(0 0)", "POINT(1 0)") - 111_319.49).abs() < 0.01);
        assert!((around("POINT(0 0)", "POINT(0 1)") - 110_574.39).abs() < 0.01);
        assert!((around("POINT(179.5 0)", "POINT(-179.5 0)") - 111_319.49).abs() < 0.01);
        let both = "MULTIPOLYGON(((170 0,180 0,180 9,170 9,170 0)),((-180 0,-179 0,-179 9,-180 9,-180 0)))";
        assert!(around(both, "POINT(171 1)") < 1e-9 && around(both, "POINT(-179.5 1)") < 1e-9);
        assert!((around(both, "POINT(-178 0)") - 111_319.49).abs() < 300.0);
        assert!((around("POINT(10 50)", "LINESTRING(9 50.1,11 50.1)") - 11_124.1).abs() < 5.0);
        assert!(around("POLYGON((0 0,1 0,1 1,0 0))", "POINT(0.6 0.5)") < 1e-9);
        assert_eq!(shaped("POINT(0 0)").distance(&shaped("LINESTRING(3 -4,3 4)")), Some(3.0));
    }

    #[test]
    fn a_ring_that_crosses_itself_held_what_its_envelope_does_not_reach() {
        let (bow_tie, aside) = ("POLYGON((0 0,10 10,10 0,0 10,0 0))", "POLYGON((10 0,20 0,20 10,10 10,10 0))");
        for relation in [Relation::Contains, Relation::Within, Relation::Equals] {
            assert_eq!(shaped(bow_tie).relates(relation, &shaped(aside), None), Ok(false), "{relation:?}");
            assert_eq!(shaped(aside).relates(relation, &shaped(bow_tie), None), Ok(false), "{relation:?}");
        }
    }

    proptest! {
        /// Whether many segments meet is found by an index, as few do without one.
        #[test]
        fn an_index_finds_what_meets(one in any_sample(), other in any_sample(), style in any_style()) {
            // Rings of the samples may cross themselves: there the even-odd rule and others part.
            let shape = |sample: &Sample| match sample {
                Sample::Polygon(_) | Sample::Triangle(_) | Sample::Members(..) => None,
                sample => Some(Shaped::new(&Figure::read(&wkb(sample, style)).unwrap())),
            };
            let area = "MULTIPOLYGON(((-5 -5,5 -5,5 5,-5 5,-5 -5),(-2 -2,2 -2,2 2,-2 2,-2 -2)),((10 0,20 0,15 9,10 0)))";
            let all: Vec<Shaped> = shape(&one).into_iter().chain(shape(&other)).chain([shaped(area)]).collect();
            for (one, other) in all.iter().flat_map(|one| all.iter().map(move |other| (one, other))) {
                let by_index = one.segments().intersects(other.segments(), &mut Budget::new(MOST_LOOKS, None));
                prop_assert_eq!(by_index, one.intersects(other, None));
            }
        }
    }

    #[test]
    fn broken_rings_do_no_harm() {
        for broken in [
            "POLYGON((0 0,10 10,10 0,0 10,0 0))",
            "POLYGON((0 0,10 0,0 0,10 0,0 0))",
            "POLYGON((1 1,1 1,1 1,1 1))",
            "MULTIPOLYGON(((0 0,4 0,4 4,0 0)),((0 0,4 0,4 4,0 0)))",
        ] {
            for relation in [Relation::Within, Relation::Touches, Relation::Equals, Relation::Overlaps] {
                shaped(broken).relates(relation, &shaped("POLYGON((0 0,5 0,5 5,0 5,0 0))"), None).ok();
            }
        }
    }

    proptest! {
        #[test]
        fn rectangles_are_as_the_exact_tests_say(
            sample in any_sample(), style in any_style(), x in -30i32..30, y in -30i32..30, width in 1i32..20, height in 1i32..20,
        ) {
            let bytes = wkb(&sample, style);
            let [min_x, min_y, max_x, max_y] = [x, y, x + width, y + height].map(f64::from);
            let rect = Rect { min_x, min_y, max_x, max_y };
            let (one, other) = (Shaped::new(&Figure::read(&bytes).unwrap()), Shaped::new(&Figure::rectangle(&rect)));
            // Rings of the samples may cross themselves: there the even-odd rule and others part.
            if !matches!(sample, crate::model::geometry::samples::Sample::Polygon(_) | crate::model::geometry::samples::Sample::Triangle(_) | crate::model::geometry::samples::Sample::Members(..)) {
                prop_assert_eq!(one.intersects(&other, None), Ok(intersects(&bytes, &rect).unwrap()));
                prop_assert_eq!(one.relates(Relation::Within, &other, None), Ok(within(&bytes, &[rect]).unwrap()));
            }
            one.relates(Relation::Touches, &other, None).ok();
        }
    }
}
