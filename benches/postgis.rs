//! The ceiling of PostGIS: a bare loop of tokio-postgres that reads the rows of a page with the statement that the server
//! uses for it, and does nothing with them. Beside it, the same pages as GeoJSON from a server over the same database, each
//! connection asking again as soon as it has its answer.
//!
//! `DSN=postgres://… URL=http://…/ogcapi cargo bench --bench postgis` wants a table `points` with a million rows (fid, name,
//! place, code, population, value, active, created, note, geom); `CONNECTIONS=8,32` and `SECONDS_OF_RUN=2` are the defaults.

#![allow(clippy::unwrap_used, clippy::print_stdout, missing_docs)]
#![allow(clippy::cast_precision_loss, clippy::cast_possible_truncation, clippy::cast_possible_wrap)]

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use futures_util::TryStreamExt;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio_postgres::types::ToSql;
use tokio_postgres::{Client, NoTls};

const SELECT: &str = "SELECT t.fid, t.geom, t.name, t.place, t.code, t.population, t.value, t.active, t.created, t.note, \
                      (SELECT txid_current_snapshot()::text)";
const POINTS: &str = "FROM public.points AS t";
const IN_A_BOX: &str = ", count(*) OVER () FROM (SELECT * FROM public.points AS t WHERE ST_Intersects(t.geom, \
                        (SELECT ST_MakeEnvelope($1, $2, $3, $4, 4326))) LIMIT 1001) AS t";

/// A page: its name, what is selected beside the columns and from what, which rows, and the path below the collection.
struct Page {
    name: &'static str,
    from: &'static str,
    rest: &'static str,
    path: &'static str,
    /// What boxes `$1` and so on are, if they are.
    boxes: Boxes,
}

/// Where the boxes of half a degree lie that a page asks for.
enum Boxes {
    None,
    /// On land and sea alike, each asked for once: most of them have few rows or none, and no answer can be kept.
    Anywhere,
    /// Around 300 of the points, again and again: where many points are.
    AroundPoints,
}

const fn page(name: &'static str, rest: &'static str, path: &'static str) -> Page {
    Page { name, from: POINTS, rest, path, boxes: Boxes::None }
}

const fn boxed(name: &'static str, boxes: Boxes) -> Page {
    Page { name, from: IN_A_BOX, rest: "ORDER BY t.fid LIMIT 101", path: "items?limit=100&bbox=", boxes }
}

const PAGES: [Page; 9] = [
    page("10 rows", "ORDER BY t.fid LIMIT 11", "items?limit=10"),
    page("100 rows", "ORDER BY t.fid LIMIT 101", "items?limit=100"),
    page("1,000 rows", "ORDER BY t.fid LIMIT 1001", "items?limit=1000"),
    page("10,000 rows", "ORDER BY t.fid LIMIT 10001", "items?limit=10000"),
    boxed("100 in one of 300 boxes", Boxes::AroundPoints),
    boxed("100 in a box anywhere", Boxes::Anywhere),
    page("100 by an index", "WHERE t.code = 1234 ORDER BY t.fid LIMIT 101", "items?limit=100&code=1234"),
    page("10 after 500,000", "ORDER BY t.fid LIMIT 11 OFFSET 500000", "items?limit=10&offset=500000"),
    page("one row", "WHERE t.fid = 5 ORDER BY t.fid LIMIT 2", "items/5"),
];

fn mixed(number: u64) -> u64 {
    number.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407) >> 20
}

/// The middles of the boxes around points.
async fn middles(client: &Client) -> Vec<[f64; 2]> {
    let ids: Vec<i64> = (0..300).map(|number| (mixed(number) % 1_000_000) as i64 + 1).collect();
    let text = "SELECT ST_X(geom), ST_Y(geom) FROM public.points WHERE fid::bigint = ANY($1)";
    let rows = client.query(text, &[&ids]).await.unwrap();
    rows.iter().map(|row| [row.get(0), row.get(1)]).collect()
}

impl Page {
    /// The box that has this number.
    fn sides(&self, number: u64, middles: &[[f64; 2]]) -> Option<[f64; 4]> {
        let mixed = mixed(number);
        let [x, y] = match self.boxes {
            Boxes::None => return None,
            Boxes::Anywhere => [(mixed % 3590) as f64 / 10.0 - 179.75, (mixed / 3590 % 1700) as f64 / 10.0 - 84.75],
            Boxes::AroundPoints => middles[number as usize % middles.len()],
        };
        Some([x - 0.25, y - 0.25, x + 0.25, y + 0.25].map(|side| (side * 1e4).round() / 1e4))
    }
}

async fn connect(dsn: &str) -> Client {
    let (client, connection) = tokio_postgres::connect(dsn, NoTls).await.unwrap();
    tokio::spawn(connection);
    client
}

/// Where the boxes of a connection begin: no two connections, and no two runs, ask for the same ones.
fn first_box() -> u64 {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    NEXT.fetch_add(1 << 20, Ordering::Relaxed)
}

/// Reads pages on one connection until the time is over.
async fn bare(client: Arc<Client>, page: &'static Page, middles: Arc<[[f64; 2]]>, end: Instant, done: Arc<AtomicU64>) {
    let statement = client.prepare(&format!("{SELECT} {} {}", page.from, page.rest)).await.unwrap();
    let mut number = first_box();
    while Instant::now() < end {
        number += 1;
        let sides = page.sides(number, &middles);
        let bound: Vec<_> = sides.iter().flatten().map(|side| side as &(dyn ToSql + Sync)).collect();
        let rows = client.query_raw(&statement, bound).await.unwrap();
        let mut rows = std::pin::pin!(rows);
        while let Some(row) = rows.try_next().await.unwrap() {
            std::hint::black_box(row.raw_size_bytes());
        }
        done.fetch_add(1, Ordering::Relaxed);
    }
}

/// Asks a server for pages on one connection until the time is over.
async fn over_http(
    (authority, prefix): (String, String),
    page: &'static Page,
    middles: Arc<[[f64; 2]]>,
    end: Instant,
    done: Arc<AtomicU64>,
) {
    let mut stream = tokio::net::TcpStream::connect(&authority).await.unwrap();
    stream.set_nodelay(true).unwrap();
    let request = |area: &str| {
        format!("GET {prefix}/collections/points/{}{area} HTTP/1.1\r\nHost: {authority}\r\n\r\n", page.path)
    };
    let (mut number, mut buffer, mut asked) = (first_box(), Vec::with_capacity(1 << 20), request(""));
    while Instant::now() < end {
        number += 1;
        if let Some(sides) = page.sides(number, &middles) {
            asked = request(&sides.map(|side| side.to_string()).join(","));
        }
        stream.write_all(asked.as_bytes()).await.unwrap();
        buffer.clear();
        let mut told = End::Unknown;
        while !is_whole(&buffer, &mut told) {
            assert!(stream.read_buf(&mut buffer).await.unwrap() > 0, "the server closed the connection");
        }
        assert!(buffer.starts_with(b"HTTP/1.1 200"), "{}", String::from_utf8_lossy(&buffer[..200.min(buffer.len())]));
        done.fetch_add(1, Ordering::Relaxed);
    }
}

/// How the end of an answer is known, once its head is there.
enum End {
    Unknown,
    Length(usize),
    LastChunk,
}

/// Whether an answer came to its end.
fn is_whole(answer: &[u8], end: &mut End) -> bool {
    if matches!(end, End::Unknown) {
        let Some(head) = answer.windows(4).take(2000).position(|four| four == b"\r\n\r\n") else { return false };
        let words = std::str::from_utf8(&answer[..head]).unwrap();
        let mut lines = words.lines().filter_map(|line| line.split_once(": "));
        let told = lines.find(|(name, _)| name.eq_ignore_ascii_case("content-length"));
        *end = told.map_or(End::LastChunk, |(_, value)| End::Length(head + 4 + value.parse::<usize>().unwrap()));
    }
    match end {
        End::Unknown => false,
        End::Length(length) => answer.len() >= *length,
        End::LastChunk => answer.ends_with(b"\r\n0\r\n\r\n"),
    }
}

async fn measured(
    connections: usize,
    seconds: f64,
    start: impl Fn(Instant, Arc<AtomicU64>) -> Vec<tokio::task::JoinHandle<()>>,
) -> f64 {
    // Once to be warm, then the run.
    let mut rate = 0.0;
    for share in [0.2, 1.0] {
        let (from, done) = (Instant::now(), Arc::new(AtomicU64::new(0)));
        let tasks = start(from + Duration::from_secs_f64(seconds * share), done.clone());
        assert_eq!(tasks.len(), connections);
        for task in tasks {
            task.await.unwrap();
        }
        rate = done.load(Ordering::Relaxed) as f64 / from.elapsed().as_secs_f64();
    }
    rate
}

#[tokio::main]
async fn main() {
    let Ok(dsn) = std::env::var("DSN") else {
        println!("postgis: DSN= says which database");
        return;
    };
    let url = std::env::var("URL").ok();
    let seconds = std::env::var("SECONDS_OF_RUN").ok().and_then(|text| text.parse().ok()).unwrap_or(2.0);
    let counts = std::env::var("CONNECTIONS").unwrap_or_else(|_| "8,32".to_owned());
    for connections in counts.split(',').map(|text| text.parse::<usize>().unwrap()) {
        println!("{connections} connections: pages a second, bare and served");
        let mut clients = Vec::new();
        for _ in 0..connections {
            clients.push(Arc::new(connect(&dsn).await));
        }
        let middles: Arc<[[f64; 2]]> = middles(&clients[0]).await.into();
        for page in &PAGES {
            let loops = measured(connections, seconds, |end, done| {
                let read = |client: &Arc<Client>| bare(client.clone(), page, middles.clone(), end, done.clone());
                clients.iter().map(|client| tokio::spawn(read(client))).collect()
            });
            let bare = loops.await;
            let Some(url) = &url else {
                println!("  {:<23} {bare:>9.0}", page.name);
                continue;
            };
            let address = url.strip_prefix("http://").unwrap();
            let (authority, prefix) = address.split_at(address.find('/').unwrap_or(address.len()));
            let loops = measured(connections, seconds, |end, done| {
                let server = || (authority.to_owned(), prefix.to_owned());
                let ask = |_| tokio::spawn(over_http(server(), page, middles.clone(), end, done.clone()));
                (0..connections).map(ask).collect()
            });
            let served = loops.await;
            println!("  {:<23} {bare:>9.0} {served:>9.0}  {:>4.0} %", page.name, served / bare * 100.0);
        }
    }
}
