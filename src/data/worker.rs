//! Threads of which each answers the connections that it is given by itself: what a request reads, makes and sends stays on
//! one processor, and nobody is called over from another one, which costs more than a small answer.

use std::cell::Cell;
use std::future::Future;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use tokio::runtime::{Builder, Handle};
use tokio::sync::{Notify, oneshot};

use crate::base::stack::STACK;

/// Shorter than any time that a request is given.
const TICK: Duration = Duration::from_millis(50);

thread_local! {
    static HERE: Cell<Option<usize>> = const { Cell::new(None) };
}

/// Which of the workers the caller's thread is, counted from zero; none on any other thread.
pub fn here() -> Option<usize> {
    HERE.get()
}

/// How many there are at most: as many as there are processors.
pub fn most() -> usize {
    thread::available_parallelism().map_or(1, usize::from)
}

/// The threads; they end when this is dropped, with all that they do.
pub struct Workers(Vec<Worker>);

struct Worker {
    tasks: Handle,
    busy: Arc<AtomicUsize>,
    is_wanted: Arc<Notify>,
    /// Dropped, it ends the thread.
    _end: oneshot::Sender<()>,
}

impl Workers {
    /// Starts a thread for each processor.
    ///
    /// # Errors
    /// Where the system has no thread to give.
    pub fn start() -> io::Result<Self> {
        (0..most()).map(Worker::start).collect::<io::Result<_>>().map(Self)
    }

    /// Has the one with the fewest tasks do this, from beginning to end.
    pub fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        let Some(worker) = self.0.iter().min_by_key(|worker| worker.busy.load(Ordering::Relaxed)) else { return };
        let place = Place::new(worker.busy.clone());
        worker.is_wanted.notify_one();
        worker.tasks.spawn(async move {
            let _place = place;
            task.await;
        });
    }
}

impl Worker {
    fn start(number: usize) -> io::Result<Self> {
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let tasks = runtime.handle().clone();
        let (busy, is_wanted) = (Arc::<AtomicUsize>::default(), Arc::<Notify>::default());
        tasks.spawn(tick(busy.clone(), is_wanted.clone()));
        let (end, ended) = oneshot::channel();
        thread::Builder::new().name(format!("worker {number}")).stack_size(STACK).spawn(move || {
            HERE.set(Some(number));
            // Nothing is ever sent: it ends with its other end.
            let _ = runtime.block_on(ended);
        })?;
        Ok(Self { tasks, busy, is_wanted, _end: end })
    }
}

/// Sleeps over and over while there is anything to do. Whoever sets a timer that is the next to end calls its thread with a
/// write to the system, and each request has several that never end: with a sooner one there, none of them is the next.
async fn tick(busy: Arc<AtomicUsize>, is_wanted: Arc<Notify>) {
    loop {
        is_wanted.notified().await;
        while busy.load(Ordering::Relaxed) > 0 {
            tokio::time::sleep(TICK).await;
        }
    }
}

/// A task that a worker has.
struct Place(Arc<AtomicUsize>);

impl Place {
    fn new(busy: Arc<AtomicUsize>) -> Self {
        busy.fetch_add(1, Ordering::Relaxed);
        Self(busy)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc;

    #[test]
    fn tasks_go_where_there_are_fewest_and_stay_there() {
        let workers = Workers::start().unwrap();
        let (tell, told) = mpsc::channel();
        let ends: Vec<_> = (0..2 * most())
            .map(|_| {
                let (tell, (end, ended)) = (tell.clone(), oneshot::channel::<()>());
                workers.spawn(async move {
                    let before = here();
                    tokio::task::yield_now().await;
                    tell.send((before, here())).unwrap();
                    let _ = ended.await;
                });
                end
            })
            .collect();
        let mut met: Vec<_> = (0..ends.len()).map(|_| told.recv().unwrap()).collect();
        met.sort_unstable();
        let expected: Vec<_> = (0..most()).flat_map(|number| [(Some(number), Some(number)); 2]).collect();
        assert!(met == expected && here().is_none());
    }
}
