//! Threads that each own a handle of one file (a connection, a dataset). Half as many work as there are processors: more of them only take the
//! processors from one another, and each call of a sleeping thread costs more than a small page. One that waits for a slow reader does not count,
//! and where a job has waited for a while, all being busy with long ones, another thread is started or called.

use std::cell::Cell;
use std::collections::VecDeque;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::os::unix::fs::MetadataExt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError};
use std::thread::{self, Thread};
use std::time::{Duration, Instant};
use std::{fs, io};

use http::HeaderValue;
use http::header::RETRY_AFTER;

use crate::base::address;
use crate::base::stack::STACK;
use crate::data::rows::{RowSender, on_slow, on_wait};
use crate::data::source::has_settled;
use crate::error::{Error, Kind, Result};

/// Most threads of one file, unless told otherwise.
pub(super) const THREADS: usize = 64;
/// Jobs that may wait for a thread.
const WAITING: usize = 1024;
/// How long an idle thread stays.
const STAY: Duration = Duration::from_secs(60);
/// Most idle threads of all files together: of a thousand files each has one that just measured it.
const IDLE: usize = 256;
/// Where more than these are idle, each stays for a short while alone: a look at a thousand files leaves no thousand handles.
const FEW: usize = 32;
/// How long it stays then: long enough for the next page of the same file.
const BRIEF: Duration = Duration::from_secs(2);
/// How long a job waits for those that work, before another thread takes it.
const PATIENCE: Duration = Duration::from_millis(3);
/// How long it waits for those that work before one leaves a slow reader for it.
const LATE: Duration = Duration::from_secs(1);
/// How often a thread that watches looks again though no job waited too long: to call one costs more.
const ROUNDS: u32 = 20;

/// Threads of one file that work at a time, while all goes well: the others of the processors write what these read.
static WORKING: LazyLock<usize> =
    LazyLock::new(|| thread::available_parallelism().map_or(1, |processors| (processors.get() / 2).max(1)));

/// The idle threads of all files.
static IDLING: AtomicUsize = AtomicUsize::new(0);

/// Work for a handle, or the reason why there is none.
pub(super) type Job<H> = Box<dyn FnOnce(Result<&mut H>) + Send>;

type Open<H> = Box<dyn Fn(&Path) -> Result<H> + Send + Sync>;

/// The threads of one file. Dropped, it lets the running jobs end.
pub(super) struct Pool<H: 'static>(Arc<Shared<H>>);

struct Shared<H> {
    path: PathBuf,
    name: String,
    cap: usize,
    open: Open<H>,
    state: Mutex<State<H>>,
}

struct State<H> {
    /// Threads without work, the last used on top: its handle has the warmest cache, and those below can end.
    idle: Vec<(u64, Thread)>,
    waiting: VecDeque<(Instant, Job<H>)>,
    threads: usize,
    /// Threads that have a job, or were called for one, and do not wait for a reader.
    working: usize,
    /// Threads that leave slow readers for jobs that wait.
    leaving: usize,
    /// The thread that looks after jobs that wait too long.
    watcher: Option<u64>,
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
        let stem = address::stem(path);
        // A name with a zero byte cannot be a thread's.
        let name = format!("{kind}-{}", stem.replace('\0', ""));
        let state = State {
            idle: Vec::new(),
            waiting: VecDeque::new(),
            threads: 0,
            working: 0,
            leaving: 0,
            watcher: None,
            started: 0,
            closed: false,
        };
        let (path, cap, state) = (path.to_owned(), cap.max(1), Mutex::new(state));
        Self(Arc::new(Shared { path, name, cap, open: Box::new(open), state }))
    }

    /// Has a job done: by an idle thread, by a new one, or by the first that becomes free.
    pub(super) fn submit(&self, job: Job<H>) -> Result<()> {
        let mut state = self.0.state();
        if state.waiting.len() >= WAITING {
            return Err(busy("too many requests wait for this layer, try again"));
        }
        state.waiting.push_back((Instant::now(), job));
        let result = self.0.call(&mut state);
        if result.is_err() {
            state.waiting.pop_back();
        }
        result
    }
}

impl<H: 'static> Drop for Pool<H> {
    fn drop(&mut self) {
        let mut state = self.0.state();
        state.closed = true;
        state.idle.drain(..).for_each(|(_, thread)| thread.unpark());
    }
}

impl<H: 'static> Shared<H> {
    fn state(&self) -> MutexGuard<'_, State<H>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sees to it that somebody takes the job that was added, now or after a while.
    fn call(self: &Arc<Self>, state: &mut State<H>) -> Result<()> {
        let is_to_work = state.working < *WORKING;
        if !is_to_work && state.watcher.is_some() {
            return Ok(());
        }
        let number = if let Some((number, thread)) = state.idle.pop() {
            thread.unpark();
            number
        } else if state.threads < self.cap {
            let (number, shared) = (state.started, self.clone());
            let thread = thread::Builder::new().name(format!("{}-{number}", self.name)).stack_size(STACK);
            thread.spawn(move || shared.work(number)).map_err(|cause| {
                tracing::error!(%cause, "no thread can be started");
                busy("the server has too much to do, try again")
            })?;
            state.threads += 1;
            state.started += 1;
            number
        } else {
            return Ok(());
        };
        if is_to_work {
            state.working += 1;
        } else {
            state.watcher = Some(number);
        }
        Ok(())
    }

    fn work(self: Arc<Self>, number: u64) {
        let shared = self.clone();
        on_wait(move |waits| shared.waits(waits));
        let (shared, leaves) = (self.clone(), Rc::new(Cell::new(false)));
        let left = leaves.clone();
        on_slow(move || {
            // It was to leave, and the reader took something after all.
            if left.take() {
                shared.state().leaving -= 1;
            }
            left.set(shared.gives_way());
            left.get()
        });
        let mut kept = None;
        while let Some(job) = self.next(number) {
            let handle = self.handle(&mut kept);
            if catch_unwind(AssertUnwindSafe(|| job(handle))).is_err() {
                tracing::error!(file = %address::shown(&self.path), "a read panicked");
                kept = None;
            }
            if leaves.take() {
                self.state().leaving -= 1;
            }
        }
    }

    /// Whether one more thread is to leave a slow reader: all have one, or work, and more jobs wait than threads come back.
    fn gives_way(&self) -> bool {
        let mut state = self.state();
        let is_full = state.threads >= self.cap && state.idle.is_empty() && state.watcher.is_none();
        // Whoever works, or was just called, may take it yet.
        let is_late = state.waiting.front().is_some_and(|(since, _)| state.working == 0 || since.elapsed() >= LATE);
        let is_wanted = is_full && is_late && state.waiting.len() > state.leaving;
        state.leaving += usize::from(is_wanted);
        is_wanted
    }

    /// A thread that waits for its reader leaves the processor to another.
    fn waits(self: &Arc<Self>, waits: bool) {
        let mut state = self.state();
        if !waits {
            state.working += 1;
            return;
        }
        state.working = state.working.saturating_sub(1);
        if !state.waiting.is_empty() {
            // Those that work take it later where no thread can be started.
            let _ = self.call(&mut state);
        }
    }

    /// The thread's handle, opened again where the file is another one by now.
    fn handle<'a>(&self, kept: &'a mut Option<(Option<Identity>, H)>) -> Result<&'a mut H> {
        let identity = identity(&self.path);
        if kept.as_ref().is_some_and(|(of, _)| *of != identity) {
            *kept = None;
        }
        let (_, handle) = match kept {
            Some(kept) => kept,
            None => kept.insert((
                identity,
                (self.open)(&self.path)
                    .map_err(|error| if is_gone(&self.path) { gone(&self.path) } else { unopened(error) })?,
            )),
        };
        Ok(handle)
    }

    /// The next job; `None` where the thread has been idle for long, or is not needed any more.
    fn next(self: &Arc<Self>, number: u64) -> Option<Job<H>> {
        let mut state = self.state();
        loop {
            if state.watcher == Some(number) {
                let (watched, job) = self.watch(state);
                if job.is_some() {
                    return job;
                }
                state = watched;
            } else {
                // Back from a job, or called for one.
                if let Some((_, job)) = state.waiting.pop_front() {
                    return Some(job);
                }
                state.working = state.working.saturating_sub(1);
            }
            let idling = Idling::begin();
            let Some(idling) = idling.filter(|_| !state.closed) else {
                state.threads -= 1;
                return None;
            };
            state.idle.push((number, thread::current()));
            let end = Instant::now() + idling.stay;
            // Whoever calls takes it off the list.
            while state.idle.iter().any(|(other, _)| *other == number) {
                let left = end.saturating_duration_since(Instant::now());
                if left.is_zero() {
                    state.idle.retain(|(other, _)| *other != number);
                    state.threads -= 1;
                    return None;
                }
                drop(state);
                thread::park_timeout(left);
                state = self.state();
            }
        }
    }

    /// Looks every now and then whether a job has waited for long.
    fn watch<'a>(self: &'a Arc<Self>, state: MutexGuard<'a, State<H>>) -> (MutexGuard<'a, State<H>>, Option<Job<H>>) {
        let mut state = state;
        let mut round = 0;
        while round < ROUNDS && !state.closed {
            drop(state);
            thread::park_timeout(PATIENCE);
            state = self.state();
            round = if state.waiting.is_empty() { round + 1 } else { 0 };
            if state.waiting.front().is_some_and(|(since, _)| since.elapsed() >= PATIENCE) {
                break;
            }
        }
        state.watcher = None;
        let Some((_, job)) = state.waiting.pop_front() else { return (state, None) };
        state.working += 1;
        if !state.waiting.is_empty() {
            // Those that work take the others where no thread can be started.
            let _ = self.call(&mut state);
        }
        (state, Some(job))
    }
}

/// A thread that is idle, until it is dropped.
struct Idling {
    stay: Duration,
}

impl Idling {
    /// None where enough others are.
    fn begin() -> Option<Self> {
        let others = IDLING.fetch_add(1, Ordering::Relaxed);
        let idling = Self { stay: if others < FEW { STAY } else { BRIEF } };
        (others < IDLE).then_some(idling)
    }
}

impl Drop for Idling {
    fn drop(&mut self) {
        IDLING.fetch_sub(1, Ordering::Relaxed);
    }
}

/// A file and its state. The time of change of the file itself, unlike that of its contents, cannot be set by whoever writes.
pub(super) type Identity = ((u64, u64), (i64, i64), (i64, i64), u64);

/// Which file it is, and in which state.
pub(super) fn identity(path: &Path) -> Option<Identity> {
    fs::metadata(path).ok().as_ref().map(identity_of)
}

/// The same of what is known of a file.
pub(super) fn identity_of(about: &fs::Metadata) -> Identity {
    let written = (about.mtime(), about.mtime_nsec());
    ((about.dev(), about.ino()), written, (about.ctime(), about.ctime_nsec()), about.len())
}

/// Where SQLite writes first, beside the file.
pub(super) fn log_of(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push("-wal");
    name.into()
}

/// Whether a row of a database was just written beside it: the time of that is told before the row is seen.
pub(super) fn is_being_logged(path: &Path) -> bool {
    let about = fs::metadata(log_of(path)).ok().filter(|about| about.len() > 0);
    about.and_then(|about| about.modified().ok()).is_some_and(|at| !has_settled(at))
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

/// What is told where files cannot be opened for there are too many open ones.
pub(super) const STARVED: &str = "cannot be opened: too many open files, raise their number (ulimit -n)";

/// Whether this program, or the machine, has no handle of a file left, or next to none: one file may need some.
pub(super) fn is_starved() -> bool {
    /// ENFILE and EMFILE.
    const TOO_MANY: [i32; 2] = [23, 24];
    let mut held = Vec::new();
    for _ in 0..8 {
        match fs::File::open("/dev/null") {
            Ok(file) => held.push(file),
            Err(cause) => return cause.raw_os_error().is_some_and(|code| TOO_MANY.contains(&code)),
        }
    }
    false
}

/// Whether a file is not on this machine's disks any more.
pub(super) fn is_gone(path: &Path) -> bool {
    !path.to_string_lossy().starts_with("/vsi")
        && fs::metadata(path).is_err_and(|cause| cause.kind() == io::ErrorKind::NotFound)
}

/// A file that is away: being replaced, or taken from the project with the next look at it.
pub(super) fn gone(path: &Path) -> Error {
    busy("the data of this layer is not there at the moment, try again")
        .because(format!("{} is gone", address::shown(path)))
}

/// Why a file could not be opened once more: it is perhaps half written.
pub(super) fn unopened(error: Error) -> Error {
    if error.kind() == Kind::Unavailable {
        return error;
    }
    let cause = address::hidden(&format!("{error:?}")).into_owned();
    busy("the data of this layer cannot be opened at the moment, try again").because(cause)
}

/// The data is broken, or locked by whoever writes it; the cause is for the log.
pub(super) fn unreadable(cause: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Error {
    let cause = cause.into();
    let cause = address::hidden(&cause.to_string()).into_owned();
    // GDAL has no code for what SQLite says.
    if cause.contains("database is locked") {
        return busy("the data of this layer is being written, try again").because(cause);
    }
    Error::new(Kind::Internal, "the data of this layer cannot be read").because(cause)
}

/// The data cannot be read now, and may be in a moment: it is on another machine, or somebody writes it. The cause is for the log.
pub(super) fn unread(cause: &str) -> Error {
    let cause = address::hidden(cause).into_owned();
    busy("the data of this layer cannot be read at the moment, try again").because(cause)
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
#[path = "pool_tests.rs"]
mod tests;
