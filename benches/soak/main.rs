//! A soak, not a measurement: 64 connections over every operation, eight filters and two policies, among them clients that
//! leave, that read a byte a second, that send half a head. `make soak` runs it for SECONDS (300); it fails on an error of
//! the server, on a server that keeps others waiting, and on memory or threads that grow.
#![allow(clippy::expect_used, clippy::print_stdout)] // a soak that cannot go on says why

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use graticule::gateways::http::{Patience, serve};
use graticule::project::open::open;
use graticule::project::settings::Project;
use graticule::standard;
use tokio::net::TcpListener;
use tokio::time::sleep;

use client::{Tally, client};
use plugins::{Holding, Nothing, Policy};

mod client;
mod plugins;

/// A file that GDAL reads: 10,000 points with a text and a number.
fn grid(folder: &Path) -> PathBuf {
    let mut text = r#"{"type":"FeatureCollection","features":["#.to_owned();
    for number in 0..10_000 {
        let (x, y, comma) = (number % 100, number / 100, if number > 0 { "," } else { "" });
        let _ = write!(
            text,
            r#"{comma}{{"type":"Feature","geometry":{{"type":"Point","coordinates":[{x},{y}]}},"properties":{{"name":"cell {number}","number":{number}}}}}"#
        );
    }
    text.push_str("]}");
    let path = folder.join("grid.geojson");
    std::fs::write(&path, text).expect("a file");
    path
}

/// Resident memory in KiB, and threads.
fn taken() -> (u64, u64) {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let value = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name));
        line.and_then(|line| line.split_whitespace().next()?.parse().ok()).unwrap_or_default()
    };
    (value("VmRSS:"), value("Threads:"))
}

#[tokio::main]
async fn main() -> ExitCode {
    let Some(seconds) = std::env::var("SECONDS_OF_SOAK").ok().and_then(|text| text.parse().ok()) else {
        return ExitCode::SUCCESS; // run by `cargo bench`: nothing to measure
    };
    let sample = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/data"));
    let folder = tempfile::tempdir().expect("a folder");
    let data = vec![sample.join("natural_earth.gpkg"), sample.join("elevation.tif"), grid(folder.path())];
    let opened = open(&Project { data, ..Project::default() }, None);
    assert!(opened.faults.is_empty(), "{:?}", opened.faults);
    let builder = standard::with_circle(standard::server(opened.project)).filter(Holding, 10);
    let builder = (0..7).fold(builder, |builder, at| builder.filter(Nothing, at));
    let builder = builder.access(Policy("continent <> 'Antarctica'"), 1).access(Policy("pop_est > 1000"), 2);
    let server = builder.build().expect("a server");
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    tokio::spawn(serve(server, listener, Patience::default(), std::future::pending()));
    let tally = Arc::new(Tally::default());
    let end = Instant::now() + Duration::from_secs(seconds);
    let clients: Vec<_> = (0..64).map(|number| tokio::spawn(client(address, number, end, tally.clone()))).collect();
    // What is allocated once, and the threads that are started when first needed, are there after a fifth of the time.
    sleep(Duration::from_secs(seconds / 5)).await;
    let before = taken();
    println!("after {} s: {} KiB resident, {} threads", seconds / 5, before.0, before.1);
    let mut most = before;
    while Instant::now() < end {
        sleep(Duration::from_secs(1)).await;
        let now = taken();
        most = (most.0.max(now.0), most.1.max(now.1));
    }
    for client in clients {
        let _ = client.await;
    }
    let count = |number: &AtomicU64| number.load(Ordering::Relaxed);
    let [whole, refused, left] = [&tally.whole, &tally.refused, &tally.left].map(count);
    let [failed, late] = [&tally.failed, &tally.late].map(count);
    println!("{whole} whole, {refused} refused, {left} left, {failed} failed, {late} late");
    println!("at most {} KiB resident and {} threads", most.0, most.1);
    let is_flat = most.0 < before.0 + before.0 / 4 + 8192 && most.1 < before.1 + before.1 / 4 + 4;
    if failed + late == 0 && is_flat { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
