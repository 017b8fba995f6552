//! How many requests are answered at once, and how many wait for their turn.

use std::sync::atomic::Ordering;

use http::HeaderValue;
use http::header::RETRY_AFTER;
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::timeout;

use crate::error::{Error, Kind, Result};
use crate::message::request::Head;
use crate::project::limits::{Limits, seconds};

use super::metrics::Metrics;
use super::outgoing::Outgoing;

/// The places.
pub(super) struct Queue {
    places: Semaphore,
    waiting: Semaphore,
}

/// What watches the server must be answered when it is full, too.
fn is_watch(path: &str) -> bool {
    matches!(path, "/health" | "/ready" | "/metrics")
}

impl Queue {
    pub(super) fn new(limits: &Limits) -> Self {
        let permits = |number: u32| usize::try_from(number).unwrap_or(usize::MAX).min(Semaphore::MAX_PERMITS);
        Self { places: Semaphore::new(permits(limits.requests)), waiting: Semaphore::new(permits(limits.queue)) }
    }

    /// A place, for as long as the request is on its way to its first byte; none for what needs none.
    pub(super) async fn enter(
        &self,
        head: &Head,
        limits: &Limits,
        metrics: &Metrics,
        outgoing: &Outgoing,
    ) -> Result<Option<SemaphorePermit<'_>>> {
        if is_watch(&head.path) {
            return Ok(None);
        }
        if !outgoing.is_full()
            && let Ok(place) = self.places.try_acquire()
        {
            return Ok(Some(place));
        }
        let full = |what: &'static str| {
            metrics.turned_away.fetch_add(1, Ordering::Relaxed);
            Error::new(Kind::Unavailable, what).with_header(RETRY_AFTER, HeaderValue::from_static("5"))
        };
        let Ok(_waiting) = self.waiting.try_acquire() else {
            return Err(full("too many requests are waiting; try again"));
        };
        metrics.waiting.fetch_add(1, Ordering::Relaxed);
        // Counted down also where the client leaves meanwhile.
        let _counted = Counted(metrics);
        let turn = async {
            let place = self.places.acquire().await;
            // Behind the turn, so that no more than have one come to fill what room there is.
            outgoing.room().await;
            place
        };
        match timeout(seconds(limits.queue_seconds), turn).await {
            Ok(Ok(place)) => Ok(Some(place)),
            _ => Err(full("the server is busy, and this request did not get its turn in time; try again")),
        }
    }
}

struct Counted<'a>(&'a Metrics);

impl Drop for Counted<'_> {
    fn drop(&mut self) {
        self.0.waiting.fetch_sub(1, Ordering::Relaxed);
    }
}
