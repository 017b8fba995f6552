//! What is asked of a layer, in the layer's visible names. Policies have no place here: they join in the gate.

use std::hash::{Hash, Hasher};

use crate::base::bbox::Rect;
use crate::base::crs::Crs;
use crate::base::fingerprint;
use crate::expr::Expr;
use crate::model::value::Value;

use super::position::Edge;

/// A question for rows.
#[derive(Clone, Debug, Default)]
pub struct Query {
    /// The client's filter; its places say in which system they are.
    pub filter: Option<Expr>,
    /// Names of the properties wanted; all where `None`.
    pub properties: Option<Vec<String>>,
    /// Whether geometries are left out.
    pub without_geometry: bool,
    /// Rows to pass over.
    pub offset: u64,
    /// Most rows to give.
    pub limit: Option<u64>,
    /// The system in which geometries leave the gate, always x (east, longitude) first: who writes them swaps for the
    /// authority's order.
    pub crs: Crs,
    /// The order of the rows, the first the foremost; rows that are equal so far come by key, as all do without.
    pub sort: Vec<SortBy>,
    /// Only rows that come after this place in the order.
    pub after: Option<Edge>,
    /// Only rows that come before this place in the order.
    pub until: Option<Edge>,
    /// Whether the last rows come first. What is after a place does not change by that.
    pub backwards: bool,
    /// Whether the places of the first and the last row are told (see [`super::features::Features::ends`]).
    pub places: bool,
    /// For a map: only rows that may touch the box, cut to what has a place in `crs` there. Coarse, so that an exact box
    /// is a filter.
    pub area: Option<Area>,
    /// For a map: a tolerance in units of `crs`. Vertices nearer than that to the one before may be dropped, and what is
    /// smaller becomes a dot; no feature is lost.
    pub detail: Option<f64>,
    /// Values for the parameters of a layer that is a query of its own (an SQL view), by name.
    pub parameters: Vec<(String, Value)>,
}

impl Query {
    /// What tells it from every other, for the key of an answer. Most of a question says nothing, and that is told in few
    /// words.
    pub(crate) fn fingerprint(&self, hasher: &mut impl Hasher) {
        let Self {
            filter,
            properties,
            without_geometry,
            offset,
            limit,
            crs,
            sort,
            after,
            until,
            backwards,
            places,
            area,
            detail,
            parameters,
        } = self;
        (properties, without_geometry, offset, limit, crs, sort, backwards, places).hash(hasher);
        detail.map(f64::to_bits).hash(hasher);
        let has = [filter.is_some(), after.is_some(), until.is_some(), area.is_some(), !parameters.is_empty()];
        has.hash(hasher);
        match (has, filter) {
            // What maps ask for, over and over.
            ([true, false, false, false, false], Some(Expr::Bbox { rects, z, crs })) => {
                hasher.write_u8(1);
                let bits = |rect: &Rect| [rect.min_x, rect.min_y, rect.max_x, rect.max_y].map(f64::to_bits);
                rects.iter().map(bits).collect::<Vec<_>>().hash(hasher);
                (z.map(|(low, high)| (low.to_bits(), high.to_bits())), crs).hash(hasher);
            }
            _ if has.contains(&true) => {
                hasher.write_u8(0);
                fingerprint::write(&(filter, after, until, area, parameters), hasher);
            }
            _ => {}
        }
    }
}

/// One property of an order.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct SortBy {
    /// Name of a visible property, or of the key.
    pub property: String,
    /// Whether the greatest come first. What has no value comes last either way.
    pub descending: bool,
}

/// A part of the world.
#[derive(Clone, Debug, PartialEq)]
pub struct Area {
    /// The box, x first.
    pub rect: Rect,
    /// Its system.
    pub crs: Crs,
}

impl Area {
    /// Whether features come to every turn of the world that the map shows, over the date line and on. In other systems a
    /// map asks for each turn by itself.
    pub fn has_all_turns(&self) -> bool {
        self.crs.is_lon_lat_wgs84() || self.crs == Crs::Epsg(3857)
    }
}

impl Query {
    /// Whether places in the order have to do with it.
    pub(super) fn has_places(&self) -> bool {
        self.places || self.backwards || self.after.is_some() || self.until.is_some()
    }

    /// Adds a condition that must hold as well.
    pub fn and(&mut self, expr: Expr) {
        self.filter = Some(match self.filter.take() {
            None => expr,
            Some(Expr::And(mut parts)) => {
                parts.push(expr);
                Expr::And(parts)
            }
            Some(other) => Expr::And(vec![other, expr]),
        });
    }
}
