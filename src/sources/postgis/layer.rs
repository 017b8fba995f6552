//! One table as a source of features: plans become statements.

use std::sync::Arc;

use deadpool_postgres::Pool;

use super::filter::{self, Filter};
use super::table::Table;
use super::{Room, connect, extent, fault, read, runtime, seek};
use crate::data::extent::Extent;
use crate::data::plan::{Plan, Sort};
use crate::data::rows::{Rows, channel};
use crate::data::source::{FeatureSource, Pending};
use crate::error::{Error, Result};
use crate::expr::Expr;
use crate::model::schema::Schema;

/// A table or view of a database.
pub(super) struct Layer {
    room: Arc<Room>,
    table: Arc<Table>,
}

impl Layer {
    pub(super) fn new(room: Arc<Room>, table: Table) -> Self {
        Self { room, table: Arc::new(table) }
    }

    /// Does a piece of work on the threads of the databases. Dropped, it stops there as well.
    fn ask<T: Send + 'static, F>(&self, work: impl FnOnce(Pool, Arc<Table>) -> F) -> Pending<Result<T>>
    where
        F: Future<Output = Result<T>> + Send + 'static,
    {
        let work = work(self.room.pool.clone(), self.table.clone());
        let started = runtime::handle().map(|handle| handle.spawn(work));
        Box::pin(async move { AbortOnDrop(started?).done().await })
    }
}

/// A task that ends with whoever waits for it.
struct AbortOnDrop<T>(tokio::task::JoinHandle<Result<T>>);

impl<T> AbortOnDrop<T> {
    async fn done(mut self) -> Result<T> {
        (&mut self.0).await.unwrap_or_else(|cause| Err(Error::internal(cause)))
    }
}

impl<T> Drop for AbortOnDrop<T> {
    fn drop(&mut self) {
        self.0.abort();
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

    fn seeks(&self, order: &[Sort]) -> bool {
        seek::can(&self.table, order)
    }

    fn features(&self, plan: Plan) -> Rows {
        let (sender, rows) = channel(plan.layout().clone());
        let (room, table) = (self.room.clone(), self.table.clone());
        let work = async move {
            let read = match Filter::new(&table, plan.filter()) {
                Ok(_) if plan.limit() == Some(0) => Ok(()),
                Ok(filter) => read::run(&room, &table, &plan, &filter, &sender).await,
                Err(name) => Err(not_taken(&name)),
            };
            if let Err(error) = read {
                sender.fail_later(error).await;
            }
        };
        match runtime::handle() {
            Ok(handle) => {
                handle.spawn(work);
                rows
            }
            Err(error) => {
                let (sender, refused) = channel(rows.layout().clone());
                sender.fail(error);
                refused
            }
        }
    }

    fn count(&self, plan: Plan) -> Pending<Result<u64>> {
        let filter = match Filter::new(&self.table, plan.filter()) {
            Ok(filter) => filter,
            Err(name) => return Box::pin(async move { Err(not_taken(&name)) }),
        };
        let given = plan.parameters().to_vec();
        self.ask(|pool, table| async move {
            if filter.test.is_some() {
                return read::count(&pool, &table, &filter, &given).await;
            }
            let sql = read::from(&table, &filter, &given, "count(*)");
            let client = connect::take(&pool).await?;
            let statement = client.prepare_cached(&sql.text).await.map_err(fault::reading)?;
            let values: Vec<_> = sql.bound().collect();
            let row = client.query_one(&statement, &values).await.map_err(fault::reading)?;
            Ok(row.get::<_, i64>(0).unsigned_abs())
        })
    }

    fn extent(&self) -> Pending<Result<Extent>> {
        self.ask(|pool, table| async move { extent::measure(&pool, &table).await })
    }

    fn state(&self) -> u64 {
        self.room.watch.state()
    }
}

fn not_taken(name: &str) -> Error {
    Error::internal(format!("'{name}' was pushed down, but not taken"))
}
