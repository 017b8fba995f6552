//! What policies leave of a raster. A condition on the geometry is one on the pixels: a pixel is there where the whole of
//! its cell meets it, and an overview's pixel where the whole of its larger cell does, so no sample that leaves was made
//! from one that is hidden. A condition that reads anything else cannot be met by a raster.

// Tiles and pixels are counted in numbers far below 2^32.
#![allow(clippy::cast_possible_truncation)]

use std::collections::HashMap;
use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};

use crate::base::bbox::Rect;
use crate::base::crs::Crs;
use crate::data::transform;
use crate::error::Result;
use crate::expr::evaluate::Predicate;
use crate::expr::{Expr, Relation};
use crate::model::batch::{Batch, Cell, Layout};
use crate::model::schema::Schema;

use super::{Cut, Grid};

/// Pixels of a side of a tile.
const TILE: u32 = 256;

/// Most tiles that are kept for a raster: 8 KiB each.
const KEPT: usize = 2048;

/// Points on each side of a cell that another system bends.
const SIDE: u32 = 8;

/// Which pixels of a tile are left, found once for each condition and level.
#[derive(Default)]
pub(in crate::data) struct Tiles(Mutex<HashMap<(String, usize, u32, u32), Left>>);

/// What is left of a tile.
#[derive(Clone)]
enum Left {
    All,
    Nothing,
    /// A bit for each pixel.
    Some(Arc<[u8]>),
}

/// The conditions of a request's policies.
pub(in crate::data) struct Limit {
    key: String,
    all_pass: Test,
    none_passes: Test,
    tiles: Arc<Tiles>,
}

/// A test of a cell.
enum Test {
    And(Vec<Test>),
    Or(Vec<Test>),
    Geometry(Predicate),
    Inside(Vec<Rect>),
    Outside(Vec<Rect>),
}

impl Limit {
    /// The error is what no raster can meet.
    pub(in crate::data) fn new(conditions: Vec<Expr>, schema: &Schema, tiles: Arc<Tiles>) -> Result<Self, String> {
        let conditions = Expr::And(conditions);
        Ok(Self {
            key: format!("{conditions:?}"),
            all_pass: Test::new(&conditions, true, schema)?,
            none_passes: Test::new(&conditions, false, schema)?,
            tiles,
        })
    }

    /// Takes what may not be seen out of the mask of a cut.
    pub(in crate::data) fn hide(&self, grid: &Grid, level: (u32, u32), cut: &Cut, mask: &mut Vec<u8>) -> Result<()> {
        let ((left, top), (width, height)) = (cut.origin(), cut.size());
        for tile_row in top / TILE..=(top + height - 1) / TILE {
            for tile_column in left / TILE..=(left + width - 1) / TILE {
                let tile = self.tile(grid, level, cut.level(), (tile_column, tile_row))?;
                if matches!(tile, Left::All) {
                    continue;
                }
                if mask.is_empty() {
                    mask.resize(width as usize * height as usize, u8::MAX);
                }
                let columns = (tile_column * TILE).max(left)..((tile_column + 1) * TILE).min(left + width);
                for row in (tile_row * TILE).max(top)..((tile_row + 1) * TILE).min(top + height) {
                    let start = (row - top) as usize * width as usize;
                    for column in columns.clone() {
                        if !tile.has(column % TILE, row % TILE) {
                            mask[start + (column - left) as usize] = 0;
                        }
                    }
                }
            }
        }
        Ok(())
    }

    fn tile(&self, grid: &Grid, level: (u32, u32), at: usize, (column, row): (u32, u32)) -> Result<Left> {
        let key = (self.key.clone(), at, column, row);
        let kept = self.tiles.0.lock().unwrap_or_else(PoisonError::into_inner).get(&key).cloned();
        if let Some(kept) = kept {
            return Ok(kept);
        }
        let (left, top) = (column * TILE, row * TILE);
        let (columns, rows) = (left..(left + TILE).min(level.0), top..(top + TILE).min(level.1));
        let mut bits = vec![0_u8; (TILE * TILE / 8) as usize];
        let mut cells = Cells { limit: self, grid, level, batch: Batch::new(2) };
        let found = cells.look(&columns, &rows, &mut bits)?;
        let found = found.unwrap_or_else(|| Left::Some(bits.into()));
        let mut tiles = self.tiles.0.lock().unwrap_or_else(PoisonError::into_inner);
        if tiles.len() >= KEPT {
            tiles.clear();
        }
        tiles.insert(key, found.clone());
        Ok(found)
    }
}

impl Left {
    fn has(&self, column: u32, row: u32) -> bool {
        match self {
            Self::All => true,
            Self::Nothing => false,
            Self::Some(bits) => {
                let at = (row * TILE + column) as usize;
                bits[at / 8] & (1 << (at % 8)) != 0
            }
        }
    }
}

impl Test {
    /// A test that holds only where the condition holds (`pass`), or fails, at every point of a cell.
    fn new(expr: &Expr, pass: bool, schema: &Schema) -> Result<Test, String> {
        let each = |parts: &[Expr]| parts.iter().map(|part| Self::new(part, pass, schema)).collect::<Result<_, _>>();
        Ok(match expr {
            Expr::And(parts) if pass => Self::And(each(parts)?),
            // One of them fails at every point: enough, and not too much.
            Expr::And(parts) => Self::Or(each(parts)?),
            Expr::Or(parts) if pass => Self::Or(each(parts)?),
            Expr::Or(parts) => Self::And(each(parts)?),
            Expr::Not(part) => Self::new(part, !pass, schema)?,
            // What has no time passes (Part 1, 7.15.4).
            Expr::During(_) if pass => Self::And(Vec::new()),
            Expr::During(_) => Self::Or(Vec::new()),
            Expr::Bbox { rects, z: None, crs } if pass && crs.is_lon_lat_wgs84() => Self::Inside(rects.clone()),
            Expr::Bbox { rects, z: None, crs } if crs.is_lon_lat_wgs84() => Self::Outside(rects.clone()),
            Expr::Spatial { relation, .. } => {
                let whole = match (relation, pass) {
                    (Relation::Intersects | Relation::Within, true) | (Relation::Disjoint, false) => Relation::Within,
                    (Relation::Intersects | Relation::Within, false) | (Relation::Disjoint, true) => Relation::Disjoint,
                    _ => return Err(format!("a raster has no {relation:?}")),
                };
                let mut whole_cell = expr.clone();
                if let Expr::Spatial { relation, .. } = &mut whole_cell {
                    *relation = whole;
                }
                let layout = Layout { geometry: true, fields: Vec::new() };
                Self::Geometry(Predicate::new(&whole_cell, schema, &layout)?)
            }
            other => return Err(format!("a raster cannot be tested for {other:?}")),
        })
    }

    fn holds(&self, batch: &Batch, around: &Rect) -> bool {
        match self {
            Self::And(parts) => parts.iter().all(|part| part.holds(batch, around)),
            Self::Or(parts) => parts.iter().any(|part| part.holds(batch, around)),
            Self::Geometry(predicate) => predicate.test(batch.row(0)),
            Self::Inside(rects) => rects.iter().any(|rect| rect.contains(around)),
            Self::Outside(rects) => !rects.iter().any(|rect| rect.intersects(around)),
        }
    }
}

/// Cells of a level, put to the test.
struct Cells<'a> {
    limit: &'a Limit,
    grid: &'a Grid,
    level: (u32, u32),
    batch: Batch,
}

impl Cells<'_> {
    /// What is left of some pixels: all or nothing at once where that is so, else four parts are looked at; their bits are
    /// set then.
    fn look(&mut self, columns: &Range<u32>, rows: &Range<u32>, bits: &mut [u8]) -> Result<Option<Left>> {
        if let Some(around) = self.outline(columns, rows)? {
            if self.limit.all_pass.holds(&self.batch, &around) {
                for row in rows.clone() {
                    for column in columns.clone() {
                        let at = (row % TILE * TILE + column % TILE) as usize;
                        bits[at / 8] |= 1 << (at % 8);
                    }
                }
                return Ok(Some(Left::All));
            }
            if self.limit.none_passes.holds(&self.batch, &around) {
                return Ok(Some(Left::Nothing));
            }
        }
        if columns.end - columns.start == 1 && rows.end - rows.start == 1 {
            // A part of the cell may be seen and a part not: it is not shown.
            return Ok(Some(Left::Nothing));
        }
        for rows in halves(rows) {
            for columns in halves(columns) {
                if !columns.is_empty() && !rows.is_empty() {
                    self.look(&columns, &rows, bits)?;
                }
            }
        }
        Ok(None)
    }

    /// Makes the outline of some pixels, in longitude and latitude, the one row of the batch; its envelope, or none where a
    /// point of it has no place there.
    fn outline(&mut self, columns: &Range<u32>, rows: &Range<u32>) -> Result<Option<Rect>> {
        let is_bent = !self.grid.crs.is_lon_lat_wgs84();
        let steps = if is_bent { SIDE } else { 1 };
        let (left, right) = (f64::from(columns.start), f64::from(columns.end));
        let (top, bottom) = (f64::from(rows.start), f64::from(rows.end));
        let corners = [(left, top), (left, bottom), (right, bottom), (right, top), (left, top)];
        let (mut xs, mut ys) = (Vec::new(), Vec::new());
        let kx = f64::from(self.grid.width) / f64::from(self.level.0);
        let ky = f64::from(self.grid.height) / f64::from(self.level.1);
        for side in corners.windows(2) {
            for step in 0..steps {
                let part = f64::from(step) / f64::from(steps);
                let column = side[0].0 + (side[1].0 - side[0].0) * part;
                let row = side[0].1 + (side[1].1 - side[0].1) * part;
                let (x, y) = self.grid.affine.apply(column * kx, row * ky);
                xs.push(x);
                ys.push(y);
            }
        }
        if is_bent && !transform::line(&mut xs, &mut ys, &self.grid.crs, &Crs::Crs84)? {
            return Ok(None);
        }
        let mut around = Rect::EMPTY;
        let mut wkb = Vec::with_capacity(13 + 16 * (xs.len() + 1));
        wkb.push(1);
        wkb.extend(3_u32.to_le_bytes());
        wkb.extend(1_u32.to_le_bytes());
        wkb.extend((xs.len() as u32 + 1).to_le_bytes());
        for (&x, &y) in xs.iter().zip(&ys).chain(xs.first().zip(ys.first())) {
            around.include(x, y);
            wkb.extend(x.to_le_bytes());
            wkb.extend(y.to_le_bytes());
        }
        if around.max_x - around.min_x > 180.0 && is_bent {
            // It may lie around a pole, where its outline means nothing: smaller ones do not.
            return Ok(None);
        }
        self.batch.reset(2);
        self.batch.push(Cell::Int(0));
        self.batch.push_blob(&wkb);
        Ok(Some(around))
    }
}

fn halves(range: &Range<u32>) -> [Range<u32>; 2] {
    let middle = range.start.midpoint(range.end);
    [range.start..middle, middle..range.end]
}
