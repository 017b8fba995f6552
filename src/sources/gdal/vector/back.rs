//! The way back through a layer, for the page before a place: rows are looked up by their numbers from there on downwards. Where a filter lets few
//! pass, the driver's indexes know sooner which they are.

use std::collections::HashSet;

use super::ogr::OgrLayer;
use super::order::Fault;
use super::read::{Rows, Scan, Visit};

/// Rows that are looked at one by one before all that pass are asked for.
const TRIES: usize = if cfg!(test) { 20 } else { 2000 };

/// Visits the rows that pass, the last first.
pub(super) fn run(scan: &Scan<'_>, layer: &mut OgrLayer<'_>, visit: Visit<'_>) -> Result<(), Fault> {
    let Some(mut numbers) = scan.order.and_then(|order| order.backwards(scan.stretch)) else {
        return Err(Fault::Changed);
    };
    let mut rows = Rows::new(scan, visit);
    if scan.filter.is_empty() {
        return rows.by_numbers(layer, numbers, false).map(drop);
    }
    // What a policy says in the language of the source, only the source can test.
    let is_tested = scan.filter.subsets().is_empty();
    if is_tested && rows.by_numbers(layer, numbers.by_ref().take(TRIES), false)?.is_break() {
        return Ok(());
    }
    let Some(next) = numbers.next() else { return Ok(()) };
    let mut passed = HashSet::new();
    scan.numbers(layer, |number| {
        passed.insert(number);
    })?;
    let numbers = std::iter::once(next).chain(numbers).filter(|number| passed.contains(number));
    rows.by_numbers(layer, numbers, false).map(drop)
}
