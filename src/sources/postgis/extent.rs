//! Where and when the rows of a table are.

use super::cells::{self, Raw};
use super::fault;
use super::pools::Pools;
use super::read::OTHER_SYSTEM;
use super::sql::Sql;
use super::table::Table;
use crate::base::bbox::Rect;
use crate::base::datetime::Instant;
use crate::data::extent::Extent;
use crate::error::Result;
use crate::expr::evaluate::instant;
use crate::model::batch::Batch;

/// The extent of all rows.
pub(super) async fn measure(pools: &Pools, table: &Table) -> Result<Extent> {
    let mut columns = Vec::new();
    if let Some(geometry) = &table.geometry {
        let column = &geometry.column;
        columns.push(format!(
            "ST_Extent({column})::geometry AS e, min(ST_SRID({column})) AS low, max(ST_SRID({column})) AS high"
        ));
    }
    let time = table.schema.time.map(|time| (time.start, time.end.unwrap_or(time.start)));
    if let Some((start, end)) = time {
        let finite = |field: usize| {
            let stored = table.columns[field].stored();
            format!("({stored}) FILTER (WHERE isfinite({stored}))")
        };
        columns.push(format!("min{} AS first, max{} AS last", finite(start), finite(end)));
    }
    let sides =
        if table.geometry.is_some() { "ST_XMin(e), ST_YMin(e), ST_XMax(e), ST_YMax(e), low, high" } else { "1" };
    let ends = if time.is_some() { ", first, last" } else { "" };
    let mut sql = Sql::default();
    sql.add(&format!("SELECT {sides}{ends} FROM (SELECT {} FROM ", columns.join(", ")));
    table.from.write(&mut sql, &[]);
    sql.add(") AS m");
    let values: Vec<_> = sql.bound().collect();
    let client = pools.take().await?;
    let row = client.query_one(&sql.text, &values).await.map_err(fault::reading)?;
    if let Some(geometry) = &table.geometry {
        let is_other = |at: usize| row.get::<_, Option<i32>>(at).is_some_and(|srid| srid != geometry.srid);
        if is_other(4) || is_other(5) {
            return Err(fault::changed(OTHER_SYSTEM));
        }
    }
    let side = |at: usize| row.get::<_, Option<f64>>(at).filter(|side| side.is_finite());
    let space = match (table.geometry.is_some()).then(|| [side(0), side(1), side(2), side(3)]) {
        Some([Some(min_x), Some(min_y), Some(max_x), Some(max_y)]) => Some(Rect { min_x, min_y, max_x, max_y }),
        _ => None,
    };
    let first_time = row.len().saturating_sub(2);
    let end = |at: usize, field: usize, last: bool| -> Option<Instant> {
        let mut batch = Batch::new(1);
        cells::push(&mut batch, table.columns[field].form, row.try_get::<_, Raw<'_>>(at).ok()?.0);
        instant(batch.row(0).cell(0), last)
    };
    let time = time.and_then(|(start, stop)| {
        let (first, last) = (end(first_time, start, false), end(first_time + 1, stop, true));
        (first.is_some() || last.is_some()).then_some((first, last))
    });
    Ok(Extent { space, time })
}
