//! Threads that each own a handle of one file (a connection, a dataset). One is started when no idle one is left: with a fixed few, a few slow
//! readers would stop the file for everybody.

use std::collections::VecDeque;
use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::os::unix::fs::MetadataExt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use http::HeaderValue;
use http::header::RETRY_AFTER;

use crate::data::rows::RowSender;
use crate::error::{Error, Kind, Result};

/// Most threads of one file, unless told otherwise.
pub(super) const THREADS: usize = 64;
/// Jobs that may wait for a thread.
const WAITING: usize = 1024;
/// How long an idle thread stays.
const STAY: Duration = Duration::from_secs(60);

/// Work for a handle, or the reason why there is none.
pub(super) type Job<H> = Box<dyn FnOnce(Result<&mut H>) + Send>;

type Open<H> = Box<dyn Fn(&Path) -> Result<H> + Send + Sync>;

/// The threads of one file. Dropped, it lets the running jobs end.
pub(super) struct Pool<H>(Arc<Shared<H>>);

struct Shared<H> {
    path: PathBuf,
    name: String,
    cap: usize,
    open: Open<H>,
    state: Mutex<State<H>>,
}

struct State<H> {
    /// Threads without work, the last used on top: its handle has the warmest cache, and those below can end.
    idle: Vec<(u64, Sender<Option<Job<H>>>)>,
    waiting: VecDeque<Job<H>>,
    threads: usize,
    started: u64,
    closed: bool,
}

impl<H: 'static> Pool<H> {
    /// Threads whose names begin with `kind`, at most `cap` of them. The handle is opened on its thread and stays there.
    pub(super) fn new(
        kind: &str,
        path: &Path,
        cap: usize,
        open: impl Fn(&Path) -> Result<H> + Send + Sync + 'static,
    ) -> Self {
        let stem = path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
        // A name with a zero byte cannot be a thread's.
        let name = format!("{kind}-{}", stem.replace('\0', ""));
        let state = State { idle: Vec::new(), waiting: VecDeque::new(), threads: 0, started: 0, closed: false };
        let (path, cap, state) = (path.to_owned(), cap.max(1), Mutex::new(state));
        Self(Arc::new(Shared { path, name, cap, open: Box::new(open), state }))
    }

    /// Has a job done: by an idle thread, by a new one, or by the first that becomes free.
    pub(super) fn submit(&self, job: Job<H>) -> Result<()> {
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
                return Err(busy("too many requests wait for this layer, try again"));
            }
            state.waiting.push_back(job);
            return Ok(());
        }
        let (number, shared) = (state.started, self.0.clone());
        let thread = std::thread::Builder::new().name(format!("{}-{number}", self.0.name));
        thread.spawn(move || shared.work(number, job)).map_err(|cause| {
            tracing::error!(%cause, "no thread can be started");
            busy("the server has too much to do, try again")
        })?;
        state.threads += 1;
        state.started += 1;
        Ok(())
    }
}

impl<H> Drop for Pool<H> {
    fn drop(&mut self) {
        let mut state = self.0.state();
        state.closed = true;
        for (_, idle) in state.idle.drain(..) {
            // A thread that has ended already needs no telling.
            let _ = idle.send(None);
        }
    }
}

impl<H> Shared<H> {
    fn state(&self) -> MutexGuard<'_, State<H>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn work(&self, number: u64, first: Job<H>) {
        let mut next = Some(first);
        let mut kept = None;
        while let Some(job) = next {
            let handle = self.handle(&mut kept);
            if catch_unwind(AssertUnwindSafe(|| job(handle))).is_err() {
                tracing::error!(file = %self.path.display(), "a read panicked");
                kept = None;
            }
            next = self.next(number);
        }
    }

    /// The thread's handle, opened again where the file is another one by now.
    fn handle<'a>(&self, kept: &'a mut Option<(Identity, H)>) -> Result<&'a mut H> {
        let identity = identity(&self.path);
        if kept.as_ref().is_some_and(|(of, _)| *of != identity) {
            *kept = None;
        }
        let (_, handle) = match kept {
            Some(kept) => kept,
            None => kept.insert((
                identity,
                (self.open)(&self.path).map_err(|error| {
                    let cause = format!("{error:?}");
                    unreadable(cause)
                })?,
            )),
        };
        Ok(handle)
    }

    /// The next job; `None` where the thread has been idle for long, or is not needed any more.
    fn next(&self, number: u64) -> Option<Job<H>> {
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

pub(super) type Identity = Option<(u64, u64, i64, i64, u64)>;

/// Which file it is, and in which state.
pub(super) fn identity(path: &Path) -> Identity {
    let about = fs::metadata(path).ok()?;
    Some((about.dev(), about.ino(), about.mtime(), about.mtime_nsec(), about.len()))
}

/// A number that changes whenever a file does.
pub(super) fn state(path: &Path) -> u64 {
    let mut hasher = DefaultHasher::new();
    identity(path).hash(&mut hasher);
    hasher.finish()
}

/// The server is busy for the moment.
pub(super) fn busy(message: &'static str) -> Error {
    Error::new(Kind::Unavailable, message).with_header(RETRY_AFTER, HeaderValue::from_static("1"))
}

/// The data is not there or is broken; the cause is for the log.
pub(super) fn unreadable(cause: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Error {
    Error::new(Kind::Internal, "the data of this layer cannot be read").because(cause)
}

/// What a job that panicked tells its reader.
pub(super) fn panicked() -> Error {
    Error::internal("the read panicked; the log has the place")
}

/// Tells the reader of the rows when the reading panics: without that, they would merely end.
pub(super) struct Telltale<'a>(pub(super) &'a RowSender);

impl Drop for Telltale<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.fail(panicked());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rusqlite::Connection;

    fn pool(path: &Path, cap: usize) -> Pool<Connection> {
        Pool::new("test", path, cap, |path| Connection::open(path).map_err(Error::internal))
    }

    fn file() -> (tempfile::TempDir, PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.gpkg");
        Connection::open(&path).unwrap().execute_batch("CREATE TABLE t (a); INSERT INTO t VALUES (1);").unwrap();
        (folder, path)
    }

    fn ask(pool: &Pool<Connection>) -> i64 {
        let (sender, receiver) = mpsc::channel();
        let job = move |connection: Result<&mut Connection>| {
            let sum = connection.unwrap().query_row("SELECT sum(a) FROM t", [], |row| row.get(0)).unwrap();
            sender.send(sum).unwrap();
        };
        pool.submit(Box::new(job)).unwrap();
        receiver.recv_timeout(Duration::from_secs(10)).unwrap()
    }

    #[test]
    fn a_panic_costs_no_thread() {
        let (_folder, path) = file();
        let pool = pool(&path, 1);
        for _ in 0..3 {
            pool.submit(Box::new(|_| panic!("on purpose"))).unwrap();
        }
        assert_eq!(ask(&pool), 1);
        assert_eq!(pool.0.state().threads, 1);
    }

    #[test]
    fn jobs_wait_when_all_threads_work_and_too_many_are_refused() {
        let (_folder, path) = file();
        let pool = pool(&path, 1);
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
        let pool = pool(&path, 4);
        assert_eq!(ask(&pool), 1);
        let other = folder.path().join("b.gpkg");
        Connection::open(&other).unwrap().execute_batch("CREATE TABLE t (a); INSERT INTO t VALUES (2);").unwrap();
        std::fs::rename(other, path).unwrap();
        assert_eq!(ask(&pool), 2);
    }
}
