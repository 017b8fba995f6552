//! How the geometry of a row lies to a literal: exact by rectangles where the literal is made of them, else by the envelopes
//! first and the geometries themselves where those do not say it all.

use std::sync::Arc;

use crate::base::bbox::{Bbox, Rect};
use crate::model::geometry::relate::{Around, Relation, Shaped, Unsaid};
use crate::model::geometry::watch::Watch;
use crate::model::geometry::{Figure, envelope, intersect, within};

use super::evaluate::any;
use super::literal::GeometryLiteral;

/// A literal made ready for rows.
#[derive(Clone, Debug)]
pub(super) struct Place(Arc<Made>);

#[derive(Debug)]
struct Made {
    relation: Relation,
    /// The rectangles that it is, in every turn, for relations that they answer.
    rects: Option<Vec<Rect>>,
    heights: Option<(f64, f64)>,
    /// The literal in every turn, with its envelope.
    shapes: Vec<(Rect, Shaped)>,
    distance: f64,
    /// Where rows within the distance have a point.
    near: Vec<Rect>,
    /// For distances in longitude and latitude.
    around: Option<Around>,
    /// Who asks.
    watch: Option<Watch>,
}

impl Place {
    pub(super) fn new(relation: Relation, literal: &GeometryLiteral, distance: Option<f64>) -> Self {
        let figure = literal.figure();
        let rects = match relation {
            Relation::Intersects | Relation::Disjoint => literal.boxes(),
            Relation::Within => literal.as_bbox().filter(Bbox::has_area).map(|bbox| {
                let around = literal.turns().into_iter();
                // The two halves of a box over the date line are one, for rows that count their longitudes on.
                let east = if bbox.max_x < bbox.min_x { bbox.max_x + 360.0 } else { bbox.max_x };
                let turned =
                    |by: f64| Rect { min_x: bbox.min_x + by, max_x: east + by, min_y: bbox.min_y, max_y: bbox.max_y };
                around.map(turned).collect()
            }),
            _ => None,
        };
        let is_distance = matches!(relation, Relation::DWithin | Relation::Beyond);
        let shaped = Shaped::new(&figure);
        let rect = figure.envelope();
        let shift = |by: f64| {
            let moved = Rect { min_x: rect.min_x + by, max_x: rect.max_x + by, ..rect };
            (moved, shaped.shifted(by))
        };
        let is_degrees = literal.crs.is_lon_lat_wgs84();
        let made = Made {
            relation,
            heights: literal.heights.filter(|_| matches!(relation, Relation::Intersects | Relation::Disjoint)),
            shapes: if rects.is_some() { Vec::new() } else { literal.turns().into_iter().map(shift).collect() },
            rects,
            distance: distance.unwrap_or(0.0),
            near: if is_distance { literal.reach(distance) } else { Vec::new() },
            around: if is_distance && is_degrees { Around::new(&figure) } else { None },
            watch: literal.watch.clone(),
        };
        Self(Arc::new(made))
    }

    /// Whether the relation holds; unknown where the geometry cannot be read.
    pub(super) fn test(&self, wkb: &[u8]) -> Option<bool> {
        let place = &*self.0;
        let told = match place.relation {
            Relation::Intersects => place.meets(wkb),
            Relation::Disjoint => place.meets(wkb).map(|meets| !meets),
            Relation::DWithin => place.is_near(wkb),
            Relation::Beyond => place.is_near(wkb).map(|near| !near),
            relation => place.relates(relation, wkb),
        };
        if let (Err(Unsaid::TooDear), Some(watch)) = (told, &place.watch) {
            watch.refuse();
        }
        told.ok()
    }
}

/// Whether a geometry lies so to itself, by what the relations say of any set of points; unknown where it cannot be read.
pub(super) fn beside_itself(relation: Relation, wkb: &[u8]) -> Option<bool> {
    let is_empty = envelope(wkb).ok()?.is_none();
    Some(match relation {
        Relation::Intersects | Relation::Within | Relation::Contains | Relation::DWithin => !is_empty,
        Relation::Disjoint | Relation::Beyond => is_empty,
        Relation::Equals => true,
        Relation::Touches | Relation::Crosses | Relation::Overlaps => false,
    })
}

type Told = Result<bool, Unsaid>;

/// What bytes that are no geometry are.
fn broken<T>(_: T) -> Unsaid {
    Unsaid::Broken
}

impl Made {
    fn meets(&self, wkb: &[u8]) -> Told {
        let flat = match &self.rects {
            Some(rects) => any(rects.iter().map(|rect| intersect::intersects(wkb, rect).ok())).ok_or(Unsaid::Broken)?,
            None => self.any_turn(wkb, |row, shape| row.intersects(shape, self.watch.as_ref()))?,
        };
        match self.heights {
            Some((low, high)) if flat => intersect::intersects_z(wkb, low, high).map_err(broken),
            _ => Ok(flat),
        }
    }

    fn relates(&self, relation: Relation, wkb: &[u8]) -> Told {
        if let Some(rects) = &self.rects {
            return within(wkb, rects).map_err(broken);
        }
        let watch = self.watch.as_ref();
        if relation != Relation::Touches {
            return self.any_turn(wkb, |row, shape| row.relates(relation, shape, watch));
        }
        // What touches one end of the world from outside may lie inside at the other.
        let touches = self.any_turn(wkb, |row, shape| row.relates(Relation::Touches, shape, watch))?;
        let inside = |row: &Shaped, shape: &Shaped| {
            Ok(row.intersects(shape, watch)? && !row.relates(Relation::Touches, shape, watch)?)
        };
        Ok(touches && !self.any_turn(wkb, inside)?)
    }

    /// Whether it holds in one of the turns in which the envelopes meet.
    fn any_turn(&self, wkb: &[u8], holds: impl Fn(&Shaped, &Shaped) -> Told) -> Told {
        let Some(rect) = envelope(wkb).map_err(broken)? else { return Ok(false) };
        let mut row = None;
        for (_, shape) in self.shapes.iter().filter(|(around, _)| around.intersects(&rect)) {
            let row = match &row {
                Some(row) => row,
                None => row.insert(Shaped::new(&Figure::read(wkb).map_err(broken)?)),
            };
            if holds(row, shape)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn is_near(&self, wkb: &[u8]) -> Told {
        // No place is near what has none.
        let Some(rect) = envelope(wkb).map_err(broken)? else { return Ok(false) };
        if !self.near.iter().any(|near| near.intersects(&rect)) {
            return Ok(false);
        }
        // What meets it is no way off, however far the plane in which distances are measured is bent.
        if self.around.is_some() && self.any_turn(wkb, |row, shape| row.intersects(shape, None)) == Ok(true) {
            return Ok(0.0 <= self.distance);
        }
        if self.watch.as_ref().is_some_and(Watch::is_stopped) {
            return Err(Unsaid::Stopped);
        }
        let figure = Figure::read(wkb).map_err(broken)?;
        let distance = match (&self.around, self.shapes.first()) {
            (Some(around), _) => around.distance(&figure),
            (None, Some((_, shape))) => shape.distance(&Shaped::new(&figure)),
            (None, None) => return Ok(false),
        };
        Ok(distance.ok_or(Unsaid::Broken)? <= self.distance)
    }
}
