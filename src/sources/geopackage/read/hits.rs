//! The rows of which an R-tree has the numbers.

use std::rc::Rc;

use rusqlite::types::Value as Bound;
use rusqlite::vtab::array::Array;

use super::super::count::Look;
use super::super::spatial::{self, Hits};
use super::super::sql::Sql;
use super::{Next, Reader};
use crate::data::position::Mark;
use crate::expr::Expr;
use crate::model::value::Value;

/// Ids that are asked for beyond those that a page needs: some are near the box only, some fail another condition.
const SPARE: usize = if cfg!(test) { 1 } else { 256 };
/// Most ids that are bound at once.
const MOST_IDS: usize = if cfg!(test) { 100 } else { 100_000 };
/// Most rows whose geometry is looked at only to know how many rows match.
const MOST_LOOKS: usize = 512;

impl Reader<'_> {
    /// The rows that the R-tree has for a box.
    pub(super) fn hits(&mut self, hits: Hits) -> rusqlite::Result<()> {
        let Hits { ids, edge } = hits;
        if let ([wanted], [], None, Some(_)) =
            (&self.filter.boxes[..], &self.filter.sql[..], &self.filter.test, self.plan.limit())
            && wanted.z.is_none()
            && edge.len() <= MOST_LOOKS
        {
            // Who asks for a page wants to know how many there are as well: most lie within the box for certain.
            let mut look = Look::new(self.connection, self.table, wanted)?;
            let mut beside = 0;
            for id in &edge {
                beside += u64::from(!look.hits(*id)?);
            }
            self.sender.tell_matched(ids.len() as u64 - beside);
        }
        let Some(rowid) = &self.table.key.rowid else { return Ok(()) };
        if !self.plan.sort().is_empty() {
            return self.sorted(Some(spatial::among(rowid, spatial::listed(ids))));
        }
        // Another table beside it would make names ambiguous that whoever runs the server wrote.
        let has_own = self.plan.filter().iter().any(Expr::has_subset);
        if !self.table.key.is_rowid() || self.plan.is_backwards() || has_own {
            return self.pass(Some(spatial::among(rowid, spatial::listed(ids))), None).map(|_| ());
        }
        self.by_number(ids, rowid)
    }

    /// One row after the other by its number, the smallest first: to find those of a page among many is cheaper than to sort all.
    fn by_number(&mut self, ids: Vec<i64>, rowid: &str) -> rusqlite::Result<()> {
        let mut ids = ids;
        if let Some([Mark::Value(Value::Int(first))]) = self.plan.begin().map(|edge| &edge.position.0[..]) {
            // The condition says it as well, but only once each was looked up.
            ids.retain(|id| id >= first);
        }
        let mut rest = &mut ids[..];
        let wanted = self.left.unwrap_or(u64::MAX).saturating_add(self.skip);
        let mut size = usize::try_from(wanted).unwrap_or(usize::MAX).saturating_mul(2).saturating_add(SPARE);
        while !rest.is_empty() {
            if size < rest.len() {
                rest.select_nth_unstable(size);
            }
            let (next, later) = rest.split_at_mut(size.min(rest.len()));
            next.sort_unstable();
            if self.numbered(next, rowid)? == Next::End {
                break;
            }
            (rest, size) = (later, size.saturating_mul(8));
        }
        Ok(())
    }

    /// The rows with these numbers, in their order: one statement, for to begin one costs as much as a row.
    fn numbered(&mut self, numbers: &[i64], rowid: &str) -> rusqlite::Result<Next> {
        let (columns, from) = (self.selected.list(), &self.table.from);
        // CROSS JOIN lets SQLite change no order.
        let query = format!("SELECT {columns} FROM rarray(?) AS n CROSS JOIN {from} WHERE {rowid} = n.value");
        let mut query = Sql::new(query, Vec::new());
        for condition in self.filter.sql.iter().chain(&self.between).cloned() {
            query.add(" AND ");
            query.append(condition);
        }
        let mut statement = self.connection.prepare_cached(&query.text)?;
        let numbers: Array = Rc::new(numbers.iter().map(|number| Bound::Integer(*number)).collect());
        statement.raw_bind_parameter(1, numbers)?;
        for (at, value) in query.values.iter().enumerate() {
            statement.raw_bind_parameter(at + 2, value)?;
        }
        let mut rows = statement.raw_query();
        while let Some(row) = rows.next()? {
            if self.visit(row)? == Next::End {
                return Ok(Next::End);
            }
        }
        Ok(Next::Row)
    }

    /// Goes on by the ids of the R-tree where the scan stopped.
    pub(super) fn go_on(&mut self, ids: &Sql, rowid: &str) -> rusqlite::Result<()> {
        let Some(mut last) = self.last else {
            // Rows are not in the order of the rowid: those that passed come again, and are passed over.
            self.skip += self.passed;
            return self.pass(Some(spatial::among(rowid, ids.clone())), None).map(|_| ());
        };
        // A page needs few ids, and to keep the smallest of many is cheaper than to sort them all.
        let wanted = self.left.unwrap_or(u64::MAX).saturating_add(self.skip);
        let mut size = usize::try_from(wanted).unwrap_or(usize::MAX).saturating_mul(2).saturating_add(SPARE);
        while size <= MOST_IDS {
            let found = spatial::ids_after(self.connection, ids, last, size)?;
            let (is_last, Some(&end)) = (found.len() < size, found.last()) else { return Ok(()) };
            if self.pass(Some(spatial::among(rowid, spatial::listed(found))), None)? == Next::End || is_last {
                return Ok(());
            }
            (last, size) = (end, size.saturating_mul(8));
        }
        let mut condition = spatial::among(rowid, ids.clone());
        condition.add(&format!(" AND {rowid} > ?"));
        condition.values.push(last.into());
        self.pass(Some(condition), None).map(|_| ())
    }
}
