//! The rectangle around all of an area in another system, its inside as well as its edges: what goes round the Earth or
//! holds a pole reaches further inside than along its edges. What has no place there is left out.

use crate::base::bbox::{Bbox, Rect};
use crate::base::crs::Crs;
use crate::error::{Error, Kind, Result};

use super::reference::{self, Family};
use super::transform;

/// Parts into which each side is divided.
const PARTS: u8 = 64;
/// The same where the edges tell all but what is lost.
const FEW: u8 = 16;
/// Beside the seam, in degrees, so that each end is taken for its own.
const SEAM: f64 = 1e-6;
/// The latitude at which the world is a square in web Mercator.
const SQUARE: f64 = 85.051_128_779_806_59;
/// Metres beyond which a projection has run away: the equator and a quarter.
const WIDEST: f64 = 50_000_000.0;

/// The rectangle around an area in another system; in degrees it may run on over the date line. In Mercator's projection
/// it ends where the square world does; where another runs away to infinity, at the end of what it is made for.
pub fn around(area: &Rect, from: &Crs, to: &Crs) -> Result<Rect> {
    let nowhere = || Error::new(Kind::OutOfRange, format!("the area has no place in {to}"));
    let reference = reference::of(to)?;
    let edges = transform::rectangle(area, from, to).ok();
    if reference.is_geographic {
        let (mut xs, mut ys) = spread(area, FEW);
        let has_all = transform::points(&mut xs, &mut ys, from, to)?;
        return match edges {
            Some(edges) if has_all && edges.min_x > edges.max_x => Ok(Rect { max_x: edges.max_x + 360.0, ..edges }),
            Some(edges) if has_all => Ok(edges),
            edges => degrees(&xs, &ys, edges).ok_or_else(nowhere),
        };
    }
    let places = Places::of(area, from)?;
    let square = Rect { min_y: -SQUARE, max_y: SQUARE, ..Rect::WORLD };
    let is_cut =
        reference.family == Family::Mercator && !square.contains(&Rect { min_x: 0.0, max_x: 0.0, ..places.degrees });
    let mut bounds = if is_cut {
        places.within(&[square], to)?
    } else {
        let (mut xs, mut ys) = spread(area, PARTS);
        transform::points(&mut xs, &mut ys, from, to)?;
        if reference.family == Family::Transverse {
            // Two places on the equator are infinitely far away, and what lies around them is too far.
            let end = WIDEST / 2.5 / reference.metres_per_unit;
            xs.iter_mut().zip(&ys).filter(|(x, y)| x.abs().max(y.abs()) > end).for_each(|(x, _)| *x = f64::INFINITY);
            included(&xs, &ys)
        } else {
            joined(included(&xs, &ys), edges.unwrap_or(Rect::EMPTY))
        }
    };
    if let Some(middle) = reference.middle.filter(|_| reference.family != Family::Transverse) {
        let latitudes = if is_cut { (-SQUARE, SQUARE) } else { (-90.0, 90.0) };
        bounds = joined(bounds, places.meridians([middle - 180.0 + SEAM, middle + 180.0 - SEAM], latitudes, to)?);
    }
    let is_wild = |bounds: &Rect| {
        let size = (bounds.max_x - bounds.min_x).max(bounds.max_y - bounds.min_y);
        // What is empty, or not a number, as well.
        !(size > 0.0 && size * reference.metres_per_unit <= WIDEST)
    };
    if is_wild(&bounds)
        && let Some(made_for) = reference.area_of_use
    {
        bounds = places.within(&Bbox::from(made_for).rectangles(), to)?;
    }
    if is_wild(&bounds) { Err(nowhere()) } else { Ok(bounds) }
}

/// The same with what [`around`] leaves out where a projection runs away.
pub fn furthest(area: &Rect, from: &Crs, to: &Crs) -> Result<Rect> {
    Ok(joined(around(area, from, to)?, transform::rectangle(area, from, to).unwrap_or(Rect::EMPTY)))
}

/// A box of a client, and where it looks past the seam of a system that goes round, the same as many turns back as bring
/// it to where places are told.
pub fn round(rect: Rect, crs: &Crs) -> Vec<Rect> {
    let mut rects = vec![rect];
    let Some(turn) = reference::of(crs).ok().and_then(|found| found.turn) else { return rects };
    let half = turn / 2.0;
    if rect.min_x >= -half && rect.max_x <= half {
        return rects;
    }
    let middle = (f64::midpoint(rect.min_x, rect.max_x) / turn).round();
    for by in [-1.0, 0.0, 1.0].map(|more| (middle + more) * turn).into_iter().filter(|by| by.abs() > half) {
        let moved = Rect { min_x: rect.min_x - by, max_x: rect.max_x - by, ..rect };
        if moved.min_x <= half && moved.max_x >= -half {
            rects.push(moved);
        }
    }
    rects
}

/// The places of an area, by longitude and latitude.
struct Places<'a> {
    area: &'a Rect,
    from: &'a Crs,
    is_geographic: bool,
    /// Around those that were sampled.
    degrees: Rect,
}

impl<'a> Places<'a> {
    fn of(area: &'a Rect, from: &'a Crs) -> Result<Self> {
        let (mut xs, mut ys) = spread(area, PARTS);
        transform::points(&mut xs, &mut ys, from, &Crs::Crs84)?;
        let is_geographic = reference::of(from)?.is_geographic;
        Ok(Self { area, from, is_geographic, degrees: included(&xs, &ys) })
    }

    /// The rectangle in another system around what of the area lies in rectangles of degrees.
    fn within(&self, parts: &[Rect], to: &Crs) -> Result<Rect> {
        let mut all = Rect::EMPTY;
        if self.degrees.is_empty() {
            return Ok(all);
        }
        for part in parts {
            let of = |min: f64, max: f64| steps(min, max, PARTS);
            let xs: Vec<f64> = of(self.degrees.min_x, self.degrees.max_x)
                .chain(of(part.min_x, part.max_x))
                .filter(|x| part.min_x <= *x && *x <= part.max_x)
                .collect();
            let ys: Vec<f64> = of(self.degrees.min_y, self.degrees.max_y)
                .chain(of(part.min_y, part.max_y))
                .filter(|y| part.min_y <= *y && *y <= part.max_y)
                .collect();
            all = joined(all, self.held(&xs, &ys, to)?);
        }
        Ok(all)
    }

    /// The same of what lies on meridians between two latitudes.
    fn meridians(&self, longitudes: [f64; 2], (south, north): (f64, f64), to: &Crs) -> Result<Rect> {
        if self.degrees.is_empty() {
            return Ok(Rect::EMPTY);
        }
        let (south, north) = (self.degrees.min_y.max(south), self.degrees.max_y.min(north));
        let latitudes: Vec<f64> = steps(south, north, PARTS).collect();
        self.held(&longitudes, &latitudes, to)
    }

    /// The same of where meridians and parallels cross.
    fn held(&self, longitudes: &[f64], latitudes: &[f64], to: &Crs) -> Result<Rect> {
        let all = || latitudes.iter().flat_map(|&y| longitudes.iter().map(move |&x| (x, y)));
        let (mut xs, mut ys): (Vec<f64>, Vec<f64>) = all().unzip();
        transform::points(&mut xs, &mut ys, &Crs::Crs84, self.from)?;
        let Rect { min_x, min_y, max_x, max_y } = *self.area;
        let (by_x, by_y) = ((max_x - min_x) * 1e-9, (max_y - min_y) * 1e-9);
        let area = Rect { min_x: min_x - by_x, min_y: min_y - by_y, max_x: max_x + by_x, max_y: max_y + by_y };
        let turns: &[f64] = if self.is_geographic { &[0.0, 360.0, -360.0] } else { &[0.0] };
        let is_held = |x: f64, y: f64| turns.iter().any(|turn| area.holds(x + turn, y));
        let held = all().zip(xs.iter().zip(&ys)).filter(|(_, (x, y))| is_held(**x, **y)).map(|(place, _)| place);
        let (mut xs, mut ys): (Vec<f64>, Vec<f64>) = held.unzip();
        transform::points(&mut xs, &mut ys, &Crs::Crs84, to)?;
        Ok(included(&xs, &ys))
    }
}

/// Around places in degrees of which some are lost; as wide as the world where they cross the date line.
fn degrees(xs: &[f64], ys: &[f64], edges: Option<Rect>) -> Option<Rect> {
    let mut bounds = included(xs, ys);
    let side = usize::from(FEW) + 1;
    let mut is_ring = (1..xs.len()).any(|at| at % side > 0 && (xs[at] - xs[at - 1]).abs() > 180.0);
    is_ring |= (side..xs.len()).any(|at| (xs[at] - xs[at - side]).abs() > 180.0);
    if let Some(edges) = edges {
        // These hold the poles, which no sample hits.
        is_ring |= edges.min_x > edges.max_x;
        bounds.include(edges.min_x, edges.min_y);
        bounds.include(edges.max_x, edges.max_y);
    }
    if is_ring {
        (bounds.min_x, bounds.max_x) = (-180.0, 180.0);
    }
    (!bounds.is_empty()).then_some(bounds)
}

/// Around two, of which one may be empty or wild.
fn joined(mut bounds: Rect, other: Rect) -> Rect {
    if !other.is_empty() && [other.min_x, other.min_y, other.max_x, other.max_y].iter().all(|edge| edge.is_finite()) {
        bounds.include(other.min_x, other.min_y);
        bounds.include(other.max_x, other.max_y);
    }
    bounds
}

fn steps(min: f64, max: f64, parts: u8) -> impl Iterator<Item = f64> {
    let at = move |part| min + (max - min) * (f64::from(part) / f64::from(parts));
    // The last is the end itself, without the noise of arithmetic.
    (0..=parts).map(move |part| if part == parts { max } else { at(part) })
}

/// Points spread evenly over a rectangle, row by row.
fn spread(rect: &Rect, parts: u8) -> (Vec<f64>, Vec<f64>) {
    let row = |y| steps(rect.min_x, rect.max_x, parts).map(move |x| (x, y));
    steps(rect.min_y, rect.max_y, parts).flat_map(row).unzip()
}

/// Around those that have a place.
fn included(xs: &[f64], ys: &[f64]) -> Rect {
    let mut bounds = Rect::EMPTY;
    let placed = xs.iter().zip(ys).filter(|(x, y)| x.is_finite() && y.is_finite());
    placed.for_each(|(&x, &y)| bounds.include(x, y));
    bounds
}

#[cfg(test)]
#[path = "bounds_tests.rs"]
mod tests;
