//! The framework, the server and the program, from outside.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    clippy::float_cmp,
    clippy::large_stack_arrays,
    reason = "a test that cannot go on fails, and its numbers are small"
)]

#[path = "../harness/mod.rs"]
mod harness;

mod architecture;
mod base_url;
mod caching;
mod circle;
mod commands;
mod corrupt;
mod cors;
mod cursors;
mod data;
mod date_line;
mod embedding;
mod errors;
mod faults_of_build;
mod filters;
mod formats;
mod gdal;
mod handlers;
mod hostile;
mod limits;
mod methods;
mod mounting;
mod negotiation;
mod openapi;
mod operations;
mod pages;
mod pages_of_data;
mod posted;
mod projects;
mod random;
mod reloading;
mod stopping;
mod streams;
mod systems;
mod walks;
mod wild;
