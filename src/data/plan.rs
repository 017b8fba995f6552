//! What a source is told. Its fields are private and it is made only by the gate, so whoever holds a plan holds one that
//! already contains every policy.

use std::sync::Arc;

use crate::expr::Expr;
use crate::model::batch::Layout;
use crate::model::value::Value;

use super::position::Edge;

/// A read that a source must carry out. Rows come in the order of [`Plan::sort`], and by key where they are equal so far.
#[derive(Clone, Debug)]
pub struct Plan {
    pub(super) filter: Vec<Expr>,
    pub(super) layout: Arc<Layout>,
    pub(super) sort: Vec<Sort>,
    pub(super) after: Option<Edge>,
    pub(super) until: Option<Edge>,
    pub(super) backwards: bool,
    pub(super) marks: bool,
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
        Self {
            filter,
            layout,
            sort: Vec::new(),
            after: None,
            until: None,
            backwards: false,
            marks: false,
            detail: None,
            offset: 0,
            limit: None,
            parameters: Vec::new(),
        }
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

    /// The place beyond which rows begin, in the direction in which they come; in marks that the source gave or, where it
    /// gave none, that of the key. None unless the source seeks. A mark comes from a request: it may be of any type.
    pub fn begin(&self) -> Option<&Edge> {
        if self.backwards { self.until.as_ref() } else { self.after.as_ref() }
    }

    /// The place at which rows end, in the direction in which they come; none unless the source seeks.
    pub fn end(&self) -> Option<&Edge> {
        if self.backwards { self.after.as_ref() } else { self.until.as_ref() }
    }

    /// Whether the last rows come first; not unless the source seeks.
    pub fn is_backwards(&self) -> bool {
        self.backwards
    }

    /// Whether each row has more cells after those of the layout: what it is sorted by, a cell for each step of
    /// [`Plan::sort`], and the key, as the source compares them.
    pub fn has_marks(&self) -> bool {
        self.marks
    }

    /// Cells in a row.
    pub fn width(&self) -> usize {
        self.layout.width() + if self.marks { self.sort.len() + 1 } else { 0 }
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
