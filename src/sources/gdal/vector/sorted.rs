//! Rows that pass in the order of their numbers, where indexes of the driver find them and have an order of their own: first
//! the numbers alone, then the rows by them.

use std::collections::BinaryHeap;

use super::ogr::OgrLayer;
use super::order::Fault;
use super::read::{Rows, Scan};
use super::seek::Stretch;

/// Most numbers that are held at a time.
const HELD: usize = if cfg!(test) { 20 } else { 1 << 18 };

/// Hands over the rows that pass.
pub(super) fn run(scan: &Scan<'_>, layer: &mut OgrLayer<'_>, rows: &mut Rows<'_, '_>) -> Result<(), Fault> {
    let wanted = scan.limit.map(|limit| usize::try_from(limit.saturating_add(scan.offset)).unwrap_or(usize::MAX));
    let most = wanted.unwrap_or(usize::MAX).clamp(1, HELD);
    let last = scan.stretch.and_then(Stretch::last);
    let mut first = scan.stretch.and_then(Stretch::first).unwrap_or(i64::MIN);
    loop {
        let numbers = lowest(scan, layer, first, last, most)?;
        let next = numbers.last().and_then(|last| last.checked_add(1)).filter(|_| numbers.len() == most);
        if rows.by_numbers(layer, numbers.into_iter(), false)?.is_break() {
            return Ok(());
        }
        match next {
            Some(next) => first = next,
            None => return Ok(()),
        }
    }
}

/// The lowest numbers of rows that pass from one on, in order.
fn lowest(
    scan: &Scan<'_>,
    layer: &mut OgrLayer<'_>,
    first: i64,
    last: Option<i64>,
    most: usize,
) -> Result<Vec<i64>, Fault> {
    let mut lowest = BinaryHeap::new();
    scan.numbers(layer, |number| {
        if number >= first && last.is_none_or(|last| number <= last) {
            lowest.push(number);
            if lowest.len() > most {
                lowest.pop();
            }
        }
    })?;
    Ok(lowest.into_sorted_vec())
}
