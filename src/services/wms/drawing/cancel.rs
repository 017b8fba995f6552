//! When a map is given up: its client left, or its time is over.

use std::pin::pin;
use std::time::{Duration, Instant};

use tokio::runtime::Handle;
use tokio::sync::watch;

use crate::error::{Error, Kind, Result};

use super::pool;

/// After this long without rows another thread draws in the place of the one that waits.
const SOON: Duration = Duration::from_millis(100);

/// Kept by whoever waits for a map; dropped, the drawing stops.
pub(super) struct Waiting(#[allow(dead_code)] watch::Sender<()>);

/// What a drawing thread asks from time to time.
#[derive(Clone)]
pub(super) struct Cancel {
    asker: watch::Receiver<()>,
    deadline: Instant,
    limit: Duration,
    runtime: Handle,
    /// Bytes of the canvas that is drawn on.
    bytes: usize,
}

/// A pair, from within the runtime, for what is drawn on a canvas of so many bytes.
pub(super) fn cancel(limit: Duration, bytes: usize) -> (Waiting, Cancel) {
    let (sender, asker) = watch::channel(());
    let cancel = Cancel { asker, deadline: Instant::now() + limit, limit, runtime: Handle::current(), bytes };
    (Waiting(sender), cancel)
}

impl Cancel {
    /// An error where the map is given up.
    pub(super) fn check(&self) -> Result<()> {
        if self.asker.has_changed().is_err() {
            return Err(Error::cancelled());
        }
        if Instant::now() >= self.deadline { Err(self.late()) } else { Ok(()) }
    }

    fn late(&self) -> Error {
        let seconds = self.limit.as_secs();
        Error::new(Kind::Timeout, format!("the map took more than {seconds} s; ask for less of it, or fewer layers"))
    }

    /// Waits on this thread for what may come late, such as the rows of a slow source; others draw meanwhile.
    pub(super) fn wait<T>(&mut self, coming: impl Future<Output = T>) -> Result<T> {
        let (late, deadline, bytes) = (self.late(), self.deadline, self.bytes);
        let asker = &mut self.asker;
        self.runtime.block_on(async move {
            let mut coming = pin!(coming);
            let _place = tokio::select! {
                biased;
                came = &mut coming => return Ok(came),
                () = tokio::time::sleep(SOON) => pool::lend(bytes),
            };
            tokio::select! {
                biased;
                came = coming => Ok(came),
                _ = asker.changed() => Err(Error::cancelled()),
                () = tokio::time::sleep_until(deadline.into()) => Err(late),
            }
        })
    }
}
