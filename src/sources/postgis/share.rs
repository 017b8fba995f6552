//! The connections of a database that one layer may hold at once, and whether its table is locked: who waits for a lock holds a
//! connection, and all others would wait with him.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

use super::allowed::Waits;
use super::fault;
use super::pools::WAITING;
use super::pulse::Pulse;
use crate::error::Result;

/// How long a statement waits for a lock.
pub(super) const LOCK: Duration = Duration::from_secs(2);
/// How long after that nobody else does.
const AGAIN: Duration = Duration::from_secs(1);
/// A request that tries has all its parts begun by then: rows and their number are asked for at once.
const BEGINNING: Duration = Duration::from_millis(100);

/// The share of a layer.
#[derive(Debug)]
pub(super) struct Share {
    permits: Arc<Semaphore>,
    waiting: AtomicUsize,
    /// Whether there is a time below, which is looked at only then.
    is_locked: AtomicBool,
    /// From when until when nobody need try.
    closed: Mutex<Option<(Instant, Instant)>>,
    met: Notify,
}

impl Share {
    /// A quarter of the connections is left to others; of less than four none, for then a layer would have to wait for itself.
    pub(super) fn new(connections: usize) -> Self {
        let most = connections - connections / 4;
        Self {
            permits: Arc::new(Semaphore::new(most)),
            waiting: AtomicUsize::new(0),
            is_locked: AtomicBool::new(false),
            closed: Mutex::default(),
            met: Notify::new(),
        }
    }

    /// A request begins: while the table is known to be locked it is told so at once, but for those now and then that try.
    pub(super) fn enter(&self) -> Result<()> {
        if !self.is_locked.load(Ordering::Acquire) {
            return Ok(());
        }
        let (mut closed, now) = (self.closed.lock().unwrap_or_else(PoisonError::into_inner), Instant::now());
        match *closed {
            Some((from, until)) if from <= now && now < until => Err(fault::locked("its lock was met before")),
            Some((from, _)) if now < from => Ok(()),
            _ => {
                *closed = Some((now + BEGINNING, now + LOCK + AGAIN));
                Ok(())
            }
        }
    }

    /// Hears how a request ended.
    pub(super) fn hear<T>(&self, outcome: &Result<T>) {
        match outcome {
            Err(error) if fault::is_locked(error) => {
                let now = Instant::now();
                *self.closed.lock().unwrap_or_else(PoisonError::into_inner) = Some((now, now + AGAIN));
                self.is_locked.store(true, Ordering::Release);
                self.met.notify_waiters();
            }
            Ok(_) if self.is_locked.load(Ordering::Acquire) => self.is_locked.store(false, Ordering::Release),
            _ => {}
        }
    }

    /// The right to one connection.
    pub(super) async fn permit(&self, pulse: &Pulse) -> Result<OwnedSemaphorePermit> {
        if let Ok(permit) = self.permits.clone().try_acquire_owned() {
            return Ok(permit);
        }
        let _waits = Waits::new(&self.waiting);
        tokio::select! {
            biased;
            permit = timeout(WAITING, self.permits.clone().acquire_owned()) => {
                permit.map_err(fault::unavailable)?.map_err(fault::unavailable)
            }
            () = self.met.notified() => Err(fault::locked("its lock was met while this waited")),
            () = pulse.silent() => Err(fault::silent()),
        }
    }

    /// Whether anybody waits for a connection of this share.
    pub(super) fn is_wanted(&self) -> bool {
        self.waiting.load(Ordering::Relaxed) > 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn one_layer_leaves_connections_to_others_and_who_waits_for_a_lock_is_told() {
        for (connections, most) in [(1, 1), (3, 3), (4, 3), (16, 12)] {
            assert_eq!(Share::new(connections).permits.available_permits(), most);
        }
        let (share, pulse) = (Share::new(1), Pulse::default());
        let held = share.permit(&pulse).await.unwrap();
        let mut waits = std::pin::pin!(share.permit(&pulse));
        let soon = tokio::select! {
            biased;
            _ = &mut waits => true,
            () = tokio::task::yield_now() => false,
        };
        assert!(!soon && share.is_wanted());
        share.hear::<()>(&Err(fault::locked("")));
        assert!(fault::is_locked(&waits.await.unwrap_err()));
        assert!(!share.is_wanted() && share.enter().is_err());
        let now = Instant::now();
        *share.closed.lock().unwrap() = Some((now, now));
        assert!(share.enter().is_ok() && share.enter().is_ok(), "one tries, with all its parts");
        let until = share.closed.lock().unwrap().unwrap().1;
        *share.closed.lock().unwrap() = Some((now, until));
        assert!(share.enter().is_err(), "nobody else does");
        share.hear(&Ok(()));
        assert!(share.enter().is_ok());
        drop(held);
        assert!(share.permit(&pulse).await.is_ok());
    }
}
