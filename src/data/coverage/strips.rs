//! Strips on their way to whoever draws or writes them: a bounded channel that stops the work when its reader is gone.

use tokio::sync::mpsc;

use crate::data::rows::{Stop, StopOnDrop};
use crate::error::{Error, Result};

use super::Samples;

/// How many strips may wait: one is written while one is made.
const WAITING: usize = 2;

/// Some rows of an answer. They come from the top, and each row once.
#[derive(Clone, Debug)]
pub struct Strip {
    /// The first of its rows, counted from the top of the answer.
    pub first_row: u32,
    /// How many rows.
    pub rows: u32,
    /// Columns: those of the answer.
    pub width: u32,
    /// For each band that was asked for its samples, row by row. A pixel without a value has the band's nodata value, or 0
    /// where the band has none.
    pub bands: Vec<Samples>,
    /// For each pixel 0 where no band has a value, 255 where one has; `None` where all have.
    pub mask: Option<Vec<u8>>,
}

/// What the gate hands out: strips, one after the other.
pub type Strips = Parts<Strip>;

/// Strips, or what was made of them on the thread that read them.
pub struct Parts<T> {
    parts: mpsc::Receiver<Result<T>>,
    // Dropped with the parts, which stops the work.
    _stop: StopOnDrop,
}

/// The other end.
pub(in crate::data) struct PartSender<T> {
    parts: mpsc::Sender<Result<T>>,
    stop: Stop,
    done: bool,
}

pub(in crate::data) fn channel<T>() -> (PartSender<T>, Parts<T>) {
    let (sender, receiver) = mpsc::channel(WAITING);
    let stop = Stop::default();
    let parts = Parts { parts: receiver, _stop: StopOnDrop(stop.clone()) };
    (PartSender { parts: sender, stop, done: false }, parts)
}

impl<T> Parts<T> {
    /// The next part; `None` after the last. After an error nothing follows.
    pub async fn next(&mut self) -> Option<Result<T>> {
        self.parts.recv().await
    }

    /// The same for a thread that may block.
    pub fn blocking_next(&mut self) -> Option<Result<T>> {
        self.parts.blocking_recv()
    }
}

impl<T> PartSender<T> {
    /// Hands a part to the reader, waiting for room; false where the reader is gone.
    #[must_use]
    pub(in crate::data) fn send(&self, part: T) -> bool {
        self.parts.blocking_send(Ok(part)).is_ok()
    }

    /// The work is over, well or with an error.
    pub(in crate::data) fn finish(mut self, result: Result<()>) {
        self.done = true;
        if let Err(error) = result {
            self.fail(error);
        }
    }

    /// Where no part was sent yet there is room, so an async task may come by here as well.
    fn fail(&self, error: Error) {
        if let Err(mpsc::error::TrySendError::Full(waiting)) = self.parts.try_send(Err(error)) {
            // Nobody to tell where the reader is gone.
            let _ = self.parts.blocking_send(waiting);
        }
    }

    /// Whether the reader is gone.
    pub(in crate::data) fn is_stopped(&self) -> bool {
        self.stop.is_stopped() || self.parts.is_closed()
    }
}

impl<T> Drop for PartSender<T> {
    fn drop(&mut self) {
        // The thread panicked: an answer that just ends would look whole.
        if !self.done {
            self.fail(Error::internal("the read panicked; the log has the place"));
        }
    }
}
