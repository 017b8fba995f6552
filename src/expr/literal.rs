//! Geometries that a filter compares with.

use std::fmt;
use std::sync::Arc;

use crate::base::bbox::{Bbox, Rect};
use crate::base::crs::Crs;
use crate::model::geometry::figure::{Figure, Position};
use crate::model::geometry::relate::{Relation, Shaped};
use crate::model::geometry::watch::Watch;
use crate::model::geometry::wkt;

/// Most boxes that stand for a geometry: each row is tested against all of them.
const MOST_BOXES: usize = 100;
/// Metres of a degree of latitude where it is shortest.
const SHORTEST_DEGREE: f64 = 110_574.0;
/// How often a geometry may meet itself to which rows are related: a millisecond for two hundred times, for each row.
const MOST_CROSSINGS: usize = 10_000;
/// How often, where that is hardly noticed.
const FEW_CROSSINGS: usize = 100;
/// So many points meet each other fast, however they lie.
const FEW_POINTS: usize = 100;
/// And so many where they do not cross.
const MANY_POINTS: usize = 2_000;
/// Degrees of the whole way round.
const TURN: f64 = 360.0;

/// A geometry and the system of its coordinates, which are x (longitude) before y (latitude) whatever the authority says.
#[derive(Clone, PartialEq)]
pub struct GeometryLiteral {
    /// The geometry as WKB.
    pub wkb: Arc<[u8]>,
    /// Its system.
    pub crs: Crs,
    /// The heights of a box that has some.
    pub heights: Option<(f64, f64)>,
    /// How much further along x the same place comes again, where it does.
    pub turn: Option<f64>,
    /// Who asks for relations to it, where somebody wants to be told of them.
    pub watch: Option<Watch>,
}

impl GeometryLiteral {
    /// A literal of a figure.
    pub fn new(figure: &Figure, crs: Crs) -> Self {
        let turn = crs.is_lon_lat_wgs84().then_some(TURN);
        Self { wkb: figure.wkb().into(), crs, heights: None, turn, watch: None }
    }

    /// A box; where its west is greater than its east, the two rectangles beside the date line.
    #[allow(clippy::float_cmp)] // exactly no width
    pub fn bbox(bbox: &Bbox, crs: Crs) -> Self {
        let rect = |min_x, max_x| Rect { min_x, min_y: bbox.min_y, max_x, max_y: bbox.max_y };
        let figure = if bbox.min_x > bbox.max_x {
            let halves = [rect(bbox.min_x, 180.0), rect(-180.0, bbox.max_x)].map(|rect| Figure::rectangle(&rect));
            match halves {
                halves @ [Figure::Polygon(_), Figure::Polygon(_)] => Figure::MultiPolygon(halves.into()),
                halves => Figure::GeometryCollection(halves.into()),
            }
        } else {
            Figure::rectangle(&rect(bbox.min_x, bbox.max_x))
        };
        Self { heights: bbox.z, ..Self::new(&figure, crs) }
    }

    /// The geometry as an object; nothing, where the bytes are no geometry.
    pub fn figure(&self) -> Figure {
        Figure::read(&self.wkb).unwrap_or(Figure::GeometryCollection(Vec::new()))
    }

    /// The same in another system, by a function that moves points in place; in degrees along long edges as well, which
    /// may bend. The error is the function's.
    pub fn moved<E>(&self, crs: &Crs, points: impl FnOnce(&mut [f64], &mut [f64]) -> Result<(), E>) -> Result<Self, E> {
        let mut figure = self.figure();
        let rect = figure.envelope();
        if !rect.is_empty() {
            figure.split((rect.max_x - rect.min_x).hypot(rect.max_y - rect.min_y) / 64.0, 64);
        }
        let (mut xs, mut ys) = (Vec::new(), Vec::new());
        figure.runs(&mut |run| run.iter().for_each(|at| (xs.push(at[0]), ys.push(at[1])).0));
        points(&mut xs, &mut ys)?;
        let mut moved = xs.into_iter().zip(ys);
        figure.change(&mut |at| {
            if let Some((x, y)) = moved.next() {
                (at[0], at[1]) = (x, y);
            }
        });
        Ok(Self { heights: self.heights, watch: self.watch.clone(), ..Self::new(&figure, crs.clone()) })
    }

    /// By how much x may be off, for data may count longitudes on past ±180 (or from 0 to 360).
    pub fn turns(&self) -> Vec<f64> {
        self.turn.map_or_else(|| vec![0.0], |turn| vec![0.0, -turn, turn])
    }

    /// How many points it has.
    pub fn points(&self) -> usize {
        let mut count = 0;
        self.figure().runs(&mut |run| count += run.len());
        count
    }

    /// Why rows are not related to it so, where that is: for a matrix of how two geometries meet, all places are kept at which
    /// one meets itself.
    pub fn refusal(&self, relation: Relation) -> Option<String> {
        let needs_all =
            !matches!(relation, Relation::Intersects | Relation::Disjoint | Relation::DWithin | Relation::Beyond);
        let is_refused = needs_all && self.points() > FEW_POINTS && self.crossings(MOST_CROSSINGS).is_none();
        is_refused.then(|| {
            format!("a geometry that crosses itself more than {MOST_CROSSINGS} times cannot be related so, only intersect others")
        })
    }

    /// Whether it takes long to relate a row to it so: longer than whoever answers other requests meanwhile may be held up.
    pub fn is_dear(&self, relation: Relation) -> bool {
        let points = self.points();
        match relation {
            Relation::Intersects | Relation::Disjoint => points > MANY_POINTS,
            Relation::DWithin | Relation::Beyond => points > FEW_POINTS,
            _ => points > MANY_POINTS || points > FEW_POINTS && self.crossings(FEW_CROSSINGS).is_none(),
        }
    }

    fn crossings(&self, most: usize) -> Option<usize> {
        Shaped::new(&self.figure()).crossings(most).ok()
    }

    /// The rectangles that make up the geometry exactly, in every turn; `None` where it is not made of such.
    pub fn boxes(&self) -> Option<Vec<Rect>> {
        let rects = self.upright()?;
        Some(self.turned(rects))
    }

    /// The rectangles without their turns.
    pub(super) fn upright(&self) -> Option<Vec<Rect>> {
        let mut rects = Vec::new();
        upright(&self.figure(), &mut rects).filter(|()| rects.len() <= MOST_BOXES)?;
        Some(rects)
    }

    /// Rectangles in one of which each geometry has a point that is no further from this one than the distance (metres in
    /// longitude and latitude, else units of the system).
    pub fn reach(&self, distance: Option<f64>) -> Vec<Rect> {
        let figure = self.figure();
        let mut rects: Vec<Rect> = match figure.members() {
            members @ [_, _, ..] if members.len() <= MOST_BOXES => members.iter().map(Figure::envelope).collect(),
            _ => vec![figure.envelope()],
        };
        rects.retain(|rect| !rect.is_empty());
        if let Some(distance) = distance {
            for rect in &mut rects {
                *rect = self.grown(*rect, distance);
            }
        }
        self.turned(rects)
    }

    fn grown(&self, rect: Rect, distance: f64) -> Rect {
        let (mut x, mut y) = (distance, distance);
        if self.crs.is_lon_lat_wgs84() {
            y = distance * 1.01 / SHORTEST_DEGREE;
            let furthest = rect.min_y.abs().max(rect.max_y.abs()) + y;
            x = if furthest < 89.0 { y / furthest.to_radians().cos() } else { 360.0 };
        }
        Rect { min_x: rect.min_x - x, min_y: rect.min_y - y, max_x: rect.max_x + x, max_y: rect.max_y + y }
    }

    fn turned(&self, rects: Vec<Rect>) -> Vec<Rect> {
        let turns = self.turns();
        let one = |rect: Rect| {
            turns.iter().map(move |turn| Rect { min_x: rect.min_x + turn, max_x: rect.max_x + turn, ..rect })
        };
        rects.into_iter().flat_map(one).collect()
    }

    /// The box that the literal was written as, where it can have been one.
    #[allow(clippy::float_cmp)] // exactly at the date line
    pub(super) fn as_bbox(&self) -> Option<Bbox> {
        let bbox = match &self.upright()?[..] {
            [one] => Bbox::from(*one),
            [west, east] if west.max_x == 180.0 && east.min_x == -180.0 => {
                Bbox::new(west.min_x, west.min_y, east.max_x, east.max_y)
            }
            _ => return None,
        };
        let bbox = Bbox { z: self.heights, ..bbox };
        let same = Self { turn: self.turn, ..GeometryLiteral::bbox(&bbox, self.crs.clone()) };
        (same == *self).then_some(bbox)
    }
}

impl fmt::Debug for GeometryLiteral {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Numbers are written so that they read as what they are: two that differ are never written alike.
        write!(out, "{} in {:?} {:?}", wkt::write(&self.figure()), self.crs, self.heights)
    }
}

fn upright(figure: &Figure, rects: &mut Vec<Rect>) -> Option<()> {
    match figure {
        Figure::Point(None) => {}
        Figure::Point(Some(at)) => rects.push(around(at, at)),
        Figure::LineString(line) => {
            for ends in line.windows(2) {
                rects.push(Some(around(&ends[0], &ends[1])).filter(|_| is_upright(&ends[0], &ends[1]))?);
            }
        }
        Figure::Polygon(rings) => rects.push(rectangle(rings)?),
        _ => {
            for member in figure.members() {
                upright(member, rects)?;
            }
        }
    }
    // Far more than are ever tested: then the rest need not be looked at.
    (rects.len() <= 10 * MOST_BOXES).then_some(())
}

fn around(a: &Position, b: &Position) -> Rect {
    Rect { min_x: a[0].min(b[0]), min_y: a[1].min(b[1]), max_x: a[0].max(b[0]), max_y: a[1].max(b[1]) }
}

#[allow(clippy::float_cmp)] // exactly along an axis
fn is_upright(a: &Position, b: &Position) -> bool {
    a[0] == b[0] || a[1] == b[1]
}

/// An upright rectangle with an area, without holes.
#[allow(clippy::float_cmp)] // exactly so
fn rectangle(rings: &[Vec<Position>]) -> Option<Rect> {
    let [ring] = rings else { return None };
    let [start, second, opposite, fourth, end] = &ring[..] else { return None };
    let upright = ring.windows(2).all(|side| is_upright(&side[0], &side[1]));
    let differ = |one: &Position, other: &Position| one[0] != other[0] && one[1] != other[1];
    let is_whole = differ(start, opposite) && differ(second, fourth) && start[0] == end[0] && start[1] == end[1];
    (upright && is_whole).then(|| around(start, opposite))
}
