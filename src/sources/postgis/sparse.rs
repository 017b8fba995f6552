//! Boxes that have few rows, which most of those do that a map asks for. PostgreSQL plans a box anew each time, for of one with
//! many rows the first by key are found in another way, and that takes longer than to find a few. So a box that is likely
//! to have few is asked for by a statement whose plan is kept: it takes all of them by the index, and tells where there are too many.

use std::sync::atomic::{AtomicI32, AtomicU32, Ordering};

use crate::data::plan::Plan;
use crate::expr::Expr;

/// Most rows that are few.
pub(super) const MOST: u64 = 1000;
/// What boxes of a size start with, what one with many rows takes off, and the most that they can have for or against them: one in
/// five may have many, for each is asked for twice.
const START: i32 = 8;
const MANY: i32 = 4;
const MOST_SCORE: i32 = 64;
/// One box in so many is tried though those of its size had many.
const AGAIN: u32 = 256;
/// Sizes that are told apart, by powers of two, of the areas from 2^-32 on.
const SIZES: u8 = 96;

/// Which sizes of boxes are likely to have few rows of a table.
#[derive(Debug)]
pub(super) struct Sparse {
    /// What speaks for boxes of each size.
    scores: [AtomicI32; SIZES as usize],
    refused: AtomicU32,
}

impl Default for Sparse {
    fn default() -> Self {
        Self { scores: std::array::from_fn(|_| AtomicI32::new(START)), refused: AtomicU32::new(0) }
    }
}

impl Sparse {
    /// The area of the box that is all that a page asks for, where it is likely to have few rows.
    pub(super) fn area(&self, plan: &Plan) -> Option<f64> {
        // Behind a cursor there were many, and an order may be read in parts.
        let is_first =
            plan.limit().is_some() && plan.sort().is_empty() && plan.begin().is_none() && plan.end().is_none();
        let [Expr::Bbox { rects, z: None, .. }] = plan.filter() else { return None };
        let area = || rects.iter().map(|rect| (rect.max_x - rect.min_x) * (rect.max_y - rect.min_y)).sum();
        is_first.then(area).filter(|area| self.is_likely(*area))
    }

    fn is_likely(&self, area: f64) -> bool {
        self.scores[size(area)].load(Ordering::Relaxed) >= 0
            || self.refused.fetch_add(1, Ordering::Relaxed) % AGAIN == AGAIN - 1
    }

    /// Hears whether a box had few.
    pub(super) fn learn(&self, area: f64, had_few: bool) {
        let change = |score: i32| Some((score + if had_few { 1 } else { -MANY }).clamp(-MOST_SCORE, MOST_SCORE));
        let _ = self.scores[size(area)].fetch_update(Ordering::Relaxed, Ordering::Relaxed, change);
    }
}

/// Boxes of about the same area.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // it is clamped, and what is no number is zero
fn size(area: f64) -> usize {
    (area.log2() + 32.0).clamp(0.0, f64::from(SIZES - 1)) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn boxes_of_a_size_are_tried_while_most_of_them_have_few_rows() {
        let sparse = Sparse::default();
        // One in ten has many.
        for at in 0..1000 {
            assert!(sparse.is_likely(0.25));
            sparse.learn(0.25, at % 10 != 3);
        }
        // All have many, but for smaller ones.
        let tried = (0..2560).filter(|_| sparse.is_likely(100.0)).map(|_| sparse.learn(100.0, false)).count();
        assert!((4..20).contains(&tried), "{tried}");
        assert!(sparse.is_likely(0.25) && sparse.is_likely(1e-300));
        // They have few by now.
        let tried = (0..256 * 80).filter(|_| sparse.is_likely(100.0)).map(|_| sparse.learn(100.0, true)).count();
        assert!(tried > 1000, "{tried}");
        for odd in [0.0, -1.0, f64::NAN, f64::INFINITY, f64::MAX] {
            assert!(size(odd) < usize::from(SIZES));
        }
    }
}
