//! Where the pixels of an answer lie in the raster.

// Pixels are counted in numbers far below 2^32; coordinates are clamped before they become one.
#![allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss)]

use std::ops::Range;

use crate::base::bbox::Rect;
use crate::base::crs::Crs;
use crate::data::transform;
use crate::error::{Error, Result};

use super::{Affine, CoverageQuery, Grid};

/// Pixels of the answer between two places that are moved exactly; those between are between.
const STEP: u32 = 16;

/// How far a place between may be off, in pixels of the raster, before all are moved exactly.
const TOLERANCE: f64 = 0.125;

/// From pixels of the answer to pixels of a level of the raster.
#[derive(Clone, Debug)]
pub(in crate::data) struct Placing {
    area: Rect,
    size: (u32, u32),
    /// The system of the answer and that of the raster, where they are two.
    systems: Option<(Crs, Crs)>,
    /// From coordinates of the raster's system to pixels of the level.
    to_pixels: Affine,
    level: (u32, u32),
    /// A turn around the Earth in the raster's coordinates, where those are degrees.
    turn: Option<f64>,
    upright: bool,
}

/// Pixels of the raster for the pixels of a part of the answer; NaN where the raster has none.
#[derive(Debug)]
pub(in crate::data) enum Placed {
    /// For each column its x, for each row its y.
    Upright {
        /// For each column.
        xs: Vec<f64>,
        /// For each row.
        ys: Vec<f64>,
    },
    /// For each pixel, row by row.
    Bent {
        /// Columns of the raster.
        xs: Vec<f64>,
        /// Rows of the raster.
        ys: Vec<f64>,
    },
}

/// How many pixels of the raster a pixel of the answer is wide and high, about.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(in crate::data) struct Scale {
    pub(in crate::data) x: f64,
    pub(in crate::data) y: f64,
}

impl Placing {
    /// The place of an answer in a level of the raster.
    pub(in crate::data) fn new(query: &CoverageQuery, grid: &Grid, level: (u32, u32)) -> Result<Self> {
        let inverse = grid.affine.inverse().ok_or_else(|| Error::internal("the pixels of a raster have no area"))?;
        let (kx, ky) =
            (f64::from(level.0) / f64::from(grid.width.max(1)), f64::from(level.1) / f64::from(grid.height.max(1)));
        let [a, b, c, d, e, f] = inverse.0;
        let is_same = query.crs == grid.crs || (query.crs.is_lon_lat_wgs84() && grid.crs.is_lon_lat_wgs84());
        let turn = grid.in_degrees.then_some(360.0);
        Ok(Self {
            area: query.area,
            size: (query.width, query.height),
            systems: (!is_same).then(|| (query.crs.clone(), grid.crs.clone())),
            to_pixels: Affine([a * kx, b * kx, c * kx, d * ky, e * ky, f * ky]),
            level,
            turn,
            upright: is_same && grid.affine.0[2] == 0.0 && grid.affine.0[4] == 0.0,
        })
    }

    /// The coordinates of a place in the answer, in its own system; `0.5, 0.5` is the centre of the first pixel.
    fn coordinates(&self, column: f64, row: f64) -> (f64, f64) {
        let (width, height) = (f64::from(self.size.0), f64::from(self.size.1));
        let x = self.area.min_x + (self.area.max_x - self.area.min_x) * (column / width);
        let y = self.area.max_y - (self.area.max_y - self.area.min_y) * (row / height);
        (x, y)
    }

    /// Coordinates of the raster's system to pixels: by a turn further, where the raster is there.
    fn pixel(&self, x: f64, y: f64) -> (f64, f64) {
        let at = self.to_pixels.apply(x, y);
        let Some(turn) = self.turn else { return at };
        if self.is_within(at) {
            return at;
        }
        [turn, -turn, 2.0 * turn, -2.0 * turn]
            .map(|turn| self.to_pixels.apply(x + turn, y))
            .into_iter()
            .find(|&at| self.is_within(at))
            .unwrap_or(at)
    }

    fn is_within(&self, (x, y): (f64, f64)) -> bool {
        // Whoever asks for the raster's very edges must not lose them to the noise of arithmetic.
        const NOISE: f64 = 1e-6;
        x >= -NOISE && y >= -NOISE && x <= f64::from(self.level.0) + NOISE && y <= f64::from(self.level.1) + NOISE
    }

    /// Moves places of the answer to pixels of the level, in place.
    fn moved(&self, columns: &mut [f64], rows: &mut [f64]) -> Result<()> {
        for (column, row) in columns.iter_mut().zip(&mut *rows) {
            (*column, *row) = self.coordinates(*column, *row);
        }
        if let Some((from, to)) = &self.systems {
            transform::points(columns, rows, from, to)?;
        }
        for (x, y) in columns.iter_mut().zip(rows) {
            (*x, *y) = if x.is_finite() && y.is_finite() { self.pixel(*x, *y) } else { (f64::NAN, f64::NAN) };
        }
        Ok(())
    }

    /// The scale about the middle of what the raster has of the answer; none where it has nothing.
    pub(in crate::data) fn scale(&self) -> Result<Option<Scale>> {
        const SIDE: u32 = 9;
        let (mut columns, mut rows) = (Vec::new(), Vec::new());
        let at = |size: u32, step: u32| f64::from(size) * (f64::from(step) + 0.5) / f64::from(SIDE);
        for row in 0..SIDE {
            for column in 0..SIDE {
                let (column, row) = (at(self.size.0, column), at(self.size.1, row));
                columns.extend([column - 0.25, column + 0.25, column]);
                rows.extend([row, row, row + 0.5]);
            }
        }
        self.moved(&mut columns, &mut rows)?;
        let (mut xs, mut ys) = (Vec::new(), Vec::new());
        for (x, y) in columns.chunks_exact(3).zip(rows.chunks_exact(3)) {
            let is_seen = x.iter().zip(y).all(|(&x, &y)| x.is_finite() && y.is_finite());
            if is_seen && self.is_within((x[0], y[0])) {
                // Two steps: half a pixel right, and from the middle half a pixel down.
                let right = (x[1] - x[0], y[1] - y[0]);
                let down = (x[2] - f64::midpoint(x[0], x[1]), y[2] - f64::midpoint(y[0], y[1]));
                xs.push(2.0 * right.0.hypot(down.0));
                ys.push(2.0 * right.1.hypot(down.1));
            }
        }
        let middle = |values: &mut Vec<f64>| {
            values.sort_by(f64::total_cmp);
            values.get(values.len() / 2).copied()
        };
        Ok(middle(&mut xs).zip(middle(&mut ys)).map(|(x, y)| Scale { x, y }))
    }

    /// The pixels of the level for a part of the answer.
    pub(in crate::data) fn place(&self, columns: &Range<u32>, rows: &Range<u32>) -> Result<Placed> {
        if self.upright {
            let (_, y) = self.coordinates(0.0, 0.5);
            let xs = columns.clone().map(|column| self.pixel(self.coordinates(f64::from(column) + 0.5, 0.0).0, y).0);
            let ys = rows
                .clone()
                .map(|row| self.to_pixels.apply(self.area.min_x, self.coordinates(0.0, f64::from(row) + 0.5).1).1);
            let (xs, ys) = (within(xs, self.level.0), within(ys, self.level.1));
            return Ok(Placed::Upright { xs, ys });
        }
        let (mut xs, mut ys) = self.lattice(columns, rows)?;
        for (x, y) in xs.iter_mut().zip(&mut ys) {
            if !self.is_within((*x, *y)) {
                (*x, *y) = (f64::NAN, f64::NAN);
            }
        }
        Ok(Placed::Bent { xs, ys })
    }

    /// Moves every sixteenth place and finds those between, but where that is too far off.
    fn lattice(&self, columns: &Range<u32>, rows: &Range<u32>) -> Result<(Vec<f64>, Vec<f64>)> {
        let (width, height) = (columns.end - columns.start, rows.end - rows.start);
        // An even number of steps, so that each cell of two has its middle.
        let (across, down) = ((width.div_ceil(2 * STEP) * 2) as usize, (height.div_ceil(2 * STEP) * 2) as usize);
        let (mut node_xs, mut node_ys) = (Vec::new(), Vec::new());
        for down in 0..=down as u32 {
            for across in 0..=across as u32 {
                node_xs.push(f64::from(columns.start + across * STEP) + 0.5);
                node_ys.push(f64::from(rows.start + down * STEP) + 0.5);
            }
        }
        self.moved(&mut node_xs, &mut node_ys)?;
        let node = |across_at: usize, down_at: usize| {
            let at = down_at * (across + 1) + across_at;
            (node_xs[at], node_ys[at])
        };
        let (mut xs, mut ys) = (vec![f64::NAN; (width * height) as usize], vec![f64::NAN; (width * height) as usize]);
        let (mut exact_columns, mut exact_rows, mut exact) = (Vec::new(), Vec::new(), Vec::new());
        for cell_row in (0..down).step_by(2) {
            for cell_column in (0..across).step_by(2) {
                let is_even = is_even(|x, y| node(cell_column + x, cell_row + y));
                let (left, top) = (cell_column as u32 * STEP, cell_row as u32 * STEP);
                for row in top..(top + 2 * STEP).min(height) {
                    for column in left..(left + 2 * STEP).min(width) {
                        let at = (row * width + column) as usize;
                        if !is_even {
                            exact.push(at);
                            exact_columns.push(f64::from(columns.start + column) + 0.5);
                            exact_rows.push(f64::from(rows.start + row) + 0.5);
                            continue;
                        }
                        let (across_at, down_at) = ((column / STEP) as usize, (row / STEP) as usize);
                        let u = f64::from(column % STEP) / f64::from(STEP);
                        let v = f64::from(row % STEP) / f64::from(STEP);
                        let corners = [
                            (node(across_at, down_at), (1.0 - u) * (1.0 - v)),
                            (node(across_at + 1, down_at), u * (1.0 - v)),
                            (node(across_at, down_at + 1), (1.0 - u) * v),
                            (node(across_at + 1, down_at + 1), u * v),
                        ];
                        xs[at] = corners.iter().map(|((x, _), weight)| x * weight).sum();
                        ys[at] = corners.iter().map(|((_, y), weight)| y * weight).sum();
                    }
                }
            }
        }
        self.moved(&mut exact_columns, &mut exact_rows)?;
        for (at, (x, y)) in exact.into_iter().zip(exact_columns.into_iter().zip(exact_rows)) {
            (xs[at], ys[at]) = (x, y);
        }
        Ok((xs, ys))
    }
}

/// Whether the places between the corners of a cell are where its corners say: tested at its middle and at the middle of
/// each edge.
fn is_even(node: impl Fn(usize, usize) -> (f64, f64)) -> bool {
    let between = |a: (f64, f64), b: (f64, f64)| (f64::midpoint(a.0, b.0), f64::midpoint(a.1, b.1));
    let corners = [node(0, 0), node(2, 0), node(0, 2), node(2, 2)];
    let is_near = |said: (f64, f64), found: (f64, f64)| {
        // Not a number is near nothing.
        (said.0 - found.0).abs() <= TOLERANCE && (said.1 - found.1).abs() <= TOLERANCE
    };
    is_near(between(corners[0], corners[1]), node(1, 0))
        && is_near(between(corners[2], corners[3]), node(1, 2))
        && is_near(between(corners[0], corners[2]), node(0, 1))
        && is_near(between(corners[1], corners[3]), node(2, 1))
        && is_near(between(between(corners[0], corners[1]), between(corners[2], corners[3])), node(1, 1))
}

/// NaN for what lies beyond the pixels 0 to `count`.
fn within(places: impl Iterator<Item = f64>, count: u32) -> Vec<f64> {
    places.map(|at| if at >= -1e-6 && at <= f64::from(count) + 1e-6 { at } else { f64::NAN }).collect()
}
