//! Samples out of an open dataset.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use gdal::Dataset;
use gdal::raster::{GdalType, RasterBand};

use super::{dataset, facts, vector};
use crate::data::coverage::{Block, Cut, Grid, Reader, SampleKind, Samples};
use crate::error::{Error, Result};
use crate::sources::pool::{unopened, unread, unreadable};

/// A dataset on the thread that reads it.
pub(super) struct Open {
    dataset: Dataset,
    grid: Arc<Grid>,
    /// Where it is, and whether its reference system was named, where that is another machine.
    elsewhere: Option<(PathBuf, bool)>,
    /// It could not be read, and is opened anew.
    is_stale: bool,
}

impl Open {
    pub(super) fn new(dataset: Dataset, grid: Arc<Grid>) -> Self {
        Self { dataset, grid, elsewhere: None, is_stale: false }
    }

    /// The same of a file that is perhaps on another machine.
    pub(super) fn at(self, path: &Path, is_named: bool) -> Self {
        let elsewhere = vector::local(path).is_none().then(|| (path.to_owned(), is_named));
        Self { elsewhere, ..self }
    }

    /// Reads the last pixel of each band: a file that is cut off does not have it.
    pub(super) fn probe(&mut self) -> gdal::errors::Result<()> {
        let (width, height) = self.dataset.raster_size();
        for band in self.dataset.rasterbands() {
            let mut pixel = [0.0_f64];
            band?.read_into_slice(offset(width - 1, height - 1), (1, 1), (1, 1), &mut pixel, None)?;
        }
        Ok(())
    }

    /// A band of a level: 0 is the raster itself.
    fn band(&self, band: usize, level: usize) -> gdal::errors::Result<RasterBand<'_>> {
        let band = self.dataset.rasterband(band + 1)?;
        match level.checked_sub(1) {
            None => Ok(band),
            Some(overview) => band.overview(overview),
        }
    }

    fn samples(&self, cut: &Cut, band: usize) -> gdal::errors::Result<Samples> {
        let from = self.band(band, cut.level())?;
        Ok(match self.grid.bands[band].kind {
            SampleKind::U8 => Samples::U8(values(&from, cut)?),
            SampleKind::I16 => Samples::I16(values(&from, cut)?),
            SampleKind::U16 => Samples::U16(values(&from, cut)?),
            SampleKind::I32 => Samples::I32(values(&from, cut)?),
            SampleKind::U32 => Samples::U32(values(&from, cut)?),
            SampleKind::F32 => Samples::F32(values(&from, cut)?),
            SampleKind::F64 => Samples::F64(values(&from, cut)?),
        })
    }
}

impl Open {
    fn fill(&self, cut: &Cut, block: &mut Block) -> gdal::errors::Result<()> {
        let samples = cut.bands().iter().map(|&band| self.samples(cut, band));
        block.bands = samples.collect::<Result<_, _>>()?;
        block.mask.clear();
        if self.grid.has_mask {
            let band = self.band(0, cut.level())?;
            block.mask = values(&band.open_mask_band()?, cut)?;
        }
        Ok(())
    }
}

impl Reader for Open {
    fn read(&mut self, cut: &Cut, block: &mut Block) -> Result<()> {
        if cut.bands().iter().any(|&band| band >= self.grid.bands.len()) {
            return Err(Error::internal("a band was asked for that the raster does not have"));
        }
        if let Some((path, is_named)) = self.elsewhere.as_ref().filter(|_| self.is_stale) {
            let dataset = dataset(path).map_err(unopened)?;
            facts::is_as_before(&dataset, &self.grid, *is_named)?;
            (self.dataset, self.is_stale) = (dataset, false);
        }
        let outcome = self.fill(cut, block);
        outcome.map_err(|cause| match &self.elsewhere {
            Some((path, _)) => {
                // GDAL keeps the short piece that a connection has left which broke off.
                vector::ogr::forget_fetched_of(path);
                self.is_stale = true;
                unread(&cause.to_string())
            }
            None => unreadable(cause),
        })
    }
}

fn values<T: GdalType + Copy + Default>(band: &RasterBand<'_>, cut: &Cut) -> gdal::errors::Result<Vec<T>> {
    let ((x, y), (width, height)) = (cut.origin(), cut.size());
    let size = (width as usize, height as usize);
    let mut values = vec![T::default(); size.0 * size.1];
    band.read_into_slice(offset(x as usize, y as usize), size, size, &mut values, None)?;
    Ok(values)
}

#[allow(clippy::cast_possible_wrap)] // GDAL counts pixels by 31 bits
fn offset(x: usize, y: usize) -> (isize, isize) {
    (x as isize, y as isize)
}
