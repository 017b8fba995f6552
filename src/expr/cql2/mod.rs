//! CQL2 1.0 in its text form: Basic CQL2, the advanced comparison operators (LIKE, BETWEEN, IN) and spatial predicates on
//! boxes.
//!
//! ```
//! use graticule::expr::cql2;
//!
//! let filter = cql2::parse("pop_est > 1e6 AND NOT (continent IN ('Europe', 'Asia') OR name LIKE 'New %')").unwrap();
//! assert_eq!(cql2::parse(&filter.to_string()), Ok(filter));
//! let fault = cql2::parse("pop_est => 5").unwrap_err();
//! assert_eq!(fault.position, 9);
//! ```
//!
//! Written values are typed by how they look: whether they fit the properties is for [`check`](super::check()) to say.

mod fault;
mod geometry;
mod lexer;
mod parser;
mod write;

#[cfg(test)]
mod tests;

pub use fault::Fault;
pub(super) use geometry::turned;

use super::Expr;
use crate::base::crs::Crs;

/// Longest text that is read, in bytes.
pub const LONGEST: usize = 1 << 16;
/// How deep parentheses and NOT may nest, so that no text can exhaust the stack of whoever reads the tree.
pub const DEEPEST: usize = 100;

/// Reads a filter whose coordinates are longitude before latitude.
pub fn parse(text: &str) -> Result<Expr, Fault> {
    parse_in(text, Crs::Crs84, false)
}

/// Reads a filter whose coordinates are in this system; `is_swapped` where they come in the order of an authority that has
/// north before east.
pub fn parse_in(text: &str, crs: Crs, is_swapped: bool) -> Result<Expr, Fault> {
    if text.len() > LONGEST {
        return Err(Fault::new(text, 0, format!("the filter is longer than {LONGEST} bytes")));
    }
    parser::Parser::new(text, crs, is_swapped)?.whole()
}
