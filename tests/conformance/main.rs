//! A black-box kit for OGC API Features, against a base URL: one check for each requirement of Part 1 (core, geojson, html,
//! oas30) and for the recommendations that clients rely on; for Part 2 (systems), Part 3 (filters) with the classes of
//! CQL2, and Part 5 (schemas) with sorting and the choice of properties, as far as the server declares or offers them. What
//! an answer must hold is worked out from unfiltered answers: conditions by an evaluation of the kit's own, places by PROJ,
//! relations of geometries by GEOS.
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
mod cql2;
mod crs;
mod datetime;
mod feature;
mod filter;
mod geometry;
mod items;
mod kit;
mod known;
mod paging;
mod projection;
mod schemas;
mod sorting;

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
        crs::CHECKS,
        filter::CHECKS,
        cql2::CHECKS,
        schemas::CHECKS,
        sorting::CHECKS,
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
    // What GEOS says of geometries that it cannot judge is no news.
    gdal::config::set_error_handler(|_, _, _| {});
    // Text must give back the very coordinates that were served.
    gdal::config::set_config_option("OGR_WKT_PRECISION", "17").unwrap();
    let other = std::env::var("GRATICULE_CONFORMANCE_URL").ok();
    let root = other.unwrap_or_else(|| format!("{}/ogcapi", harness::server::odd_server().url));
    println!("OGC API Features at {root}\n");
    let kit = Kit::new(&root);
    let mut failed = 0;
    for (name, what, run) in &chosen {
        let start = std::time::Instant::now();
        let result = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| run(&kit)));
        let (verdict, why) = match result {
            Ok(Ok(())) => ("passed", String::new()),
            Ok(Err(Stop::Skip(why))) => ("skipped", why),
            Ok(Err(Stop::Fail(why))) => ("FAILED", why),
            Err(_) => ("FAILED", "the check itself panicked".to_owned()),
        };
        failed += usize::from(verdict == "FAILED");
        println!("{verdict:<8} {name:<42} {what} ({:.1} s)", start.elapsed().as_secs_f32());
        if !why.is_empty() {
            println!("{:<8} {why}", "");
        }
    }
    println!("\n{} checks, {failed} failed", chosen.len());
    if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
