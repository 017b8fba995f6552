//! The threads that draw: as many as the machine has cores, for all servers of the process together, with a queue that has
//! an end. Where one waits for rows that do not come, another draws in its place. tokio's threads never draw.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::thread;

use http::HeaderValue;
use http::header::RETRY_AFTER;
use tokio::sync::oneshot;

use crate::base::stack::STACK;
use crate::error::{Error, Kind, Result};

/// Jobs that may wait; a map is one, or a few.
const QUEUE: usize = 512;

/// Threads that may wait for rows with others in their places: a source that hangs has as many for itself.
const LENT: usize = 64;
/// Bytes of their canvases, which wait with them.
const HELD: usize = 256 * 1024 * 1024;

type Job = Box<dyn FnOnce() + Send>;

struct Pool {
    jobs: SyncSender<Job>,
    shared: Arc<Shared>,
}

struct Shared {
    waiting: Mutex<Receiver<Job>>,
    /// Threads that wait for a job, less the jobs that wait for a thread.
    idle: AtomicUsize,
    /// Threads that wait for rows, and those that draw in their places.
    lent: AtomicUsize,
    spare: AtomicUsize,
    /// Bytes of the canvases of those that wait.
    held: AtomicUsize,
}

/// The place of a thread that waits for rows with so many bytes; dropped, the thread draws again.
pub(super) struct Place(&'static Shared, usize);

impl Drop for Place {
    fn drop(&mut self) {
        self.0.lent.fetch_sub(1, Ordering::Relaxed);
        self.0.held.fetch_sub(self.1, Ordering::Relaxed);
    }
}

/// How many threads there are.
pub(super) fn threads() -> usize {
    thread::available_parallelism().map_or(2, std::num::NonZero::get)
}

fn pool() -> Result<&'static Pool> {
    static POOL: OnceLock<Option<Pool>> = OnceLock::new();
    let started =
        POOL.get_or_init(|| Pool::start().inspect_err(|cause| tracing::error!(%cause, "no threads to draw")).ok());
    started.as_ref().ok_or_else(|| Error::internal("the threads that draw could not be started"))
}

impl Pool {
    fn start() -> std::io::Result<Self> {
        let (jobs, waiting) = sync_channel::<Job>(QUEUE);
        let shared = Arc::new(Shared {
            waiting: Mutex::new(waiting),
            idle: AtomicUsize::new(0),
            lent: AtomicUsize::new(0),
            spare: AtomicUsize::new(0),
            held: AtomicUsize::new(0),
        });
        for number in 0..threads() {
            let shared = shared.clone();
            named(number).spawn(move || while shared.work() {})?;
        }
        Ok(Self { jobs, shared })
    }
}

fn named(number: usize) -> thread::Builder {
    thread::Builder::new().name(format!("map-{number}")).stack_size(STACK)
}

impl Shared {
    /// Does a job; false where there will be none.
    fn work(&self) -> bool {
        self.idle.fetch_add(1, Ordering::Relaxed);
        // The lock is held while one waits: the others wait for the lock instead of the job.
        let job = self.waiting.lock().unwrap_or_else(PoisonError::into_inner).recv();
        self.idle.fetch_sub(1, Ordering::Relaxed);
        job.map(|job| job()).is_ok()
    }

    /// Does jobs as long as others wait.
    fn work_in_place(&self) {
        while !self.leaves() {
            if !self.work() {
                self.spare.fetch_sub(1, Ordering::Relaxed);
                return;
            }
        }
    }

    /// Takes a thread off those that draw in the places of others, where there are more than are needed; each sees those that left
    /// before it.
    fn leaves(&self) -> bool {
        let fewer = |spare: usize| (spare > self.lent.load(Ordering::Relaxed)).then(|| spare - 1);
        self.spare.fetch_update(Ordering::Relaxed, Ordering::Relaxed, fewer).is_ok()
    }
}

/// Has another thread draw in the place of the caller's, which waits for rows with a canvas of so many bytes, until the place is
/// dropped; none where too many wait, or with too much.
pub(super) fn lend(bytes: usize) -> Option<Place> {
    let shared = &pool().ok()?.shared;
    let lent = shared.lent.fetch_add(1, Ordering::Relaxed);
    let held = shared.held.fetch_add(bytes, Ordering::Relaxed);
    let place = Place(shared, bytes);
    if lent >= LENT || held.saturating_add(bytes) > HELD {
        return None;
    }
    let spare = shared.spare.fetch_add(1, Ordering::Relaxed);
    let worker = shared.clone();
    // As many as were needed before may still be there.
    let is_needed = spare < shared.lent.load(Ordering::Relaxed);
    if !is_needed || named(threads() + spare).spawn(move || worker.work_in_place()).is_err() {
        shared.spare.fetch_sub(1, Ordering::Relaxed);
    }
    Some(place)
}

/// How many threads have nothing to do.
pub(super) fn idle() -> usize {
    pool().map_or(0, |pool| pool.shared.idle.load(Ordering::Relaxed))
}

/// Has a job done. The answer comes when it is; a panic is an error.
pub(super) fn run<T: Send + 'static>(
    job: impl FnOnce() -> Result<T> + Send + 'static,
) -> Result<oneshot::Receiver<Result<T>>> {
    let (done, answer) = oneshot::channel();
    let job = Box::new(move || {
        if done.is_closed() {
            // Whoever asked left while the job waited.
            return;
        }
        let result = catch_unwind(AssertUnwindSafe(job)).unwrap_or_else(|panic| Err(Error::panicked(&*panic)));
        // Nobody to tell where the asker left.
        drop(done.send(result));
    });
    pool()?.jobs.try_send(job).map_err(|refused| match refused {
        TrySendError::Full(_) => Error::new(Kind::Unavailable, "too many maps are being drawn; try again soon")
            .with_header(RETRY_AFTER, HeaderValue::from_static("1")),
        TrySendError::Disconnected(_) => Error::internal("the threads that draw ended"),
    })?;
    Ok(answer)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_panic_is_an_error_and_the_thread_lives_on() {
        for _ in 0..threads() * 2 {
            let failed = run(|| -> Result<()> { panic!("a fault in drawing") }).unwrap().await.unwrap();
            assert_eq!(failed.unwrap_err().kind(), Kind::Internal);
        }
        let name = run(|| Ok(thread::current().name().unwrap_or_default().to_owned())).unwrap().await.unwrap().unwrap();
        assert!(name.starts_with("map-"), "{name}");
    }

    #[test]
    fn of_two_threads_too_many_for_one_place_both_left_at_once() {
        let (_, waiting) = sync_channel::<Job>(1);
        let shared = Shared {
            waiting: Mutex::new(waiting),
            idle: AtomicUsize::new(0),
            lent: AtomicUsize::new(1),
            spare: AtomicUsize::new(2),
            held: AtomicUsize::new(0),
        };
        assert!(shared.leaves() && !shared.leaves());
        assert_eq!(shared.spare.load(Ordering::Relaxed), 1);
    }

    #[test]
    fn threads_that_waited_for_rows_with_large_maps_filled_the_memory() {
        assert!(lend(HELD + 1).is_none());
    }

    #[tokio::test]
    async fn threads_that_wait_for_rows_hold_no_map_up() {
        let (ends, wait): (Vec<_>, Vec<_>) = (0..threads() * 3).map(|_| std::sync::mpsc::channel::<()>()).unzip();
        let slow: Vec<_> = wait
            .into_iter()
            .map(|wait| {
                let job = move || {
                    let _place = lend(0);
                    wait.recv().map_err(Error::internal)
                };
                run(job).unwrap()
            })
            .collect();
        run(|| Ok(())).unwrap().await.unwrap().unwrap();
        for (end, slow) in ends.into_iter().zip(slow) {
            end.send(()).unwrap();
            slow.await.unwrap().unwrap();
        }
    }
}
