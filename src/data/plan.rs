//! What a source is told. Its fields are private and it is made only by the gate, so whoever holds a plan holds one that
//! already contains every policy.

use std::sync::Arc;

use crate::expr::Expr;
use crate::model::batch::Layout;

/// A read that a source must carry out. Rows come in ascending order of the key.
#[derive(Clone, Debug)]
pub struct Plan {
    filter: Vec<Expr>,
    layout: Arc<Layout>,
    offset: u64,
    limit: Option<u64>,
}

impl Plan {
    pub(super) fn new(filter: Vec<Expr>, layout: Arc<Layout>, offset: u64, limit: Option<u64>) -> Self {
        Self { filter, layout, offset, limit }
    }

    /// Conditions that must all hold; the source said that it takes each. Boxes are in the source's coordinates.
    pub fn filter(&self) -> &[Expr] {
        &self.filter
    }

    /// The cells that each row must have.
    pub fn layout(&self) -> &Arc<Layout> {
        &self.layout
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
