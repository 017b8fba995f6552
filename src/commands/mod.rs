//! What the commands do, one file each.

#![allow(clippy::print_stdout)] // a command speaks to its terminal

use std::io::{ErrorKind, Write};

pub(crate) mod behind;
pub(crate) mod cgi;
pub(crate) mod check;
pub(crate) mod fcgi;
pub(crate) mod hash;
pub(crate) mod init;
pub(crate) mod openapi;
pub(crate) mod progress;
pub(crate) mod publish;
pub(crate) mod reload;
mod running;
pub(crate) mod scgi;
pub(crate) mod serve;
pub(crate) mod templates;

/// What a command that fails says.
pub(crate) type Done = Result<(), String>;

/// Prints a document; a reader that has seen enough of it (`| head`) is no fault.
pub(crate) fn print(text: &str) -> Done {
    match writeln!(std::io::stdout(), "{text}") {
        Err(cause) if cause.kind() != ErrorKind::BrokenPipe => Err(format!("standard output: {cause}")),
        _ => Ok(()),
    }
}
