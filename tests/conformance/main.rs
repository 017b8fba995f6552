//! A black-box kit for OGC API Features Part 1: one check for each requirement of its classes core, geojson, html and
//! oas30, and for the recommendations that clients rely on, against a base URL.
//!
//! `cargo test --test conformance` starts our own server on sample data and odd data. Another server, ours or not:
//! `GRATICULE_CONFORMANCE_URL=http://host/root cargo test --test conformance`. Words after `--` choose checks by name.
//! Nothing is assumed beyond the standard: resources are found by links, and by the paths that the standard fixes.

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

mod bbox;
mod capabilities;
mod classes;
mod collections;
mod datetime;
mod feature;
mod geometry;
mod items;
mod kit;
mod paging;

use std::process::ExitCode;

use kit::{Kit, Stop};

/// A check: the name in the standard, what is checked in words, and how.
pub(crate) type Check = (&'static str, &'static str, fn(&Kit) -> Result<(), Stop>);

fn main() -> ExitCode {
    let (flags, words): (Vec<String>, Vec<String>) = std::env::args().skip(1).partition(|word| word.starts_with('-'));
    let all = [
        capabilities::CHECKS,
        collections::CHECKS,
        items::CHECKS,
        paging::CHECKS,
        bbox::CHECKS,
        datetime::CHECKS,
        feature::CHECKS,
        classes::CHECKS,
    ];
    let chosen: Vec<&Check> = all
        .into_iter()
        .flatten()
        .filter(|(name, ..)| words.is_empty() || words.iter().any(|word| name.contains(word.as_str())))
        .collect();
    if flags.iter().any(|flag| flag == "--list") {
        for (name, ..) in chosen {
            println!("{name}: test");
        }
        return ExitCode::SUCCESS;
    }
    let other = std::env::var("GRATICULE_CONFORMANCE_URL").ok();
    let root = other.unwrap_or_else(|| format!("{}/ogcapi", harness::server::odd_server().url));
    println!("OGC API Features Part 1 at {root}\n");
    let kit = Kit::new(&root);
    let mut failed = 0;
    for (name, what, run) in &chosen {
        let result = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| run(&kit)));
        let (verdict, why) = match result {
            Ok(Ok(())) => ("passed", String::new()),
            Ok(Err(Stop::Skip(why))) => ("skipped", why),
            Ok(Err(Stop::Fail(why))) => ("FAILED", why),
            Err(_) => ("FAILED", "the check itself panicked".to_owned()),
        };
        failed += usize::from(verdict == "FAILED");
        println!("{verdict:<8} {name:<36} {what}");
        if !why.is_empty() {
            println!("{:<8} {why}", "");
        }
    }
    println!("\n{} checks, {failed} failed", chosen.len());
    if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
