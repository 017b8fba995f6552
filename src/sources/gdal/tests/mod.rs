//! Rasters read through the gate, beside what GDAL itself reads.

#![allow(
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    clippy::cast_precision_loss,
    clippy::float_cmp,
    reason = "numbers of tests are small and exact"
)]

use std::path::{Path, PathBuf};
use std::sync::Arc;

use gdal::Dataset;

use super::{Raster, RasterOptions};
use crate::base::bbox::Rect;
use crate::base::crs::Crs;
use crate::data::coverage::{CoverageQuery, Grid, Resampling, Samples, Strip};
use crate::data::coverage_gate::{CoverageView, LockedCoverage};
use crate::error::Result;

mod files;
mod places;

fn elevation() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("data/elevation.tif")
}

fn view(path: &Path) -> CoverageView {
    let raster = Raster::open(path, &RasterOptions::default()).unwrap();
    LockedCoverage::new(Arc::new(raster)).open(None, Vec::new()).unwrap()
}

/// A query for whole pixels of the raster itself.
fn pixels(grid: &Grid, (left, top): (u32, u32), (width, height): (u32, u32)) -> CoverageQuery {
    let (min_x, max_y) = grid.affine.apply(f64::from(left), f64::from(top));
    let (max_x, min_y) = grid.affine.apply(f64::from(left + width), f64::from(top + height));
    let area = Rect { min_x, min_y, max_x, max_y };
    CoverageQuery {
        area,
        crs: grid.crs.clone(),
        width,
        height,
        bands: None,
        resampling: Resampling::Nearest,
        opacity: None,
    }
}

fn strips(view: &CoverageView, query: &CoverageQuery) -> Result<Vec<Strip>> {
    let mut strips = view.read(query)?;
    std::iter::from_fn(|| strips.blocking_next()).collect()
}

/// All samples of a band, and for each whether it is a value.
fn band(view: &CoverageView, query: &CoverageQuery, band: usize) -> (Vec<f64>, Vec<bool>) {
    let (mut values, mut valid) = (Vec::new(), Vec::new());
    for strip in strips(view, query).unwrap() {
        assert_eq!(u64::from(strip.first_row) * u64::from(strip.width), values.len() as u64);
        let samples: &Samples = &strip.bands[band];
        assert_eq!(samples.len(), (strip.width * strip.rows) as usize);
        values.extend((0..samples.len()).map(|at| samples.get(at).unwrap()));
        match &strip.mask {
            Some(mask) => valid.extend(mask.iter().map(|mask| *mask != 0)),
            None => valid.resize(values.len(), true),
        }
    }
    assert_eq!(values.len(), (query.width * query.height) as usize);
    (values, valid)
}

fn by_gdal(path: &Path, window: (isize, isize), size: (usize, usize)) -> Vec<f64> {
    let dataset = Dataset::open(path).unwrap();
    let band = dataset.rasterband(1).unwrap();
    band.read_as::<f64>(window, size, size, None).unwrap().data().to_vec()
}

#[test]
fn whole_pixels_are_the_very_samples() {
    let view = view(&elevation());
    let grid = view.grid();
    assert_eq!((grid.width, grid.height, grid.crs.clone()), (403, 344, Crs::Epsg(4326)));
    assert_eq!(grid.bands[0].unit.as_deref(), Some("m"));
    assert_eq!(grid.overviews, [(201, 172), (100, 86)]);
    for (at, size) in [((0, 0), (403, 344)), ((17, 33), (200, 100)), ((402, 343), (1, 1))] {
        let mut query = pixels(grid, at, size);
        let wanted = by_gdal(&elevation(), (at.0 as isize, at.1 as isize), (size.0 as usize, size.1 as usize));
        for resampling in [Resampling::Nearest, Resampling::Bilinear, Resampling::Cubic, Resampling::Average] {
            query.resampling = resampling;
            let (values, valid) = band(&view, &query, 0);
            assert_eq!(values, wanted, "{at:?} {size:?} {resampling:?}");
            assert!(valid.iter().all(|valid| *valid));
        }
    }
}

#[test]
fn beyond_the_raster_there_is_nothing() {
    let view = view(&elevation());
    let mut query = pixels(view.grid(), (0, 0), (4, 4));
    let side = query.area.max_x - query.area.min_x;
    query.area.min_x -= side;
    query.width *= 2;
    let (values, valid) = band(&view, &query, 0);
    for row in 0..4 {
        let line = &valid[row * 8..row * 8 + 8];
        assert_eq!(line, [false, false, false, false, true, true, true, true]);
        assert!(values[row * 8..row * 8 + 4].iter().all(|value| *value == -32768.0));
    }
    query.area = Rect { min_x: 10.0, min_y: 10.0, max_x: 11.0, max_y: 11.0 };
    assert!(!band(&view, &query, 0).1.contains(&true));
}
