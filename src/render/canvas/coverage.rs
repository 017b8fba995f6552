//! How much of each pixel a shape covers: exact areas, added up edge by edge.
//!
//! Each edge adds to a cell by how much it changes the coverage of all pixels to the right of it; the running sum of a row
//! is then the winding number, weighted by area. Cells that were touched are marked, four to a bit, so that what lies
//! between edges is passed over or filled in one go, and a shape costs what its outline and its rows cost.

use std::cmp::Ordering;

use super::path::{Bounds, Path, Point};

/// What is inside of a shape.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FillRule {
    /// What is surrounded an odd number of times: polygons with holes, whichever way their rings run.
    EvenOdd,
    /// What is surrounded at all: strokes and glyphs.
    NonZero,
}

/// Takes what a shape covers, from left to right and from top to bottom.
pub(super) trait Spans {
    /// `cover` (of 255) for these pixels of a row.
    fn solid(&mut self, row: usize, start: usize, end: usize, cover: u8);
    /// A cover for each of up to four pixels; pixels beyond the canvas are to be passed over.
    fn four(&mut self, row: usize, start: usize, covers: [u8; 4]);
}

/// Cells in a band of rows. A shape with more is worked through in several bands: they stay in the processor's cache, and
/// their memory is small.
const BAND_CELLS: usize = 1 << 18;
/// A band has at least so many rows, so that a large shape is not gone through too often.
const BAND_ROWS: usize = 64;
/// Less than this covers nothing: a 512th of a pixel, and what rounding leaves.
const NOTHING: f32 = 1.0 / 512.0;

/// The cells of one band of rows.
#[derive(Debug)]
pub(super) struct Coverage {
    width: usize,
    height: usize,
    /// Rows in a band.
    rows: usize,
    /// Cells in a row: a multiple of four, with one to spare for what an edge at the right border spills.
    stride: usize,
    /// Words of marks in a row.
    words: usize,
    cells: Vec<f32>,
    marks: Vec<u64>,
}

impl Coverage {
    pub(super) fn new(width: usize, height: usize) -> Self {
        let stride = (width + 2).next_multiple_of(4);
        let rows = (BAND_CELLS / stride).max(BAND_ROWS).min(height.max(1));
        let words = (stride / 4).div_ceil(64);
        Self { width, height, rows, stride, words, cells: Vec::new(), marks: Vec::new() }
    }

    /// Fills a path; every part of it counts as closed.
    pub(super) fn fill(&mut self, path: &Path, rule: FillRule, spans: &mut impl Spans) {
        let Some(bounds) = path.bounds() else { return };
        let canvas = Bounds { left: 0.0, top: 0.0, right: self.width as f64, bottom: self.height as f64 };
        if !bounds.meets(&canvas) || self.width == 0 {
            return;
        }
        // The cells are made when first needed.
        if self.cells.is_empty() {
            self.cells = vec![0.0; self.stride * self.rows];
            self.marks = vec![0; self.words * self.rows];
        }
        let first = bounds.top.max(0.0) as usize;
        let end = (bounds.bottom.ceil().max(0.0) as usize).min(self.height);
        let words = word_of(bounds.left.max(0.0) as usize)
            ..(word_of((bounds.right.max(0.0) as usize).min(self.width) + 1) + 1).min(self.words);
        let mut top = first;
        while top < end {
            let bottom = (top + self.rows).min(end);
            // Within the band no edge needs to be cut.
            let inside = canvas.holds(&bounds) && (top as f64) <= bounds.top && bounds.bottom <= bottom as f64;
            for (points, _) in path.parts() {
                if inside {
                    self.ring(points, top as f64);
                } else {
                    self.cut_ring(points, top as f64, (bottom - top) as f64);
                }
            }
            match rule {
                FillRule::NonZero => self.sweep(top, bottom - top, &words, spans, nonzero),
                FillRule::EvenOdd => self.sweep(top, bottom - top, &words, spans, even_odd),
            }
            top = bottom;
        }
    }

    fn ring(&mut self, points: &[Point], top: f64) {
        let Some(&last) = points.last() else { return };
        let mut from = ((last.0) as f32, (last.1 - top) as f32);
        for &(x, y) in points {
            let to = (x as f32, (y - top) as f32);
            self.edge(from, to);
            from = to;
        }
    }

    fn cut_ring(&mut self, points: &[Point], top: f64, height: f64) {
        let Some(&last) = points.last() else { return };
        let mut from = (last.0, last.1 - top);
        for &(x, y) in points {
            let to = (x, y - top);
            self.cut_edge(from, to, height);
            from = to;
        }
    }

    /// Adds what lies within the band of an edge that may lie anywhere. What is left of the canvas counts at its border,
    /// for it covers everything to the right; what is right of it counts nothing.
    fn cut_edge(&mut self, from: Point, to: Point, height: f64) {
        let width = self.width as f64;
        let ((x0, y0), (x1, y1)) = if from.1 < to.1 { (from, to) } else { (to, from) };
        if y1 <= 0.0 || y0 >= height || (x0 >= width && x1 >= width) {
            return;
        }
        let down = from.1 < to.1;
        let mut piece = |(x0, y0): Point, (x1, y1): Point| {
            let start = (x0.clamp(0.0, width) as f32, y0.clamp(0.0, height) as f32);
            let end = (x1.clamp(0.0, width) as f32, y1.clamp(0.0, height) as f32);
            if down { self.edge(start, end) } else { self.edge(end, start) }
        };
        let at_y = |y: f64| (x0 + (x1 - x0) * ((y - y0) / (y1 - y0)), y);
        let start = if y0 < 0.0 { at_y(0.0) } else { (x0, y0) };
        let end = if y1 > height { at_y(height) } else { (x1, y1) };
        // Where the edge crosses the left and the right border, in order of y.
        let at_x = |x: f64| {
            let part = (x - x0) / (x1 - x0);
            let y = y0 + (y1 - y0) * part;
            (y > start.1 && y < end.1).then_some((x, y))
        };
        let (first, second) = if x0 < x1 { (at_x(0.0), at_x(width)) } else { (at_x(width), at_x(0.0)) };
        let mut last = start;
        for next in first.into_iter().chain(second).chain([end]) {
            if last.0.min(next.0) < width {
                piece(last, next);
            }
            last = next;
        }
    }

    /// Adds an edge that lies within the band: `0 <= x <= width`, `0 <= y <= rows`.
    #[inline]
    fn edge(&mut self, (x0, y0): (f32, f32), (x1, y1): (f32, f32)) {
        let (sign, x0, y0, x1, y1) = match y0.total_cmp(&y1) {
            Ordering::Less => (1.0, x0, y0, x1, y1),
            Ordering::Greater => (-1.0, x1, y1, x0, y0),
            Ordering::Equal => return,
        };
        let first = whole(y0);
        let last = ceiling(y1).min(self.rows);
        if first + 1 >= last {
            if first < self.rows {
                self.part(first, x0, x1, (y1 - y0) * sign);
            }
            return;
        }
        let slope = (x1 - x0) / (y1 - y0);
        let (low, high) = if x0 < x1 { (x0, x1) } else { (x1, x0) };
        let mut x = x0;
        let mut top = y0;
        for row in first..last {
            let bottom = ((row + 1) as i32 as f32).min(y1);
            let next = if row + 1 == last { x1 } else { (x0 + slope * (bottom - y0)).clamp(low, high) };
            self.part(row, x, next, (bottom - top) * sign);
            x = next;
            top = bottom;
        }
    }

    /// Adds the part of an edge that lies in one row and is `height` (signed) high.
    #[inline]
    fn part(&mut self, row: usize, x0: f32, x1: f32, height: f32) {
        let (left, right) = if x0 < x1 { (x0, x1) } else { (x1, x0) };
        let cells = &mut self.cells[row * self.stride..(row + 1) * self.stride];
        let marks = &mut self.marks[row * self.words..(row + 1) * self.words];
        let first = whole(left);
        let within = left - first as i32 as f32;
        let span = right - left;
        if right <= (first + 1) as i32 as f32 {
            // In one pixel: what lies right of the edge's middle is covered, the rest spills into the next.
            let spill = height * (within + 0.5 * span);
            if let Some([cell, next]) = cells.get_mut(first..first + 2) {
                *cell += height - spill;
                *next += spill;
            }
            mark(marks, first);
            if first % 4 == 3 {
                mark(marks, first + 1);
            }
            return;
        }
        let last = ceiling(right);
        let slope = 1.0 / span;
        let start = 0.5 * slope * (1.0 - within) * (1.0 - within);
        let rest = right - (last - 1) as i32 as f32;
        let end = 0.5 * slope * rest * rest;
        cells[first] += height * start;
        if last == first + 2 {
            cells[first + 1] += height * (1.0 - start - end);
        } else {
            let second = slope * (1.5 - within);
            cells[first + 1] += height * (second - start);
            for cell in &mut cells[first + 2..last - 1] {
                *cell += height * slope;
            }
            let third = second + (last - first - 3) as i32 as f32 * slope;
            cells[last - 1] += height * (1.0 - third - end);
        }
        cells[last] += height * end;
        for block in first / 4..=last / 4 {
            marks[block / 64] |= 1 << (block % 64);
        }
    }

    /// Tells the covers of the band's rows, and leaves all cells empty.
    #[inline]
    fn sweep(
        &mut self,
        top: usize,
        rows: usize,
        words: &std::ops::Range<usize>,
        spans: &mut impl Spans,
        cover: impl Fn(f32) -> f32,
    ) {
        for row in 0..rows {
            let marks = &mut self.marks[row * self.words..(row + 1) * self.words][words.clone()];
            let cells = &mut self.cells[row * self.stride..(row + 1) * self.stride];
            let (blocks, _) = cells.as_chunks_mut::<4>();
            let (mut sum, mut done) = (0.0_f32, 0);
            for (word, marks) in words.clone().zip(marks) {
                let mut bits = std::mem::take(marks);
                while bits != 0 {
                    let at = word * 64 + bits.trailing_zeros() as usize;
                    bits &= bits - 1;
                    if at * 4 > done {
                        between(spans, top + row, done, at * 4, cover(sum));
                    }
                    let block = std::mem::take(&mut blocks[at]);
                    let sums = [
                        sum + block[0],
                        sum + (block[0] + block[1]),
                        sum + (block[0] + block[1]) + block[2],
                        sum + (block[0] + block[1]) + (block[2] + block[3]),
                    ];
                    sum = sums[3];
                    let covers = sums.map(|sum| byte(cover(sum)));
                    if covers != [0; 4] {
                        spans.four(top + row, at * 4, covers);
                    }
                    done = at * 4 + 4;
                }
            }
            if done < self.width {
                between(spans, top + row, done, self.width, cover(sum));
            }
        }
    }
}

#[inline]
fn between(spans: &mut impl Spans, row: usize, start: usize, end: usize, cover: f32) {
    if cover > NOTHING {
        spans.solid(row, start, end, byte(cover));
    }
}

/// A cover of 0 to 1 as 0 to 255, rounded. Added to 2²³ a number has its whole part in its lowest bits, which four at a time
/// is faster than to convert it.
#[inline]
fn byte(cover: f32) -> u8 {
    (cover * 255.0 + 8_388_608.0).to_bits() as u8
}

/// The next whole number of one that is not negative; there is an instruction for it, but not on every machine.
#[inline]
fn ceiling(number: f32) -> usize {
    let whole = number as i32;
    whole as usize + usize::from(number > whole as f32)
}

/// The whole part of a number that is not negative; by way of 32 bits, for which the conversion is quick.
#[inline]
fn whole(number: f32) -> usize {
    number as i32 as usize
}

#[inline]
fn mark(marks: &mut [u64], cell: usize) {
    marks[cell / 256] |= 1 << (cell / 4 % 64);
}

/// The word that has a cell's mark.
fn word_of(cell: usize) -> usize {
    cell / 256
}

#[inline]
fn nonzero(winding: f32) -> f32 {
    winding.abs().min(1.0)
}

#[inline]
fn even_odd(winding: f32) -> f32 {
    let winding = winding.abs();
    // Rounding leaves a little more than one.
    if winding <= 1.0 + NOTHING {
        return winding.min(1.0);
    }
    let rest = winding % 2.0;
    if rest > 1.0 { 2.0 - rest } else { rest }
}
