//! Reprojection, by PROJ through GDAL: the one place that moves coordinates between systems. Coordinates are always x
//! before y (longitude before latitude) here; what order an authority wants is a matter of those who write.

use std::cell::RefCell;
use std::sync::Once;

use gdal::spatial_ref::{CoordTransform, CoordTransformOptions, SpatialRef};

use crate::base::bbox::Rect;
use crate::base::crs::Crs;
use crate::error::{Error, Kind, Result};
use crate::model::batch::{Batch, Remade};
use crate::model::geometry::{rewrite_xy, straighten};

use super::mercator;
use super::reference::ground;
use super::seam::{self, Before, Round};
use super::transverse::Transverse;

/// A transform is not `Send` and dear to make, so each thread keeps those that it used last.
const KEPT: usize = 16;

/// Degrees that arithmetic may put a point beyond the end of the world.
const NOISE: f64 = 1e-9;

/// Degrees by which a formula may be off: a tenth of the last decimal that is written.
const SAME: f64 = 1e-12;

/// What takes the place of PROJ.
enum Formula {
    ToMercator,
    FromMercator,
    FromTransverse(Transverse),
}

impl Formula {
    fn between(from: &Crs, to: &Crs, source: &SpatialRef) -> Option<Self> {
        match (from, to) {
            (degrees, Crs::Epsg(3857)) if degrees.is_lon_lat_wgs84() => Some(Self::ToMercator),
            (Crs::Epsg(3857), degrees) if degrees.is_lon_lat_wgs84() => Some(Self::FromMercator),
            _ => Transverse::of(source, to).map(Self::FromTransverse),
        }
    }

    /// Moves points, where all of them are such that PROJ would say the same.
    fn moved(&self, xs: &mut [f64], ys: &mut [f64]) -> bool {
        type Formula = (fn(f64, f64) -> bool, fn(&mut f64, &mut f64));
        let (is_plain, change): Formula = match self {
            Self::ToMercator => (mercator::is_plain_degrees, mercator::forward),
            Self::FromMercator => (mercator::is_plain_metres, mercator::inverse),
            Self::FromTransverse(zone) => return zone.moved(xs, ys),
        };
        let all = xs.iter().zip(&*ys).all(|(&x, &y)| is_plain(x, y));
        if all {
            xs.iter_mut().zip(ys).for_each(|(x, y)| change(x, y));
        }
        all
    }
}

struct Kept {
    from: Crs,
    to: Crs,
    /// A formula of our own, where there is one.
    formula: Option<Formula>,
    transform: CoordTransform,
    /// Furthest longitude and latitude of an answer; infinite where the answer is not in degrees.
    ends: (f64, f64),
    /// How the other system goes round, where x comes out within one turn of what may go on over the date line.
    round: Option<Round>,
}

thread_local! {
    static TRANSFORMS: RefCell<Vec<Kept>> = const { RefCell::new(Vec::new()) };
}

/// By itself GDAL writes every point that has no place to the standard error, past the log.
pub(super) fn quiet() {
    static QUIET: Once = Once::new();
    QUIET.call_once(|| {
        gdal::config::set_error_handler(|_, number, message| tracing::debug!(number, message, "GDAL complains"));
    });
}

fn with_transform<T>(from: &Crs, to: &Crs, run: impl FnOnce(&Kept) -> Result<T>) -> Result<T> {
    TRANSFORMS.with_borrow_mut(|kept| {
        let found = kept.iter().position(|kept| kept.from == *from && kept.to == *to);
        let at = if let Some(at) = found {
            at
        } else {
            quiet();
            let made = Kept::new(from, to)?;
            if kept.len() == KEPT {
                kept.remove(0);
            }
            kept.push(made);
            kept.len() - 1
        };
        run(&kept[at])
    })
}

impl Kept {
    fn new(from: &Crs, to: &Crs) -> Result<Self> {
        let options = CoordTransformOptions::new().map_err(Error::internal)?;
        let (source, target) = (ground(from)?, ground(to)?);
        let transform = CoordTransform::new_with_options(&source, &target, &options).map_err(|cause| {
            Error::new(Kind::UnknownCrs, format!("there is no way from {from} to {to}")).because(cause)
        })?;
        let ends = match (to.is_lon_lat_wgs84(), source.is_geographic()) {
            (false, _) => (f64::INFINITY, f64::INFINITY),
            // Degrees may run past the date line, and stay so on their way from one datum to another.
            (true, true) => (f64::INFINITY, 90.0 + NOISE),
            (true, false) => (180.0 + NOISE, 90.0 + NOISE),
        };
        // Degrees stay as they are counted on their way from one datum to another.
        let stays = from.is_same_plane(to) || (target.is_geographic() && source.is_geographic());
        let round = if stays { None } else { Round::of(to) };
        let mut kept = Self { from: from.clone(), to: to.clone(), formula: None, transform, ends, round };
        kept.formula = Formula::between(from, to, &source).filter(|formula| kept.agrees(formula));
        Ok(kept)
    }

    /// Whether a formula that was made of a system's parameters says what PROJ says, all over the zone.
    fn agrees(&self, formula: &Formula) -> bool {
        let Formula::FromTransverse(zone) = formula else { return true };
        let (xs, ys) = zone.tried();
        let (mut ours, mut theirs) = ((xs.clone(), ys.clone()), (xs, ys));
        let is_same = |ours: &[f64], theirs: &[f64]| ours.iter().zip(theirs).all(|(a, b)| (a - b).abs() < SAME);
        zone.each_moved(&mut ours.0, &mut ours.1)
            && self.by_proj(&mut theirs.0, &mut theirs.1)
            && is_same(&ours.0, &theirs.0)
            && is_same(&ours.1, &theirs.1)
    }

    /// Moves points; one that has no place there becomes infinite. Returns whether all have one.
    fn moved(&self, xs: &mut [f64], ys: &mut [f64]) -> bool {
        self.by_formula(xs, ys) || self.by_proj(xs, ys)
    }

    /// Moves points, where there is a formula that holds for all of them.
    fn by_formula(&self, xs: &mut [f64], ys: &mut [f64]) -> bool {
        self.formula.as_ref().is_some_and(|formula| formula.moved(xs, ys))
    }

    fn by_proj(&self, xs: &mut [f64], ys: &mut [f64]) -> bool {
        let mut wild = Vec::new();
        for (at, (x, y)) in xs.iter_mut().zip(&mut *ys).enumerate() {
            if is_wild(*x) || is_wild(*y) {
                (*x, *y) = (0.0, 0.0);
                wild.push(at);
            }
        }
        let is_lost = |x: f64, y: f64| !(x.is_finite() && y.is_finite());
        // PROJ makes the lost ones infinite and moves the others; where none is, it gave up before it moved any.
        if !xs.is_empty()
            && self.transform.transform_coords(xs, ys, &mut []).is_err()
            && !xs.iter().zip(&*ys).any(|(&x, &y)| is_lost(x, y))
        {
            xs.fill(f64::INFINITY);
        }
        for at in wild {
            xs[at] = f64::INFINITY;
        }
        let mut all = true;
        for (x, y) in xs.iter_mut().zip(ys) {
            if is_lost(*x, *y) || x.abs() > self.ends.0 || y.abs() > self.ends.1 {
                (*x, *y) = (f64::INFINITY, f64::INFINITY);
                all = false;
            }
        }
        all
    }
}

/// Further than any coordinate of the Earth, in any unit. GDAL takes such ones back by one turn at a time, for ever.
const FURTHEST: f64 = 1e10;

fn is_wild(number: f64) -> bool {
    !number.is_finite() || number.abs() > FURTHEST
}

/// Whether longitudes that come from a system may run past ±180, as they do from one in degrees.
pub fn may_run_on(from: &Crs) -> bool {
    with_transform(from, &Crs::Crs84, |kept| Ok(kept.ends.0.is_infinite())).unwrap_or(true)
}

/// Brings the geometries in a column of a batch into another system, in place. One with a point that has no place there
/// becomes infinite as a whole: it is nowhere, and is written as null. Of one over the date line that comes into a
/// system where the world goes on along x, x is counted on past its end (but from degrees to degrees, which stay).
pub fn reproject(batch: &mut Batch, cell: usize, from: &Crs, to: &Crs) -> Result<()> {
    let lost = reproject_quietly(batch, cell, from, to)?;
    if lost > 0 {
        tracing::warn!(lost, %from, %to, "geometries have no place in the other system: they are written as null");
    }
    Ok(())
}

/// The same where losses are no news; returns how many there were.
pub(super) fn reproject_quietly(batch: &mut Batch, cell: usize, from: &Crs, to: &Crs) -> Result<u64> {
    with_transform(from, to, |kept| {
        // Moved by their three vertices, arcs would be others.
        batch.remake_blobs(cell, |wkb, out| match straighten(wkb) {
            Some(straight) => {
                out.extend(straight);
                Remade::Other
            }
            None => Remade::Same,
        });
        let (mut lost, mut has_open, mut before) = (0_u64, false, Before::default());
        batch.blobs_mut(cell, |geometry| {
            let mut jumps = None;
            // Malformed bytes stay as they are: the encoder meets them again and tells.
            let _ = rewrite_xy(geometry, &mut |xs, ys| {
                if kept.by_formula(xs, ys) {
                    return true;
                }
                if kept.round.is_some() {
                    before.keep(xs, ys);
                }
                if kept.by_proj(xs, ys) {
                    jumps = kept.round.filter(|round| round.jumps(xs));
                } else {
                    lost += 1;
                    xs.fill(f64::INFINITY);
                    ys.fill(f64::INFINITY);
                }
                true
            });
            if let Some(round) = jumps {
                has_open |= seam::follow_all(round, geometry, &before, &mut |xs, ys| kept.moved(xs, ys));
            }
        });
        if let Some(round) = kept.round.filter(|_| has_open) {
            batch.remake_blobs(cell, |wkb, out| seam::closed(round, wkb, out));
        }
        Ok(lost)
    })
}

/// Moves points, in place; one that has no place there becomes infinite. Returns whether all have one.
pub fn points(xs: &mut [f64], ys: &mut [f64], from: &Crs, to: &Crs) -> Result<bool> {
    with_transform(from, to, |kept| Ok(kept.moved(xs, ys)))
}

/// Moves the vertices of a line or ring, as [`points`] does; over the date line x is counted on.
pub fn line(xs: &mut [f64], ys: &mut [f64], from: &Crs, to: &Crs) -> Result<bool> {
    with_transform(from, to, |kept| {
        let mut before = Before::default();
        before.keep(xs, ys);
        let has_all = kept.moved(xs, ys);
        if let Some(round) = kept.round.filter(|round| has_all && round.jumps(xs)) {
            seam::follow(round, xs, &before, &mut |xs, ys| kept.moved(xs, ys));
        }
        Ok(has_all)
    })
}

/// A rectangle around the edges of a rectangle in another system, followed, for they bend, and the poles within it. In
/// degrees its `min_x` is greater than its `max_x` where it crosses the date line.
pub fn rectangle(rect: &Rect, from: &Crs, to: &Crs) -> Result<Rect> {
    with_transform(from, to, |kept| {
        let bounds = [rect.min_x, rect.min_y, rect.max_x, rect.max_y];
        if bounds.into_iter().any(is_wild) {
            return Err(Error::new(Kind::OutOfRange, format!("the box has no place in {to}")));
        }
        let [min_x, min_y, max_x, max_y] = kept
            .transform
            .transform_bounds(&bounds, 21)
            .map_err(|cause| Error::new(Kind::OutOfRange, format!("the box has no place in {to}")).because(cause))?;
        Ok(Rect { min_x, min_y, max_x, max_y })
    })
}

#[cfg(test)]
mod tests {
    use super::super::reference::spatial_ref;
    use super::*;

    #[test]
    fn heights_that_proj_has_no_grid_for_move_nothing_on_the_ground() {
        let without_code = spatial_ref(&Crs::Epsg(7415)).unwrap().to_wkt().unwrap();
        let without_code =
            without_code.replace(r#",AUTHORITY["EPSG","7415"]]"#, "]").replace(r#",AUTHORITY["EPSG","28992"]]"#, "]");
        assert!(!without_code.contains("28992"));
        let own = Crs::Definition(without_code.into());
        let systems =
            [(Crs::Epsg(7405), Crs::Epsg(27700)), (Crs::Epsg(7415), Crs::Epsg(28992)), (own, Crs::Epsg(28992))];
        for (high, flat) in systems {
            let moved = |from: &Crs, to: &Crs, at: [f64; 2]| {
                let (mut x, mut y) = ([at[0]], [at[1]]);
                assert!(points(&mut x, &mut y, from, to).unwrap());
                [x[0], y[0]]
            };
            let place = moved(&flat, &Crs::Crs84, [150_000.0, 450_000.0]);
            for degrees in [Crs::Crs84h, Crs::Epsg(4979), Crs::Epsg(4937), Crs::Crs84] {
                let off = |ours: [f64; 2], theirs: [f64; 2]| (ours[0] - theirs[0]).hypot(ours[1] - theirs[1]);
                assert!(off(moved(&high, &degrees, [150_000.0, 450_000.0]), place) < 1e-6, "{high} {degrees}");
                assert!(off(moved(&degrees, &high, place), [150_000.0, 450_000.0]) < 1.0, "{high} {degrees}");
            }
        }
    }

    #[test]
    fn a_circle_that_was_moved_shrank() {
        // A curve polygon with one ring, a circular string: 100 m about a place at 45 degrees north.
        let head = |kind: u32, count: u32| [&[1][..], &kind.to_le_bytes(), &count.to_le_bytes()].concat();
        let mut wkb = [head(10, 1), head(8, 5)].concat();
        for [x, y] in [[100.0, 0.0], [0.0, 100.0], [-100.0, 0.0], [0.0, -100.0], [100.0, 0.0]] {
            wkb.extend((500_000.0_f64 + x).to_le_bytes());
            wkb.extend((4_983_000.0_f64 + y).to_le_bytes());
        }
        let mut batch = Batch::new(2);
        batch.push(crate::model::batch::Cell::Int(1));
        batch.push_blob(&wkb);
        reproject(&mut batch, 1, &Crs::Epsg(25832), &Crs::Crs84).unwrap();
        reproject(&mut batch, 1, &Crs::Crs84, &Crs::Epsg(25832)).unwrap();
        let figure = crate::model::geometry::Figure::read(batch.row(0).geometry().unwrap()).unwrap();
        let mut vertices = 0;
        figure.runs(&mut |run| {
            for at in run {
                let radius = (at[0] - 500_000.0).hypot(at[1] - 4_983_000.0);
                assert!((radius - 100.0).abs() < 0.01, "{radius}");
                vertices += 1;
            }
        });
        assert!(vertices > 60, "{vertices}");
    }

    #[test]
    fn a_point_without_a_place_is_lost_and_the_others_are_moved() {
        let mollweide = Crs::Definition("ESRI:54009".into());
        let (mut xs, mut ys) = ([0.0, 17_000_000.0, 1_000_000.0], [0.0, 8_000_000.0, 0.0]);
        assert!(!points(&mut xs, &mut ys, &mollweide, &Crs::Crs84).unwrap());
        assert!(xs[0].abs() < 1e-9 && ys[0].abs() < 1e-9);
        assert!(xs[1].is_infinite() && ys[1].is_infinite());
        assert!((xs[2] - 9.98).abs() < 0.1 && ys[2].abs() < 1e-9, "{xs:?} {ys:?}");
    }

    #[test]
    fn web_mercator_is_what_proj_says() {
        let reference = |crs: &Crs| spatial_ref(crs).unwrap();
        let proj = |from: &Crs, to: &Crs, x: &mut [f64], y: &mut [f64]| {
            CoordTransform::new(&reference(from), &reference(to)).unwrap().transform_coords(x, y, &mut []).unwrap();
        };
        let (degrees, metres) = (Crs::Epsg(4326), Crs::Epsg(3857));
        let places = (-36..=36).flat_map(|x| (-17..=17).map(move |y| (f64::from(x) * 5.0, f64::from(y) * 5.2 + 0.1)));
        let (xs, ys): (Vec<f64>, Vec<f64>) = places.unzip();
        let (mut ours, mut theirs) = ((xs.clone(), ys.clone()), (xs.clone(), ys.clone()));
        assert!(points(&mut ours.0, &mut ours.1, &degrees, &metres).unwrap());
        proj(&degrees, &metres, &mut theirs.0, &mut theirs.1);
        let off = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
        assert!(off(&ours.0, &theirs.0) < 1e-6 && off(&ours.1, &theirs.1) < 1e-6);
        let (mut ours, mut back) = (theirs.clone(), theirs);
        assert!(points(&mut ours.0, &mut ours.1, &metres, &degrees).unwrap());
        proj(&metres, &degrees, &mut back.0, &mut back.1);
        assert!(off(&ours.0, &back.0) < 1e-9 && off(&ours.1, &back.1) < 1e-9);
        assert!(off(&ours.0, &xs) < 1e-9 && off(&ours.1, &ys) < 1e-9);
        // Where PROJ brings longitudes back into the world, so is it done here.
        let (mut x, mut y, mut far, mut high) = ([190.0], [0.0], [190.0], [0.0]);
        assert!(points(&mut x, &mut y, &degrees, &metres).unwrap());
        proj(&degrees, &metres, &mut far, &mut high);
        assert!((x[0] - far[0]).abs() < 1e-6);
    }

    #[test]
    fn zones_go_by_a_formula_that_proj_agrees_with() {
        let formula = |code| with_transform(&Crs::Epsg(code), &Crs::Crs84, |kept| Ok(kept.formula.is_some())).unwrap();
        for code in [25832, 32632, 32733, 3045] {
            assert!(formula(code), "{code}");
        }
        assert!(!formula(31467) && !formula(27700));
    }

    #[test]
    fn coordinates_beyond_everything_are_lost_and_end() {
        for wild in [1e300, -1e300, 1e17, f64::INFINITY, f64::NAN, f64::MAX] {
            for (from, to) in [(3857, 4326), (3857, 4258), (3857, 25832), (4326, 3857), (4326, 25832)] {
                let (from, to) = (Crs::Epsg(from), Crs::Epsg(to));
                let (mut xs, mut ys) = ([10.0, wild, 10.0], [10.0, 10.0, wild]);
                assert!(!points(&mut xs, &mut ys, &from, &to).unwrap(), "{wild} {from} {to}");
                assert!(xs[0].is_finite() && xs[1].is_infinite() && xs[2].is_infinite(), "{wild} {from} {to} {xs:?}");
                let rect = Rect { min_x: -wild.abs(), min_y: 0.0, max_x: wild.abs(), max_y: 1.0 };
                assert!(rectangle(&rect, &from, &to).is_err());
            }
        }
    }

    #[test]
    fn degrees_past_the_date_line_stay() {
        let (mut xs, mut ys) = ([185.0], [10.0]);
        assert!(points(&mut xs, &mut ys, &Crs::Epsg(4258), &Crs::Crs84).unwrap());
        assert!((xs[0] - 185.0).abs() < 1e-6 || (xs[0] + 175.0).abs() < 1e-6);
    }
}
