//! How many connections the database gives. That may be fewer than it was taken for: a role has its own limit, others take their
//! part. It is learned from what is refused, so that requests wait for those that there are and nobody knocks in vain.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, sleep_until};

/// After a refusal, before one more than are known is tried: there may be room again.
const LATER: Duration = Duration::from_secs(1);

/// The connections that may be taken.
#[derive(Debug)]
pub(super) struct Allowed {
    permits: Arc<Semaphore>,
    /// As many as were asked for.
    most: usize,
    /// As many as there seem to be.
    known: AtomicUsize,
    waiting: AtomicUsize,
    /// When one more may be tried.
    next: Mutex<Instant>,
}

/// The right to one connection.
pub(super) type Permit = OwnedSemaphorePermit;

impl Allowed {
    pub(super) fn new(most: usize) -> Self {
        let (permits, known) = (Arc::new(Semaphore::new(most)), AtomicUsize::new(most));
        Self { permits, most, known, waiting: AtomicUsize::new(0), next: Mutex::new(Instant::now()) }
    }

    /// The right to one; none where it does not come by then.
    pub(super) async fn permit(&self, end: Instant) -> Option<Permit> {
        if let Ok(permit) = self.permits.clone().try_acquire_owned() {
            return Some(permit);
        }
        let _waits = Waits::new(&self.waiting);
        let mut permit = std::pin::pin!(self.permits.clone().acquire_owned());
        loop {
            tokio::select! {
                biased;
                permit = &mut permit => return permit.ok(),
                () = sleep_until(end) => return None,
                () = sleep_until(self.next()), if self.are_fewer() => self.grow(),
            }
        }
    }

    /// There are fewer; the right is given back only where it is the last one, which is tried on.
    pub(super) fn refuse(&self, permit: Permit) -> Option<Permit> {
        self.set_next(Instant::now() + LATER);
        let fewer = |known: usize| (known > 1).then(|| known - 1);
        if self.known.fetch_update(Ordering::AcqRel, Ordering::Acquire, fewer).is_err() {
            return Some(permit);
        }
        permit.forget();
        None
    }

    /// One more was opened: where there was room for it, there may be for others.
    pub(super) fn opened(&self) {
        if self.are_fewer() {
            self.set_next(Instant::now());
        }
    }

    /// Whether anybody waits.
    pub(super) fn are_wanted(&self) -> bool {
        self.waiting.load(Ordering::Relaxed) > 0
    }

    /// Whether there are fewer than were asked for.
    pub(super) fn are_fewer(&self) -> bool {
        self.known.load(Ordering::Acquire) < self.most
    }

    fn next(&self) -> Instant {
        *self.next.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn set_next(&self, at: Instant) {
        *self.next.lock().unwrap_or_else(PoisonError::into_inner) = at;
    }

    /// One more, for all who wait.
    fn grow(&self) {
        let (mut next, now) = (self.next.lock().unwrap_or_else(PoisonError::into_inner), Instant::now());
        if *next <= now && self.are_fewer() {
            *next = now + LATER;
            self.known.fetch_add(1, Ordering::AcqRel);
            self.permits.add_permits(1);
        }
    }
}

/// Somebody who waits, until this is dropped.
pub(super) struct Waits<'a>(&'a AtomicUsize);

impl<'a> Waits<'a> {
    pub(super) fn new(count: &'a AtomicUsize) -> Self {
        count.fetch_add(1, Ordering::Relaxed);
        Self(count)
    }
}

impl Drop for Waits<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_is_refused_is_learned_and_the_last_right_is_tried_on() {
        let allowed = Allowed::new(2);
        let (now, later) = (Instant::now(), Instant::now() + Duration::from_secs(60));
        let (first, second) = (allowed.permit(now).await.unwrap(), allowed.permit(now).await.unwrap());
        assert!(allowed.refuse(first).is_none() && allowed.are_fewer());
        assert!(allowed.permit(now).await.is_none(), "one is known, and it is taken");
        let second = allowed.refuse(second).unwrap();
        drop(second);
        let held = allowed.permit(later).await.unwrap();
        allowed.opened();
        let more = allowed.permit(later).await.unwrap();
        assert!(!allowed.are_fewer() && !allowed.are_wanted());
        drop((held, more));
    }
}
