//! Rows on their way out of a source: a bounded channel of batches from a source's thread, that stops the thread when its
//! reader is gone.

use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::mpsc;

use crate::error::{Error, Result};
use crate::model::batch::{Batch, Layout};

/// How many batches may wait: one is read while one is made.
const WAITING: usize = 2;

/// What a source hands out: batches, one after the other.
pub struct Rows {
    layout: Arc<Layout>,
    batches: mpsc::Receiver<Result<Batch>>,
    spare: Arc<Mutex<Vec<Batch>>>,
    // Dropped with the rows, which interrupts the query.
    _stop: StopOnDrop,
}

/// A source's end of [`Rows`].
pub struct RowSender {
    batches: mpsc::Sender<Result<Batch>>,
    spare: Arc<Mutex<Vec<Batch>>>,
    stop: Stop,
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
    let (sender, receiver) = mpsc::channel(WAITING);
    let spare = Arc::<Mutex<Vec<Batch>>>::default();
    let stop = Stop::default();
    let rows = Rows { layout, batches: receiver, spare: spare.clone(), _stop: StopOnDrop(stop.clone()) };
    (RowSender { batches: sender, spare, stop }, rows)
}

impl Rows {
    /// What the cells are.
    pub fn layout(&self) -> &Arc<Layout> {
        &self.layout
    }

    /// The next batch; `None` after the last. After an error nothing follows.
    pub async fn next(&mut self) -> Option<Result<Batch>> {
        self.batches.recv().await
    }

    /// The same for a thread that may block.
    pub fn blocking_next(&mut self) -> Option<Result<Batch>> {
        self.batches.blocking_recv()
    }

    /// Gives a batch back to be filled again.
    pub fn recycle(&self, batch: Batch) {
        let mut spare = self.spare.lock().unwrap_or_else(PoisonError::into_inner);
        if spare.len() < WAITING {
            spare.push(batch);
        }
    }
}

impl RowSender {
    /// An empty batch for rows of this many cells.
    pub fn batch(&self, width: usize) -> Batch {
        let spare = self.spare.lock().unwrap_or_else(PoisonError::into_inner).pop();
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
        self.batches.blocking_send(Ok(batch)).is_ok()
    }

    /// Ends the rows with an error. Where no batch was sent yet there is room, so an async task may call this as well.
    pub fn fail(&self, error: Error) {
        if let Err(mpsc::error::TrySendError::Full(waiting)) = self.batches.try_send(Err(error)) {
            // Nobody to tell where the reader is gone.
            let _ = self.batches.blocking_send(waiting);
        }
    }

    /// The same as [`RowSender::send`] for a task.
    pub async fn send_later(&self, batch: Batch) -> bool {
        self.batches.send(Ok(batch)).await.is_ok()
    }

    /// The same as [`RowSender::fail`] for a task.
    pub async fn fail_later(&self, error: Error) {
        // Nobody to tell where the reader is gone.
        let _ = self.batches.send(Err(error)).await;
    }

    /// Done when the reader is gone.
    pub async fn gone(&self) {
        self.batches.closed().await;
    }

    /// What stops the query behind these rows.
    pub fn stop(&self) -> &Stop {
        &self.stop
    }
}
