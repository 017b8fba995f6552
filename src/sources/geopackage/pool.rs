//! Threads that each own a connection to one file. One is started when no idle one is left: with a fixed few, a few slow
//! readers would stop the file for everybody.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rusqlite::Connection;

use super::{fault, open};
use crate::error::{Error, Result};

/// Most threads of one file, unless told otherwise.
pub(super) const THREADS: usize = 64;
/// Jobs that may wait for a thread.
const WAITING: usize = 1024;
/// How long an idle thread stays.
const STAY: Duration = Duration::from_secs(60);

/// Work for a connection, or the reason why there is none.
pub(super) type Job = Box<dyn FnOnce(Result<&Connection>) + Send>;

/// The threads of one file. Dropped, it lets the running jobs end.
pub(super) struct Pool(Arc<Shared>);

struct Shared {
    path: PathBuf,
    name: String,
    cap: usize,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// Threads without work, the last used on top: its connection has the warmest cache, and those below can end.
    idle: Vec<(u64, Sender<Option<Job>>)>,
    waiting: VecDeque<Job>,
    threads: usize,
    started: u64,
    closed: bool,
}

impl Pool {
    pub(super) fn new(path: &Path, cap: usize) -> Self {
        let stem = path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
        // A name with a zero byte cannot be a thread's.
        let name = stem.replace('\0', "");
        let (path, cap) = (path.to_owned(), cap.max(1));
        Self(Arc::new(Shared { path, name, cap, state: Mutex::default() }))
    }

    /// Has a job done: by an idle thread, by a new one, or by the first that becomes free.
    pub(super) fn submit(&self, job: Job) -> Result<()> {
        let mut job = Some(job);
        let mut state = self.0.state();
        while let Some((_, idle)) = state.idle.pop() {
            match idle.send(job.take()) {
                Ok(()) => return Ok(()),
                // Its thread has died: the next one, then.
                Err(mpsc::SendError(back)) => job = back,
            }
        }
        let Some(job) = job else { return Ok(()) };
        if state.threads >= self.0.cap {
            if state.waiting.len() >= WAITING {
                return Err(fault::busy("too many requests wait for this layer, try again"));
            }
            state.waiting.push_back(job);
            return Ok(());
        }
        let (number, shared) = (state.started, self.0.clone());
        let thread = std::thread::Builder::new().name(format!("gpkg-{}-{number}", self.0.name));
        thread.spawn(move || shared.work(number, job)).map_err(|cause| {
            tracing::error!(%cause, "no thread can be started");
            fault::busy("the server has too much to do, try again")
        })?;
        state.threads += 1;
        state.started += 1;
        Ok(())
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        let mut state = self.0.state();
        state.closed = true;
        for (_, idle) in state.idle.drain(..) {
            // A thread that has ended already needs no telling.
            let _ = idle.send(None);
        }
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn work(&self, number: u64, first: Job) {
        let mut next = Some(first);
        let mut kept = None;
        while let Some(job) = next {
            let connection = self.connection(&mut kept);
            if catch_unwind(AssertUnwindSafe(|| job(connection))).is_err() {
                tracing::error!(file = %self.path.display(), "a read panicked");
                kept = None;
            }
            next = self.next(number);
        }
    }

    /// The thread's connection, opened again where the file is another one by now.
    fn connection<'a>(&self, kept: &'a mut Option<(Identity, Connection)>) -> Result<&'a Connection> {
        let identity = open::identity(&self.path);
        if kept.as_ref().is_some_and(|(of, _)| *of != identity) {
            *kept = None;
        }
        let (_, connection) = match kept {
            Some(kept) => kept,
            None => kept.insert((
                identity,
                open::connect(&self.path).map_err(|error| {
                    let cause = format!("{error:?}");
                    fault::unreadable(cause)
                })?,
            )),
        };
        Ok(connection)
    }

    /// The next job; `None` where the thread has been idle for long, or is not needed any more.
    fn next(&self, number: u64) -> Option<Job> {
        let (sender, receiver) = mpsc::channel();
        {
            let mut state = self.state();
            if let Some(job) = state.waiting.pop_front() {
                return Some(job);
            }
            if state.closed {
                state.threads -= 1;
                return None;
            }
            state.idle.push((number, sender));
        }
        let job = match receiver.recv_timeout(STAY) {
            Ok(job) => job,
            Err(RecvTimeoutError::Disconnected) => None,
            Err(RecvTimeoutError::Timeout) => {
                self.state().idle.retain(|(other, _)| *other != number);
                // Whatever was handed over between the two is there by now.
                receiver.try_recv().ok().flatten()
            }
        };
        if job.is_none() {
            self.state().threads -= 1;
        }
        job
    }
}

type Identity = Option<(u64, u64, i64, i64, u64)>;

/// What a job that panicked tells its reader.
pub(super) fn panicked() -> Error {
    Error::internal("the read panicked; the log has the place")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file() -> (tempfile::TempDir, PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.gpkg");
        Connection::open(&path).unwrap().execute_batch("CREATE TABLE t (a); INSERT INTO t VALUES (1);").unwrap();
        (folder, path)
    }

    fn ask(pool: &Pool) -> i64 {
        let (sender, receiver) = mpsc::channel();
        let job = move |connection: Result<&Connection>| {
            let sum = connection.unwrap().query_row("SELECT sum(a) FROM t", [], |row| row.get(0)).unwrap();
            sender.send(sum).unwrap();
        };
        pool.submit(Box::new(job)).unwrap();
        receiver.recv_timeout(Duration::from_secs(10)).unwrap()
    }

    #[test]
    fn a_panic_costs_no_thread() {
        let (_folder, path) = file();
        let pool = Pool::new(&path, 1);
        for _ in 0..3 {
            pool.submit(Box::new(|_| panic!("on purpose"))).unwrap();
        }
        assert_eq!(ask(&pool), 1);
        assert_eq!(pool.0.state().threads, 1);
    }

    #[test]
    fn jobs_wait_when_all_threads_work_and_too_many_are_refused() {
        let (_folder, path) = file();
        let pool = Pool::new(&path, 1);
        let (go, gone) = mpsc::channel::<()>();
        pool.submit(Box::new(move |_| assert!(gone.recv().is_err()))).unwrap();
        for _ in 0..WAITING {
            pool.submit(Box::new(|_| {})).unwrap();
        }
        let refused = pool.submit(Box::new(|_| {})).unwrap_err();
        assert_eq!(refused.kind(), crate::error::Kind::Unavailable);
        assert_eq!(refused.headers().len(), 1);
        drop(go);
        while pool.0.state().idle.is_empty() {
            std::thread::yield_now();
        }
        assert_eq!(ask(&pool), 1);
    }

    #[test]
    fn another_file_in_its_place_is_opened() {
        let (folder, path) = file();
        let pool = Pool::new(&path, 4);
        assert_eq!(ask(&pool), 1);
        let other = folder.path().join("b.gpkg");
        Connection::open(&other).unwrap().execute_batch("CREATE TABLE t (a); INSERT INTO t VALUES (2);").unwrap();
        std::fs::rename(other, path).unwrap();
        assert_eq!(ask(&pool), 2);
    }
}
