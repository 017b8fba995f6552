//! What a tolerance of a map is in the coordinates of a layer, so that geometries are simplified before they are moved.

use crate::base::bbox::Rect;
use crate::base::crs::Crs;

use super::query::Area;
use super::{reference, transform};

/// Samples on each side of the map.
const SIDE: u8 = 5;

/// Width and height in the layer's system of what is as large as the tolerance on the map; none where nobody can tell.
pub(super) fn in_layer(detail: f64, crs: &Crs, area: Option<&Area>, stored: &Crs) -> Option<(f64, f64)> {
    if !(detail.is_finite() && detail > 0.0) {
        return None;
    }
    if crs.is_same_plane(stored) {
        return Some((detail, detail));
    }
    let Some(Area { rect, .. }) = area.filter(|area| area.crs.is_same_plane(crs)) else {
        let metres = |crs: &Crs| reference::of(crs).map(|reference| reference.metres_per_unit).ok();
        // Half of it, for nobody knows where the map is.
        let size = detail / 2.0 * metres(crs)? / metres(stored)?;
        return Some((size, size));
    };
    let places = samples(rect);
    let moved = |x: f64, y: f64| -> Option<Vec<(f64, f64)>> {
        let (mut xs, mut ys): (Vec<f64>, Vec<f64>) = places.iter().map(|at| (at.0 + x, at.1 + y)).unzip();
        transform::points(&mut xs, &mut ys, crs, stored).ok()?;
        Some(xs.into_iter().zip(ys).collect())
    };
    // A step in the layer that is about a thousandth of the map, and how far that leads on the map.
    let step = (rect.max_x - rect.min_x).max(rect.max_y - rect.min_y) / 1000.0;
    let (here, beside) = (moved(0.0, 0.0)?, moved(step, 0.0)?);
    let steps: Vec<f64> = here.iter().zip(&beside).map(|(a, b)| (a.0 - b.0).hypot(a.1 - b.1)).collect();
    let size = |x: f64, y: f64| -> Option<f64> {
        let far: Vec<(f64, f64)> =
            here.iter().zip(&steps).map(|(at, step)| (at.0 + x * step, at.1 + y * step)).collect();
        let (mut xs, mut ys): (Vec<f64>, Vec<f64>) = far.into_iter().unzip();
        transform::points(&mut xs, &mut ys, stored, crs).ok()?;
        let lengths = xs.iter().zip(&ys).zip(&places).map(|((x, y), at)| (x - at.0).hypot(y - at.1));
        let sizes = lengths.zip(&steps).map(|(length, step)| detail * step / length);
        let mut sizes: Vec<f64> = sizes.filter(|size| size.is_finite() && *size > 0.0).collect();
        sizes.sort_by(f64::total_cmp);
        // A low one, not the lowest: a map of the world has a pole, where nothing is drawn.
        sizes.get(sizes.len() / 4).copied()
    };
    Some((size(1.0, 0.0)?, size(0.0, 1.0)?))
}

fn samples(rect: &Rect) -> Vec<(f64, f64)> {
    let at = |min: f64, max: f64, step: u8| min + (max - min) * (f64::from(step) + 0.5) / f64::from(SIDE);
    let steps = (0..SIDE).flat_map(|row| (0..SIDE).map(move |column| (row, column)));
    steps.map(|(row, column)| (at(rect.min_x, rect.max_x, column), at(rect.min_y, rect.max_y, row))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tolerance_is_as_large_in_the_layer_as_on_the_map() {
        let metres = Crs::Epsg(3857);
        let area = |min_x: f64, min_y: f64, size: f64, crs: &Crs| Area {
            rect: Rect { min_x, min_y, max_x: min_x + size, max_y: min_y + size },
            crs: crs.clone(),
        };
        let (x, y) = in_layer(100.0, &metres, Some(&area(1e6, 6e6, 1e4, &metres)), &Crs::Epsg(4326)).unwrap();
        assert!((x * 111_319.5 / 100.0 - 1.0).abs() < 0.01 && (y / x - 0.684).abs() < 0.02, "{x} {y}");
        let (x, y) =
            in_layer(0.001, &Crs::Crs84, Some(&area(15.0, 50.0, 0.1, &Crs::Crs84)), &Crs::Epsg(32633)).unwrap();
        assert!((x - 71.0).abs() < 2.0 && (y - 111.0).abs() < 2.0, "{x} {y}");
        let (x, y) = in_layer(2.0, &metres, None, &Crs::Epsg(32633)).unwrap();
        assert_eq!((x, y), (1.0, 1.0));
        assert!(in_layer(f64::NAN, &metres, None, &metres).is_none());
        let world = Area { rect: Rect { min_x: -2e7, min_y: -2e7, max_x: 2e7, max_y: 2e7 }, crs: metres.clone() };
        assert!(in_layer(1e4, &metres, Some(&world), &Crs::Crs84).is_some());
    }
}
