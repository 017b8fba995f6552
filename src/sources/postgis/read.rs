//! Reads the rows of a plan: one statement, whose rows are decoded as they come. The socket is the only buffer: a reader
//! who is slow stops the database.

use std::pin::pin;

use deadpool_postgres::Pool;
use futures_util::TryStreamExt;
use tokio_postgres::Row;

use super::cells::{self, Raw};
use super::columns::Form;
use super::filter::Filter;
use super::sql::{Bound, Sql};
use super::table::Table;
use super::{Room, connect, fault};
use crate::data::plan::Plan;
use crate::data::rows::RowSender;
use crate::error::Result;
use crate::model::batch::{Batch, Layout};
use crate::model::value::Value;

/// How often a statement is tried where the connection turns out to be dead: one may have died in the pool.
const TRIES: u32 = 3;

/// Which columns are selected, and where they stand.
struct Selected {
    list: String,
    geometry: Option<usize>,
    /// For each field, its place and form.
    fields: Vec<(usize, usize, Form)>,
}

impl Selected {
    fn new(table: &Table, layouts: &[&Layout]) -> Self {
        let mut columns = vec![table.key.select.clone()];
        let wants = layouts.iter().any(|layout| layout.geometry);
        let geometry = table.geometry.as_ref().filter(|_| wants).map(|geometry| {
            columns.push(format!("ST_AsBinary({}, 'NDR')", geometry.column));
            1
        });
        let mut fields: Vec<(usize, usize, Form)> = Vec::new();
        for &field in layouts.iter().flat_map(|layout| &layout.fields) {
            if !fields.iter().any(|(other, ..)| *other == field) {
                fields.push((field, columns.len(), table.columns[field].form));
                columns.push(table.columns[field].select.clone());
            }
        }
        Self { list: columns.join(", "), geometry, fields }
    }

    fn places(&self, layout: &Layout) -> Vec<(usize, Form)> {
        let at = |field: &usize| self.fields.iter().find(|(other, ..)| other == field).map(|&(_, at, form)| (at, form));
        layout.fields.iter().filter_map(at).collect()
    }
}

/// One row, cell by cell, as a layout has them.
fn push(batch: &mut Batch, row: &Row, key: Form, geometry: Option<usize>, places: &[(usize, Form)]) {
    let raw = |at: usize| row.try_get::<_, Raw<'_>>(at).ok().and_then(|raw| raw.0);
    cells::push(batch, key, raw(0));
    if let Some(at) = geometry {
        cells::push(batch, Form::Bytes, raw(at));
    }
    for &(at, form) in places {
        cells::push(batch, form, raw(at));
    }
}

/// What follows the list of columns.
pub(super) fn from(table: &Table, filter: &Filter, values: &[(String, Value)], select: &str) -> Sql {
    let mut sql = Sql { text: format!("SELECT {select} FROM "), values: filter.sql.values.clone() };
    table.from.write(&mut sql, values);
    if !filter.sql.text.is_empty() {
        sql.add(" WHERE ");
        sql.add(&filter.sql.text);
    }
    sql
}

/// Reads all and sends it.
pub(super) async fn run(room: &Room, table: &Table, plan: &Plan, filter: &Filter, sender: &RowSender) -> Result<()> {
    let mut layouts = vec![&**plan.layout()];
    layouts.extend(filter.test.as_ref().map(|test| &test.layout));
    let selected = Selected::new(table, &layouts);
    let mut sql = from(table, filter, plan.parameters(), &selected.list);
    sql.add(" ORDER BY ");
    sql.add(&table.order(plan.sort()));
    let counts = filter.test.is_some();
    if !counts {
        if let Some(limit) = plan.limit() {
            sql.add(" LIMIT ");
            sql.bind(Bound::Int(i64::try_from(limit).unwrap_or(i64::MAX)), "int8");
        }
        if plan.offset() > 0 {
            sql.add(" OFFSET ");
            sql.bind(Bound::Int(i64::try_from(plan.offset()).unwrap_or(i64::MAX)), "int8");
        }
    }
    let mut reader = Reader {
        table,
        plan,
        filter,
        sender,
        places: selected.places(plan.layout()),
        tested: filter.test.as_ref().map(|test| selected.places(&test.layout)).unwrap_or_default(),
        geometry: selected.geometry,
        batch: sender.batch(plan.layout().width()),
        scratch: Batch::default(),
        skip: if counts { plan.offset() } else { 0 },
        left: plan.limit().filter(|_| counts),
        has_sent: false,
    };
    let mut tries = 1;
    loop {
        let client = connect::take(&room.pool).await?;
        let cancel = client.cancel_token();
        let read = async {
            let statement = client.prepare_cached(&sql.text).await?;
            let rows = client.query_raw(&statement, sql.bound()).await?;
            let mut rows = pin!(rows);
            while let Some(row) = rows.try_next().await? {
                if !reader.visit(&row).await {
                    return Ok(false);
                }
            }
            Ok(true)
        };
        let outcome: Result<bool, tokio_postgres::Error> = tokio::select! {
            outcome = read => outcome,
            () = sender.gone() => Ok(false),
        };
        match outcome {
            Ok(true) => break,
            Ok(false) => {
                // The database need not finish what nobody reads. Without an answer to the wish it finishes all the same.
                let _ = connect::cancel(cancel, room.is_encrypted()).await;
                break;
            }
            Err(cause) if fault::is_away(&cause) && !reader.has_sent && tries < TRIES => {
                tries += 1;
                reader.batch.reset(plan.layout().width());
            }
            Err(cause) => return Err(fault::reading(cause)),
        }
    }
    reader.flush().await;
    Ok(())
}

struct Reader<'a> {
    table: &'a Table,
    plan: &'a Plan,
    filter: &'a Filter,
    sender: &'a RowSender,
    places: Vec<(usize, Form)>,
    tested: Vec<(usize, Form)>,
    geometry: Option<usize>,
    batch: Batch,
    scratch: Batch,
    /// Rows still to be passed over and to be given, where the loop counts them.
    skip: u64,
    left: Option<u64>,
    has_sent: bool,
}

impl Reader<'_> {
    /// Takes a row; false where no more is wanted.
    async fn visit(&mut self, row: &Row) -> bool {
        if self.left == Some(0) {
            return false;
        }
        let key = self.table.key.form;
        if let Some(test) = &self.filter.test {
            self.scratch.reset(test.layout.width());
            push(&mut self.scratch, row, key, self.geometry.filter(|_| test.layout.geometry), &self.tested);
            if !test.predicate.test(self.scratch.row(0)) {
                return true;
            }
            if self.skip > 0 {
                self.skip -= 1;
                return true;
            }
        }
        push(&mut self.batch, row, key, self.geometry.filter(|_| self.plan.layout().geometry), &self.places);
        if let Some(left) = &mut self.left {
            *left -= 1;
            if *left == 0 {
                return false;
            }
        }
        if !self.batch.is_full() {
            return true;
        }
        self.has_sent = true;
        let empty = self.sender.batch(self.plan.layout().width());
        self.sender.send_later(std::mem::replace(&mut self.batch, empty)).await
    }

    async fn flush(&mut self) {
        if !self.batch.is_empty() {
            // Whether the reader is still there does not matter any more.
            let _ = self.sender.send_later(std::mem::take(&mut self.batch)).await;
        }
    }
}

/// Counts the rows that pass, where the database cannot do it alone.
pub(super) async fn count(pool: &Pool, table: &Table, filter: &Filter, values: &[(String, Value)]) -> Result<u64> {
    let Some(test) = &filter.test else { return Ok(0) };
    let selected = Selected::new(table, &[&test.layout]);
    let places = selected.places(&test.layout);
    let sql = from(table, filter, values, &selected.list);
    let client = connect::take(pool).await?;
    let statement = client.prepare_cached(&sql.text).await.map_err(fault::reading)?;
    let mut rows = pin!(client.query_raw(&statement, sql.bound()).await.map_err(fault::reading)?);
    let (mut count, mut scratch) = (0, Batch::default());
    while let Some(row) = rows.try_next().await.map_err(fault::reading)? {
        scratch.reset(test.layout.width());
        push(&mut scratch, &row, table.key.form, selected.geometry, &places);
        count += u64::from(test.predicate.test(scratch.row(0)));
    }
    Ok(count)
}
