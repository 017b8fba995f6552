//! Sorts rows of a source that does not sort itself. What is sorted is held in memory, so there is a limit; of a page no
//! more is held than the page and what comes before it.

use std::cmp::Ordering;

use crate::error::{Error, Kind, Result};
use crate::expr::evaluate::instant;
use crate::model::batch::{Batch, Cell, Row};
use crate::model::value::whole;

/// Most bytes that are held.
const MOST: usize = if cfg!(test) { 4 << 20 } else { 256 << 20 };
/// Rows beyond those that are wanted before the last are dropped.
const SLACK: u64 = if cfg!(test) { 8 } else { 4096 };

/// Rows in an order of their cells. They arrive by key, which so is the order of those that are equal.
pub(super) struct Sorter {
    /// Cells and whether the greatest come first.
    steps: Vec<(usize, bool)>,
    /// Whether the last rows come first.
    backwards: bool,
    /// The first rows that are wanted.
    keep: Option<u64>,
    held: Vec<Batch>,
    order: Vec<(usize, usize)>,
    /// Rows that were given; none before all have arrived.
    given: Option<usize>,
}

impl Sorter {
    pub(super) fn new(steps: Vec<(usize, bool)>, keep: Option<u64>, backwards: bool) -> Self {
        Self { steps, backwards, keep, held: Vec::new(), order: Vec::new(), given: None }
    }

    /// Whether all rows have arrived.
    pub(super) fn is_ready(&self) -> bool {
        self.given.is_some()
    }

    /// Takes rows in.
    pub(super) fn add(&mut self, batch: Batch) -> Result<()> {
        let at = self.held.len();
        self.order.extend((0..batch.len()).map(|row| (at, row)));
        self.held.push(batch);
        if let Some(keep) = self.keep
            && self.order.len() as u64 > keep.saturating_mul(2).saturating_add(SLACK)
        {
            self.sort();
            self.order.truncate(usize::try_from(keep).unwrap_or(usize::MAX));
            self.repack();
        }
        if self.held.iter().map(Batch::size).sum::<usize>() > MOST {
            let message = "there are too many features to be sorted: ask for fewer by a filter, or for an earlier page";
            return Err(Error::new(Kind::TooLarge, message));
        }
        Ok(())
    }

    /// All rows have arrived.
    pub(super) fn finish(&mut self) {
        self.sort();
        self.given = Some(0);
    }

    /// The next rows in order; none at the end.
    pub(super) fn next(&mut self) -> Option<Batch> {
        let mut at = self.given?;
        let mut batch = Batch::new(self.held.first()?.row(0).width());
        while let Some(&(from, row)) = self.order.get(at).filter(|_| !batch.is_full()) {
            batch.push_row(self.held[from].row(row));
            at += 1;
        }
        self.given = Some(at);
        (!batch.is_empty()).then_some(batch)
    }

    fn sort(&mut self) {
        let (held, steps, backwards) = (&self.held, &self.steps, self.backwards);
        // Arrival breaks ties, which a stable sort keeps.
        self.order.sort_by(|a, b| {
            let steps = steps.iter().map(|&(cell, descending)| (cell, cell, descending));
            let order = compare(held[a.0].row(a.1), held[b.0].row(b.1), steps);
            if backwards { order.reverse() } else { order }
        });
    }

    /// Holds only the rows that are still in the order.
    fn repack(&mut self) {
        let mut packed: Vec<Batch> = Vec::new();
        for &(from, row) in &self.order {
            let row = self.held[from].row(row);
            if packed.last().is_none_or(Batch::is_full) {
                packed.push(Batch::new(row.width()));
            }
            if let Some(last) = packed.last_mut() {
                last.push_row(row);
            }
        }
        self.order =
            packed.iter().enumerate().flat_map(|(at, batch)| (0..batch.len()).map(move |row| (at, row))).collect();
        self.held = packed;
    }
}

/// Compares two rows by cells of the one and the other, and whether the greatest come first. What has no value is last.
pub(super) fn compare(a: Row<'_>, b: Row<'_>, mut steps: impl Iterator<Item = (usize, usize, bool)>) -> Ordering {
    let step = |(left, right, descending): (usize, usize, bool)| {
        let (left, right) = (a.cell(left), b.cell(right));
        let nulls = left.is_nothing().cmp(&right.is_nothing());
        let order = match nulls {
            Ordering::Equal if left.is_nothing() => Ordering::Equal,
            Ordering::Equal => values(a, left, b, right),
            nulls => return nulls,
        };
        if descending { order.reverse() } else { order }
    };
    steps.find_map(|of| Some(step(of)).filter(|order| *order != Ordering::Equal)).unwrap_or(Ordering::Equal)
}

/// Numbers before times before text before bytes: a column may hold what its type does not say.
fn values(a: Row<'_>, left: Cell, b: Row<'_>, right: Cell) -> Ordering {
    let class = |cell| match cell {
        Cell::Null => 0,
        Cell::Bool(_) | Cell::Int(_) | Cell::Float(_) => 1,
        Cell::Date(_) | Cell::Instant(_) => 2,
        Cell::Text(..) => 3,
        Cell::Blob(..) => 4,
    };
    match (left, right) {
        (Cell::Int(left), Cell::Int(right)) => left.cmp(&right),
        // What is not a number is nothing, and comes last before this.
        (Cell::Int(left), Cell::Float(right)) => whole(left, right).unwrap_or(Ordering::Less),
        (Cell::Float(left), Cell::Int(right)) => whole(right, left).map_or(Ordering::Greater, Ordering::reverse),
        _ if class(left) != class(right) => class(left).cmp(&class(right)),
        _ if class(left) == 1 => number(left).total_cmp(&number(right)),
        _ if class(left) == 2 => instant(left, false).cmp(&instant(right, false)),
        _ => a.bytes(left).cmp(b.bytes(right)),
    }
}

#[allow(clippy::cast_precision_loss)] // an integer is here beside a truth alone
fn number(cell: Cell) -> f64 {
    match cell {
        Cell::Bool(truth) => f64::from(u8::from(truth)),
        Cell::Int(number) => number as f64,
        // Adding zero makes a negative zero positive.
        Cell::Float(number) => number + 0.0,
        _ => 0.0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn batch(rows: &[(i64, Option<i64>)]) -> Batch {
        let mut batch = Batch::new(2);
        for (id, value) in rows {
            batch.push(Cell::Int(*id));
            batch.push(value.map_or(Cell::Null, Cell::Int));
        }
        batch
    }

    #[test]
    fn more_than_memory_allows_is_refused() {
        let mut sorter = Sorter::new(vec![(1, false)], None, false);
        let rows: Vec<_> = (0..1000).map(|id| (id, Some(-id))).collect();
        let error = (0..1000).find_map(|_| sorter.add(batch(&rows)).err()).unwrap();
        assert_eq!(error.kind(), Kind::TooLarge);
        // The first page of as many rows is no matter.
        let mut sorter = Sorter::new(vec![(1, false)], Some(10), false);
        (0..1000).for_each(|_| sorter.add(batch(&rows)).unwrap());
    }

    #[test]
    fn what_is_no_number_is_sorted_with_nothing_and_the_next_step_decides_among_them() {
        let values = [Cell::Float(f64::NAN), Cell::Null, Cell::Float(1.0), Cell::Float(-f64::NAN), Cell::Null];
        let mut batch = Batch::new(3);
        for (id, (value, next)) in (0..).zip(values.into_iter().zip([3, 2, 9, 1, 3])) {
            for cell in [Cell::Int(id), value, Cell::Int(next)] {
                batch.push(cell);
            }
        }
        for descending in [false, true] {
            let mut sorter = Sorter::new(vec![(1, descending), (2, false)], None, false);
            sorter.add(batch.clone()).unwrap();
            sorter.finish();
            let sorted = sorter.next().unwrap();
            assert_eq!(sorted.rows().map(|row| row.cell(0)).collect::<Vec<_>>(), [2, 3, 1, 0, 4].map(Cell::Int));
        }
    }

    proptest! {
        #[test]
        fn the_first_rows_are_those_of_a_plain_sort(
            rows in prop::collection::vec(prop::option::of(-3i64..3), 1..80), size in 1usize..9, keep in prop::option::of(1u64..9),
            descending in any::<bool>(),
        ) {
            let rows: Vec<(i64, Option<i64>)> = (0..).zip(rows).collect();
            let mut sorter = Sorter::new(vec![(1, descending)], keep, false);
            rows.chunks(size).for_each(|rows| sorter.add(batch(rows)).unwrap());
            sorter.finish();
            let mut sorted = Vec::new();
            while let Some(batch) = sorter.next() {
                sorted.extend(batch.rows().map(|row| row.cell(0)));
            }
            let mut expected = rows;
            expected.sort_by_key(|(_, value)| (value.is_none(), value.map(|value| if descending { -value } else { value })));
            let expected: Vec<_> = expected.into_iter().map(|(id, _)| Cell::Int(id)).collect();
            let first = keep.map_or(expected.len(), |keep| expected.len().min(usize::try_from(keep).unwrap()));
            prop_assert_eq!(&sorted[..first], &expected[..first]);
        }
    }
}
