//! A place in the order of a layer's rows, told by values and not by a number: rows that come or go elsewhere do not move it.

use std::cmp::Ordering;

use crate::model::batch::{Batch, Cell, Row};
use crate::model::value::Value;

use super::order::compare;

/// One value of a place, in the form in which whoever sorts the rows compares it.
#[derive(Clone, Debug, PartialEq)]
pub enum Mark {
    /// A value.
    Value(Value),
    /// Bytes that are no value of ours; only the source that made them knows what they mean.
    Bytes(Vec<u8>),
}

/// The place of one row: a mark for each step of the order, and that of the key.
#[derive(Clone, Debug, PartialEq)]
pub struct Position(pub Vec<Mark>);

/// Where rows begin or end.
#[derive(Clone, Debug, PartialEq)]
pub struct Edge {
    /// The place.
    pub position: Position,
    /// Whether a row at that very place is among them.
    pub is_inclusive: bool,
}

impl Mark {
    fn of(row: Row<'_>, cell: usize) -> Self {
        match row.cell(cell) {
            blob @ Cell::Blob(..) => Self::Bytes(row.bytes(blob).to_vec()),
            _ => Self::Value(row.value(cell)),
        }
    }
}

impl Position {
    /// The place of a row whose marks are in these cells.
    pub(super) fn of(row: Row<'_>, cells: &[usize]) -> Self {
        Self(cells.iter().map(|&cell| Mark::of(row, cell)).collect())
    }
}

/// Rows between two places, for the gate where the source does not begin and end at one.
pub(super) struct Stretch {
    /// Cells of a row and whether the greatest come first, the key last.
    steps: Vec<(usize, bool)>,
    after: Option<(Batch, bool)>,
    until: Option<(Batch, bool)>,
}

impl Stretch {
    pub(super) fn new(steps: Vec<(usize, bool)>, after: Option<&Edge>, until: Option<&Edge>) -> Self {
        let row = |edge: &Edge| {
            let mut batch = Batch::new(edge.position.0.len());
            for mark in &edge.position.0 {
                match mark {
                    Mark::Value(value) => batch.push_value(value),
                    Mark::Bytes(bytes) => batch.push_blob(bytes),
                }
            }
            (batch, edge.is_inclusive)
        };
        Self { steps, after: after.map(row), until: until.map(row) }
    }

    /// Drops the rows that lie elsewhere.
    pub(super) fn apply(&self, batch: &mut Batch) {
        let beside = |row: Row<'_>, (edge, is_inclusive): &(Batch, bool)| {
            let order =
                compare(row, edge.row(0), self.steps.iter().zip(0..).map(|(&(cell, down), at)| (cell, at, down)));
            (order, order == Ordering::Equal && *is_inclusive)
        };
        batch.retain(usize::MAX, |row| {
            let begins = self.after.as_ref().is_none_or(|edge| {
                let (order, is_edge) = beside(row, edge);
                order == Ordering::Greater || is_edge
            });
            begins
                && self.until.as_ref().is_none_or(|edge| {
                    let (order, is_edge) = beside(row, edge);
                    order == Ordering::Less || is_edge
                })
        });
    }
}
