//! A look at everything that is published, as `check` takes it: every row of each file, and a coarse picture of each raster.

use std::time::Duration;

use crate::base::bbox::Rect;
use crate::data::coverage::{CoverageQuery, Grid, Resampling};
use crate::data::query::Query;
use crate::error::{Error, Result};
use crate::model::geometry::envelope;
use crate::project::catalog::Layer;

use super::Snapshot;

/// Pixels of a side of the picture of a raster.
const SIDE: u32 = 64;
/// How long the next rows of a layer are waited for: a view need not have any, and look for them for ever.
const PATIENCE: Duration = Duration::from_secs(60);

impl Snapshot {
    /// Reads each layer once and tells the first fault of each. Of what is no file, such as a database, it reads one row.
    pub async fn look_through(&self) -> Vec<String> {
        let mut faults = Vec::new();
        for project in self.projects() {
            for layer in project.layers() {
                if let Err(error) = read(layer).await {
                    let of = project.name.as_ref().map(|name| format!("project '{name}': ")).unwrap_or_default();
                    let cause = error.cause().map(|cause| format!(" ({cause})")).unwrap_or_default();
                    faults.push(format!("{of}layer '{}': {error}{cause}", layer.id));
                }
            }
        }
        faults
    }
}

async fn read(layer: &Layer) -> Result<()> {
    if let Some(view) = layer.view() {
        let crs = view.schema().geometry.as_ref().map(|geometry| geometry.crs.clone()).unwrap_or_default();
        let limit = if view.modified().is_some() { None } else { Some(1) };
        let mut features = view.features(&Query { limit, crs, ..Query::default() })?;
        let has_geometry = features.layout().geometry;
        let silent = |_| Error::internal(format!("no row came for {} seconds", PATIENCE.as_secs()));
        while let Some(batch) = tokio::time::timeout(PATIENCE, features.next()).await.map_err(silent)? {
            let batch = batch?;
            for row in batch.rows().filter(|_| has_geometry) {
                row.geometry().map(envelope).transpose().map_err(Error::internal)?;
            }
        }
    } else if let Some(view) = layer.coverage_view(None, Vec::new())? {
        let grid = view.grid();
        let (width, height) = (SIDE.min(grid.width), SIDE.min(grid.height));
        let crs = grid.crs.clone();
        let resampling = Resampling::Nearest;
        let query = CoverageQuery { area: extent(grid), crs, width, height, bands: None, resampling, opacity: None };
        let mut rows = view.read(&query)?;
        while let Some(row) = rows.next().await {
            row?;
        }
    }
    Ok(())
}

fn extent(grid: &Grid) -> Rect {
    let (width, height) = (f64::from(grid.width), f64::from(grid.height));
    let mut extent = Rect::EMPTY;
    for (x, y) in [(0.0, 0.0), (width, 0.0), (0.0, height), (width, height)] {
        let (x, y) = grid.affine.apply(x, y);
        extent.include(x, y);
    }
    extent
}
