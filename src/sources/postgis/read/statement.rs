//! The statements that a page is read by.

use super::super::filter::Filter;
use super::super::seek::Part;
use super::super::sql::{Bound, Sql};
use super::super::table::Table;
use super::super::{snapshot, sparse};
use super::Reader;
use crate::model::value::Value;

/// Up to so many rows a statement says in its text about how many it is for, by powers of two, that statements be few. A
/// limit that is bound is unknown to a plan that is kept: it seems dearer than a new one, and each page is planned anew. So
/// shall it be where other values are bound, for of a rare value the rows are found in another way than of a common one.
const PLANNED: u64 = 1 << 14;

/// What follows the list of columns.
pub(in super::super) fn from(table: &Table, filter: &Filter, values: &[(String, Value)], select: &str) -> Sql {
    let mut sql = Sql { text: format!("SELECT {select} FROM "), values: filter.sql.values.clone() };
    table.from.write(&mut sql, values);
    if !filter.sql.text.is_empty() {
        sql.add(" WHERE ");
        sql.add(&filter.sql.text);
    }
    sql
}

/// Ends a statement with its limit and offset; they may be told to a plan that is kept.
fn limited(sql: &mut Sql, limit: Option<u64>, offset: u64, is_planned: bool) {
    let number = |number| Bound::Int(i64::try_from(number).unwrap_or(i64::MAX));
    if let Some(limit) = limit {
        let reach = limit.saturating_add(offset);
        if is_planned && reach <= PLANNED {
            sql.text = format!("SELECT * FROM ({} LIMIT {}) AS page", sql.text, reach.next_power_of_two());
        }
        sql.add(" LIMIT ");
        sql.bind(number(limit), "int8");
    }
    if offset > 0 {
        sql.add(" OFFSET ");
        sql.bind(number(offset), "int8");
    }
}

impl Reader<'_> {
    /// The statement of a part.
    pub(super) fn statement(&self, part: &Part) -> Sql {
        let mut list = self.selected.list.clone();
        if let Some((_, count)) = &self.count {
            list.push_str(", ");
            list.push_str(count);
        }
        if self.snapshot.is_some() {
            list.push_str(", ");
            list.push_str(snapshot::OWN);
        }
        let first = if self.few.is_some() { "*" } else { &list };
        let mut sql = from(self.table, self.filter, self.plan.parameters(), first);
        let is_planned = sql.values.is_empty();
        let mut word = if self.filter.sql.text.is_empty() { " WHERE " } else { " AND " };
        if !part.is_all() {
            sql.add(word);
            part.write(&mut sql);
            word = " AND ";
        }
        let begin = self.begin.as_ref();
        if self.plan.end().is_some() || (begin.is_some() && part.is_all()) {
            sql.add(word);
            self.order.write_range(self.plan, begin, !part.is_all(), &mut sql);
        }
        if self.few.is_some() {
            sql.text = format!("SELECT {list}, count(*) OVER () FROM ({} LIMIT {}) AS t", sql.text, sparse::MOST + 1);
        }
        sql.add(" ORDER BY ");
        sql.add(&part.order);
        if self.filter.test.is_some() {
            if let Some(chunk) = self.chunk {
                sql.add(&format!(" LIMIT {chunk}"));
            }
            return sql;
        }
        // Of several parts each may have all the rows, and those to be passed over are counted here.
        let (limit, offset) = if self.counts {
            (self.left.map(|left| left.saturating_add(self.skip)), 0)
        } else {
            (self.plan.limit(), self.way.as_ref().map_or(self.plan.offset(), |way| way.offset))
        };
        limited(&mut sql, limit, offset, is_planned);
        sql
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bound_limit_is_told_to_the_planner_too() {
        let ended = |limit, offset| {
            let mut sql = Sql { text: "SELECT 1".to_owned(), values: Vec::new() };
            limited(&mut sql, limit, offset, true);
            (sql.text, sql.values)
        };
        let (text, values) = ended(Some(11), 0);
        assert_eq!(text, "SELECT * FROM (SELECT 1 LIMIT 16) AS page LIMIT $1::int8");
        assert_eq!(values, [Bound::Int(11)]);
        assert_eq!(ended(Some(9), 0).0, text, "pages of about the same size share a statement");
        assert_eq!(ended(Some(101), 30).0, "SELECT * FROM (SELECT 1 LIMIT 256) AS page LIMIT $1::int8 OFFSET $2::int8");
        assert_eq!(ended(Some(10), 500_000).0, "SELECT 1 LIMIT $1::int8 OFFSET $2::int8");
        assert_eq!(ended(Some(u64::MAX), 1).0, "SELECT 1 LIMIT $1::int8 OFFSET $2::int8");
        assert_eq!(ended(None, 0).0, "SELECT 1");
    }
}
