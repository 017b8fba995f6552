//! The classic services, asked as their clients ask.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::float_cmp,
    reason = "a test that cannot go on fails, and its numbers are small"
)]

#[path = "../harness/mod.rs"]
mod harness;

mod wms_access;
mod wms_capabilities;
mod wms_faults;
mod wms_info;
mod wms_kit;
mod wms_legends;
mod wms_maps;
