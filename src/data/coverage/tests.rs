//! The warp over a raster that is made as it is read, and counts what is read of it.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use super::*;
use crate::data::coverage_gate::LockedCoverage;
use crate::error::Error;

/// A raster of one band, whose samples are the column.
struct Made {
    grid: Arc<Grid>,
    read: Arc<AtomicU64>,
    largest: Arc<AtomicU64>,
    ended: Arc<Mutex<Option<std::thread::JoinHandle<()>>>>,
}

struct Open {
    read: Arc<AtomicU64>,
    largest: Arc<AtomicU64>,
}

impl Reader for Open {
    fn read(&mut self, cut: &Cut, block: &mut Block) -> Result<()> {
        let ((left, _), (width, height)) = (cut.origin(), cut.size());
        let pixels = u64::from(width) * u64::from(height);
        self.read.fetch_add(pixels, Ordering::Relaxed);
        self.largest.fetch_max(pixels, Ordering::Relaxed);
        let factor = 1 << cut.level();
        let line: Vec<u32> = (left..left + width).map(|column| column * factor).collect();
        block.bands = vec![Samples::U32(line.repeat(height as usize))];
        Ok(())
    }
}

impl Coverage for Made {
    fn grid(&self) -> &Arc<Grid> {
        &self.grid
    }

    fn submit(&self, job: Job) -> Result<()> {
        let mut open = Open { read: self.read.clone(), largest: self.largest.clone() };
        let thread = std::thread::spawn(move || job(Ok(&mut open)));
        *self.ended.lock().map_err(|_| Error::internal("poisoned"))? = Some(thread);
        Ok(())
    }

    fn state(&self) -> u64 {
        0
    }
}

fn made(side: u32, overviews: Vec<(u32, u32)>) -> Made {
    let band = Band {
        name: "column".to_owned(),
        kind: SampleKind::U32,
        nodata: None,
        unit: None,
        description: None,
        colour: Colour::Grey,
        palette: None,
        scale: None,
        offset: None,
        statistics: None,
    };
    let grid = Grid {
        width: side,
        height: side,
        affine: Affine([0.0, 1.0, 0.0, f64::from(side), 0.0, -1.0]),
        crs: Crs::Epsg(3857),
        in_degrees: false,
        bands: vec![band],
        has_mask: false,
        overviews,
    };
    Made { grid: Arc::new(grid), read: Arc::default(), largest: Arc::default(), ended: Arc::default() }
}

fn query(area: Rect, width: u32, height: u32, resampling: Resampling) -> CoverageQuery {
    CoverageQuery { area, crs: Crs::Epsg(3857), width, height, bands: None, resampling, opacity: None }
}

#[test]
fn a_large_raster_is_read_in_small_parts() {
    let side = 4_000;
    for (size, resampling) in [
        (16, Resampling::Nearest),
        (16, Resampling::Average),
        (300, Resampling::Bilinear),
        (20_000, Resampling::Nearest),
    ] {
        let source = Arc::new(made(side, Vec::new()));
        let view = LockedCoverage::new(source.clone()).open(None, Vec::new()).unwrap();
        let height = if size == 20_000 { 20 } else { size };
        let mut strips = view.read(&query(source.grid.extent(), size, height, resampling)).unwrap();
        let mut seen = 0;
        while let Some(strip) = strips.blocking_next() {
            let strip = strip.unwrap();
            assert_eq!(strip.first_row, seen);
            seen += strip.rows;
            assert!(strip.mask.is_none());
            let middle = strip.bands[0].get(size as usize / 2).unwrap();
            let wanted = f64::from(side) * (f64::from(size / 2) + 0.5) / f64::from(size);
            assert!((middle - wanted).abs() < 3.0, "{size} {resampling:?}: {middle} is not {wanted}");
        }
        assert_eq!(seen, height);
        let largest = source.largest.load(Ordering::Relaxed);
        assert!(largest <= 4 * 1024 * 1024, "{size} {resampling:?}: {largest}");
    }
}

#[test]
fn an_overview_spares_most_of_the_work() {
    let overviews = (1..8).map(|level| (40_000 >> level, 40_000 >> level)).collect();
    let source = Arc::new(made(40_000, overviews));
    let view = LockedCoverage::new(source.clone()).open(None, Vec::new()).unwrap();
    let mut strips = view.read(&query(source.grid.extent(), 256, 256, Resampling::Bilinear)).unwrap();
    while let Some(strip) = strips.blocking_next() {
        strip.unwrap();
    }
    assert!(source.read.load(Ordering::Relaxed) < 1_000_000);
}

#[test]
fn a_reader_that_leaves_stops_the_work() {
    let source = Arc::new(made(40_000, Vec::new()));
    let view = LockedCoverage::new(source.clone()).open(None, Vec::new()).unwrap();
    let mut strips = view.read(&query(source.grid.extent(), 40_000, 40_000, Resampling::Nearest)).unwrap();
    strips.blocking_next().unwrap().unwrap();
    drop(strips);
    let thread = source.ended.lock().unwrap().take().unwrap();
    thread.join().unwrap();
    assert!(source.read.load(Ordering::Relaxed) < 100_000_000);
}

#[test]
fn what_has_no_area_or_no_size_is_refused() {
    let source = Arc::new(made(100, Vec::new()));
    let view = LockedCoverage::new(source).open(None, Vec::new()).unwrap();
    let area = Rect { min_x: 0.0, min_y: 0.0, max_x: 10.0, max_y: 10.0 };
    assert!(view.read(&query(area, 0, 10, Resampling::Nearest)).is_err());
    assert!(view.read(&query(Rect { max_x: 0.0, ..area }, 10, 10, Resampling::Nearest)).is_err());
    assert!(view.read(&query(Rect { max_x: f64::NAN, ..area }, 10, 10, Resampling::Nearest)).is_err());
    let bands = Some(vec![1]);
    assert!(view.read(&CoverageQuery { bands, ..query(area, 10, 10, Resampling::Nearest) }).is_err());
}
