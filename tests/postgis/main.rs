//! PostGIS as a source, against a real cluster: the same answers as from a file, odd tables, outages, replicas.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

#[path = "../harness/mod.rs"]
mod harness;

mod outages;
mod replicas;
mod same_as_file;
mod tables;
