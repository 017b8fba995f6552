//! What a source is told. Its fields are private and it is made only by the gate, so whoever holds a plan holds one that
//! already contains every policy.

use std::sync::Arc;

use crate::expr::Expr;
use crate::model::batch::Layout;
use crate::model::value::Value;

/// A read that a source must carry out. Rows come in the order of [`Plan::sort`], and by key where they are equal so far.
#[derive(Clone, Debug)]
pub struct Plan {
    pub(super) filter: Vec<Expr>,
    pub(super) layout: Arc<Layout>,
    pub(super) sort: Vec<Sort>,
    pub(super) detail: Option<(f64, f64)>,
    pub(super) offset: u64,
    pub(super) limit: Option<u64>,
    pub(super) parameters: Vec<(String, Value)>,
}

/// One step of an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sort {
    /// The field of the source's schema; the key where `None`.
    pub field: Option<usize>,
    /// Whether the greatest come first. What has no value comes last either way.
    pub descending: bool,
}

impl Plan {
    /// A plan for these rows, all of them, by key.
    pub(super) fn new(filter: Vec<Expr>, layout: Arc<Layout>) -> Self {
        Self { filter, layout, sort: Vec::new(), detail: None, offset: 0, limit: None, parameters: Vec::new() }
    }

    /// Conditions that must all hold; the source said that it takes each. Places are in the source's coordinates.
    pub fn filter(&self) -> &[Expr] {
        &self.filter
    }

    /// The cells that each row must have.
    pub fn layout(&self) -> &Arc<Layout> {
        &self.layout
    }

    /// The order of the rows; empty (by key) unless the source sorts.
    pub fn sort(&self) -> &[Sort] {
        &self.sort
    }

    /// Width and height in the source's coordinates below which a map shows nothing: geometries may be simplified so far
    /// (see [`crate::model::geometry::simplify`]). None unless the source simplifies.
    pub fn detail(&self) -> Option<(f64, f64)> {
        self.detail
    }

    /// Values for the parameters of a source that is a query with some.
    pub fn parameters(&self) -> &[(String, Value)] {
        &self.parameters
    }

    /// Rows to pass over; zero unless the source pages.
    pub fn offset(&self) -> u64 {
        self.offset
    }

    /// Most rows to give; none unless the source pages.
    pub fn limit(&self) -> Option<u64> {
        self.limit
    }
}
