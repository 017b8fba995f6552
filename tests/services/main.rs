//! The classic services, asked as their clients ask.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    clippy::cast_sign_loss,
    clippy::float_cmp,
    dead_code,
    reason = "a test that cannot go on fails, its numbers are small, and it uses a part of what tests share"
)]

mod clients;
mod corpus;
#[path = "../harness/mod.rs"]
mod harness;
#[path = "../plugins/kit.rs"]
mod kit;
mod schemas;

mod wcs;
mod wfs;
mod wms_access;
mod wms_alpha;
mod wms_capabilities;
mod wms_faults;
mod wms_info;
mod wms_kit;
mod wms_legends;
mod wms_maps;
mod wms_told;
