//! Counts rows, looking at no more of them than it must.

use rusqlite::{Connection, OptionalExtension};

use super::filter::{Filter, WantedBox};
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
    let index = match spatial::route(connection, table, filter, None)? {
        Route::Nowhere => return Ok(0),
        Route::Index(index) => Some(index),
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
    let (Some(geometry), Some(rowid)) = (&table.geometry, &table.key.rowid) else { return Ok(0) };
    let bounds = spatial::bounds(connection, &rtree.nodes)?;
    if bounds.is_some_and(|bounds| wanted.rects.iter().any(|rect| rect.contains(&bounds))) {
        let all = format!("SELECT count(*) FROM {}", rtree.ids);
        let count: i64 = connection.prepare_cached(&all)?.query_row([], |row| row.get(0))?;
        return Ok(count.unsigned_abs());
    }
    let look = format!("SELECT {geometry} FROM {} WHERE {rowid} = ?1", table.from);
    let mut look = connection.prepare_cached(&look)?;
    let mut count = 0;
    for (at, rect) in wanted.rects.iter().enumerate() {
        let one = WantedBox { rects: vec![*rect], z: None };
        let query = spatial::hits_of(&rtree.index, &one, "r.id, r.minx, r.miny, r.maxx, r.maxy");
        let mut statement = connection.prepare_cached(&query.text)?;
        let mut rows = statement.query(query.bound())?;
        while let Some(row) = rows.next()? {
            let envelope = Rect { min_x: row.get(1)?, min_y: row.get(2)?, max_x: row.get(3)?, max_y: row.get(4)? };
            if wanted.rects[..at].iter().any(|earlier| earlier.intersects(&envelope)) {
                // It was met, and looked at with all rectangles, before.
                continue;
            }
            if rect.contains(&envelope) {
                count += 1;
                continue;
            }
            let id: i64 = row.get(0)?;
            let hit = look.query_row([id], |row| Ok(read::meets(row.get_ref(0)?, wanted))).optional()?;
            count += u64::from(hit.unwrap_or(false));
        }
    }
    Ok(count)
}
