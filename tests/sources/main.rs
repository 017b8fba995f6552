//! Files of every format that GDAL reads: what is published of them, and what becomes of those that are broken.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on fails")]

#[path = "../harness/mod.rs"]
mod harness;

mod files;
mod hostile;
mod made;
mod settings;
