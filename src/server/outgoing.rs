//! What of all answers waits in memory for clients to take it. A client is free to take its time, as many are not free to
//! fill the memory with it: where there is too much, those who take nothing lose their answers soon, and requests wait.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::pin::pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::Notify;

use crate::data::rows::SLOW;

/// What a stream has besides its chunks, about: rows that are read already, and those that are being written.
const STREAM: usize = 256 * 1024;
/// From this size on it is worth a look whether several answers are the same bytes.
const LARGE: usize = 64 * 1024;

/// What waits.
#[derive(Default)]
pub(crate) struct Outgoing {
    held: AtomicUsize,
    most: AtomicUsize,
    /// How many answers have the same kept bytes.
    shared: Mutex<HashMap<Place, usize>>,
    room: Notify,
}

/// The address of bytes and how many there are: an address alone may soon be that of others.
type Place = (usize, usize);

/// Bytes that wait, as long as this lives.
pub(crate) struct Held {
    outgoing: Arc<Outgoing>,
    bytes: usize,
    shared: Option<Place>,
}

impl Outgoing {
    /// Sets how many bytes may wait.
    pub(super) fn bear(&self, most: u32) {
        self.most.store(usize::try_from(most).unwrap_or(usize::MAX), Ordering::Relaxed);
        self.room.notify_waiters();
    }

    /// Counts a stream under way.
    pub(crate) fn hold_stream(self: &Arc<Self>) -> Held {
        self.held.fetch_add(STREAM, Ordering::Relaxed);
        Held { outgoing: self.clone(), bytes: STREAM, shared: None }
    }

    /// Counts these, once however many answers they are.
    pub(crate) fn hold(self: &Arc<Self>, bytes: &Bytes) -> Held {
        let shared = (bytes.len() > LARGE && !bytes.is_unique()).then_some((bytes.as_ptr() as usize, bytes.len()));
        let is_known = shared.is_some_and(|place| {
            let mut shared = self.shared();
            let count = shared.entry(place).or_insert(0);
            *count += 1;
            *count > 1
        });
        if !is_known {
            self.held.fetch_add(bytes.len(), Ordering::Relaxed);
        }
        Held { outgoing: self.clone(), bytes: bytes.len(), shared }
    }

    fn shared(&self) -> MutexGuard<'_, HashMap<Place, usize>> {
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether too much waits.
    pub(crate) fn is_full(&self) -> bool {
        self.held.load(Ordering::Relaxed) > self.most.load(Ordering::Relaxed)
    }

    /// How long a client may take nothing now that may do so for this long at other times.
    pub(crate) fn patience(&self, usual: Duration) -> Duration {
        if self.is_full() { usual.min(SLOW) } else { usual }
    }

    /// Ready when no longer too much waits.
    pub(super) async fn room(&self) {
        loop {
            let mut moved = pin!(self.room.notified());
            // From here on it is told, also before it is waited for.
            moved.as_mut().enable();
            if !self.is_full() {
                return;
            }
            moved.await;
        }
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        if let Some(place) = self.shared {
            let mut shared = self.outgoing.shared();
            if let Entry::Occupied(mut count) = shared.entry(place) {
                if *count.get() > 1 {
                    *count.get_mut() -= 1;
                    return;
                }
                count.remove();
            }
        }
        let before = self.outgoing.held.fetch_sub(self.bytes, Ordering::Relaxed);
        let most = self.outgoing.most.load(Ordering::Relaxed);
        if before > most && before - self.bytes <= most {
            self.outgoing.room.notify_waiters();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_that_many_answers_share_count_once() {
        let outgoing = Arc::new(Outgoing::default());
        outgoing.bear(100_000);
        let kept = Bytes::from(vec![0; 100_000]);
        let (one, other) = (kept.clone(), kept.clone());
        let (first, second) = (outgoing.hold(&one), outgoing.hold(&other));
        assert!(!outgoing.is_full());
        let own = outgoing.hold(&Bytes::from(vec![0; 10]));
        assert!(outgoing.is_full() && outgoing.patience(SLOW * 2) == SLOW);
        drop(first);
        assert!(outgoing.is_full());
        drop(own);
        assert!(!outgoing.is_full() && outgoing.patience(SLOW * 2) == SLOW * 2);
        drop(second);
        assert!(outgoing.held.load(Ordering::Relaxed) == 0 && outgoing.shared().is_empty());
    }

    #[test]
    fn other_bytes_at_the_address_of_an_answer_took_more_from_the_count_than_they_had_added() {
        let outgoing = Arc::new(Outgoing::default());
        let whole = Bytes::from(vec![0; 100_000]);
        let (first, second) = (outgoing.hold(&whole.slice(..70_000)), outgoing.hold(&whole));
        drop(first);
        assert_eq!(outgoing.held.load(Ordering::Relaxed), 100_000);
        drop(second);
        assert!(outgoing.held.load(Ordering::Relaxed) == 0 && outgoing.shared().is_empty());
    }

    #[tokio::test]
    async fn a_request_goes_on_as_soon_as_there_is_room() {
        let outgoing = Arc::new(Outgoing::default());
        outgoing.bear(10);
        let held = outgoing.hold(&Bytes::from(vec![0; 11]));
        let waiting = tokio::spawn({
            let outgoing = outgoing.clone();
            async move { outgoing.room().await }
        });
        tokio::task::yield_now().await;
        assert!(!waiting.is_finished());
        drop(held);
        waiting.await.unwrap();
    }
}
