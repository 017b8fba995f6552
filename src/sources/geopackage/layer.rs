//! One layer as a source of features: plans become jobs for the file's threads.

use std::future::ready;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::SystemTime;

use rusqlite::Connection;
use tokio::sync::oneshot;

use super::filter::{self, Filter};
use super::open::Handle;
use super::read::{Moment, Reader};
use super::table::Table;
use super::{Room, count, extent, fault, open, pool};
use crate::data::extent::Extent;
use crate::data::plan::{Plan, Sort};
use crate::data::rows::{Rows, Stop, StopOnDrop, channel};
use crate::data::source::{FeatureSource, Pending};
use crate::error::{Error, Result};
use crate::expr::Expr;
use crate::model::schema::Schema;

/// A table of a GeoPackage.
pub(super) struct Layer {
    room: Arc<Room>,
    table: Arc<Table>,
    /// Whether it was told that geometries cannot be read.
    has_warned: Arc<AtomicBool>,
}

impl Layer {
    pub(super) fn new(room: Arc<Room>, table: Table) -> Self {
        Self { room, table: Arc::new(table), has_warned: Arc::default() }
    }

    /// Has a question answered by a thread of the file. Dropped, the answer is not looked for any more.
    fn ask<T: Send + 'static>(
        &self,
        question: impl FnOnce(&Connection, &Table) -> rusqlite::Result<T> + Send + 'static,
    ) -> Pending<Result<T>> {
        let (sender, receiver) = oneshot::channel();
        let (stop, table, room) = (Stop::default(), self.table.clone(), self.room.clone());
        let guard = StopOnDrop(stop.clone());
        let job = move |handle: Result<&mut Handle>| {
            let answer = handle.and_then(|Handle { connection, verified, .. }| {
                let work = || {
                    let _moment = Moment::begin(connection)?;
                    match table.made.verify(connection, &table.name, verified)? {
                        Some(differs) => Ok(Err(differs)),
                        None => question(connection, &table).map(Ok),
                    }
                };
                told(&room, &table, armed(&stop, connection, work))
            });
            // Nobody to tell where the asker is gone.
            let _ = sender.send(answer);
        };
        let submitted = self.room.pool.submit(Box::new(job));
        Box::pin(async move {
            let _guard = guard;
            submitted?;
            receiver.await.unwrap_or_else(|_| Err(pool::panicked()))
        })
    }
}

/// Runs work that `stop` interrupts, and never what comes after it.
fn armed<T>(stop: &Stop, connection: &Connection, work: impl FnOnce() -> rusqlite::Result<T>) -> rusqlite::Result<T> {
    let handle = connection.get_interrupt_handle();
    let outcome = stop.arm(move || handle.interrupt()).then(|| catch_unwind(AssertUnwindSafe(work)));
    stop.disarm();
    match outcome {
        None => Err(rusqlite::Error::SqliteFailure(rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_INTERRUPT), None)),
        Some(Ok(result)) => result,
        // The pool catches it again and gives up the connection.
        Some(Err(panic)) => resume_unwind(panic),
    }
}

/// What came of the work on a table, or what of the table is another than it was described.
fn told<T>(room: &Room, table: &Table, outcome: rusqlite::Result<Result<T, String>>) -> Result<T> {
    match outcome {
        Ok(Ok(result)) => Ok(result),
        Ok(Err(differs)) => Err(fault::changed(&room.path, &table.name, &differs)),
        Err(cause) => Err(fault::reading(&room.path, &table.name, &cause)),
    }
}

impl FeatureSource for Layer {
    fn schema(&self) -> &Arc<Schema> {
        &self.table.schema
    }

    fn takes(&self, conjunct: &Expr) -> bool {
        filter::takes(&self.table, conjunct)
    }

    fn pages(&self) -> bool {
        true
    }

    fn sorts(&self, _: &[Sort]) -> bool {
        true
    }

    fn seeks(&self, _: &[Sort], _: bool) -> bool {
        true
    }

    fn orders_by_id(&self) -> bool {
        self.table.key.is_rowid()
    }

    fn simplifies(&self) -> bool {
        true
    }

    fn features(&self, plan: Plan) -> Rows {
        let (sender, rows) = channel(plan.layout().clone());
        let (table, room, has_warned) = (self.table.clone(), self.room.clone(), self.has_warned.clone());
        let job = move |handle: Result<&mut Handle>| {
            let _telltale = pool::Telltale(&sender);
            let read = handle.and_then(|handle| {
                handle.warm();
                let Handle { connection, ways, verified, .. } = handle;
                let mut filter = Filter::new(&table, plan.filter()).map_err(|name| not_taken(&name))?;
                let ends_early = plan.limit().is_some() && plan.sort().is_empty();
                let read = || {
                    // All that an answer is made of is seen as of one moment: the indexes, their counts, the rows.
                    let _moment = Moment::begin(connection)?;
                    if let Some(differs) = table.made.verify(connection, &table.name, verified)? {
                        return Ok(Err(differs));
                    }
                    filter.narrow(connection, &table, ends_early)?;
                    let mut reader = Reader::new(connection, &table, &plan, &filter, &sender);
                    reader.run(ways)?;
                    Ok(Ok(reader.has_bad_geometry))
                };
                let has_bad_geometry = told(&room, &table, armed(sender.stop(), connection, read))?;
                if has_bad_geometry && !has_warned.swap(true, Ordering::Relaxed) {
                    tracing::warn!(file = %room.path.display(), table = table.name, "some geometries cannot be read: they are left out");
                }
                Ok(())
            });
            if let Err(error) = read
                && !sender.stop().is_stopped()
            {
                sender.fail(error);
            }
        };
        match self.room.pool.submit(Box::new(job)) {
            Ok(()) => rows,
            Err(error) => {
                let (sender, refused) = channel(rows.layout().clone());
                sender.fail(error);
                refused
            }
        }
    }

    fn count(&self, plan: Plan) -> Pending<Result<u64>> {
        match Filter::new(&self.table, plan.filter()) {
            Ok(mut filter) => self.ask(move |connection, table| {
                filter.narrow(connection, table, false)?;
                count::count(connection, table, &filter)
            }),
            Err(name) => Box::pin(async move { Err(not_taken(&name)) }),
        }
    }

    fn extent(&self) -> Pending<Result<Extent>> {
        self.ask(extent::measure)
    }

    fn state(&self) -> u64 {
        open::stamp(&self.room.path)
    }

    fn modified(&self) -> Option<SystemTime> {
        open::seen(&self.room.path).1
    }

    fn seen(&self) -> (u64, Option<SystemTime>) {
        open::seen(&self.room.path)
    }

    fn ask_state(&self) -> Option<Pending<Option<u64>>> {
        pool::is_being_logged(&self.room.path).then(|| -> Pending<_> { Box::pin(ready(None)) })
    }
}

fn not_taken(name: &str) -> Error {
    Error::internal(format!("'{name}' was pushed down, but not taken"))
}
