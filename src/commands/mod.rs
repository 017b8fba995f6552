//! What the commands do, one file each.

#![allow(clippy::print_stdout)] // a command speaks to its terminal

pub(crate) mod check;
pub(crate) mod init;
pub(crate) mod openapi;
pub(crate) mod publish;
pub(crate) mod serve;
pub(crate) mod templates;

/// What a command that fails says.
pub(crate) type Done = Result<(), String>;
