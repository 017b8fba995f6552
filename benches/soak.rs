//! A soak, not a measurement: 64 connections over eight filters and two policies, among them clients that leave, that read
//! slowly, that send half a head. `make soak` runs it for SECONDS (300); it fails on an error of the server, on a server
//! that keeps others waiting, and on memory that grows.
#![allow(clippy::expect_used, clippy::print_stdout)] // a soak that cannot go on says why

use std::net::SocketAddr;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use bytes::Bytes;
use graticule::data::policy::{AccessControl, Admission, CacheScope, LayerRef};
use graticule::exchange::{Chunk, Filter, Sending};
use graticule::expr::{Expr, cql2};
use graticule::gateways::http::{Patience, serve};
use graticule::message::request::Head;
use graticule::project::open::open;
use graticule::project::settings::Project;
use graticule::{Result, standard};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{sleep, timeout};

/// Holds every second chunk back and sends it with the next.
struct Holding;

impl Filter for Holding {
    fn send_response(&self, sending: &mut Sending<'_>, chunk: Bytes) -> Result<Chunk> {
        let held = sending.state.take().and_then(|state| state.downcast::<Bytes>().ok());
        match held {
            Some(before) => Ok(Chunk::Pass([&before[..], &chunk[..]].concat().into())),
            None if sending.last => Ok(Chunk::Pass(chunk)),
            None => {
                *sending.state = Some(Box::new(chunk));
                Ok(Chunk::Hold)
            }
        }
    }
}

struct Nothing;

impl Filter for Nothing {}

struct Policy(&'static str);

struct Admitted(Expr);

impl Admission for Admitted {
    fn layer_filter_expression(&self, layer: LayerRef<'_>) -> Result<Option<Expr>> {
        Ok((layer.id == "countries").then(|| self.0.clone()))
    }

    fn cache_scope(&self) -> CacheScope {
        CacheScope::Shared
    }
}

impl AccessControl for Policy {
    async fn admit(&self, _: &Head) -> Result<Box<dyn Admission>> {
        Ok(Box::new(Admitted(cql2::parse(self.0).expect("a condition"))))
    }
}

const PATHS: [&str; 10] = [
    "/",
    "/ogcapi/api",
    "/ogcapi/collections",
    "/ogcapi/collections/countries/items?limit=200",
    "/ogcapi/collections/countries/items?limit=200&f=html",
    "/ogcapi/collections/cities/items?limit=50&offset=100",
    "/ogcapi/collections/countries/items?bbox=0,0,20,20",
    "/ogcapi/collections/cities/items/7",
    "/customapi?x=1&y=2&r=3&segments=10000",
    "/nothing/here",
];

#[derive(Default)]
struct Tally {
    whole: AtomicU64,
    cut: AtomicU64,
    failed: AtomicU64,
    late: AtomicU64,
}

/// One connection after the other, each a client of another temper.
async fn client(address: SocketAddr, number: usize, end: Instant, tally: Arc<Tally>) {
    for round in number.. {
        if Instant::now() >= end {
            return;
        }
        let path = PATHS[round % PATHS.len()];
        let Ok(mut stream) = TcpStream::connect(address).await else { continue };
        let coding = ["identity", "zstd", "gzip", "br"][round % 4];
        let head =
            format!("GET {path} HTTP/1.1\r\nHost: soak\r\nConnection: close\r\nAccept-Encoding: {coding}\r\n\r\n");
        match round % 16 {
            // Half a head, then gone.
            3 => drop(stream.write_all(&head.as_bytes()[..20]).await),
            // Gone after the first bytes.
            7 => {
                let mut some = [0; 512];
                let _ = stream.write_all(head.as_bytes()).await;
                let _ = stream.read(&mut some).await;
                tally.cut.fetch_add(1, Ordering::Relaxed);
            }
            temper => {
                let _ = stream.write_all(head.as_bytes()).await;
                let mut answer = Vec::new();
                let slow = temper == 11;
                let read = timeout(Duration::from_secs(30), async {
                    let mut part = [0; 4096];
                    while let Ok(count @ 1..) = stream.read(&mut part).await {
                        answer.extend_from_slice(&part[..count]);
                        if slow {
                            sleep(Duration::from_millis(5)).await;
                        }
                    }
                });
                if read.await.is_err() {
                    tally.late.fetch_add(1, Ordering::Relaxed);
                } else if answer.starts_with(b"HTTP/1.1 2") || answer.starts_with(b"HTTP/1.1 404") {
                    tally.whole.fetch_add(1, Ordering::Relaxed);
                } else {
                    tally.failed.fetch_add(1, Ordering::Relaxed);
                    println!("{path}: {}", String::from_utf8_lossy(&answer[..answer.len().min(200)]));
                }
            }
        }
    }
}

/// Resident memory in KiB.
fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.and_then(|line| line.split_whitespace().next()?.parse().ok()).unwrap_or_default()
}

#[tokio::main]
async fn main() -> ExitCode {
    let Some(seconds) = std::env::var("SECONDS_OF_SOAK").ok().and_then(|text| text.parse().ok()) else {
        return ExitCode::SUCCESS; // run by `cargo bench`: nothing to measure
    };
    let sample = concat!(env!("CARGO_MANIFEST_DIR"), "/data/natural_earth.gpkg");
    let opened = open(&Project { data: vec![sample.into()], ..Project::default() }, None);
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
    // What is allocated once is there after a fifth of the time.
    sleep(Duration::from_secs(seconds / 5)).await;
    let before = resident();
    for client in clients {
        let _ = client.await;
    }
    let after = resident();
    let count = |number: &AtomicU64| number.load(Ordering::Relaxed);
    println!(
        "{} whole, {} cut off, {} failed, {} late; {before} KiB resident, then {after}",
        count(&tally.whole),
        count(&tally.cut),
        count(&tally.failed),
        count(&tally.late)
    );
    let is_flat = after < before + before / 4 + 8192;
    if count(&tally.failed) + count(&tally.late) == 0 && is_flat { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
