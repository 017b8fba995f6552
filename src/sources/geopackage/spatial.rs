//! Which way through the table is the shorter one for a box: the R-tree, which knows where things are but not their
//! order, or the rows in their order, testing each.

use rusqlite::types::Value as Bound;
use rusqlite::{Connection, OptionalExtension};

use super::filter::{Filter, WantedBox};
use super::sql::Sql;
use super::table::{Rtree, Table};
use crate::base::bbox::Rect;

/// So many hits are cheap to collect and to sort. Tests have few rows, and must go both ways.
const FEW: u64 = if cfg!(test) { 8 } else { 1024 };
/// Rows that one node of an R-tree has on the average.
const ROWS_PER_NODE: u64 = 36;
/// By how much a scan may be longer than it should be if the hits were spread evenly.
const PATIENCE: u64 = if cfg!(test) { 0 } else { 4 };

/// A way through the table.
pub(super) enum Route {
    /// No row can be meant.
    Nowhere,
    /// In the order of the key, testing each row. Where many were visited and the page is not full yet, on by the ids that
    /// the R-tree has: a file may be sorted by place, with all the hits at its end.
    Scan { budget: Option<u64>, ids: Option<Sql> },
    /// Only the rows that this condition names.
    Index(Sql),
}

/// Chooses the way for a page that needs this many hits, or for all of them.
pub(super) fn route(
    connection: &Connection,
    table: &Table,
    filter: &Filter,
    wanted: Option<u64>,
) -> rusqlite::Result<Route> {
    let boxes = &filter.boxes;
    let whole = Route::Scan { budget: None, ids: None };
    if boxes.iter().any(|wanted| wanted.rects.is_empty()) {
        return Ok(Route::Nowhere);
    }
    if boxes.is_empty() || filter.is_by_id {
        return Ok(whole);
    }
    let (Some(Rtree { index: rtree, nodes, .. }), Some(rowid)) = (&table.rtree, &table.key.rowid) else {
        return Ok(whole);
    };
    let bounds = bounds(connection, nodes)?;
    let covers =
        |wanted: &&WantedBox| bounds.is_some_and(|bounds| wanted.rects.iter().any(|rect| rect.contains(&bounds)));
    // A box around everything says nothing about where to look.
    let cutting: Vec<&WantedBox> = boxes.iter().filter(|wanted| !covers(wanted)).collect();
    if cutting.is_empty() {
        return Ok(whole);
    }
    let rows = rows(connection, nodes)?;
    let few = if wanted.is_some() { FEW } else { FEW.max(rows / 4) };
    let mut best: Option<(u64, &WantedBox)> = None;
    for wanted in cutting {
        let hits = count_hits(connection, rtree, wanted, few)?;
        if best.is_none_or(|(other, _)| hits < other) {
            best = Some((hits, wanted));
        }
    }
    let Some((hits, narrowest)) = best else { return Ok(whole) };
    let ids = hits_of(rtree, narrowest, "r.id");
    Ok(match wanted {
        _ if hits < few => Route::Index(among(rowid, ids)),
        None => whole,
        Some(wanted) => {
            let expected = u128::from(wanted) * u128::from(rows) / u128::from(hits.max(1));
            let budget = u64::try_from(expected).unwrap_or(u64::MAX).saturating_mul(PATIENCE).saturating_add(FEW);
            Route::Scan { budget: Some(budget), ids: Some(ids) }
        }
    })
}

/// The condition that a row is one of these.
pub(super) fn among(rowid: &str, ids: Sql) -> Sql {
    Sql::new(format!("{rowid} IN ({})", ids.text), ids.values)
}

/// The first ids after one, in order.
pub(super) fn ids_after(connection: &Connection, ids: &Sql, last: i64, limit: usize) -> rusqlite::Result<Vec<i64>> {
    let mut query =
        Sql::new(format!("SELECT id FROM ({}) WHERE id > ? ORDER BY id LIMIT ?", ids.text), ids.values.clone());
    query.values.extend([last.into(), i64::try_from(limit).unwrap_or(i64::MAX).into()]);
    let mut statement = connection.prepare_cached(&query.text)?;
    let found = statement.query_map(query.bound(), |row| row.get(0))?;
    found.collect()
}

/// The entries whose rectangle meets the box. They are rounded outwards, so every hit is among them.
pub(super) fn hits_of(rtree: &str, wanted: &WantedBox, columns: &str) -> Sql {
    let mut union = Sql::default();
    for rect in &wanted.rects {
        union.add(if union.text.is_empty() { "" } else { " UNION ALL " });
        let condition = "r.minx <= ? AND r.maxx >= ? AND r.miny <= ? AND r.maxy >= ?";
        union.add(&format!("SELECT {columns} FROM {rtree} AS r WHERE {condition}"));
        union.values.extend([rect.max_x, rect.min_x, rect.max_y, rect.min_y].map(Bound::Real));
    }
    union
}

/// How many entries meet the box, up to a limit.
fn count_hits(connection: &Connection, rtree: &str, wanted: &WantedBox, limit: u64) -> rusqlite::Result<u64> {
    let mut query = Sql::new("SELECT count(*) FROM (", Vec::new());
    query.append(hits_of(rtree, wanted, "1"));
    query.add(" LIMIT ?)");
    query.values.push(i64::try_from(limit).unwrap_or(i64::MAX).into());
    let count: i64 = connection.prepare_cached(&query.text)?.query_row(query.bound(), |row| row.get(0))?;
    Ok(count.unsigned_abs())
}

/// About how many rows the R-tree has, from the number of its last node.
fn rows(connection: &Connection, nodes: &str) -> rusqlite::Result<u64> {
    let query = format!("SELECT max(nodeno) FROM {nodes}");
    let last: Option<i64> = connection.prepare_cached(&query)?.query_row([], |row| row.get(0))?;
    Ok(last.unwrap_or_default().unsigned_abs().saturating_mul(ROWS_PER_NODE).max(1))
}

/// The rectangle around all entries, read from the root of the R-tree, which is always its node 1: the height of the
/// tree and the number of cells, then cells of a 64-bit number and four 32-bit floats.
pub(super) fn bounds(connection: &Connection, nodes: &str) -> rusqlite::Result<Option<Rect>> {
    let query = format!("SELECT data FROM {nodes} WHERE nodeno = 1");
    let data: Option<Vec<u8>> = connection.prepare_cached(&query)?.query_row([], |row| row.get(0)).optional()?;
    let data = data.unwrap_or_default();
    let count = data.get(2..4).and_then(|bytes| bytes.try_into().ok()).map_or(0, u16::from_be_bytes);
    let mut bounds = Rect::EMPTY;
    for cell in data.get(4..).unwrap_or_default().chunks_exact(24).take(usize::from(count)) {
        let number =
            |at: usize| cell[at..at + 4].try_into().map_or(f64::NAN, |bytes| f64::from(f32::from_be_bytes(bytes)));
        bounds.include(number(8), number(16));
        bounds.include(number(12), number(20));
    }
    Ok((!bounds.is_empty()).then_some(bounds))
}
