//! How many rows match, told by the statement that reads the first of them: both are of one moment. Only where that costs next to
//! nothing, as the database knows at that time; elsewhere the number is counted apart, and kept.

use tokio_postgres::Client;

use super::fault;
use super::filter::Filter;
use super::table::{From, Table};
use crate::error::Result;

/// Most rows, and pages of eight kilobytes, of a table that is counted with each page.
const SMALL: (u32, u32) = (2_000, 1_000);

/// Whether a table is small, as the database knows.
fn is_small(name: &str) -> String {
    let (rows, pages) = SMALL;
    let name = name.replace('\'', "''");
    format!(
        "SELECT relkind <> 'p' AND reltuples BETWEEN 0 AND {rows} AND relpages <= {pages} FROM pg_class WHERE oid = '{name}'::regclass"
    )
}

/// The same now. What is large at the start is never asked again.
pub(super) async fn is_worth_it(client: &Client, from: &From) -> Result<bool> {
    let From::Name { name, is_plain: true } = from else { return Ok(false) };
    let row = client.query_opt(&is_small(name), &[]).await.map_err(fault::describing)?;
    Ok(row.is_some_and(|row| row.get(0)))
}

/// What is selected to know the number; null where it would cost more. The parameters are those of the filter.
pub(super) fn count(table: &Table, filter: &Filter) -> Option<String> {
    let From::Name { name, .. } = &table.from else { return None };
    if filter.test.is_some() || !table.is_small {
        return None;
    }
    let condition = if filter.sql.text.is_empty() { "true" } else { &filter.sql.text };
    let is_small = is_small(name);
    Some(format!("CASE WHEN ({is_small}) THEN (SELECT count(*) FROM {name} AS t WHERE {condition}) END"))
}
