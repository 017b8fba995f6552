//! From samples as they are stored to the picture that was asked for, strip by strip: the right overview, the right place,
//! no sample that a policy hides, and no more memory for a large answer than for a small one.

// Places are clamped to the raster before they become pixels of it.
#![allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]

use std::ops::Range;
use std::sync::Arc;

use crate::error::{Error, Result};

use super::limit::Limit;
use super::placing::{Placed, Placing, Scale};
use super::resample::{Kernel, Made, Source};
use super::samples::Sample;
use super::{Band, Block, CoverageQuery, Cut, Grid, Reader, Resampling, Samples, Strip, with_samples};

/// Bytes of a strip, about.
const STRIP: usize = 1024 * 1024;

/// Most pixels of the raster that are held at once; one pixel of an answer may need more.
const WINDOW: u64 = 4 * 1024 * 1024;

/// How much finer than the answer an overview may be passed over.
const NEARLY: f64 = 1.01;

/// A read, ready to be done.
pub(in crate::data) struct Warp {
    grid: Arc<Grid>,
    /// The raster's bands, in the order of the answer.
    bands: Arc<[usize]>,
    query: CoverageQuery,
    limit: Option<Arc<Limit>>,
    placing: Placing,
    level: usize,
    kernel: Kernel,
    /// Whether the rows of an answer lie so far apart that each is read alone.
    by_row: bool,
}

impl Warp {
    /// Plans a read of the raster's bands with these indices.
    pub(in crate::data) fn new(
        grid: Arc<Grid>,
        bands: Vec<usize>,
        query: CoverageQuery,
        limit: Option<Arc<Limit>>,
    ) -> Result<Self> {
        let full = Placing::new(&query, &grid, (grid.width, grid.height))?;
        let scale = full.scale()?.unwrap_or(Scale { x: 1.0, y: 1.0 });
        let finest = scale.x.min(scale.y) * NEARLY;
        let factor = |size: (u32, u32)| {
            (f64::from(grid.width) / f64::from(size.0.max(1))).max(f64::from(grid.height) / f64::from(size.1.max(1)))
        };
        let level = (0..=grid.overviews.len())
            .rev()
            .find(|&level| level == 0 || grid.level(level).is_some_and(|size| factor(size) <= finest))
            .unwrap_or(0);
        let size = grid.level(level).unwrap_or((grid.width, grid.height));
        let scale = Scale {
            x: scale.x * f64::from(size.0) / f64::from(grid.width.max(1)),
            y: scale.y * f64::from(size.1) / f64::from(grid.height.max(1)),
        };
        let placing = if level == 0 { full } else { Placing::new(&query, &grid, size)? };
        let by_row = query.resampling == Resampling::Nearest && scale.y > 2.0;
        let kernel = Kernel::new(query.resampling, scale);
        Ok(Self { grid, bands: bands.into(), query, limit, placing, level, kernel, by_row })
    }

    /// Reads, strip by strip, until all is done or nobody wants more: `take` says so by false.
    pub(in crate::data) fn run(
        &self,
        reader: &mut dyn Reader,
        is_stopped: &dyn Fn() -> bool,
        take: &mut dyn FnMut(Strip) -> Result<bool>,
    ) -> Result<()> {
        let (width, height) = (self.query.width, self.query.height);
        let pixel: usize = self.bands().map(|band| band.kind.bytes()).sum();
        let rows = (STRIP / (pixel.max(1) * width as usize).max(1)).clamp(1, height as usize) as u32;
        let mut first = 0;
        while first < height {
            let end = (first + rows).min(height);
            let Some(strip) = self.strip(reader, is_stopped, first..end)? else { return Err(Error::cancelled()) };
            if !take(strip)? {
                return Err(Error::cancelled());
            }
            first = end;
        }
        Ok(())
    }

    fn bands(&self) -> impl Iterator<Item = &Band> {
        self.bands.iter().map(|&band| &self.grid.bands[band])
    }

    fn level_size(&self) -> (u32, u32) {
        self.grid.level(self.level).unwrap_or((self.grid.width, self.grid.height))
    }

    /// One strip; none where it is not wanted any more.
    fn strip(&self, reader: &mut dyn Reader, is_stopped: &dyn Fn() -> bool, rows: Range<u32>) -> Result<Option<Strip>> {
        let width = self.query.width;
        let mut whole = Tile::empty(0..width, rows.clone());
        let mut waiting = if self.by_row {
            rows.clone().rev().map(|row| (0..width, row..row + 1)).collect()
        } else {
            vec![(0..width, rows.clone())]
        };
        while let Some((columns, part)) = waiting.pop() {
            if is_stopped() {
                return Ok(None);
            }
            let placed = self.placing.place(&columns, &part)?;
            // Pixel by pixel there is nothing between samples to be made.
            let exact = self.exact(&placed);
            let is_exact = exact.is_some();
            let window = exact.or_else(|| self.window(&placed));
            let is_large = window.as_ref().is_some_and(|(x, y)| u64::from(len(x)) * u64::from(len(y)) > WINDOW);
            if is_large && (len(&columns) > 1 || len(&part) > 1) {
                waiting.extend(halves(columns, part));
                continue;
            }
            let tile = self.tile(reader, columns, part, &placed, window, is_exact)?;
            if tile.columns == whole.columns && tile.rows == whole.rows {
                whole = tile;
            } else {
                whole.put(&tile, self.bands());
            }
        }
        let mask = whole.mask.filter(|mask| mask.contains(&0));
        Ok(Some(Strip { first_row: rows.start, rows: len(&rows), width, bands: whole.bands, mask }))
    }

    /// The pixels of the level where a part of the answer is made of them one by one.
    fn exact(&self, placed: &Placed) -> Option<Window> {
        let Placed::Upright { xs, ys } = placed else { return None };
        let run = |places: &[f64], count: u32| {
            let first = places.first().filter(|first| **first >= 0.0)?.floor() as u32;
            let is_run = |(at, pixel): (&f64, u32)| (at - f64::from(pixel) - 0.5).abs() < 1e-3;
            let end = first.checked_add(u32::try_from(places.len()).ok()?).filter(|end| *end <= count)?;
            places.iter().zip(first..).all(is_run).then_some(first..end)
        };
        let level = self.level_size();
        run(xs, level.0).zip(run(ys, level.1))
    }

    /// The pixels of the level that a part of the answer needs; none where the raster has nothing there.
    fn window(&self, placed: &Placed) -> Option<Window> {
        let (level, (reach_x, reach_y)) = (self.level_size(), self.kernel.reach());
        let bounds = |places: &[f64], reach: f64, count: u32| {
            let (mut least, mut most) = (f64::INFINITY, f64::NEG_INFINITY);
            for &at in places.iter().filter(|at| !at.is_nan()) {
                (least, most) = (least.min(at), most.max(at));
            }
            (least <= most).then(|| {
                let start = ((least - reach + 1e-6).floor().max(0.0) as u32).min(count - 1);
                let end = ((most + reach + 1e-6).floor().max(0.0) as u32).min(count - 1) + 1;
                start.min(end - 1)..end
            })
        };
        let (Placed::Upright { xs, ys } | Placed::Bent { xs, ys }) = placed;
        // One more on the side where noise may have pushed a place over an edge.
        bounds(xs, reach_x + 2e-6, level.0).zip(bounds(ys, reach_y + 2e-6, level.1))
    }

    fn tile(
        &self,
        reader: &mut dyn Reader,
        columns: Range<u32>,
        rows: Range<u32>,
        placed: &Placed,
        window: Option<Window>,
        is_exact: bool,
    ) -> Result<Tile> {
        let count = (len(&columns) * len(&rows)) as usize;
        let Some((x, y)) = window else {
            let bands = self.bands().map(|band| nothing(band, count)).collect();
            return Ok(Tile { columns, rows, bands, mask: Some(vec![0; count]) });
        };
        let size = (len(&x), len(&y));
        let (origin, bands) = ((x.start, y.start), self.bands.clone());
        let cut = Cut { level: self.level, x: origin.0, y: origin.1, width: size.0, height: size.1, bands };
        let mut block = Block::default();
        reader.read(&cut, &mut block)?;
        let pixels = size.0 as usize * size.1 as usize;
        let kinds = self.bands().map(|band| (band.kind, pixels));
        let is_whole = block.bands.iter().map(|band| (band.kind(), band.len())).eq(kinds)
            && (block.mask.is_empty() || block.mask.len() == pixels);
        if !is_whole {
            return Err(Error::internal("a source gave other samples than it was asked for"));
        }
        if let Some(limit) = &self.limit {
            limit.hide(&self.grid, self.level_size(), &cut, &mut block.mask)?;
        }
        let mut tile = Tile { columns, rows, bands: Vec::with_capacity(block.bands.len()), mask: None };
        let mut masks = Vec::new();
        let opacity = self.query.opacity;
        let is_between = !is_exact && self.query.resampling != Resampling::Nearest;
        let shares = opacity.filter(|_| is_between).and_then(|band| block.bands.get(band)).and_then(shares);
        for (at, (samples, band)) in block.bands.into_iter().zip(self.bands()).enumerate() {
            // A file's nodata value is that of its values: of an opacity it would be one that is seen.
            let (nodata, shares) = if opacity == Some(at) { (None, None) } else { (band.nodata, shares.as_deref()) };
            let valid = valid(&samples, nodata, &block.mask);
            let (samples, valid) = if is_exact {
                (with_samples!(samples, values => hidden(values, nodata, &block.mask)), valid)
            } else {
                let source = Weighed { valid: valid.as_deref(), shares, origin, size };
                with_samples!(&samples, values => resampled(values, source, placed, self.kernel, nodata))
            };
            tile.bands.push(samples);
            if opacity != Some(at) {
                masks.push(valid);
            }
        }
        // A pixel is there where any band has a value.
        if masks.iter().all(Option::is_some) {
            tile.mask = masks.into_iter().flatten().reduce(|mut all, mask| {
                all.iter_mut().zip(mask).for_each(|(all, one)| *all |= one);
                all
            });
        }
        if let Some(opacity) = opacity.and_then(|band| tile.bands.get(band)) {
            with_samples!(opacity, values => see_through(values, &mut tile.mask));
        }
        Ok(tile)
    }
}

fn len(range: &Range<u32>) -> u32 {
    range.end - range.start
}

fn nothing(band: &Band, count: usize) -> Samples {
    Samples::filled(band.kind, count, band.nodata.unwrap_or(0.0))
}

/// Two halves of a part, the upper or left one to be taken first.
fn halves(columns: Range<u32>, rows: Range<u32>) -> [(Range<u32>, Range<u32>); 2] {
    if len(&rows) > 1 {
        let middle = rows.start.midpoint(rows.end);
        [(columns.clone(), middle..rows.end), (columns, rows.start..middle)]
    } else {
        let middle = columns.start.midpoint(columns.end);
        [(middle..columns.end, rows.clone()), (columns.start..middle, rows)]
    }
}

/// Which samples are values; all where `None`.
fn valid(samples: &Samples, nodata: Option<f64>, mask: &[u8]) -> Option<Vec<u8>> {
    let mut valid = if mask.is_empty() { None } else { Some(mask.to_vec()) };
    with_samples!(samples, values => no_values(values, nodata, &mut valid));
    valid.filter(|valid| valid.contains(&0))
}

fn no_values<T: Sample>(values: &[T], nodata: Option<f64>, valid: &mut Option<Vec<u8>>) {
    // A nodata value that the type cannot have is met by no sample. Where it is not a number, no sample equals itself.
    let nodata = nodata.map(|nodata| (T::of(nodata), nodata)).filter(|(sample, nodata)| {
        let is_near = (sample.to_f64() - nodata).abs() <= nodata.abs() * 1e-6;
        is_near || nodata.is_infinite()
    });
    #[allow(clippy::eq_op)] // what is not equal to itself is not a number
    let is_none = |value: T| value != value || nodata.is_some_and(|(nodata, _)| value == nodata);
    let Some(first) = values.iter().position(|&value| is_none(value)) else { return };
    let valid = valid.get_or_insert_with(|| vec![u8::MAX; values.len()]);
    for (value, valid) in values[first..].iter().zip(&mut valid[first..]) {
        if is_none(*value) {
            *valid = 0;
        }
    }
}

/// The samples as they are, but for those that are masked.
fn hidden<T: Sample>(mut values: Vec<T>, nodata: Option<f64>, mask: &[u8]) -> Samples {
    let fill = T::of(nodata.unwrap_or(0.0));
    values.iter_mut().zip(mask).filter(|(_, mask)| **mask == 0).for_each(|(value, _)| *value = fill);
    T::wrap(values)
}

/// How much of a say the samples beside an opacity have; `None` where all have the same.
fn shares(opacity: &Samples) -> Option<Vec<f32>> {
    let opaque = opacity.kind().opaque();
    // What is no number is no opacity.
    #[allow(clippy::cast_possible_truncation)]
    let share = |value: f64| if value > 0.0 { (value / opaque).min(1.0) as f32 } else { 0.0 };
    with_samples!(opacity, values => {
        let is_opaque = values.iter().all(|value| value.to_f64() >= opaque);
        (!is_opaque).then(|| values.iter().map(|value| share(value.to_f64())).collect())
    })
}

/// Takes the pixels without any opacity out of a mask.
fn see_through<T: Sample>(opacity: &[T], mask: &mut Option<Vec<u8>>) {
    let is_clear = |value: T| value.to_f64().is_nan() || value.to_f64() <= 0.0;
    let Some(first) = opacity.iter().position(|&value| is_clear(value)) else { return };
    let mask = mask.get_or_insert_with(|| vec![u8::MAX; opacity.len()]);
    for (value, mask) in opacity[first..].iter().zip(&mut mask[first..]) {
        if is_clear(*value) {
            *mask = 0;
        }
    }
}

/// What samples of a block count for, and where they lie.
struct Weighed<'a> {
    valid: Option<&'a [u8]>,
    shares: Option<&'a [f32]>,
    origin: (u32, u32),
    size: (u32, u32),
}

fn resampled<T: Sample>(
    values: &[T],
    Weighed { valid, shares, origin, size }: Weighed<'_>,
    placed: &Placed,
    kernel: Kernel,
    nodata: Option<f64>,
) -> (Samples, Option<Vec<u8>>) {
    let source = Source { values, valid, shares, origin, size };
    let Made { values, valid } = source.resample(placed, kernel, T::of(nodata.unwrap_or(0.0)));
    (T::wrap(values), valid)
}

/// Columns and rows of a level.
type Window = (Range<u32>, Range<u32>);

/// A part of an answer.
struct Tile {
    columns: Range<u32>,
    rows: Range<u32>,
    bands: Vec<Samples>,
    mask: Option<Vec<u8>>,
}

impl Tile {
    fn empty(columns: Range<u32>, rows: Range<u32>) -> Self {
        Self { columns, rows, bands: Vec::new(), mask: None }
    }

    /// Puts a smaller part in its place. What is not there yet is made of nothing.
    fn put<'a>(&mut self, part: &Tile, bands: impl Iterator<Item = &'a Band>) {
        let (width, height) = (len(&self.columns) as usize, len(&self.rows) as usize);
        if self.bands.is_empty() {
            self.bands = bands.map(|band| nothing(band, width * height)).collect();
            self.mask = Some(vec![0; width * height]);
        }
        let (left, top) =
            ((part.columns.start - self.columns.start) as usize, (part.rows.start - self.rows.start) as usize);
        let (columns, rows) = (len(&part.columns) as usize, len(&part.rows) as usize);
        for (to, from) in self.bands.iter_mut().zip(&part.bands) {
            to.put(from, (left, top), width, columns);
        }
        if let Some(mask) = &mut self.mask {
            for row in 0..rows {
                let start = (top + row) * width + left;
                let line = &mut mask[start..start + columns];
                match &part.mask {
                    Some(part) => line.copy_from_slice(&part[row * columns..(row + 1) * columns]),
                    None => line.fill(u8::MAX),
                }
            }
        }
    }
}
