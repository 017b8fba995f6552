//! Where every so manieth row of a table stands, so that a page far behind the first passes over few rows.

use std::collections::HashMap;

use rusqlite::{Connection, OptionalExtension};

use super::table::Table;
use crate::data::rows::Stop;

/// From here on a page is far.
const FAR: u64 = if cfg!(test) { 6 } else { 1024 };
/// Rows from one milestone to the next, as long as there are few of them.
const STEP: u64 = if cfg!(test) { 3 } else { 256 };
/// Most milestones of a table: of more, every other one is left out.
const MOST: usize = if cfg!(test) { 8 } else { 8192 };
/// Most tables of a connection.
const TABLES: usize = 16;

/// The milestones that a connection knows, all of one state of the file.
#[derive(Default)]
pub(super) struct Milestones {
    /// What SQLite calls the state. It is another number as soon as somebody else wrote, but says nothing to other connections.
    version: Option<i64>,
    ways: HashMap<String, Way>,
}

/// A way through the rows in the order of their numbers.
struct Way {
    /// The numbers of the rows behind one step, two steps, and so on.
    numbers: Vec<i64>,
    step: u64,
    /// Whether there are not enough rows for another step.
    is_whole: bool,
}

impl Milestones {
    /// The number of a row on the way, at which or behind which the page begins, and how many rows are to be passed over from there on.
    /// None where the page is near. To be asked within the transaction that reads the page.
    pub(super) fn towards(
        &mut self,
        connection: &Connection,
        table: &Table,
        offset: u64,
        stop: &Stop,
    ) -> rusqlite::Result<Option<(i64, u64)>> {
        let Some(rowid) = table.key.rowid.as_deref().filter(|_| offset >= FAR) else { return Ok(None) };
        let version = connection.prepare_cached("PRAGMA data_version")?.query_row([], |row| row.get(0))?;
        if self.version != Some(version) || (self.ways.len() >= TABLES && !self.ways.contains_key(&table.name)) {
            *self = Self { version: Some(version), ways: HashMap::new() };
        }
        let way = Way { numbers: Vec::new(), step: STEP, is_whole: false };
        let way = self.ways.entry(table.name.clone()).or_insert(way);
        way.go_on(connection, &table.from, rowid, offset, stop)?;
        Ok(way.towards(offset))
    }
}

impl Way {
    /// Goes on until the page is near, or no row is left.
    fn go_on(
        &mut self,
        connection: &Connection,
        from: &str,
        rowid: &str,
        offset: u64,
        stop: &Stop,
    ) -> rusqlite::Result<()> {
        let query =
            format!("SELECT {rowid} FROM {from} NOT INDEXED WHERE {rowid} >= ?1 ORDER BY {rowid} LIMIT 1 OFFSET ?2");
        let mut next = connection.prepare_cached(&query)?;
        // Between two statements an interrupt finds nothing to interrupt.
        while !self.is_whole && offset / self.step > self.numbers.len() as u64 && !stop.is_stopped() {
            let last = self.numbers.last().copied().unwrap_or(i64::MIN);
            match next.query_row((last, self.step.cast_signed()), |row| row.get(0)).optional()? {
                Some(number) => self.numbers.push(number),
                None => self.is_whole = true,
            }
            if self.numbers.len() > MOST {
                let mut is_kept = true;
                self.numbers.retain(|_| {
                    is_kept = !is_kept;
                    is_kept
                });
                self.step *= 2;
            }
        }
        Ok(())
    }

    fn towards(&self, offset: u64) -> Option<(i64, u64)> {
        let steps = usize::try_from(offset / self.step).unwrap_or(usize::MAX).min(self.numbers.len());
        let number = self.numbers.get(steps.checked_sub(1)?)?;
        Some((*number, offset - steps as u64 * self.step))
    }
}
