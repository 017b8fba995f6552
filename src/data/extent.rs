//! Where and when the features of a layer are.

use crate::base::bbox::Rect;
use crate::base::crs::Crs;
use crate::base::datetime::Instant;
use crate::model::schema::Schema;

use super::{coarse, reference};

/// Degrees up to which longitudes may count on past the date line.
const FURTHEST: f64 = 540.0;
/// No coordinate of the Earth is larger, in any unit.
const LARGEST: f64 = 1e10;
/// By how much a place may be further out than can be, and be taken for noise.
const NOISE: f64 = 1.01;

/// The extent of a layer or of a part of it.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Extent {
    /// Smallest rectangle around all geometries; `None` where there is none.
    pub space: Option<Rect>,
    /// First and last instant, each `None` where unknown or open; `None` where no feature has a time.
    pub time: Option<(Option<Instant>, Option<Instant>)>,
}

/// What coordinates of a system can be, on the safe side: a row elsewhere makes no extent.
pub(super) fn possible(crs: &Crs) -> Rect {
    let is_geographic = crs.is_lon_lat_wgs84() || reference::of(crs).is_ok_and(|found| found.is_geographic);
    let (x, y) = if is_geographic { (FURTHEST, 90.0) } else { (LARGEST, LARGEST) };
    Rect { min_x: -x, min_y: -y, max_x: x, max_y: y }
}

/// The part of a rectangle that can be; `None` where there is none, or where the rectangle is so far out that a vertex is wild: then
/// what lies between that and the others is not known either.
pub(super) fn within(rect: &Rect, possible: &Rect) -> Option<Rect> {
    let Rect { min_x, min_y, max_x, max_y } = *possible;
    let [min_x, min_y, max_x, max_y] = [min_x, min_y, max_x, max_y].map(|side| side * NOISE);
    let is_sound = Rect { min_x, min_y, max_x, max_y }.contains(rect) && possible.intersects(rect);
    is_sound.then(|| Rect {
        min_x: rect.min_x.max(possible.min_x),
        min_y: rect.min_y.max(possible.min_y),
        max_x: rect.max_x.min(possible.max_x),
        max_y: rect.max_y.min(possible.max_y),
    })
}

/// Brings a measured extent into CRS84 and into the world.
pub(super) fn to_crs84(extent: Extent, schema: &Schema) -> Extent {
    let crs = schema.geometry.as_ref().map(|geometry| &geometry.crs).filter(|crs| !crs.is_lon_lat_wgs84());
    let moved = match (extent.space, crs) {
        (Some(rect), Some(crs)) => coarse::extent(&rect, crs),
        (space, _) => space.map(in_world),
    };
    Extent { space: moved.map(rounded_out), ..extent }
}

/// What runs past 180 is on the other side of the date line, so the whole width of the world.
pub(super) fn in_world(rect: Rect) -> Rect {
    let runs_on = rect.min_x < -180.0 || rect.max_x > 180.0;
    let (min_x, max_x) = if runs_on { (-180.0, 180.0) } else { (rect.min_x, rect.max_x) };
    Rect { min_x, min_y: rect.min_y.clamp(-90.0, 90.0), max_x, max_y: rect.max_y.clamp(-90.0, 90.0) }
}

/// Rounds outward to a centimetre: files tell extents that fall short of their features by the noise of arithmetic, and
/// clients ask with fewer decimals than they were told.
pub(super) fn rounded_out(rect: Rect) -> Rect {
    let up = |number: f64| {
        let steps = (number * 1e7).ceil();
        // The product of a number a hair beyond a step is that step itself.
        if steps / 1e7 < number { (steps + 1.0) / 1e7 } else { steps / 1e7 }
    };
    let down = |number: f64| -up(-number);
    Rect { min_x: down(rect.min_x), min_y: down(rect.min_y), max_x: up(rect.max_x), max_y: up(rect.max_y) }
}
