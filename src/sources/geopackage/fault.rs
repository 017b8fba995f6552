//! What a fault of SQLite means to a client, and to whoever runs the server.

use std::path::Path;

use rusqlite::ErrorCode;

use crate::error::{Error, Kind};
pub(super) use crate::sources::pool::{busy, unreadable};

/// A fault while rows are read: the client learns no name of a file or table.
pub(super) fn reading(cause: rusqlite::Error) -> Error {
    match cause.sqlite_error_code() {
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
            busy("the data of this layer is being written, try again").because(cause)
        }
        Some(ErrorCode::OperationInterrupted) => Error::cancelled().because(cause),
        Some(
            ErrorCode::DatabaseCorrupt
            | ErrorCode::NotADatabase
            | ErrorCode::CannotOpen
            | ErrorCode::SystemIoFailure
            | ErrorCode::SchemaChanged,
        ) => unreadable(cause),
        _ => Error::internal(cause),
    }
}

/// A fault while a file is opened, told to whoever wrote its name down.
pub(super) fn opening(path: &Path, cause: rusqlite::Error) -> Error {
    let what = match cause.sqlite_error_code() {
        Some(ErrorCode::NotADatabase) => "is not a SQLite file, or it is encrypted",
        Some(ErrorCode::DatabaseCorrupt) => "is damaged: SQLite cannot read it",
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => "is locked by another program",
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
    Error::new(Kind::Internal, format!("{} {what}", path.display()))
}
