//! The threads that draw: as many as the machine has cores, for all servers of the process together, with a queue that has
//! an end. tokio's threads never draw.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::thread;

use http::HeaderValue;
use http::header::RETRY_AFTER;
use tokio::sync::oneshot;

use crate::error::{Error, Kind, Result};

/// Jobs that may wait; a map is one, or a few.
const QUEUE: usize = 512;

/// Drawing is arithmetic on big buffers, but a geometry's parts may nest.
const STACK: usize = 4 * 1024 * 1024;

type Job = Box<dyn FnOnce() + Send>;

struct Pool {
    jobs: SyncSender<Job>,
    /// Threads that wait for a job, less the jobs that wait for a thread.
    idle: Arc<AtomicUsize>,
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
        let waiting = Arc::new(Mutex::new(waiting));
        let idle = Arc::new(AtomicUsize::new(0));
        for number in 0..threads() {
            let (waiting, idle) = (waiting.clone(), idle.clone());
            let thread = thread::Builder::new().name(format!("map-{number}")).stack_size(STACK);
            thread.spawn(move || work(&waiting, &idle))?;
        }
        Ok(Self { jobs, idle })
    }
}

fn work(waiting: &Mutex<Receiver<Job>>, idle: &AtomicUsize) {
    loop {
        idle.fetch_add(1, Ordering::Relaxed);
        // The lock is held while one waits: the others wait for the lock instead of the job.
        let job = waiting.lock().unwrap_or_else(PoisonError::into_inner).recv();
        idle.fetch_sub(1, Ordering::Relaxed);
        match job {
            Ok(job) => job(),
            Err(_) => return,
        }
    }
}

/// How many threads have nothing to do.
pub(super) fn idle() -> usize {
    pool().map_or(0, |pool| pool.idle.load(Ordering::Relaxed))
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
}
