//! One table as a source of features: plans become statements.

use std::sync::Arc;

use super::boxes::Untestable;
use super::far::Far;
use super::filter::{self, Filter};
use super::read::Read;
use super::share::Share;
use super::sparse::Sparse;
use super::table::Table;
use super::turns::Turns;
use super::{Room, count, extent, fault, read, runtime, seek, spatial};
use crate::data::extent::Extent;
use crate::data::plan::{Plan, Sort};
use crate::data::rows::{Rows, channel};
use crate::data::source::{FeatureSource, Pending};
use crate::error::{Error, Result};
use crate::expr::Expr;
use crate::model::schema::Schema;

/// What is known of the geometries of a table.
#[derive(Default)]
struct Places {
    turns: Turns,
    untestable: Untestable,
}

/// A table or view of a database.
pub(super) struct Layer {
    room: Arc<Room>,
    share: Arc<Share>,
    table: Arc<Table>,
    places: Arc<Places>,
    far: Arc<Far>,
    sparse: Arc<Sparse>,
}

impl Layer {
    pub(super) fn new(room: &Room, table: Table) -> Self {
        let (room, share) = room.of_layer();
        let room = Arc::new(room);
        Self {
            room,
            share,
            table: Arc::new(table),
            places: Arc::default(),
            far: Arc::default(),
            sparse: Arc::default(),
        }
    }

    /// Whether the transactions that a statement sees are the state of the rows. Of several hosts another one may read than the
    /// one that is asked.
    fn is_certain(&self) -> bool {
        self.table.from.is_plain() && self.room.hosts.is_one()
    }

    /// Hears how a request ended: what is not as it was described may be so by its rows alone.
    fn doubts(&self) -> impl FnOnce(Option<&Error>) + Send + 'static {
        let (room, table) = (self.room.clone(), self.table.clone());
        move |fault| {
            if let (true, Some(geometry)) = (fault.is_some_and(fault::is_changed_now), &table.geometry) {
                let sql = spatial::systems(&table.from, &geometry.column);
                room.doubts.add_systems(sql, &geometry.srid.to_string());
            }
        }
    }

    /// Does a piece of work on the threads of the databases. Dropped, it stops there as well.
    fn ask<T: Send + 'static, F>(&self, work: impl FnOnce(Arc<Room>, Arc<Table>) -> F) -> Pending<Result<T>>
    where
        F: Future<Output = Result<T>> + Send + 'static,
    {
        let (work, pulse) = (work(self.room.clone(), self.table.clone()), self.room.pulse.clone());
        let (share, doubts) = (self.share.clone(), self.doubts());
        let work = async move {
            let work = async {
                tokio::select! {
                    outcome = work => outcome,
                    () = pulse.lost() => Err(fault::silent()),
                }
            };
            heard(&share, doubts, work).await
        };
        let started = runtime::near().map(|handle| handle.spawn(work));
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

    fn seeks(&self, order: &[Sort], _: bool) -> bool {
        seek::can(&self.table, order)
    }

    fn features(&self, plan: Plan) -> Rows {
        let (sender, rows) = channel(plan.layout().clone());
        let (room, table, places) = (self.room.clone(), self.table.clone(), self.places.clone());
        let (share, doubts, sparse) = (self.share.clone(), self.doubts(), self.sparse.clone());
        let far = self.is_certain().then(|| self.far.clone());
        let work = async move {
            let read = async {
                if plan.limit() == Some(0) {
                    return Ok(());
                }
                let area = if table.from.is_plain() { sparse.area(&plan) } else { None };
                if let Some(area) = area {
                    let filter = divided(&room, &table, &places, plan.filter(), Some(area)).await?;
                    let read = read::run(&room, &table, &plan, &filter, &sender, far.as_deref(), 0).await?;
                    match read {
                        Read::All => {
                            sparse.learn(area, true);
                            return Ok(());
                        }
                        Read::Many => sparse.learn(area, false),
                        Read::Untestable(..) => places.untestable.note(),
                    }
                }
                let mut before = 0;
                loop {
                    let is_tried = places.untestable.is_found();
                    let filter = divided(&room, &table, &places, plan.filter(), None).await?;
                    match read::run(&room, &table, &plan, &filter, &sender, far.as_deref(), before).await? {
                        Read::Untestable(sent, cause) => {
                            places.untestable.note();
                            let here = divided(&room, &table, &places, plan.filter(), None).await?;
                            if is_tried || here.test.is_none() {
                                return Err(fault::reading(cause));
                            }
                            before = sent;
                        }
                        Read::All | Read::Many => return Ok(()),
                    }
                }
            };
            if let Err(error) = heard(&share, doubts, read).await {
                sender.fail_later(error).await;
            }
        };
        match runtime::near() {
            Ok(handle) => {
                // Those that were opened at the start are driven by other threads, and each row would come by way of them.
                self.room.moved.call_once(|| self.room.pools.leave());
                rows.made_by(work, handle)
            }
            Err(error) => {
                let (sender, refused) = channel(rows.layout().clone());
                sender.fail(error);
                refused
            }
        }
    }

    fn count(&self, plan: Plan) -> Pending<Result<u64>> {
        let places = self.places.clone();
        self.ask(|room, table| async move {
            let is_tried = places.untestable.is_found();
            let (mut filter, given) = (divided(&room, &table, &places, plan.filter(), None).await?, plan.parameters());
            if filter.test.is_none() {
                match count::ask(&room.pools, &table, &filter, given).await? {
                    Ok(count) => return Ok(count),
                    Err(cause) if fault::is_untestable(&cause) && !is_tried => {
                        places.untestable.note();
                        filter = divided(&room, &table, &places, plan.filter(), None).await?;
                    }
                    Err(cause) => return Err(fault::reading_given(given, cause)),
                }
            }
            count::count(&room.pools, &table, &filter, given).await
        })
    }

    fn extent(&self) -> Pending<Result<Extent>> {
        self.ask(|room, table| async move { extent::measure(&room.pools, &table).await })
    }

    fn state(&self) -> u64 {
        self.room.watch.state()
    }

    fn ask_state(&self) -> Option<Pending<Option<u64>>> {
        let (is_certain, watch) = (self.is_certain(), self.room.watch.clone());
        Some(Box::pin(async move { if is_certain { watch.ask().await } else { None } }))
    }

    fn look_again(&self) -> Option<Pending<Option<u64>>> {
        let watch = self.room.watch.clone();
        (!self.is_certain()).then(|| Box::pin(async move { watch.look_again().await }) as Pending<Option<u64>>)
    }

    fn tells_state(&self) -> bool {
        self.is_certain()
    }
}

/// Does a piece of work unless its table is known to be locked, and tells how it ended.
async fn heard<T>(
    share: &Share,
    doubts: impl FnOnce(Option<&Error>),
    work: impl Future<Output = Result<T>>,
) -> Result<T> {
    share.enter()?;
    let outcome = work.await;
    share.hear(&outcome);
    doubts(outcome.as_ref().err());
    outcome
}

/// The conditions of a plan, by who tests them.
async fn divided(
    room: &Room,
    table: &Table,
    places: &Places,
    conditions: &[Expr],
    sparse: Option<f64>,
) -> Result<Filter> {
    let may_be_beyond = places.turns.may_be_beyond(room, table, conditions).await?;
    Filter::new(table, conditions, may_be_beyond, places.untestable.is_found(), sparse).map_err(|name| not_taken(&name))
}

fn not_taken(name: &str) -> Error {
    Error::internal(format!("'{name}' was pushed down, but not taken"))
}
