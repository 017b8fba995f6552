//! Geometries for a map, cut to where the map has a place for them: nothing runs across it from one end of the world to the
//! other, the poles stay where a projection has none, and what lies beyond the date line comes to where the map looks.
//!
//! All goes by longitude and latitude: there the geometry is moved by whole turns, cut, and divided where it will bend.

use crate::base::bbox::Rect;
use crate::base::crs::Crs;
use crate::error::Result;
use crate::model::batch::{Batch, Remade};
use crate::model::geometry::clip::{Clip, clip};
use crate::model::geometry::{envelope, rewrite_xy};

use super::query::Area;
use super::reference::Family;
use super::{coarse, mercator, reference, transform};

/// By how much more than the map is kept on each side, as a part of it: the edges of the cut stay out of sight.
const MARGIN: f64 = 0.1;
/// Degrees beyond the area that a projection is made for in which it is still followed.
const BEYOND: f64 = 60.0;
/// Degrees around the point opposite to the centre of an azimuthal projection that are left out: it is a circle there.
const OPPOSITE: f64 = 10.0;
/// Edges are divided so that so many would cross the map.
const PARTS: f64 = 64.0;
/// Most turns that longitudes are counted on.
const TURNS: i32 = 3;
/// The same in halves of the world's width.
const FURTHEST: f64 = 7.0;
/// What lies no further beyond the end of the world is noise.
const HAIR: f64 = 1.0001;

/// What a map shows of the world, and how geometries come there.
pub(super) struct Frame {
    to_degrees: Way,
    from_degrees: Way,
    /// What is kept, in degrees that may run on past ±180.
    domain: Rect,
    step: Option<f64>,
    /// The turns that can bring something there.
    turns: Vec<f64>,
    /// How far from the prime meridian what is left as it is may reach, where a map needs no more than what lies further
    /// to be brought back.
    home: Option<f64>,
}

/// From one system to another.
enum Way {
    /// They are the same.
    Stay,
    /// By our own formula, with longitudes that run on.
    Formula(fn(&mut f64, &mut f64)),
    /// By PROJ.
    Proj(Crs, Crs),
}

impl Frame {
    /// The frame of a map; none where geometries stay as they are.
    pub(super) fn new(stored: &Crs, crs: &Crs, area: &Area) -> Option<Self> {
        let (metres, is_degrees) = (Crs::Epsg(3857), |crs: &Crs| crs.is_lon_lat_wgs84());
        let is_cylinder = area.has_all_turns();
        if stored.is_same_plane(crs) {
            return is_cylinder.then(|| Self::cylinder(area));
        }
        let to_degrees = match stored {
            stored if is_degrees(stored) => Way::Stay,
            stored if *stored == metres => Way::Formula(mercator::inverse),
            _ => Way::Proj(stored.clone(), Crs::Crs84),
        };
        let from_degrees = match crs {
            crs if is_degrees(crs) => Way::Stay,
            crs if *crs == metres => Way::Formula(mercator::forward),
            _ => Way::Proj(Crs::Crs84, crs.clone()),
        };
        let mut domain = degrees(area)?;
        let (width, height) = (domain.max_x - domain.min_x, domain.max_y - domain.min_y);
        let room = |size: f64| size * MARGIN + if is_cylinder { 0.0 } else { 1.0 };
        domain = Rect {
            min_x: domain.min_x - room(width),
            min_y: domain.min_y - room(height),
            max_x: domain.max_x + room(width),
            max_y: domain.max_y + room(height),
        };
        let (valid, goes_round) = if is_cylinder { (cylinder(crs), false) } else { valid(crs) };
        let mut across = domain.max_x - domain.min_x;
        if !is_cylinder {
            // The box was told around the prime meridian, the projection may be made for another turn.
            let turn = 360.0 * ((middle(&valid) - middle(&domain)) / 360.0).round();
            (domain.min_x, domain.max_x) = (domain.min_x + turn, domain.max_x + turn);
            across = across.min(valid.max_x - valid.min_x);
            let is_within = valid.min_x <= domain.min_x && domain.max_x <= valid.max_x;
            // What the map shows past the seam lies at the other end.
            if domain.max_x - domain.min_x >= 360.0 || (goes_round && !is_within) {
                (domain.min_x, domain.max_x) = (valid.min_x, valid.max_x);
            }
        }
        domain = Rect {
            min_x: domain.min_x.max(valid.min_x),
            min_y: domain.min_y.max(valid.min_y),
            max_x: domain.max_x.min(valid.max_x),
            max_y: domain.max_y.min(valid.max_y),
        };
        let step = (!is_cylinder).then(|| across.max(domain.max_y - domain.min_y) / PARTS);
        Some(Self { to_degrees, from_degrees, domain, step, turns: turns(360.0), home: None })
    }

    /// The frame of a map in the system of the layer, where that goes round: what counts on past its ends is brought to
    /// where the map looks.
    fn cylinder(area: &Area) -> Self {
        let end = half(&area.crs);
        let Rect { min_x, min_y, max_x, max_y } = area.rect;
        let (by_x, by_y, furthest) = ((max_x - min_x) * MARGIN, (max_y - min_y) * MARGIN, end * FURTHEST);
        let domain = Rect {
            min_x: (min_x - by_x).max(-furthest),
            min_y: min_y - by_y,
            max_x: (max_x + by_x).min(furthest),
            max_y: max_y + by_y,
        };
        let home = (!runs_on(area)).then_some(end * HAIR);
        let (to_degrees, from_degrees) = (Way::Stay, Way::Stay);
        Self { to_degrees, from_degrees, domain, step: None, turns: turns(2.0 * end), home }
    }

    /// Cuts the geometries in a cell, and brings them into the system of the map. What has no place there becomes null.
    pub(super) fn apply(&self, batch: &mut Batch, cell: usize) -> Result<()> {
        self.to_degrees.take(batch, cell)?;
        let mut shifts = Vec::new();
        batch.remake_blobs(cell, |wkb, out| {
            let Ok(Some(rect)) = envelope(wkb) else { return Remade::Nothing };
            if self.home.is_some_and(|end| -end <= rect.min_x && rect.max_x <= end) {
                return Remade::Same;
            }
            let size = (rect.max_x - rect.min_x).max(rect.max_y - rect.min_y);
            shifts.clear();
            shifts.extend(self.turns.iter().filter(|&&turn| self.domain.intersects(&shifted(&rect, turn))));
            #[allow(clippy::float_cmp)] // exactly no turn
            let stays = shifts[..] == [0.0] && self.domain.contains(&rect) && self.step.is_none_or(|step| size <= step);
            if stays {
                return Remade::Same;
            }
            // What was lost on the way is infinite.
            let how = Clip { rect: &self.domain, shifts: &shifts, step: self.step };
            let is_left = size.is_finite() && !shifts.is_empty() && clip(wkb, how, out).unwrap_or(false);
            if is_left { Remade::Other } else { Remade::Nothing }
        });
        self.from_degrees.take(batch, cell)?;
        if matches!(self.from_degrees, Way::Proj(..)) {
            batch.remake_blobs(cell, |wkb, _| match envelope(wkb) {
                Ok(Some(rect)) if rect.max_x.is_finite() && rect.max_y.is_finite() => Remade::Same,
                _ => Remade::Nothing,
            });
        }
        Ok(())
    }
}

impl Way {
    fn take(&self, batch: &mut Batch, cell: usize) -> Result<()> {
        match self {
            Self::Stay => {}
            Self::Formula(change) => batch.blobs_mut(cell, |wkb| moved(wkb, *change)),
            Self::Proj(from, to) => {
                transform::reproject_quietly(batch, cell, from, to)?;
            }
        }
        Ok(())
    }
}

/// Whether a map looks past the end of the world.
fn runs_on(area: &Area) -> bool {
    let end = half(&area.crs) * HAIR;
    area.rect.min_x < -end || area.rect.max_x > end
}

/// Half the width of the world.
fn half(crs: &Crs) -> f64 {
    if crs.is_lon_lat_wgs84() { 180.0 } else { mercator::HALF }
}

fn turns(turn: f64) -> Vec<f64> {
    (-TURNS..=TURNS).map(|count| turn * f64::from(count)).collect()
}

/// The area in degrees, on past ±180 where the map does.
fn degrees(area: &Area) -> Option<Rect> {
    if area.crs.is_lon_lat_wgs84() {
        return Some(area.rect);
    }
    if area.crs == Crs::Epsg(3857) {
        let Rect { mut min_x, mut min_y, mut max_x, mut max_y } = area.rect;
        mercator::inverse(&mut min_x, &mut min_y);
        mercator::inverse(&mut max_x, &mut max_y);
        return Some(Rect { min_x, min_y, max_x, max_y });
    }
    coarse::extent(&area.rect, &area.crs)
}

/// Where a cylinder has places: all the way round and on.
fn cylinder(crs: &Crs) -> Rect {
    let end = if crs.is_lon_lat_wgs84() { 90.0 } else { mercator::LAST_LATITUDE };
    let furthest = 180.0 * FURTHEST;
    Rect { min_x: -furthest, min_y: -end, max_x: furthest, max_y: end }
}

/// Where a projection can be followed: one turn around its middle, and not too far from what it is made for, unless it is
/// good further. Says whether that is all the way round.
fn valid(crs: &Crs) -> (Rect, bool) {
    /// Beside the seam, so that PROJ takes each end for its own.
    const SEAM: f64 = 1e-6;
    let Ok(reference) = reference::of(crs) else { return (Rect::WORLD, true) };
    let area = reference.area_of_use.unwrap_or(Rect::WORLD);
    let east = if area.max_x < area.min_x { area.max_x + 360.0 } else { area.max_x };
    let goes_round = east - area.min_x > 300.0 || !matches!(reference.family, Family::Other | Family::Transverse);
    let centre = reference.middle.unwrap_or(if goes_round { 0.0 } else { f64::midpoint(area.min_x, east) });
    let (mut min_x, mut max_x) = (centre - 180.0 + SEAM, centre + 180.0 - SEAM);
    if !goes_round {
        let turn = 360.0 * ((centre - f64::midpoint(area.min_x, east)) / 360.0).round();
        (min_x, max_x) = (min_x.max(area.min_x + turn - BEYOND), max_x.min(east + turn + BEYOND));
    }
    let (min_y, max_y) = match reference.family {
        Family::Mercator => (-mercator::LAST_LATITUDE, mercator::LAST_LATITUDE),
        Family::World => (-90.0, 90.0),
        Family::Azimuthal(latitude) if latitude >= 0.0 => (OPPOSITE - latitude, 90.0),
        Family::Azimuthal(latitude) => (-90.0, -latitude - OPPOSITE),
        Family::Transverse | Family::Other => (area.min_y - BEYOND, area.max_y + BEYOND),
    };
    (Rect { min_x, min_y: min_y.max(-90.0), max_x, max_y: max_y.min(90.0) }, goes_round)
}

fn middle(rect: &Rect) -> f64 {
    f64::midpoint(rect.min_x, rect.max_x)
}

fn shifted(rect: &Rect, by: f64) -> Rect {
    Rect { min_x: rect.min_x + by, max_x: rect.max_x + by, ..*rect }
}

/// Moves every vertex; malformed bytes stay as they are.
fn moved(wkb: &mut [u8], change: fn(&mut f64, &mut f64)) {
    let _ = rewrite_xy(wkb, &mut |xs, ys| {
        xs.iter_mut().zip(ys).for_each(|(x, y)| change(x, y));
        true
    });
}

#[cfg(test)]
#[path = "frame_tests.rs"]
mod tests;
