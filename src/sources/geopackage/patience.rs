//! Questions to a view while a file is opened: it may search for ever for its first row.

use std::sync::mpsc;
use std::time::Duration;

use rusqlite::{Connection, ErrorCode};

/// So long an answer is waited for.
const PATIENCE: Duration = Duration::from_secs(2);

/// The answer; `None` where it takes too long to find.
pub(super) fn briefly<T>(
    connection: &Connection,
    question: impl FnOnce() -> rusqlite::Result<T>,
) -> rusqlite::Result<Option<T>> {
    let handle = connection.get_interrupt_handle();
    let (done, waiting) = mpsc::channel::<()>();
    let watch = std::thread::spawn(move || {
        if waiting.recv_timeout(PATIENCE) == Err(mpsc::RecvTimeoutError::Timeout) {
            handle.interrupt();
        }
    });
    let answer = question();
    drop(done);
    // It ends before the connection is asked again, so that it interrupts nothing else.
    let _ = watch.join();
    match answer {
        Err(error) if error.sqlite_error_code() == Some(ErrorCode::OperationInterrupted) => Ok(None),
        answer => answer.map(Some),
    }
}
