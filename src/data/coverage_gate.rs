//! The one door to samples. Coverages are locked ([`LockedCoverage`]); only a [`CoverageView`] opens them, which knows the
//! bands that are visible and the part of the raster that policies leave.

use std::sync::{Arc, OnceLock};

use crate::base::bbox::Rect;
use crate::error::{Error, Kind, Result};
use crate::expr::Expr;
use crate::model::schema::{Field, FieldKind, GeometryField, GeometryKind, KeyKind, Schema};

use super::coarse;
use super::coverage::limit::{Limit, Tiles};
use super::coverage::warp::Warp;
use super::coverage::{Coverage, CoverageQuery, Grid, Parts, Reader, SampleKind, Strip, Strips, channel};
use super::extent;

/// The name by which a policy's condition reads the place of a pixel.
pub const GEOMETRY: &str = "geom";

/// A coverage that nobody reads but through a [`CoverageView`].
#[derive(Clone)]
pub struct LockedCoverage(Arc<Room>);

struct Room {
    source: Arc<dyn Coverage>,
    schema: Arc<Schema>,
    /// What conditions leave of it.
    tiles: Arc<Tiles>,
    extent: OnceLock<Option<Rect>>,
}

/// What one request may see of a coverage.
#[derive(Clone)]
pub struct CoverageView {
    room: Arc<Room>,
    /// The facts, of the visible bands alone.
    grid: Arc<Grid>,
    /// The raster's band for each visible one.
    bands: Vec<usize>,
    limit: Option<Arc<Limit>>,
}

impl LockedCoverage {
    /// Locks a coverage.
    pub fn new(source: Arc<dyn Coverage>) -> Self {
        let schema = Arc::new(schema_of(source.grid()));
        Self(Arc::new(Room { source, schema, tiles: Arc::default(), extent: OnceLock::new() }))
    }

    /// The bands as properties, and the place of a pixel as geometry: what a policy may speak of.
    pub(crate) fn schema(&self) -> &Arc<Schema> {
        &self.0.schema
    }

    /// The state of the source.
    pub(crate) fn state(&self) -> u64 {
        self.0.source.state()
    }

    /// The facts, with what is hidden.
    pub(crate) fn grid(&self) -> &Arc<Grid> {
        self.0.source.grid()
    }

    /// Opens a view of which only some bands exist, and only the part that meets every condition. One that a raster cannot
    /// meet closes it.
    pub(crate) fn open(&self, bands: Option<&[String]>, conditions: Vec<Expr>) -> Result<CoverageView> {
        let full = self.0.source.grid();
        let is_shown = |band: usize| bands.is_none_or(|names| names.contains(&full.bands[band].name));
        let shown: Vec<usize> = (0..full.bands.len()).filter(|&band| is_shown(band)).collect();
        let limit = if conditions.is_empty() {
            None
        } else {
            let limit = Limit::new(conditions, &self.0.schema, self.0.tiles.clone()).map_err(|fault| {
                Error::internal(format!("a policy has a condition that cannot be applied to a coverage: {fault}"))
            })?;
            Some(Arc::new(limit))
        };
        let grid = if shown.len() == full.bands.len() && limit.is_none() {
            full.clone()
        } else {
            let mut bands: Vec<_> = shown.iter().map(|&band| full.bands[band].clone()).collect();
            if limit.is_some() {
                // Figures of all samples tell of those that are hidden.
                for band in &mut bands {
                    band.statistics = None;
                }
            }
            Arc::new(Grid { bands, ..(**full).clone() })
        };
        Ok(CoverageView { room: self.0.clone(), grid, bands: shown, limit })
    }
}

impl CoverageView {
    /// The facts of the raster, with the bands that are visible.
    pub fn grid(&self) -> &Arc<Grid> {
        &self.grid
    }

    /// A number that changes whenever the samples may have changed.
    pub fn state(&self) -> u64 {
        self.room.source.state()
    }

    /// Whether policies leave only a part of the raster: the rest has no values, also where no nodata value is set.
    pub fn is_limited(&self) -> bool {
        self.limit.is_some()
    }

    /// The rectangle around the raster in longitude and latitude, where it has a place there.
    pub fn extent(&self) -> Option<Rect> {
        *self.room.extent.get_or_init(|| {
            let grid = self.room.source.grid();
            let rect = grid.extent();
            if !grid.crs.is_lon_lat_wgs84() {
                return coarse::extent(&rect, &grid.crs);
            }
            Some(extent::in_world(rect))
        })
    }

    /// Starts to read.
    pub fn read(&self, query: &CoverageQuery) -> Result<Strips> {
        self.read_as(query, Ok)
    }

    /// Starts to read, and makes something of each strip, and of the end (`None`), on the thread that reads: where work
    /// is to be done on samples, it blocks nobody there.
    pub fn read_as<T: Send + 'static>(
        &self,
        query: &CoverageQuery,
        mut make: impl FnMut(Option<Strip>) -> Result<Option<T>> + Send + 'static,
    ) -> Result<Parts<T>> {
        let Rect { min_x, min_y, max_x, max_y } = query.area;
        if ![min_x, min_y, max_x, max_y].iter().all(|edge| edge.is_finite()) || min_x >= max_x || min_y >= max_y {
            return Err(Error::new(Kind::OutOfRange, "the box has no area"));
        }
        if query.width == 0 || query.height == 0 {
            return Err(Error::new(Kind::OutOfRange, "width and height must be at least 1"));
        }
        let bands: Option<Vec<usize>> = match &query.bands {
            None => Some(self.bands.clone()),
            Some(wanted) => wanted.iter().map(|&band| self.bands.get(band).copied()).collect(),
        };
        let bands = bands.filter(|bands| !bands.is_empty());
        let bands = bands.ok_or_else(|| Error::new(Kind::InvalidParameter, "there is no such band"))?;
        let grid = self.room.source.grid().clone();
        let (query, limit) = (query.clone(), self.limit.clone());
        let (sender, parts) = channel();
        let job = move |reader: Result<&mut dyn Reader>| {
            if sender.is_stopped() {
                return sender.finish(Ok(()));
            }
            let mut give = |strip: Option<Strip>| Ok(make(strip)?.is_none_or(|part| sender.send(part)));
            let run = |reader: &mut dyn Reader| {
                let warp = Warp::new(grid, bands, query, limit)?;
                warp.run(reader, &|| sender.is_stopped(), &mut |strip| give(Some(strip)))?;
                give(None).map(drop)
            };
            let result = reader.and_then(run);
            sender.finish(result);
        };
        self.room.source.submit(Box::new(job))?;
        Ok(parts)
    }
}

fn schema_of(grid: &Grid) -> Schema {
    let field = |band: &super::coverage::Band| {
        let is_whole = !matches!(band.kind, SampleKind::F32 | SampleKind::F64);
        let mut field = Field::new(&band.name, if is_whole { FieldKind::Integer } else { FieldKind::Number });
        field.description.clone_from(&band.description);
        field
    };
    Schema {
        fields: grid.bands.iter().map(field).collect(),
        key: ("pixel".to_owned(), KeyKind::Integer),
        geometry: Some(GeometryField {
            name: GEOMETRY.to_owned(),
            kind: GeometryKind::Polygon,
            crs: grid.crs.clone(),
            epoch: None,
            has_z: false,
        }),
        time: None,
    }
}
