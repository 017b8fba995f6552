//! Reads chunk by chunk where rows are tested here: the next one begins at the last row of the one before.

use tokio_postgres::Row;

use super::super::cells;
use super::super::selected::raw;
use super::Reader;
use crate::data::position::{Edge, Mark, Position};
use crate::model::batch::Batch;

/// Rows that a statement gives where the loop tests them: first about as many as a page needs, then so many times more until all
/// are asked for. Told how many, the database finds the first ones soon, and nothing need be cancelled.
const CHUNK: u64 = 64;
const GROWTH: u64 = 16;
const LARGEST: u64 = 1 << 17;

/// The rows that a statement gave.
#[derive(Default)]
pub(super) struct Met {
    pub(super) count: u64,
    /// The marks of the last, as they came, and how many one after the other had the same: a key that was only taken for one may
    /// be that of several rows.
    last: Vec<Option<Vec<u8>>>,
    same: u64,
    /// How many of the first are those that were met before.
    known: u64,
}

impl Reader<'_> {
    /// How many rows the first chunk has, if they are read so.
    pub(super) fn first_chunk(&self) -> Option<u64> {
        let limit = self.plan.limit().filter(|_| self.selected.goes_on)?;
        let chunk = limit.saturating_add(self.plan.offset()).saturating_mul(2).max(CHUNK).next_power_of_two();
        (chunk <= LARGEST).then_some(chunk)
    }

    /// Begins the next chunk at the last row, whether that is still there or not.
    pub(super) fn go_on(&mut self) {
        let mut marks = Batch::new(self.selected.marks.len());
        for ((_, form), raw) in self.selected.marks.iter().zip(&self.met.last) {
            cells::push(&mut marks, *form, raw.as_deref());
        }
        let row = marks.row(0);
        let position = Position((0..row.width()).map(|at| Mark::Value(row.value(at))).collect());
        self.begin = Some(Edge { position, is_inclusive: true });
        self.met.known = self.met.same;
        self.chunk = self.chunk.map(|chunk| chunk.saturating_mul(GROWTH)).filter(|chunk| *chunk <= LARGEST);
    }

    /// Notes the place of a row; true for one that was met before.
    pub(super) fn meet(&mut self, row: &Row) -> bool {
        if !self.selected.goes_on {
            return false;
        }
        self.met.count += 1;
        let is_same = !self.met.last.is_empty()
            && self.selected.marks.iter().zip(&self.met.last).all(|(&(at, _), last)| raw(row, at) == last.as_deref());
        if is_same {
            if self.met.known > 0 {
                self.met.known -= 1;
                return true;
            }
            self.met.same += 1;
            return false;
        }
        self.met.known = 0;
        self.met.same = 1;
        self.met.last.clear();
        self.met.last.extend(self.selected.marks.iter().map(|&(at, _)| raw(row, at).map(<[u8]>::to_vec)));
        false
    }
}
