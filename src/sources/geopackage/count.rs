//! Counts rows, looking at no more of them than it must.

use std::ops::ControlFlow;

use rusqlite::{CachedStatement, Connection, OptionalExtension};

use super::filter::{Filter, WantedBox};
use super::nodes::Held;
use super::read::{self, Selected, Tester};
use super::spatial::{self, Route};
use super::sql::Sql;
use super::table::{Rtree, Table};
use crate::base::bbox::Rect;

/// How many rows pass the filter.
pub(super) fn count(connection: &Connection, table: &Table, filter: &Filter) -> rusqlite::Result<u64> {
    if filter.is_exact() {
        if filter.sql.is_empty()
            && table.counted
            && let Some(count) = kept(connection, table)?
        {
            return Ok(count);
        }
        let query = conditions(format!("SELECT count(*) FROM {}", table.from), filter, None);
        let count: i64 = connection.prepare_cached(&query.text)?.query_row(query.bound(), |row| row.get(0))?;
        return Ok(count.unsigned_abs());
    }
    if let ([wanted], true, None, Some(rtree)) = (&filter.boxes[..], filter.sql.is_empty(), &filter.test, &table.rtree)
        && wanted.z.is_none()
    {
        return by_rtree(connection, table, rtree, wanted);
    }
    let mut held = table.rtree.as_ref().map(|rtree| Held::new(connection, rtree)).transpose()?;
    let held = held.as_mut().map(Held::root).transpose()?;
    let index = match spatial::route(connection, table, filter, held.as_ref().map(|(root, _)| root), None)? {
        Route::Nowhere => return Ok(0),
        Route::Index(index) => Some(index),
        Route::Hits(hits) => table.key.rowid.as_ref().map(|rowid| spatial::among(rowid, spatial::listed(hits.ids))),
        Route::Scan { .. } => None,
    };
    let layouts: Vec<_> = filter.test.iter().map(|test| &test.layout).collect();
    let selected = Selected::new(table, &layouts, filter);
    let mut tester = Tester::new(table, filter, &selected);
    let query = conditions(format!("SELECT {} FROM {}", selected.list(), table.from), filter, index);
    let mut statement = connection.prepare_cached(&query.text)?;
    let mut rows = statement.query(query.bound())?;
    let mut count = 0;
    while let Some(row) = rows.next()? {
        count += u64::from(tester.passes(row, &selected)?);
    }
    Ok(count)
}

/// The number that triggers keep.
fn kept(connection: &Connection, table: &Table) -> rusqlite::Result<Option<u64>> {
    let query = "SELECT feature_count FROM gpkg_ogr_contents WHERE lower(table_name) = lower(?1)";
    let count = connection.query_row(query, [&table.name], |row| row.get::<_, Option<i64>>(0)).optional()?;
    Ok(count.flatten().and_then(|count| u64::try_from(count).ok()))
}

fn conditions(select: String, filter: &Filter, index: Option<Sql>) -> Sql {
    let mut query = Sql::new(select, Vec::new());
    for (at, condition) in filter.sql.iter().cloned().chain(index).enumerate() {
        query.add(if at == 0 { " WHERE " } else { " AND " });
        query.append(condition);
    }
    query
}

/// What lies within the box for certain needs no look at its geometry, only what lies on its edge.
fn by_rtree(connection: &Connection, table: &Table, rtree: &Rtree, wanted: &WantedBox) -> rusqlite::Result<u64> {
    let mut held = Held::new(connection, rtree)?;
    let (root, _held) = held.root()?;
    let covers = |bounds: Rect| wanted.rects.iter().any(|rect| rect.contains(&bounds));
    if root.bounds().is_some_and(covers) {
        let all = format!("SELECT count(*) FROM {}", rtree.ids);
        let count: i64 = connection.prepare_cached(&all)?.query_row([], |row| row.get(0))?;
        return Ok(count.unsigned_abs());
    }
    let mut look = Look::new(connection, table, wanted)?;
    let mut count = 0;
    let walked = root.walk(connection, rtree, &wanted.rects, |id, envelope| {
        let is_inside = wanted.rects.iter().any(|rect| rect.contains(envelope));
        count += u64::from(is_inside || look.hits(id)?);
        Ok(ControlFlow::Continue(()))
    })?;
    if walked.is_some() {
        return Ok(count);
    }
    // Of an index that is none by its nodes, SQLite may know more.
    let ids = spatial::hits_of(&rtree.index, wanted, "r.id");
    let query = Sql::new(format!("SELECT DISTINCT id FROM ({})", ids.text), ids.values);
    let mut statement = connection.prepare_cached(&query.text)?;
    let mut rows = statement.query(query.bound())?;
    let mut count = 0;
    while let Some(row) = rows.next()? {
        count += u64::from(look.hits(row.get(0)?)?);
    }
    Ok(count)
}

/// Looks at the geometries of single rows.
pub(super) struct Look<'a> {
    statement: CachedStatement<'a>,
    wanted: &'a WantedBox,
}

impl<'a> Look<'a> {
    pub(super) fn new(connection: &'a Connection, table: &Table, wanted: &'a WantedBox) -> rusqlite::Result<Self> {
        // An R-tree is used only where both are there.
        let (geometry, rowid) = (table.geometry.as_deref().unwrap_or("NULL"), table.key.rowid.as_deref());
        let query = format!("SELECT {geometry} FROM {} WHERE {} = ?1", table.from, rowid.unwrap_or("NULL"));
        Ok(Self { statement: connection.prepare_cached(&query)?, wanted })
    }

    /// Whether the row is there, and meets the box.
    pub(super) fn hits(&mut self, id: i64) -> rusqlite::Result<bool> {
        let wanted = self.wanted;
        let hit = self.statement.query_row([id], |row| Ok(read::meets(row.get_ref(0)?, wanted))).optional()?;
        Ok(hit.unwrap_or(false))
    }
}
