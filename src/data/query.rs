//! What is asked of a layer, in the layer's visible names and in CRS84. Policies have no place here: they join in the gate.

use crate::expr::Expr;

/// A question for rows.
#[derive(Clone, Debug, Default)]
pub struct Query {
    /// The client's filter; boxes are in longitude and latitude.
    pub filter: Option<Expr>,
    /// Names of the properties wanted; all where `None`.
    pub properties: Option<Vec<String>>,
    /// Whether geometries are left out.
    pub without_geometry: bool,
    /// Rows to pass over.
    pub offset: u64,
    /// Most rows to give.
    pub limit: Option<u64>,
}

impl Query {
    /// Adds a condition that must hold as well.
    pub fn and(&mut self, expr: Expr) {
        self.filter = Some(match self.filter.take() {
            None => expr,
            Some(Expr::And(mut parts)) => {
                parts.push(expr);
                Expr::And(parts)
            }
            Some(other) => Expr::And(vec![other, expr]),
        });
    }
}
