//! PostGIS as a source, against a real cluster: the same answers as from a file, odd tables, outages, replicas.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]
#![allow(
    clippy::cast_precision_loss,
    clippy::cast_possible_wrap,
    clippy::cast_possible_truncation,
    clippy::float_cmp,
    reason = "numbers of test data are small"
)]

#[path = "../harness/mod.rs"]
mod harness;

mod both;
mod boxes;
mod changes;
mod conditions;
mod crashes;
mod exact_numbers;
mod far;
mod few_connections;
mod kept;
mod keys;
mod locks;
mod log_on;
mod moments;
mod names;
mod odd_values;
mod outages;
mod plans;
mod refused;
mod replicas;
mod same_as_file;
mod searches;
mod sessions;
mod slow;
mod starts;
mod systems;
mod tables;
mod values;
mod views;
mod walks;
