//! One layer as a source of features: plans become jobs for the file's threads.

use std::future::ready;
use std::ops::ControlFlow;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError, TryLockError};
use std::time::SystemTime;

use tokio::sync::oneshot;

use super::driver::Driver;
use super::ogr::{self, OgrLayer};
use super::order::{self, Fault, Order};
use super::read::{Filter, Scan};
use super::schema::Table;
use super::seek::Stretch;
use super::{Handle, Room, state};
use crate::base::address;
use crate::base::bbox::Rect;
use crate::base::datetime::Instant;
use crate::data::extent::Extent;
use crate::data::plan::{Plan, Sort};
use crate::data::rows::{Rows, Stop, StopOnDrop, channel};
use crate::data::source::{FeatureSource, Pending};
use crate::error::{Error, Result};
use crate::expr::Expr;
use crate::expr::evaluate::instant;
use crate::model::batch::{Batch, Layout};
use crate::model::geometry::envelope;
use crate::model::schema::Schema;
use crate::sources::pool;

/// From this offset on it is worth a walk through the layer to know how to get there the next time.
const FAR: u64 = 1000;
/// Bytes of files that are looked through when they are opened, so that nobody opens them again for their extents.
const SMALL: u64 = 256 * 1024;

/// A layer of a file.
pub(super) struct Layer(Arc<Shared>);

struct Shared {
    room: Arc<Room>,
    table: Table,
    schema: Arc<Schema>,
    /// Whether a row is found by OGR's number of it.
    finds_numbers: bool,
    /// What the file told of its extent when it was opened, and in which state it was.
    told: Option<(u64, Extent)>,
    /// The order of the rows, for a state of the files.
    order: Mutex<Option<(u64, Arc<Order>)>>,
}

impl Layer {
    pub(super) fn new(room: Arc<Room>, table: Table, opened: &mut OgrLayer<'_>) -> Self {
        let schema = Arc::new(table.schema.clone());
        let state = room.state();
        let finds_numbers = order::finds_numbers(opened, &table);
        let mut shared = Shared { room, table, schema, finds_numbers, told: None, order: Mutex::default() };
        let extent = if (1..=SMALL).contains(&shared.room.size) {
            shared.extent(opened, &AtomicBool::new(false)).ok()
        } else if shared.schema.time.is_none() {
            extent_told(&shared.schema, opened).map(|rect| Extent { space: Some(rect), time: None })
        } else {
            None
        };
        shared.told = extent.map(|extent| (state, extent));
        Self(Arc::new(shared))
    }

    /// Finds the order out, so that a column that makes no ids is told when it is published.
    pub(super) fn check(&self, layer: &mut OgrLayer<'_>, state: u64) -> Result<(), String> {
        match self.0.find_order(layer, state, true, &AtomicBool::new(false)) {
            Ok(_) | Err(Fault::Stopped | Fault::Changed) => Ok(()),
            Err(Fault::NoKey(what) | Fault::Unreadable(what)) => Err(what),
        }
    }

    /// Looks for the end of a small file, of which no index says where it is.
    pub(super) fn check_small(&self, layer: &mut OgrLayer<'_>) -> Result<(), String> {
        if !(1..=SMALL).contains(&self.0.room.size) {
            return Ok(());
        }
        match order::check_end(layer, &self.0.table, None, &AtomicBool::new(false)) {
            Err(Fault::Unreadable(what)) => Err(what),
            _ => Ok(()),
        }
    }

    /// Has a question answered by a thread of the file. Dropped, the answer is not looked for any more.
    fn ask<T: Send + 'static>(
        &self,
        question: impl FnOnce(&Shared, &mut OgrLayer<'_>, u64, &AtomicBool) -> Result<T, Fault> + Send + 'static,
    ) -> Pending<Result<T>> {
        let (sender, receiver) = oneshot::channel();
        let (stop, shared) = (Stop::default(), self.0.clone());
        let guard = StopOnDrop(stop.clone());
        let job = move |handle: Result<&mut Handle>| {
            let answer = handle.and_then(|handle| {
                shared.work(handle, &stop, |layer, state, stopped| question(&shared, layer, state, stopped))
            });
            // Nobody to tell where the asker is gone.
            let _ = sender.send(answer);
        };
        let submitted = self.0.room.pool.submit(Box::new(job));
        Box::pin(async move {
            let _guard = guard;
            submitted?;
            receiver.await.unwrap_or_else(|_| Err(pool::panicked()))
        })
    }
}

impl Shared {
    /// Runs work on the layer that `stop` ends.
    fn work<T>(
        &self,
        handle: &mut Handle,
        stop: &Stop,
        work: impl FnOnce(&mut OgrLayer<'_>, u64, &AtomicBool) -> Result<T, Fault>,
    ) -> Result<T> {
        let ready = self.room.refresh(handle).and_then(|()| handle.verify(&self.table, self.room.born));
        if ready.is_err() {
            self.room.give_up(handle);
        }
        ready?;
        let state = handle.state ^ self.room.opening.unwrap_or(0);
        let Some(mut layer) = handle.source.as_mut().and_then(|source| source.layer(self.table.index)) else {
            let cause = format!("the layer '{}' is not there any more", self.table.name);
            return Err(pool::busy("the data of this layer is not there at the moment, try again").because(cause));
        };
        let stopped = Arc::new(AtomicBool::new(false));
        let flag = stopped.clone();
        if !stop.arm(move || flag.store(true, Ordering::Relaxed)) {
            return Err(Error::cancelled());
        }
        let outcome = catch_unwind(AssertUnwindSafe(|| work(&mut layer, state, &stopped)));
        stop.disarm();
        drop(layer);
        if matches!(outcome, Ok(Err(Fault::Unreadable(_)))) {
            self.room.give_up(handle);
        } else if self.room.holds {
            handle.source = None;
        }
        match outcome {
            Ok(result) => result.map_err(|fault| self.told(fault)),
            // The pool catches it again and gives up the handle.
            Err(panic) => resume_unwind(panic),
        }
    }

    /// A fault while rows are read: the client learns no name of a file or layer, which the log has.
    fn told(&self, fault: Fault) -> Error {
        match fault {
            Fault::Stopped => Error::cancelled(),
            Fault::Changed => pool::busy("the data of this layer has changed, try again"),
            Fault::Unreadable(cause) | Fault::NoKey(cause) => {
                let cause = format!("{}: layer '{}': {cause}", address::shown(&self.room.path), self.table.name);
                if self.room.is_moved() { pool::unread(&cause) } else { pool::unreadable(cause) }
            }
        }
    }

    /// The order of the rows. Where it is not needed, nobody waits for another that finds it out.
    fn find_order(
        &self,
        layer: &mut OgrLayer<'_>,
        state: u64,
        needed: bool,
        stop: &AtomicBool,
    ) -> Result<Option<Arc<Order>>, Fault> {
        let mut kept = if needed {
            self.order.lock().unwrap_or_else(PoisonError::into_inner)
        } else {
            match self.order.try_lock() {
                Ok(kept) => kept,
                Err(TryLockError::Poisoned(kept)) => kept.into_inner(),
                Err(TryLockError::WouldBlock) => return Ok(None),
            }
        };
        if let Some((of, order)) = &*kept
            && *of == state
        {
            return Ok(Some(order.clone()));
        }
        let found = match order::known(layer, &self.table) {
            Some(known) => known,
            None => order::survey(layer, &self.table, stop)?,
        };
        let order = Arc::new(found);
        *kept = Some((state, order.clone()));
        Ok(Some(order))
    }

    /// Whether rows as they lie may be in another order than that of their ids, or be found by them.
    fn needs_order(&self) -> bool {
        self.table.key.is_some() || !self.table.driver.is_ordered
    }

    /// Whether rows can be looked up by number in the order of their ids, as far as that is known.
    fn goes_back(&self) -> bool {
        let kept = match self.order.try_lock() {
            Ok(kept) => kept,
            Err(TryLockError::Poisoned(kept)) => kept.into_inner(),
            // It is being found out.
            Err(TryLockError::WouldBlock) => return false,
        };
        let is_likely = self.table.driver.is_ordered || self.table.key.is_some();
        self.finds_numbers && kept.as_ref().map_or(is_likely, |(_, order)| order.backwards(None).is_some())
    }

    /// Reads a plan's rows into batches.
    fn read(
        &self,
        layer: &mut OgrLayer<'_>,
        state: u64,
        stop: &AtomicBool,
        plan: &Plan,
        send: &mut dyn FnMut(&mut Batch, bool) -> bool,
    ) -> Result<(), Fault> {
        let filter = Filter::new(&self.table, plan.filter()).map_err(|name| Fault::Unreadable(not_taken(&name)))?;
        let stretch = Stretch::new(plan);
        let first = stretch.as_ref().and_then(Stretch::first).and_then(|first| u64::try_from(first).ok());
        let is_far = plan.offset().max(first.unwrap_or(0)) >= FAR && filter.is_empty();
        let needs_order = self.needs_order() || plan.is_backwards();
        let order = if needs_order || is_far { self.find_order(layer, state, needs_order, stop)? } else { None };
        let scan = Scan {
            table: &self.table,
            filter: &filter,
            order: order.as_deref(),
            layout: plan.layout(),
            offset: plan.offset(),
            limit: plan.limit(),
            stretch: stretch.as_ref(),
            is_backwards: plan.is_backwards(),
            is_in_order: true,
            stop,
        };
        let mut batch = Batch::new(plan.layout().width());
        let _ = send(&mut batch, false);
        scan.run(layer, &mut |mut row| {
            row.push(&self.table, plan.layout(), &mut batch);
            if batch.is_full() && !send(&mut batch, true) {
                return ControlFlow::Break(());
            }
            ControlFlow::Continue(())
        })?;
        if !batch.is_empty() {
            // Whether the reader is still there does not matter any more.
            let _ = send(&mut batch, true);
        }
        Ok(())
    }

    fn count(&self, layer: &mut OgrLayer<'_>, state: u64, stop: &AtomicBool, filter: &Filter) -> Result<u64, Fault> {
        if filter.is_empty() {
            layer.set_condition(None);
            layer.set_rectangle(None);
            if !self.table.driver.miscounts
                && layer.can(c"FastFeatureCount")
                && let Some(count) = layer.count(false)
            {
                return Ok(count);
            }
            if let Some(order) = self.find_order(layer, state, true, stop)? {
                return Ok(order.count);
            }
        }
        let order = if self.needs_order() { self.find_order(layer, state, true, stop)? } else { None };
        let layout = Layout { geometry: false, fields: Vec::new() };
        let scan = Scan { order: order.as_deref(), ..Scan::of_all(&self.table, filter, &layout, stop) };
        let mut count = 0;
        scan.run(layer, &mut |_| {
            count += 1;
            ControlFlow::Continue(())
        })?;
        Ok(count)
    }

    /// The extent of all rows: that of the file where it tells one, and what only a look at each row tells.
    fn extent(&self, layer: &mut OgrLayer<'_>, stop: &AtomicBool) -> Result<Extent, Fault> {
        layer.set_condition(None);
        layer.set_rectangle(None);
        let told = extent_told(&self.schema, layer);
        let looks = self.schema.geometry.is_some() && told.is_none();
        let times: Vec<usize> =
            self.schema.time.into_iter().flat_map(|time| [Some(time.start), time.end]).flatten().collect();
        if !looks && times.is_empty() {
            return Ok(Extent { space: told, time: None });
        }
        let layout = Layout { geometry: looks, fields: times };
        let filter = Filter::default();
        // In whatever order.
        let scan = Scan::of_all(&self.table, &filter, &layout, stop);
        let (mut space, mut first, mut last) = (Rect::EMPTY, None::<Instant>, None::<Instant>);
        let mut batch = Batch::new(layout.width());
        scan.run(layer, &mut |mut row| {
            batch.reset(layout.width());
            row.push(&self.table, &layout, &mut batch);
            let row = batch.row(0);
            if let Some(Ok(Some(rect))) = looks.then(|| row.geometry().map(envelope)).flatten()
                && [rect.min_x, rect.min_y, rect.max_x, rect.max_y].iter().all(|side| side.is_finite())
            {
                space.include(rect.min_x, rect.min_y);
                space.include(rect.max_x, rect.max_y);
            }
            let cells = layout.first_property()..layout.width();
            if let (Some(start), Some(end)) = (cells.clone().next(), cells.last()) {
                first = instant(row.cell(start), false).into_iter().chain(first).min();
                last = instant(row.cell(end), true).into_iter().chain(last).max();
            }
            ControlFlow::Continue(())
        })?;
        let space = if looks { (!space.is_empty()).then_some(space) } else { told };
        Ok(Extent { space, time: (first.is_some() || last.is_some()).then_some((first, last)) })
    }
}

/// The extent that the file tells without a look at each row.
fn extent_told(schema: &Schema, layer: &mut OgrLayer<'_>) -> Option<Rect> {
    (schema.geometry.is_some() && layer.can(c"FastGetExtent")).then(|| layer.extent()).flatten()
}

fn not_taken(name: &str) -> String {
    format!("'{name}' was pushed down, but not taken")
}

impl FeatureSource for Layer {
    fn schema(&self) -> &Arc<Schema> {
        &self.0.schema
    }

    fn takes(&self, conjunct: &Expr) -> bool {
        let schema = &self.0.schema;
        conjunct.fields(schema).is_ok()
            && (schema.geometry.is_some() || !conjunct.reads_geometry())
            // Within a larger condition OGR's language has no place.
            && (!conjunct.has_subset() || matches!(conjunct, Expr::Subset(_)))
    }

    fn pages(&self) -> bool {
        true
    }

    fn seeks(&self, order: &[Sort], is_backwards: bool) -> bool {
        order.is_empty() && (!is_backwards || self.0.goes_back())
    }

    fn features(&self, plan: Plan) -> Rows {
        let (sender, rows) = channel(plan.layout().clone());
        let shared = self.0.clone();
        let job = move |handle: Result<&mut Handle>| {
            let _telltale = pool::Telltale(&sender);
            let width = plan.layout().width();
            let mut send = |batch: &mut Batch, is_filled: bool| {
                let filled = std::mem::replace(batch, sender.batch(width));
                !is_filled || sender.send(filled)
            };
            let read = handle.and_then(|handle| {
                shared.work(handle, sender.stop(), |layer, state, stopped| {
                    shared.read(layer, state, stopped, &plan, &mut send)
                })
            });
            if let Err(error) = read
                && !sender.stop().is_stopped()
            {
                sender.fail(error);
            }
        };
        match self.0.room.pool.submit(Box::new(job)) {
            Ok(()) => rows,
            Err(error) => {
                let (sender, refused) = channel(rows.layout().clone());
                sender.fail(error);
                refused
            }
        }
    }

    fn count(&self, plan: Plan) -> Pending<Result<u64>> {
        match Filter::new(&self.0.table, plan.filter()) {
            Ok(filter) => self.ask(move |shared, layer, state, stop| shared.count(layer, state, stop, &filter)),
            Err(name) => Box::pin(async move { Err(Error::internal(not_taken(&name))) }),
        }
    }

    fn extent(&self) -> Pending<Result<Extent>> {
        if let Some((state, extent)) = &self.0.told
            && *state == self.state()
        {
            // A thousand layers whose extents are measured at start need no thread for it.
            let extent = *extent;
            return Box::pin(async move { Ok(extent) });
        }
        self.ask(|shared, layer, _, stop| shared.extent(layer, stop))
    }

    fn state(&self) -> u64 {
        self.0.room.state()
    }

    fn modified(&self) -> Option<SystemTime> {
        state::modified(&self.0.room.files)
    }

    fn ask_state(&self) -> Option<Pending<Option<u64>>> {
        let files = &self.0.room.files;
        // What is on another machine changes without a word.
        let is_unknown = files.is_empty() || files.iter().any(|file| pool::is_being_logged(file));
        is_unknown.then(|| -> Pending<_> { Box::pin(ready(None)) })
    }
}

/// Whether OGR could read the first feature of a file that is published, and the last where it finds that at once: so that
/// one that is cut off is told then.
pub(super) fn probe(layer: &mut OgrLayer<'_>, driver: Driver) -> Result<(), String> {
    layer.rewind();
    ogr::forget_failure();
    let is_there = layer.next().is_some();
    if let Some(failure) = if is_there { driver.damage() } else { ogr::failure() } {
        return Err(failure);
    }
    let told = order::told(layer, driver);
    if let Some(count) = told.filter(|_| !is_there) {
        return Err(format!("none of its {count} features can be read"));
    }
    let count = if is_there && layer.can(c"FastFeatureCount") { layer.count(false) } else { None };
    let Some(last) = count.and_then(|count| i64::try_from(count).ok()).map(|count| count - 1) else { return Ok(()) };
    ogr::forget_failure();
    let feature = match driver.first {
        _ if layer.can(c"FastSetNextByIndex") => layer.go_to(last).then(|| layer.next()).flatten(),
        Some(first) if layer.can(c"RandomRead") => layer.get(first + last),
        _ => None,
    };
    let is_last_there = feature.is_some();
    drop(feature);
    if let Some(damage) = driver.damage() {
        return Err(damage);
    }
    match told {
        Some(count) if !is_last_there && layer.can(c"RandomRead") => {
            Err(format!("the last of its {count} features cannot be read, it is cut off"))
        }
        _ => Ok(()),
    }
}

/// The envelope of the first feature, and the extent that the file tells.
pub(super) fn places(layer: &mut OgrLayer<'_>) -> impl Iterator<Item = Rect> + use<> {
    let told = if layer.can(c"FastGetExtent") { layer.extent() } else { None };
    layer.rewind();
    let mut wkb = Vec::new();
    let first = layer.next().filter(|feature| feature.wkb(&mut wkb)).map(drop);
    let first = first.and_then(|()| envelope(&wkb).ok().flatten());
    told.into_iter().chain(first)
}
