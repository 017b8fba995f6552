//! Files of every format that GDAL reads: what is published of them, and what becomes of those that are broken.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    clippy::float_cmp,
    reason = "a test that cannot go on fails, and its numbers are small"
)]

#[path = "../harness/mod.rs"]
mod harness;

mod archives;
mod away;
mod broken_off;
mod damaged;
mod files;
mod guessed;
mod hostile;
mod left_out;
mod locked;
mod made;
mod reaching;
mod read_back;
mod remote;
mod replaced;
mod secrets;
mod settings;
mod walks;
