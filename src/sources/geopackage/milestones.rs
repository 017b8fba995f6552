//! The milestones of the tables that a connection reads.

use std::collections::HashMap;

use rusqlite::{Connection, OptionalExtension};

use super::table::Table;
use crate::data::milestones::Milestones;
use crate::data::rows::Stop;

/// Most tables of a connection.
const TABLES: usize = 16;

/// The milestones that a connection knows, all of one state of the file.
#[derive(Default)]
pub(super) struct Ways {
    /// What SQLite calls the state. It is another number as soon as somebody else wrote, but says nothing to other connections.
    version: Option<i64>,
    tables: HashMap<String, Milestones>,
}

impl Ways {
    /// The number of a row at which or behind which a page begins, and how many rows are to be passed over from there on.
    /// None where the page is near. To be asked within the transaction that reads the page.
    pub(super) fn towards(
        &mut self,
        connection: &Connection,
        table: &Table,
        offset: u64,
        stop: &Stop,
    ) -> rusqlite::Result<Option<(i64, u64)>> {
        let Some(rowid) = table.key.rowid.as_deref().filter(|_| Milestones::serve(offset)) else { return Ok(None) };
        let version = connection.prepare_cached("PRAGMA data_version")?.query_row([], |row| row.get(0))?;
        if self.version != Some(version) || (self.tables.len() >= TABLES && !self.tables.contains_key(&table.name)) {
            *self = Self { version: Some(version), tables: HashMap::new() };
        }
        let milestones = self.tables.entry(table.name.clone()).or_default();
        let from = &table.from;
        let query =
            format!("SELECT {rowid} FROM {from} NOT INDEXED WHERE {rowid} >= ?1 ORDER BY {rowid} LIMIT 1 OFFSET ?2");
        let mut next = connection.prepare_cached(&query)?;
        while let Some((last, step)) = milestones.wanted(offset) {
            // Between two statements an interrupt finds nothing to interrupt.
            if stop.is_stopped() {
                break;
            }
            let found = next.query_row((last.unwrap_or(i64::MIN), step.cast_signed()), |row| row.get(0)).optional()?;
            milestones.found(found);
        }
        Ok(milestones.towards(offset))
    }
}
