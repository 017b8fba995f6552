//! Boxes between systems, on the safe side: where a projection bends, folds or ends, more rather than less.

use crate::base::bbox::{Bbox, Rect};
use crate::base::crs::Crs;

use super::query::Area;
use super::{mercator, transform};

/// Samples on each side of a box, its inside as well as its edges.
const SIDE: u8 = 21;

/// Degrees beyond which a box has no shape any more in a projection made for a country.
const WIDEST: f64 = 30.0;

/// Degrees from which on the meridians are too near each other to say how far a point is off.
const POLAR: f64 = 89.0;

/// Degrees by which the way there and back may be off before the box is not worth following.
const WORST: f64 = 0.1;

/// The whole width of web Mercator.
const MERCATOR: f64 = 40_075_016.685_578_49;

/// Rectangles in the system of a layer that hold every place whose geometry may meet one of these, in any turn of the world;
/// `None` where that may be anywhere.
pub(super) fn all(rects: &[Rect], from: &Crs, to: &Crs) -> Option<Vec<Rect>> {
    if from.is_same_plane(to) {
        // Data may count on past the ends of the world.
        return Some(match to {
            Crs::Epsg(3857 | 3395) => rects.iter().flat_map(|rect| turned(rect, MERCATOR)).collect(),
            degrees if degrees.is_lon_lat_wgs84() => {
                rects.iter().flat_map(|&rect| Bbox::from(rect).rectangles()).collect()
            }
            _ => rects.to_vec(),
        });
    }
    let mut found = Vec::new();
    for rect in rects {
        if from.is_lon_lat_wgs84() {
            // Metres never come out a turn further, where no rectangle need be followed then.
            if (rect.min_x < 180.0 && rect.max_x > -180.0) || transform::may_run_on(to) {
                found.extend(rectangles(rect, to)?);
            }
            continue;
        }
        let degrees = around(rect, from)?;
        for rect in Bbox::from(degrees).rectangles() {
            if to.is_lon_lat_wgs84() {
                found.push(rect);
            } else if (rect.min_x < 180.0 && rect.max_x > -180.0) || transform::may_run_on(to) {
                found.extend(rectangles(&rect, to)?);
            }
        }
    }
    Some(found)
}

/// The same for what a map shows, over the date line and on.
pub(super) fn map(area: &Area, to: &Crs) -> Option<Vec<Rect>> {
    if area.crs.is_same_plane(to) {
        return all(&[area.rect], &area.crs, to);
    }
    let mut degrees = area.rect;
    if area.crs == Crs::Epsg(3857) {
        // PROJ would bring what is a turn further back, and the rest would be around the world.
        mercator::inverse(&mut degrees.min_x, &mut degrees.min_y);
        mercator::inverse(&mut degrees.max_x, &mut degrees.max_y);
        degrees = grown(&degrees, 1e-6);
    } else if !area.crs.is_lon_lat_wgs84() {
        return all(&[area.rect], &area.crs, to);
    }
    let rects = Bbox::from(degrees).rectangles();
    if to.is_lon_lat_wgs84() { Some(rects) } else { all(&rects, &Crs::Crs84, to) }
}

/// A rectangle in longitude and latitude that holds all of one in another system, on the safe side.
fn around(rect: &Rect, crs: &Crs) -> Option<Rect> {
    let mut grid = Grid::over(rect);
    if !transform::points(&mut grid.xs, &mut grid.ys, crs, &Crs::Crs84).ok()? {
        return None;
    }
    let by = grid.diagonal();
    let found = extent(rect, crs)?;
    Some(if found.min_x <= -180.0 && found.max_x >= 180.0 {
        grown(&found, by.min(90.0))
    } else {
        grown(&found, by + 1e-6)
    })
}

/// Rectangles in another system that hold every point that lies in the box once it is brought into longitude and
/// latitude; `None` where that may be anywhere.
pub(super) fn rectangles(rect: &Rect, crs: &Crs) -> Option<Vec<Rect>> {
    let is_small = rect.max_x - rect.min_x <= WIDEST && rect.max_y - rect.min_y <= WIDEST;
    if !is_small || rect.min_y < -POLAR || rect.max_y > POLAR {
        return None;
    }
    let (mut there, off) = Grid::there_and_back(&grown(rect, 1e-6), crs)?;
    if off > 1e-7 {
        // Each direction may choose another way between two datums: what is off one way is off the other.
        (there, _) = Grid::there_and_back(&grown(rect, 2.0 * off + 1e-6), crs)?;
    }
    let rect = grown(&there.bounds(), there.diagonal());
    Some(match crs {
        // Data there run past the seam, and PROJ reads them as the other side of the world.
        Crs::Epsg(3857 | 3395) => turned(&rect, MERCATOR).to_vec(),
        _ => vec![rect],
    })
}

/// A rectangle and the same a turn further on each side.
fn turned(rect: &Rect, turn: f64) -> [Rect; 3] {
    [0.0, -turn, turn].map(|by| Rect { min_x: rect.min_x + by, max_x: rect.max_x + by, ..*rect })
}

/// The rectangle in longitude and latitude around one of another system. Where it meets the date line or the end of a
/// projection, it is as wide as the world.
pub(super) fn extent(rect: &Rect, crs: &Crs) -> Option<Rect> {
    let mut grid = Grid::over(rect);
    let has_all = transform::points(&mut grid.xs, &mut grid.ys, crs, &Crs::Crs84).ok()?;
    if !has_all {
        return grid.xs.iter().any(|x| x.is_finite()).then_some(Rect::WORLD);
    }
    let mut bounds = grid.bounds();
    let mut is_ring = grid.steps().any(|(a, b)| (grid.xs[a] - grid.xs[b]).abs() > 180.0);
    // The edges are followed once more for the sake of a pole within, which no sample hits.
    if let Ok(edges) = transform::rectangle(rect, crs, &Crs::Crs84) {
        is_ring |= edges.min_x > edges.max_x;
        bounds.include(edges.min_x, edges.min_y);
        bounds.include(edges.max_x, edges.max_y);
    }
    if is_ring || bounds.min_x < -180.0 || bounds.max_x > 180.0 {
        (bounds.min_x, bounds.max_x) = (-180.0, 180.0);
    }
    Some(Rect { min_y: bounds.min_y.max(-90.0), max_y: bounds.max_y.min(90.0), ..bounds })
}

/// West and east of a rectangle of another system that crosses the date line and holds no pole, both within ±180, so that the west is
/// the greater. `None` where it does not cross it, or where that is not certain.
pub(super) fn across(rect: &Rect, crs: &Crs) -> Option<(f64, f64)> {
    let mut grid = Grid::over(rect);
    let (mut west, mut east) = if crs.is_lon_lat_wgs84() {
        (rect.min_x, rect.max_x)
    } else {
        if !transform::points(&mut grid.xs, &mut grid.ys, crs, &Crs::Crs84).ok()? {
            return None;
        }
        grid.xs.iter_mut().filter(|x| **x < 0.0).for_each(|x| *x += 360.0);
        let edges = transform::rectangle(rect, crs, &Crs::Crs84).ok()?;
        // Counted from 0 to 360 no two neighbours are apart, as they would be around a pole, and PROJ says that it crosses the line.
        let is_torn = grid.steps().any(|(a, b)| (grid.xs[a] - grid.xs[b]).abs() > 180.0);
        if is_torn || edges.min_x <= edges.max_x {
            return None;
        }
        let bounds = grid.bounds();
        (bounds.min_x.min(edges.min_x), bounds.max_x.max(edges.max_x + 360.0))
    };
    let turn = 360.0 * ((west + 180.0) / 360.0).floor();
    (west, east) = (west - turn, east - turn);
    // All of the way round is everywhere.
    (east > 180.0 && east - west < 359.0 && east < 540.0).then_some((west, east - 360.0))
}

fn grown(rect: &Rect, by: f64) -> Rect {
    Rect { min_x: rect.min_x - by, min_y: rect.min_y - by, max_x: rect.max_x + by, max_y: rect.max_y + by }
}

/// Points spread evenly over a rectangle, row by row.
struct Grid {
    xs: Vec<f64>,
    ys: Vec<f64>,
}

impl Grid {
    fn over(rect: &Rect) -> Self {
        let at = |min: f64, max: f64, step: u8| min + (max - min) * (f64::from(step) / f64::from(SIDE - 1));
        let steps = || (0..SIDE).flat_map(|row| (0..SIDE).map(move |column| (row, column)));
        Self {
            xs: steps().map(|(_, column)| at(rect.min_x, rect.max_x, column)).collect(),
            ys: steps().map(|(row, _)| at(rect.min_y, rect.max_y, row)).collect(),
        }
    }

    /// A box of degrees in another system, and by how many degrees its points are off on the way back; `None` where a
    /// point does not come back.
    fn there_and_back(rect: &Rect, crs: &Crs) -> Option<(Grid, f64)> {
        let start = Grid::over(rect);
        let (mut xs, mut ys) = (start.xs.clone(), start.ys.clone());
        transform::points(&mut xs, &mut ys, &Crs::Crs84, crs).ok().filter(|&all| all)?;
        let there = Grid { xs: xs.clone(), ys: ys.clone() };
        transform::points(&mut xs, &mut ys, crs, &Crs::Crs84).ok().filter(|&all| all)?;
        let turn = |degrees: f64| (degrees - (degrees / 360.0).round() * 360.0).abs();
        let x_off = xs.iter().zip(&start.xs).map(|(a, b)| turn(a - b));
        let y_off = ys.iter().zip(&start.ys).map(|(a, b)| (a - b).abs());
        let off = x_off.chain(y_off).fold(0.0, f64::max);
        (off <= WORST).then_some((there, off))
    }

    fn bounds(&self) -> Rect {
        let mut bounds = Rect::EMPTY;
        self.xs.iter().zip(&self.ys).for_each(|(&x, &y)| bounds.include(x, y));
        bounds
    }

    /// Each two samples that are next to each other.
    fn steps(&self) -> impl Iterator<Item = (usize, usize)> {
        let (side, count) = (usize::from(SIDE), self.xs.len());
        let right = (0..count).filter(move |at| at % side + 1 < side).map(|at| (at, at + 1));
        right.chain((side..count).map(move |at| (at - side, at)))
    }

    /// No point within a cell is further from its corners than this, unless the projection is wild.
    fn diagonal(&self) -> f64 {
        let length = |(a, b): (usize, usize)| (self.xs[a] - self.xs[b]).hypot(self.ys[a] - self.ys[b]);
        2.0 * self.steps().map(length).fold(0.0, f64::max)
    }
}

#[cfg(test)]
#[path = "coarse_tests.rs"]
mod tests;
