//! What a fault of SQLite means to a client, and to whoever runs the server.

use std::path::Path;

use rusqlite::ErrorCode;

use crate::base::address;
use crate::error::{Error, Kind};
use crate::sources::pool::{STARVED, is_starved};
pub(super) use crate::sources::pool::{busy, unreadable};

/// A fault while rows are read: the client learns no name of a file or table, which the log has.
pub(super) fn reading(path: &Path, table: &str, cause: &rusqlite::Error) -> Error {
    let code = cause.sqlite_error_code();
    let lacks_something = lacks_something(cause);
    let cause = format!("{}: table '{table}': {cause}", path.display());
    match code {
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
            busy("the data of this layer is being written, try again").because(cause)
        }
        Some(ErrorCode::OperationInterrupted) => Error::cancelled().because(cause),
        Some(
            ErrorCode::DatabaseCorrupt
            | ErrorCode::NotADatabase
            | ErrorCode::CannotOpen
            | ErrorCode::OutOfMemory
            | ErrorCode::TooBig
            | ErrorCode::SystemIoFailure
            | ErrorCode::SchemaChanged,
        ) => unreadable(cause),
        // Statements name what the description of the layer has; the server will publish it anew.
        _ if lacks_something => {
            busy("the data of this layer has changed and is being opened anew, try again").because(cause)
        }
        _ => Error::internal(cause),
    }
}

/// The table is not as it was described; the server will publish it anew.
pub(super) fn changed(path: &Path, table: &str, what: &str) -> Error {
    busy("the data of this layer has changed and is being opened anew, try again")
        .because(format!("{}: table '{table}': {what}", path.display()))
}

/// Whether a table or column is not there any more. SQLite has no code for that.
fn lacks_something(cause: &rusqlite::Error) -> bool {
    use rusqlite::Error::{SqlInputError, SqliteFailure};
    let (SqlInputError { msg: told, .. } | SqliteFailure(_, Some(told))) = cause else { return false };
    told.starts_with("no such column") || told.starts_with("no such table")
}

/// A fault while a file is opened, told to whoever wrote its name down.
pub(super) fn opening(path: &Path, cause: rusqlite::Error) -> Error {
    let what = match cause.sqlite_error_code() {
        Some(ErrorCode::NotADatabase) => "is not a SQLite file, or it is encrypted",
        Some(ErrorCode::DatabaseCorrupt) => "is damaged: SQLite cannot read it",
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => "is locked by another program",
        Some(ErrorCode::CannotOpen) if is_starved() => STARVED,
        Some(ErrorCode::CannotOpen) => "cannot be opened: is it (and its -wal file) readable?",
        Some(ErrorCode::ReadOnly) => {
            "was left in the middle of a write: open it once with a program that may write, which mends it"
        }
        Some(ErrorCode::SystemIoFailure) => "cannot be read from the disk, or is cut off",
        _ => "cannot be read",
    };
    file(path, what).because(cause)
}

/// What is wrong with a file.
pub(super) fn file(path: &Path, what: &str) -> Error {
    Error::new(Kind::Internal, format!("{} {what}", address::shown(path)))
}
