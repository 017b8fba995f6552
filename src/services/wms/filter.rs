//! The FILTER parameter in QGIS Server's form: `layer:"name" = 'x';other:"size" > 3`.

use crate::error::Result;
use crate::expr::Expr;
use crate::services::ows::kvp::Kvp;

/// Conditions by layer.
#[derive(Default)]
pub(super) struct Filters(Vec<(String, Expr)>);

/// Reads FILTER.
pub(super) fn read(_kvp: Kvp<'_>) -> Result<Filters> {
    Ok(Filters::default())
}

impl Filters {
    /// The conditions of a layer, by its name or by that of the group that it was asked in.
    pub(super) fn of<'a>(&'a self, layer: &'a str, asked: &'a str) -> impl Iterator<Item = &'a Expr> {
        self.0.iter().filter(move |(name, _)| name == layer || name == asked).map(|(_, expr)| expr)
    }
}
