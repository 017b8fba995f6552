//! Where among the ids of a layer reading begins and ends.

use std::cmp::Ordering;

use crate::data::plan::Plan;
use crate::data::position::{Edge, Mark};
use crate::model::batch::{Cell, Row};
use crate::model::value::{FeatureId, Value};

/// The ids of a plan.
#[derive(Debug)]
pub(super) struct Stretch {
    begin: Option<(FeatureId, bool)>,
    end: Option<(FeatureId, bool)>,
}

/// How a row lies to them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
    Before,
    Within,
    Beyond,
}

impl Stretch {
    /// None where a plan has all rows.
    pub(super) fn new(plan: &Plan) -> Option<Self> {
        let edge = |edge: &Edge| {
            let id = match edge.position.0.first() {
                Some(Mark::Value(Value::Int(id))) => FeatureId::Int(*id),
                Some(Mark::Value(Value::Text(id))) => FeatureId::Text(id.clone()),
                // None was ever given; it comes before all.
                _ => FeatureId::Int(i64::MIN),
            };
            (id, edge.is_inclusive)
        };
        let (begin, end) = (plan.begin().map(edge), plan.end().map(edge));
        // From the lowest id to the highest, whatever the direction.
        let (begin, end) = if plan.is_backwards() { (end, begin) } else { (begin, end) };
        (begin.is_some() || end.is_some()).then_some(Self { begin, end })
    }

    /// How the row with this id lies.
    pub(super) fn side(&self, row: Row<'_>) -> Side {
        let beside = |id: &FeatureId| match (row.cell(0), id) {
            (Cell::Int(own), FeatureId::Int(id)) => own.cmp(id),
            (Cell::Text(..), FeatureId::Text(id)) => row.text(row.cell(0)).cmp(id),
            (Cell::Text(..), FeatureId::Int(_)) => Ordering::Greater,
            _ => Ordering::Less,
        };
        match (&self.begin, &self.end) {
            (Some((id, is_inclusive)), _) if is_outside(beside(id), Ordering::Less, *is_inclusive) => Side::Before,
            (_, Some((id, is_inclusive))) if is_outside(beside(id), Ordering::Greater, *is_inclusive) => Side::Beyond,
            _ => Side::Within,
        }
    }

    /// The number of the first row, where ids are numbers.
    pub(super) fn first(&self) -> Option<i64> {
        match &self.begin {
            Some((FeatureId::Int(id), is_inclusive)) => Some(id.saturating_add(i64::from(!is_inclusive))),
            _ => None,
        }
    }

    /// The number of the last row, where ids are numbers.
    pub(super) fn last(&self) -> Option<i64> {
        match &self.end {
            Some((FeatureId::Int(id), is_inclusive)) => Some(id.saturating_sub(i64::from(!is_inclusive))),
            _ => None,
        }
    }

    /// Whether an id lies beyond all of them.
    pub(super) fn ends_before(&self, id: impl Fn(&FeatureId) -> Ordering) -> bool {
        self.end.as_ref().is_some_and(|(end, is_inclusive)| is_outside(id(end), Ordering::Greater, *is_inclusive))
    }

    /// Whether an id lies before all of them.
    pub(super) fn begins_after(&self, id: impl Fn(&FeatureId) -> Ordering) -> bool {
        self.begin.as_ref().is_some_and(|(begin, is_inclusive)| is_outside(id(begin), Ordering::Less, *is_inclusive))
    }
}

fn is_outside(order: Ordering, outside: Ordering, is_inclusive: bool) -> bool {
    order == outside || (order == Ordering::Equal && !is_inclusive)
}
