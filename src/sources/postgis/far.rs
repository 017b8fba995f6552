//! Pages far behind the first by number: PostgreSQL passes over every row before them. Where a second one is asked for in the same
//! state of the rows, the milestones of the keys are found by one scan of their index, and the others begin at one of them.

use futures_util::TryStreamExt;
use tokio::sync::{Mutex, MutexGuard};

use super::columns::Form;
use super::pools::Lent;
use super::snapshot::{self, Snapshot};
use super::table::{From, Table};
use crate::data::milestones::Milestones;
use crate::data::position::{Edge, Mark, Position};
use crate::model::value::Value;

/// What is known of the way through a table.
#[derive(Debug, Default)]
pub(super) struct Far(Mutex<Known>);

#[derive(Debug, Default)]
struct Known {
    /// That in which the last far page was.
    state: Option<u64>,
    milestones: Milestones,
}

/// Where a far page begins instead, in one state of the rows.
pub(super) struct Way {
    pub(super) begin: Edge,
    /// Rows to pass over from there.
    pub(super) offset: u64,
    pub(super) state: u64,
}

impl Far {
    /// Whether a table has milestones: its keys are whole numbers, and statements tell which rows they see.
    pub(super) fn serves(table: &Table, offset: u64) -> bool {
        Milestones::serve(offset)
            && table.from.is_plain()
            && matches!(table.key.form, Form::Int2 | Form::Int4 | Form::Int8)
    }

    /// Hears in which state a far page was that was read from the first row on.
    pub(super) fn note(&self, state: u64) {
        // Where others are at it, they know.
        if let Ok(mut known) = self.0.try_lock()
            && known.state != Some(state)
        {
            *known = Known { state: Some(state), ..Known::default() };
        }
    }

    /// The way to a page; none where the page is read from the first row on.
    pub(super) async fn towards(
        &self,
        client: &Lent,
        table: &Table,
        offset: u64,
    ) -> Result<Option<Way>, tokio_postgres::Error> {
        let Ok(mut known) = self.0.try_lock() else { return Ok(None) };
        let Some(state) = known.state else { return Ok(None) };
        while known.milestones.wanted(offset).is_some() {
            if !extend(&mut known, client, table, offset).await? {
                *known = Known::default();
                return Ok(None);
            }
        }
        let way = known.milestones.towards(offset).map(|(key, offset)| {
            let position = Position(vec![Mark::Value(Value::Int(key))]);
            Way { begin: Edge { position, is_inclusive: true }, offset, state }
        });
        Ok(way)
    }
}

/// Finds the milestones that are missing; false where the rows are in another state by now.
async fn extend(
    known: &mut MutexGuard<'_, Known>,
    client: &Lent,
    table: &Table,
    offset: u64,
) -> Result<bool, tokio_postgres::Error> {
    let (Some((last, step)), From::Name { name, .. }) = (known.milestones.wanted(offset), &table.from) else {
        return Ok(false);
    };
    let key = table.key.stored();
    let query = format!(
        "SELECT key, {} FROM (SELECT {key}::int8 AS key, row_number() OVER (ORDER BY {key}) AS place FROM {name} AS t \
         WHERE {key} >= $1::int8) AS numbered WHERE place > 1 AND (place - 1) % $2::int8 = 0 ORDER BY place LIMIT $3::int8",
        snapshot::OWN
    );
    let missing = i64::try_from(offset / step).unwrap_or(i64::MAX);
    let statement = client.prepare_cached(&query).await?;
    let rows = client.query_raw(&statement, [last.unwrap_or(i64::MIN), step.cast_signed(), missing]).await?;
    let mut rows = std::pin::pin!(rows);
    let mut is_of_now = true;
    while let Some(row) = rows.try_next().await? {
        let state = client.instance.and_then(|it| Snapshot::parse(row.get(1), it)).and_then(Snapshot::settled);
        is_of_now &= state.is_some() && state == known.state;
        // Rows after a change of the step are of no use any more; they are asked for again.
        if is_of_now && known.milestones.wanted(offset).is_some_and(|(_, now)| now == step) {
            known.milestones.found(Some(row.get(0)));
        }
    }
    if is_of_now && known.milestones.wanted(offset).is_some_and(|(now, same)| same == step && now == last) {
        // There was none.
        known.milestones.found(None);
    }
    Ok(is_of_now)
}
