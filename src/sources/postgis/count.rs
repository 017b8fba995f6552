//! Counts rows: the database alone, or with this program that tests them.

use std::pin::pin;

use futures_util::TryStreamExt;

use super::filter::Filter;
use super::pools::Pools;
use super::read::{OTHER_SYSTEM, OTHER_TYPES, from};
use super::selected::{Selected, push};
use super::table::Table;
use super::{connect, fault};
use crate::error::Result;
use crate::model::batch::Batch;
use crate::model::value::Value;

/// Has the database count the rows alone. What it says where it cannot is for who asks.
pub(super) async fn ask(
    pools: &Pools,
    table: &Table,
    filter: &Filter,
    values: &[(String, Value)],
) -> Result<Result<u64, tokio_postgres::Error>> {
    let sql = from(table, filter, values, "count(*)");
    let client = pools.take().await?;
    let count = async {
        let statement = connect::prepare(&client, &sql.text).await?;
        let values: Vec<_> = sql.bound().collect();
        Ok(client.query_one(&statement, &values).await?.get::<_, i64>(0).unsigned_abs())
    };
    Ok(count.await)
}

/// Counts the rows that pass, where the database cannot do it alone.
pub(super) async fn count(pools: &Pools, table: &Table, filter: &Filter, values: &[(String, Value)]) -> Result<u64> {
    let wrong = |cause| fault::reading_given(values, cause);
    let Some(test) = &filter.test else { return Ok(0) };
    let selected = Selected::new(table, &[&test.layout], std::iter::empty());
    let places = selected.places(&test.layout);
    let sql = from(table, filter, values, &selected.list);
    let client = pools.take().await?;
    let mut statement = connect::prepare(&client, &sql.text).await.map_err(wrong)?;
    let rows = match client.query_raw(&statement, sql.bound()).await {
        Err(cause) if fault::is_of_kept(&cause) => {
            pools.forget();
            statement = connect::prepare(&client, &sql.text).await.map_err(wrong)?;
            client.query_raw(&statement, sql.bound()).await
        }
        rows => rows,
    };
    let mut rows = pin!(rows.map_err(wrong)?);
    if !selected.fits(&statement, table.key.form) {
        return Err(fault::changed(OTHER_TYPES));
    }
    let geometry = selected.geometry.map(|place| place.tested(filter.only_finds));
    let (mut count, mut scratch) = (0, Batch::default());
    while let Some(row) = rows.try_next().await.map_err(wrong)? {
        scratch.reset(test.layout.width());
        if !push(&mut scratch, &row, table.key.form, geometry, &places) {
            return Err(fault::changed(OTHER_SYSTEM));
        }
        count += u64::from(test.predicate.test(scratch.row(0)));
    }
    Ok(count)
}
