//! Boxes that have few rows, which most of those do that a map asks for. PostgreSQL plans a box anew each time, for of one with
//! many rows the first by key are found in another way, and that takes longer than to find a few. So a box that is likely
//! to have few is asked for by a statement whose plan is kept: it takes all of them by the index, and tells where there are too many.

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

use crate::data::plan::Plan;
use crate::expr::Expr;

/// Most rows that are few.
pub(super) const MOST: u64 = 1000;
/// One box in so many is tried though it is larger than those that had few rows.
const AGAIN: u32 = 64;
/// By how much larger one may be than any that had few rows.
const GROWTH: f64 = 1.1;

/// How large the boxes of a table may be, in its own units, to be likely to have few rows.
#[derive(Debug)]
pub(super) struct Sparse {
    /// The bits of a float.
    largest: AtomicU64,
    larger: AtomicU32,
}

impl Default for Sparse {
    fn default() -> Self {
        Self { largest: AtomicU64::new(f64::INFINITY.to_bits()), larger: AtomicU32::new(0) }
    }
}

impl Sparse {
    /// The area of the box that is all that a page asks for, where it is likely to have few rows.
    pub(super) fn area(&self, plan: &Plan) -> Option<f64> {
        // Behind a cursor there were many, and an order may be read in parts.
        let is_first =
            plan.limit().is_some() && plan.sort().is_empty() && plan.begin().is_none() && plan.end().is_none();
        let [Expr::Bbox { rects, z: None, .. }] = plan.filter() else { return None };
        if !is_first {
            return None;
        }
        let area: f64 = rects.iter().map(|rect| (rect.max_x - rect.min_x) * (rect.max_y - rect.min_y)).sum();
        let area = area.min(f64::MAX);
        let largest = f64::from_bits(self.largest.load(Ordering::Relaxed));
        (area <= largest || self.larger.fetch_add(1, Ordering::Relaxed) % AGAIN == AGAIN - 1).then_some(area)
    }

    /// Hears whether a box had few.
    pub(super) fn learn(&self, area: f64, had_few: bool) {
        let change = |bits: u64| {
            let largest = f64::from_bits(bits);
            let now = if had_few { largest.max(area * GROWTH) } else { largest.min(area / 2.0) };
            Some(now.to_bits())
        };
        let _ = self.largest.fetch_update(Ordering::Relaxed, Ordering::Relaxed, change);
    }
}
