//! Samples between samples. A sample that is no value has no say: what is left is weighed anew.

// Places were tested to lie within the block before they become indices.
#![allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss)]

use super::Resampling;
use super::placing::{Placed, Scale};
use super::samples::Sample;

/// Samples of a block, and which of them are values.
pub(super) struct Source<'a, T> {
    pub(super) values: &'a [T],
    /// 0 where there is no value; all are where `None`.
    pub(super) valid: Option<&'a [u8]>,
    /// How much of a say each has, from 0 to 1; all the same where `None`. A sample that is taken as it is needs none.
    pub(super) shares: Option<&'a [f32]>,
    /// The block's first column and row within the level.
    pub(super) origin: (u32, u32),
    pub(super) size: (u32, u32),
}

/// What is made of them: samples, and which of them are values; all are where `None`.
pub(super) struct Made<T> {
    pub(super) values: Vec<T>,
    pub(super) valid: Option<Vec<u8>>,
}

/// A kernel, stretched to the pixels of the answer where those are larger than the raster's.
#[derive(Clone, Copy, Debug)]
pub(super) struct Kernel {
    kind: Resampling,
    stretch: Scale,
}

/// Samples that a place is made of: the first, and a weight for each.
#[derive(Clone, Debug, Default)]
struct Taps {
    first: u32,
    weights: Vec<f64>,
}

impl Kernel {
    pub(super) fn new(kind: Resampling, scale: Scale) -> Self {
        // Pixels beyond all measure would make one sample of the answer out of the whole raster.
        let stretch = |scale: f64| if scale > 1.001 { scale.min(4096.0) } else { 1.0 };
        Self { kind, stretch: Scale { x: stretch(scale.x), y: stretch(scale.y) } }
    }

    /// How far from its place it reaches, in pixels of the level.
    pub(super) fn reach(self) -> (f64, f64) {
        let radius = self.radius();
        (radius * self.stretch.x, radius * self.stretch.y)
    }

    fn radius(self) -> f64 {
        match self.kind {
            Resampling::Nearest => 0.0,
            Resampling::Bilinear => 1.0,
            Resampling::Cubic => 2.0,
            Resampling::Average => 0.5,
        }
    }

    /// The weight of the sample that lies this many stretched pixels off.
    fn weight(self, off: f64) -> f64 {
        let t = off.abs();
        match self.kind {
            Resampling::Bilinear => (1.0 - t).max(0.0),
            Resampling::Cubic if t < 1.0 => (1.5 * t - 2.5) * t * t + 1.0,
            Resampling::Cubic if t < 2.0 => ((-0.5 * t + 2.5) * t - 4.0) * t + 2.0,
            _ => 0.0,
        }
    }

    /// Samples and weights of a place along one axis, of samples `start..end`.
    fn taps(self, at: f64, stretch: f64, (start, end): (u32, u32), taps: &mut Taps) {
        taps.weights.clear();
        let clamp = |at: f64| (at.max(f64::from(start)) as u32).min(end.saturating_sub(1));
        if self.kind == Resampling::Nearest {
            taps.first = clamp(at + 1e-6);
            return taps.weights.push(1.0);
        }
        let reach = self.radius() * stretch;
        let (first, last) = (clamp((at - reach).floor()), clamp((at + reach - 1e-9).floor()));
        taps.first = first;
        taps.weights.extend((first..=last).map(|sample| {
            let sample = f64::from(sample);
            if self.kind == Resampling::Average {
                // As much as lies within the pixel.
                (at + reach).min(sample + 1.0) - (at - reach).max(sample)
            } else {
                self.weight((sample + 0.5 - at) / stretch)
            }
        }));
    }
}

impl<T: Sample> Source<'_, T> {
    /// The samples of the answer; `fill` where there is no value.
    pub(super) fn resample(&self, placed: &Placed, kernel: Kernel, fill: T) -> Made<T> {
        match (placed, kernel.kind) {
            (Placed::Upright { xs, ys }, Resampling::Nearest) => self.nearest_upright(xs, ys, fill),
            (Placed::Upright { xs, ys }, _) => self.upright(xs, ys, kernel, fill),
            (Placed::Bent { xs, ys }, Resampling::Nearest) => self.nearest(xs, ys, fill),
            (Placed::Bent { xs, ys }, _) => self.bent(xs, ys, kernel, fill),
        }
    }

    fn column(&self, x: f64) -> Option<usize> {
        index(x, self.origin.0, self.size.0)
    }

    fn row(&self, y: f64) -> Option<usize> {
        index(y, self.origin.1, self.size.1)
    }

    fn nearest_upright(&self, xs: &[f64], ys: &[f64], fill: T) -> Made<T> {
        let columns: Vec<Option<usize>> = xs.iter().map(|&x| self.column(x)).collect();
        // Where no column is missing, none need be asked.
        let whole: Option<Vec<usize>> = columns.iter().copied().collect();
        let mut made = Made::with_capacity(xs.len() * ys.len());
        for &y in ys {
            let Some(row) = self.row(y) else {
                made.skip(xs.len(), fill);
                continue;
            };
            let start = row * self.size.0 as usize;
            match (&whole, self.valid) {
                (Some(columns), None) => {
                    let line = &self.values[start..start + self.size.0 as usize];
                    made.values.extend(columns.iter().map(|&column| line[column]));
                    if let Some(valid) = &mut made.valid {
                        valid.resize(made.values.len(), u8::MAX);
                    }
                }
                _ => columns.iter().for_each(|column| made.push(column.and_then(|at| self.value(start + at)), fill)),
            }
        }
        made
    }

    fn nearest(&self, xs: &[f64], ys: &[f64], fill: T) -> Made<T> {
        let mut made = Made::with_capacity(xs.len());
        for (&x, &y) in xs.iter().zip(ys) {
            let at = self.row(y).zip(self.column(x)).map(|(row, column)| row * self.size.0 as usize + column);
            made.push(at.and_then(|at| self.value(at)), fill);
        }
        made
    }

    fn value(&self, at: usize) -> Option<T> {
        if self.valid.is_some_and(|valid| valid[at] == 0) { None } else { Some(self.values[at]) }
    }

    /// Along the rows first, each row of the block once, then down the columns.
    fn upright(&self, xs: &[f64], ys: &[f64], kernel: Kernel, fill: T) -> Made<T> {
        let width = self.size.0 as usize;
        let ends = |axis: (u32, u32)| (axis.0, axis.0 + axis.1);
        let taps_of = |places: &[f64], stretch: f64, ends: (u32, u32)| -> Vec<Option<Taps>> {
            let place = |&at: &f64| {
                (!at.is_nan()).then(|| {
                    let mut taps = Taps::default();
                    kernel.taps(at, stretch, ends, &mut taps);
                    taps
                })
            };
            places.iter().map(place).collect()
        };
        let across = taps_of(xs, kernel.stretch.x, ends((self.origin.0, self.size.0)));
        let down = taps_of(ys, kernel.stretch.y, ends((self.origin.1, self.size.1)));
        // Rows of the block that were summed along, the last ones: an upright answer never goes back far.
        let mut lines: Vec<(u32, Vec<(f64, f64)>)> = Vec::new();
        let mut made = Made::with_capacity(xs.len() * ys.len());
        let mut sums: Vec<(f64, f64)> = Vec::new();
        for taps in &down {
            let Some(taps) = taps else {
                made.skip(xs.len(), fill);
                continue;
            };
            let needed = taps.first..taps.first + taps.weights.len() as u32;
            let (mut kept, old): (Vec<_>, Vec<_>) = lines.drain(..).partition(|(row, _)| needed.contains(row));
            let mut spare = old.into_iter().map(|(_, line)| line);
            sums.clear();
            sums.resize(xs.len(), (0.0, 0.0));
            for (row, weight) in needed.zip(&taps.weights) {
                let at = if let Some(at) = kept.iter().position(|(other, _)| *other == row) {
                    at
                } else {
                    let mut line = spare.next().unwrap_or_default();
                    let start = (row - self.origin.1) as usize * width;
                    self.sum_along(start, &across, &mut line);
                    kept.push((row, line));
                    kept.len() - 1
                };
                for (sum, (value, share)) in sums.iter_mut().zip(&kept[at].1) {
                    sum.0 += value * weight;
                    sum.1 += share * weight;
                }
            }
            lines = kept;
            for &(value, share) in &*sums {
                made.push(weighed(value, share), fill);
            }
        }
        made
    }

    /// For each column of the answer the weighed sum along a row of the block, and the sum of the weights that counted.
    fn sum_along(&self, start: usize, across: &[Option<Taps>], line: &mut Vec<(f64, f64)>) {
        line.clear();
        line.extend(across.iter().map(|taps| {
            let Some(taps) = taps else { return (0.0, 0.0) };
            let first = start + (taps.first - self.origin.0) as usize;
            let values = &self.values[first..first + taps.weights.len()];
            let weighed = values.iter().zip(&taps.weights);
            if let Some(shares) = self.shares {
                let weighed = (first..).zip(weighed).map(|(at, (value, w))| (at, value, w * f64::from(shares[at])));
                return weighed.fold((0.0, 0.0), |sum, (at, value, w)| {
                    let is_there = self.valid.is_none_or(|valid| valid[at] != 0);
                    if is_there { (sum.0 + value.to_f64() * w, sum.1 + w) } else { sum }
                });
            }
            match self.valid {
                None => weighed.fold((0.0, 0.0), |sum, (value, w)| (sum.0 + value.to_f64() * w, sum.1 + w)),
                Some(valid) => weighed.zip(&valid[first..]).fold((0.0, 0.0), |sum, ((value, w), valid)| {
                    if *valid == 0 { sum } else { (sum.0 + value.to_f64() * w, sum.1 + w) }
                }),
            }
        }));
    }

    fn bent(&self, xs: &[f64], ys: &[f64], kernel: Kernel, fill: T) -> Made<T> {
        let (mut across, mut down) = (Taps::default(), Taps::default());
        let mut made = Made::with_capacity(xs.len());
        for (&x, &y) in xs.iter().zip(ys) {
            if x.is_nan() || y.is_nan() {
                made.push(None, fill);
                continue;
            }
            kernel.taps(x, kernel.stretch.x, (self.origin.0, self.origin.0 + self.size.0), &mut across);
            kernel.taps(y, kernel.stretch.y, (self.origin.1, self.origin.1 + self.size.1), &mut down);
            let (mut sum, mut share) = (0.0, 0.0);
            for (row, weight) in (down.first - self.origin.1..).zip(&down.weights) {
                let first = row as usize * self.size.0 as usize + (across.first - self.origin.0) as usize;
                for (at, other) in (first..).zip(&across.weights) {
                    if let Some(value) = self.value(at) {
                        let weight = weight * other * self.shares.map_or(1.0, |shares| f64::from(shares[at]));
                        sum += value.to_f64() * weight;
                        share += weight;
                    }
                }
            }
            made.push(weighed(sum, share), fill);
        }
        made
    }
}

/// The mean of what was weighed; none where hardly anything had a say.
fn weighed<T: Sample>(sum: f64, share: f64) -> Option<T> {
    (share > 1e-6).then(|| T::of(sum / share))
}

/// The index of the sample at a place; none where the block does not have it.
fn index(at: f64, origin: u32, size: u32) -> Option<usize> {
    if at.is_nan() {
        return None;
    }
    // Half way between two, noise must not choose now this one and now that.
    let sample = (at + 1e-6).max(0.0) as u32;
    // The last edge belongs to the last sample.
    let within = sample.checked_sub(origin)?.min(size.saturating_sub(1));
    Some(within as usize)
}

impl<T: Sample> Made<T> {
    fn with_capacity(count: usize) -> Self {
        Self { values: Vec::with_capacity(count), valid: None }
    }

    fn push(&mut self, value: Option<T>, fill: T) {
        match value {
            Some(value) => {
                self.values.push(value);
                if let Some(valid) = &mut self.valid {
                    valid.push(u8::MAX);
                }
            }
            None => self.skip(1, fill),
        }
    }

    /// So many without a value.
    fn skip(&mut self, count: usize, fill: T) {
        let before = self.values.len();
        self.values.resize(before + count, fill);
        let valid = self.valid.get_or_insert_with(|| vec![u8::MAX; before]);
        valid.resize(before + count, 0);
    }
}
