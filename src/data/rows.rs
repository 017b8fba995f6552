//! Rows on their way out of a source: a bounded channel of batches from a source's thread, that stops the thread when its
//! reader is gone.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use tokio::runtime::Handle;

use crate::error::{Error, Kind, Result};
use crate::model::batch::{Batch, Layout};

/// How many batches may wait: one is read while one is made.
const WAITING: usize = 2;
/// How long a reader may take for a batch while others wait for the thread or the connection that makes it: sooner than those
/// give up.
pub(crate) const SLOW: Duration = Duration::from_millis(if cfg!(test) { 200 } else { 3000 });

/// What a source hands out: batches, one after the other.
pub struct Rows {
    layout: Arc<Layout>,
    pipe: Arc<Pipe>,
    /// The work that makes them, where the reader does it: no other task is called for a page of one batch.
    work: Mutex<Option<Work>>,
}

/// Work that its reader begins, and that goes on as a task of its own where one batch is not all.
struct Work {
    future: Pin<Box<dyn Future<Output = ()> + Send>>,
    tasks: Handle,
    has_begun: bool,
}

impl Work {
    /// Goes on as far as it can at once.
    fn is_done(&mut self, cx: &mut Context<'_>) -> bool {
        let _here = self.tasks.enter();
        self.has_begun = true;
        self.future.as_mut().poll(cx).is_ready()
    }

    /// What there is goes on without the reader.
    fn leave(work: Option<Self>) {
        if let Some(work) = work {
            work.tasks.spawn(work.future);
        }
    }
}

/// A source's end of [`Rows`].
pub struct RowSender {
    pipe: Arc<Pipe>,
}

/// What both ends share: one allocation and one lock, for most answers are a single small batch.
#[derive(Default)]
struct Pipe {
    state: Mutex<State>,
    /// For threads, at either end.
    moved: Condvar,
    stop: Stop,
}

#[derive(Default)]
struct State {
    batches: VecDeque<Result<Batch>>,
    spare: Vec<Batch>,
    matched: Option<u64>,
    certain: Option<u64>,
    /// Whether nothing more comes.
    ended: bool,
    /// Whether nobody reads any more.
    gone: bool,
    /// The task that waits for rows.
    reader: Option<Waker>,
    /// The tasks that wait for room, or for the reader to leave.
    senders: Vec<Waker>,
    /// Threads that wait at either end.
    threads: usize,
}

impl State {
    fn wait_as_sender(&mut self, cx: &Context<'_>) {
        if !self.senders.iter().any(|waker| waker.will_wake(cx.waker())) {
            self.senders.push(cx.waker().clone());
        }
    }
}

impl Pipe {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits in a thread until something moved.
    fn wait<'a>(&self, mut state: MutexGuard<'a, State>) -> MutexGuard<'a, State> {
        state.threads += 1;
        let mut state = self.moved.wait(state).unwrap_or_else(PoisonError::into_inner);
        state.threads -= 1;
        state
    }

    /// The same for no longer than this.
    fn wait_for<'a>(&self, mut state: MutexGuard<'a, State>, time: Duration) -> MutexGuard<'a, State> {
        state.threads += 1;
        let (mut state, _) = self.moved.wait_timeout(state, time).unwrap_or_else(PoisonError::into_inner);
        state.threads -= 1;
        state
    }

    /// Tells the other end, whoever waits there.
    fn tell(&self, state: MutexGuard<'_, State>, wakers: impl IntoIterator<Item = Waker>) {
        let has_threads = state.threads > 0;
        drop(state);
        if has_threads {
            self.moved.notify_all();
        }
        wakers.into_iter().for_each(Waker::wake);
    }

    fn tell_reader(&self, mut state: MutexGuard<'_, State>) {
        let reader = state.reader.take();
        self.tell(state, reader);
    }

    fn tell_senders(&self, mut state: MutexGuard<'_, State>) {
        let senders = std::mem::take(&mut state.senders);
        self.tell(state, senders);
    }
}

type OnWait = Box<dyn Fn(bool)>;
type GivesWay = Box<dyn Fn() -> bool>;

thread_local! {
    /// What is told when this thread waits for a reader, and when it goes on.
    static WAITS: RefCell<Option<OnWait>> = const { RefCell::new(None) };
    /// What is asked when a reader is slow.
    static GIVES_WAY: RefCell<Option<GivesWay>> = const { RefCell::new(None) };
}

/// Has this thread ask whether others want it so much that it leaves a reader who is slow, whose rows then end with an error.
pub fn on_slow(gives_way: impl Fn() -> bool + 'static) {
    GIVES_WAY.with_borrow_mut(|asked| *asked = Some(Box::new(gives_way)));
}

fn gives_way() -> bool {
    GIVES_WAY.with_borrow(|asked| asked.as_ref().is_some_and(|asked| asked()))
}

/// Has this thread tell when it waits for a reader (true), and when it goes on: meanwhile it needs no processor.
pub fn on_wait(told: impl Fn(bool) + 'static) {
    WAITS.with_borrow_mut(|waits| *waits = Some(Box::new(told)));
}

fn tell_wait(waits: bool) {
    WAITS.with_borrow(|told| told.as_ref().map(|told| told(waits)));
}

/// Tells a running query to stop, even one that yields no rows and so never notices that its reader left.
#[derive(Clone, Default)]
pub struct Stop(Arc<Mutex<Stopping>>);

#[derive(Default)]
struct Stopping {
    stopped: bool,
    interrupt: Option<Box<dyn Fn() + Send>>,
}

/// Stops when it is dropped.
pub struct StopOnDrop(pub Stop);

impl Drop for StopOnDrop {
    fn drop(&mut self) {
        self.0.stop();
    }
}

impl Stop {
    /// Says what interrupts the work from now on; returns false where it should not start at all.
    pub fn arm(&self, interrupt: impl Fn() + Send + 'static) -> bool {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        state.interrupt = Some(Box::new(interrupt));
        !state.stopped
    }

    /// The work is done: nothing is interrupted any more. The lock makes sure that no late interrupt hits the next query
    /// of the same connection.
    pub fn disarm(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).interrupt = None;
    }

    /// Stops the work.
    pub fn stop(&self) {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        state.stopped = true;
        if let Some(interrupt) = &state.interrupt {
            interrupt();
        }
    }

    /// Whether the work was told to stop.
    pub fn is_stopped(&self) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).stopped
    }
}

/// A pair of ends.
pub fn channel(layout: Arc<Layout>) -> (RowSender, Rows) {
    let pipe = Arc::<Pipe>::default();
    (RowSender { pipe: pipe.clone() }, Rows { layout, pipe, work: Mutex::default() })
}

impl Rows {
    /// The same, made by this work as soon as somebody reads; what is left after the first batch is done among `tasks`.
    #[must_use]
    pub fn made_by(mut self, work: impl Future<Output = ()> + Send + 'static, tasks: Handle) -> Self {
        *self.work() = Some(Work { future: Box::pin(work), tasks, has_begun: false });
        self
    }

    fn work(&mut self) -> &mut Option<Work> {
        // Nobody else has it: the lock is there because a future is not shared between threads, but rows may be.
        self.work.get_mut().unwrap_or_else(PoisonError::into_inner)
    }

    /// What the cells are.
    pub fn layout(&self) -> &Arc<Layout> {
        &self.layout
    }

    /// The next batch; `None` after the last. After an error nothing follows.
    pub async fn next(&mut self) -> Option<Result<Batch>> {
        poll_fn(|cx| self.poll_next(cx)).await
    }

    fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Batch>>> {
        drop(self.work().take_if(|work| work.is_done(cx)));
        let mut state = self.pipe.state();
        if let Some(batch) = state.batches.pop_front() {
            self.pipe.tell_senders(state);
            // There is more, and the reader may be slow.
            Work::leave(self.work().take());
            return Poll::Ready(Some(batch));
        }
        if state.ended {
            return Poll::Ready(None);
        }
        match &mut state.reader {
            Some(reader) => reader.clone_from(cx.waker()),
            none => *none = Some(cx.waker().clone()),
        }
        Poll::Pending
    }

    /// The same for a thread that may block.
    pub fn blocking_next(&mut self) -> Option<Result<Batch>> {
        Work::leave(self.work().take());
        let mut state = self.pipe.state();
        loop {
            if let Some(batch) = state.batches.pop_front() {
                self.pipe.tell_senders(state);
                return Some(batch);
            }
            if state.ended {
                return None;
            }
            state = self.pipe.wait(state);
        }
    }

    /// How many rows match, page or not, where the source came to know it on its way; asked after the last batch.
    pub fn matched(&self) -> Option<u64> {
        self.pipe.state().matched
    }

    /// The state that the rows are in for certain, as [`super::source::FeatureSource::ask_state`] has it, where the source tells
    /// it with them; asked after the first batch.
    pub fn state(&self) -> Option<u64> {
        self.pipe.state().certain
    }

    /// Gives a batch back to be filled again.
    pub fn recycle(&self, batch: Batch) {
        let mut state = self.pipe.state();
        if state.spare.len() < WAITING && !state.ended {
            state.spare.push(batch);
        }
    }
}

impl Drop for Rows {
    fn drop(&mut self) {
        if !self.pipe.state().ended {
            // The query is interrupted.
            self.pipe.stop.stop();
        }
        let mut state = self.pipe.state();
        state.gone = true;
        state.batches.clear();
        self.pipe.tell_senders(state);
        // It sees that nobody reads, and ends as it should.
        Work::leave(self.work().take_if(|work| work.has_begun));
    }
}

impl RowSender {
    /// An empty batch for rows of this many cells.
    pub fn batch(&self, width: usize) -> Batch {
        let spare = self.pipe.state().spare.pop();
        spare.map_or_else(
            || Batch::new(width),
            |mut batch| {
                batch.reset(width);
                batch
            },
        )
    }

    /// Hands a batch to the reader, waiting for room; false where the reader is gone.
    #[must_use]
    pub fn send(&self, batch: Batch) -> bool {
        self.push(Ok(batch), false)
    }

    /// The same with the last one, so that the reader is called once.
    pub fn send_last(&self, batch: Batch) {
        self.push(Ok(batch), true);
    }

    fn push(&self, batch: Result<Batch>, is_last: bool) -> bool {
        let mut state = self.pipe.state();
        if state.batches.len() >= WAITING && !state.gone && !state.ended {
            drop(state);
            tell_wait(true);
            self.wait_for_room();
            tell_wait(false);
            state = self.pipe.state();
        }
        if state.gone || state.ended {
            return false;
        }
        state.batches.push_back(batch);
        state.ended |= is_last;
        self.pipe.tell_reader(state);
        true
    }

    /// Waits until there is room, or the reader is gone, or was left.
    fn wait_for_room(&self) {
        let is_full = |state: &State| state.batches.len() >= WAITING && !state.gone;
        let (mut state, mut end) = (self.pipe.state(), Instant::now() + SLOW);
        while is_full(&state) {
            let left = end.saturating_duration_since(Instant::now());
            if !left.is_zero() {
                state = self.pipe.wait_for(state, left);
                continue;
            }
            // Who is asked has a lock of its own.
            drop(state);
            let is_left = gives_way();
            (state, end) = (self.pipe.state(), Instant::now() + SLOW);
            if is_left && is_full(&state) {
                let cause = "the reader was slow while others waited for this file";
                let error = Error::new(Kind::Unavailable, "the answer was read too slowly while others waited");
                state.batches.push_back(Err(error.because(cause)));
                state.ended = true;
                return self.pipe.tell_reader(state);
            }
        }
    }

    /// Says how many rows match, page or not.
    pub fn tell_matched(&self, count: u64) {
        self.pipe.state().matched = Some(count);
    }

    /// Says in which state the rows are for certain, before any is sent.
    pub fn tell_state(&self, state: u64) {
        self.pipe.state().certain = Some(state);
    }

    /// Ends the rows with an error. Where no batch was sent yet there is room, so an async task may call this as well.
    pub fn fail(&self, error: Error) {
        self.push(Err(error), true);
    }

    /// The same as [`RowSender::send`] for a task.
    pub async fn send_later(&self, batch: Batch) -> bool {
        self.push_later(Ok(batch), false).await
    }

    /// The same as [`RowSender::fail`] for a task.
    pub async fn fail_later(&self, error: Error) {
        self.push_later(Err(error), true).await;
    }

    async fn push_later(&self, batch: Result<Batch>, is_last: bool) -> bool {
        let mut batch = Some(batch);
        poll_fn(|cx| {
            let mut state = self.pipe.state();
            if !state.gone && state.batches.len() >= WAITING {
                state.wait_as_sender(cx);
                return Poll::Pending;
            }
            let is_there = !state.gone;
            if is_there {
                state.batches.extend(batch.take());
                state.ended |= is_last;
                self.pipe.tell_reader(state);
            }
            Poll::Ready(is_there)
        })
        .await
    }

    /// Done when the reader is gone.
    pub async fn gone(&self) {
        poll_fn(|cx| {
            let mut state = self.pipe.state();
            if state.gone {
                return Poll::Ready(());
            }
            state.wait_as_sender(cx);
            Poll::Pending
        })
        .await;
    }

    /// What stops the query behind these rows.
    pub fn stop(&self) -> &Stop {
        &self.pipe.stop
    }
}

impl Drop for RowSender {
    fn drop(&mut self) {
        let mut state = self.pipe.state();
        if !state.ended {
            state.ended = true;
            self.pipe.tell_reader(state);
        }
    }
}

#[cfg(test)]
#[path = "rows_tests.rs"]
mod tests;
