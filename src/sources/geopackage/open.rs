//! Opens the file for reading, and tells what is wrong where that fails.

use std::fmt::Write as _;
use std::fs::{self, File};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::{ErrorKind, Read};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::SystemTime;

use rusqlite::vtab::array;
use rusqlite::{Connection, OpenFlags};

use super::fault;
use super::made::Verified;
use super::milestones::Ways;
use super::passes;
use crate::error::{Error, Result};
use crate::sources::pool;

/// Statements that a connection keeps compiled.
const STATEMENTS: usize = 32;
/// Most bytes of one value: a view can make longer ones out of nothing.
const VALUE: i32 = 128 * 1024 * 1024;

/// Says which file it is, and in which state: another one in its place is told from the one that was opened.
pub(super) fn stamp(path: &Path) -> u64 {
    seen(path).0
}

/// The same, and when something was last written.
pub(super) fn seen(path: &Path) -> (u64, Option<SystemTime>) {
    let mut hasher = DefaultHasher::new();
    let file = fs::metadata(path).ok();
    // Readers make an empty one themselves.
    let log = fs::metadata(pool::log_of(path)).ok().filter(|about| about.len() > 0);
    for about in file.iter().chain(&log) {
        pool::identity_of(about).hash(&mut hasher);
    }
    let written = |about: &fs::Metadata| about.modified().ok();
    let modified = file.as_ref().and_then(written).map(|at| at.max(log.as_ref().and_then(written).unwrap_or(at)));
    (hasher.finish(), modified)
}

/// Which file it is, whatever is written into it.
pub(super) fn inode(path: &Path) -> Option<(u64, u64)> {
    pool::identity(path).map(|(file, ..)| file)
}

/// A connection that reads only.
pub(super) fn connect(path: &Path) -> Result<Connection> {
    let made = attempt(path, "mode=ro");
    let has_wal = || fs::metadata(pool::log_of(path)).is_ok_and(|about| about.len() > 0);
    match made {
        // In a folder that may not be written, SQLite cannot make the files that a WAL database wants. Where there is no
        // -wal file, nothing is in it either, and the file can be read as it is.
        Err(cause) if cause.sqlite_error_code() == Some(rusqlite::ErrorCode::CannotOpen) && !has_wal() => {
            attempt(path, "mode=ro&immutable=1").map_err(|_| fault::opening(path, cause))
        }
        made => made.map_err(|cause| fault::opening(path, cause)),
    }
}

/// What a thread of the file has.
pub(super) struct Handle {
    pub(super) connection: Connection,
    pub(super) ways: Ways,
    pub(super) verified: Verified,
    share: Option<Share>,
}

/// A connection for a thread of the file.
pub(super) fn reader(path: &Path) -> Result<Handle> {
    Ok(Handle { connection: connect(path)?, ways: Ways::default(), verified: Verified::default(), share: None })
}

impl Handle {
    /// Before a job. A few connections of the process, those that have work while others are gone, keep more pages: the upper levels of the tables and
    /// R-trees that are read just now.
    pub(super) fn warm(&mut self) {
        if self.share.is_none()
            && let Some(share) = Share::take()
            && self.connection.execute_batch("PRAGMA cache_size=-8000").is_ok()
        {
            self.share = Some(share);
        }
    }
}

/// The right of a connection to a large page cache.
struct Share;

/// How many threads may still have one.
static SHARES: AtomicUsize = AtomicUsize::new(2);

impl Share {
    fn take() -> Option<Self> {
        let taken = SHARES.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1));
        taken.ok().map(|_| Self)
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        SHARES.fetch_add(1, Ordering::Relaxed);
    }
}

fn attempt(path: &Path, how: &str) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX | OpenFlags::SQLITE_OPEN_URI;
    let connection = Connection::open_with_flags(uri(path, how), flags)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    passes::register(&connection)?;
    array::load_module(&connection)?;
    connection.set_limit(rusqlite::limits::Limit::SQLITE_LIMIT_LENGTH, VALUE)?;
    // All files together may use a gigabyte: a view can sort rows without end. No mmap: resident memory grows to the size of the file. A small page cache, for there are many connections.
    connection.execute_batch(
        "PRAGMA busy_timeout=5000; PRAGMA query_only=1; PRAGMA mmap_size=0; PRAGMA cache_size=-1000; \
         PRAGMA temp_store=memory; PRAGMA hard_heap_limit=1073741824; PRAGMA trusted_schema=0; SELECT count(*) FROM sqlite_master;",
    )?;
    Ok(connection)
}

/// The path as a URI, so that no character of it has a meaning.
fn uri(path: &Path, how: &str) -> String {
    let whole = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let mut uri = "file://".to_owned();
    for &byte in whole.as_os_str().as_bytes() {
        if byte.is_ascii_alphanumeric() || b"/-_.~".contains(&byte) {
            uri.push(char::from(byte));
        } else {
            // Writing to a string cannot fail.
            let _ = write!(uri, "%{byte:02X}");
        }
    }
    uri + "?" + how
}

/// Looks whether there is a file at all. It is not opened here: to close a file takes away the locks that the connections
/// of this process have on it.
pub(super) fn check(path: &Path) -> Result<()> {
    let about = fs::metadata(path).map_err(|cause| match cause.kind() {
        ErrorKind::NotFound => fault::file(path, "does not exist"),
        _ => fault::file(path, "cannot be read").because(cause),
    })?;
    match (about.is_file(), about.len()) {
        (false, _) => Err(fault::file(path, "is not a file")),
        (true, 0) => Err(fault::file(path, "is empty")),
        (true, _) => Ok(()),
    }
}

/// Looks into a file that SQLite cannot read, whose messages hardly name a cause.
pub(super) fn explained(path: &Path, error: Error) -> Error {
    let mut head = Vec::with_capacity(100);
    let read = File::open(path).and_then(|file| file.take(100).read_to_end(&mut head));
    if let Err(cause) = read {
        return fault::file(path, "cannot be read: may the server read it?").because(cause);
    }
    let length = fs::metadata(path).map_or(0, |about| about.len());
    if !head.starts_with(b"SQLite format 3\0") {
        let is_noise = length.is_multiple_of(512) && looks_random(&head);
        let what = if is_noise { "is not a SQLite file: it seems to be encrypted" } else { "is not a SQLite file" };
        return fault::file(path, what);
    }
    let number = |at: usize| head.get(at..at + 4).and_then(|bytes| bytes.try_into().ok()).map_or(0, u32::from_be_bytes);
    let page = match head.get(16..18) {
        Some([0, 1]) => 65536,
        Some(&[high, low]) => u64::from(high) << 8 | u64::from(low),
        _ => return fault::file(path, "is cut off"),
    };
    // The header's count of pages is good where the last writer kept it (offsets 24 and 92 agree).
    let whole = page * u64::from(number(28));
    if head.len() < 100 || (number(24) == number(92) && length < whole) {
        return fault::file(path, &format!("is cut off: it has {length} bytes of {whole}"));
    }
    error
}

/// Whether bytes look like noise: no text, no run of zeros.
fn looks_random(bytes: &[u8]) -> bool {
    let distinct = bytes.iter().collect::<std::collections::HashSet<_>>().len();
    bytes.len() == 100 && distinct > 60
}
