//! Which way through the table is the shorter one for a box: the R-tree, which knows where things are but not their
//! order, or the rows in their order, testing each.

use std::ops::ControlFlow;

use rusqlite::Connection;
use rusqlite::types::Value as Bound;

use super::filter::{Filter, WantedBox};
use super::nodes::Root;
use super::sql::Sql;
use super::table::{Rtree, Table};

/// So many hits are always cheap to collect and to sort. Tests have few rows, and must go both ways.
const FEW: u64 = if cfg!(test) { 8 } else { 1024 };
/// Rows that one node of an R-tree has on the average.
const ROWS_PER_NODE: u64 = 36;
/// By how much a scan may be longer than it should be if the hits were spread evenly.
const PATIENCE: u64 = if cfg!(test) { 0 } else { 4 };
/// How many times the hits that a page may cost to collect, where a scan would visit as many rows: a row costs that much more, or twice.
const CHEAPER: u64 = if cfg!(test) { 0 } else { 4 };
/// Most hits whose numbers are kept.
const MOST_HITS: u64 = if cfg!(test) { 100 } else { 100_000 };

/// A way through the table.
pub(super) enum Route {
    /// No row can be meant.
    Nowhere,
    /// In the order of the key, testing each row. Where many were visited and the page is not full yet, on by the ids that
    /// the R-tree has: a file may be sorted by place, with all the hits at its end.
    Scan { budget: Option<u64>, ids: Option<Sql> },
    /// Only the rows that this condition names.
    Index(Sql),
    /// Only these rows.
    Hits(Hits),
}

/// What an R-tree has for a box.
#[derive(Debug, Default)]
pub(super) struct Hits {
    /// The numbers of the rows, in no order.
    pub(super) ids: Vec<i64>,
    /// Those of them that do not lie within the box for certain.
    pub(super) edge: Vec<i64>,
}

/// Chooses the way for a page that needs this many hits, or for all of them.
pub(super) fn route(
    connection: &Connection,
    table: &Table,
    filter: &Filter,
    root: Option<&Root>,
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
    let (Some(rtree), Some(rowid), Some(root)) = (&table.rtree, &table.key.rowid, root) else {
        return Ok(whole);
    };
    let bounds = root.bounds();
    let covers =
        |wanted: &&WantedBox| bounds.is_some_and(|bounds| wanted.rects.iter().any(|rect| rect.contains(&bounds)));
    // A box around everything says nothing about where to look.
    let cutting: Vec<&WantedBox> = boxes.iter().filter(|wanted| !covers(wanted)).collect();
    if cutting.is_empty() {
        return Ok(whole);
    }
    let rows = rows(connection, &rtree.nodes)?;
    let few = match wanted {
        // A scan visits wanted * rows / hits rows.
        Some(wanted) => FEW.max(wanted.saturating_mul(rows).isqrt().saturating_mul(CHEAPER).min(MOST_HITS)),
        None => FEW.max(rows / 4),
    };
    let mut best: Option<(u64, Hits, &WantedBox)> = None;
    for wanted in cutting {
        let (count, hits) = collect(connection, rtree, root, wanted, few)?;
        if best.as_ref().is_none_or(|(other, ..)| count < *other) {
            best = Some((count, hits, wanted));
        }
    }
    let Some((count, hits, narrowest)) = best else { return Ok(whole) };
    let ids = || hits_of(&rtree.index, narrowest, "r.id");
    Ok(match wanted {
        _ if count < few && hits.ids.len() as u64 == count => Route::Hits(hits),
        _ if count < few => Route::Index(among(rowid, ids())),
        None => whole,
        Some(wanted) => {
            let expected = u128::from(wanted) * u128::from(rows) / u128::from(count.max(1));
            let budget = u64::try_from(expected).unwrap_or(u64::MAX).saturating_mul(PATIENCE).saturating_add(FEW);
            Route::Scan { budget: Some(budget), ids: Some(ids()) }
        }
    })
}

/// The entries that meet the box: counted up to a limit, and kept where they are not too many.
fn collect(
    connection: &Connection,
    rtree: &Rtree,
    root: &Root,
    wanted: &WantedBox,
    limit: u64,
) -> rusqlite::Result<(u64, Hits)> {
    let (mut count, mut hits) = (0, Hits::default());
    let walked = root.walk(connection, rtree, &wanted.rects, |id, rect| {
        count += 1;
        if count <= MOST_HITS {
            hits.ids.push(id);
            if !wanted.rects.iter().any(|wanted| wanted.contains(rect)) {
                hits.edge.push(id);
            }
        }
        Ok(if count >= limit { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
    })?;
    if walked.is_some() {
        return Ok((count, hits));
    }
    Ok((count_hits(connection, &rtree.index, wanted, limit)?, Hits::default()))
}

/// The condition that a row is one of these.
pub(super) fn among(rowid: &str, ids: Sql) -> Sql {
    Sql::new(format!("{rowid} IN ({})", ids.text), ids.values)
}

/// A list of ids as a table of SQL.
pub(super) fn listed(ids: Vec<i64>) -> Sql {
    Sql::new("SELECT value FROM json_each(?)", vec![serde_json::Value::from(ids).to_string().into()])
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
