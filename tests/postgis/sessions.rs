//! The settings of the server's sessions, and poolers before the database.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;

use serde_json::json;

use crate::harness::postgres::{Postgres, is_here};
use crate::harness::server::Server;

const SETTINGS: &str = "
    CREATE TABLE towns (id int PRIMARY KEY, name text, geom geometry(Point, 4326));
    INSERT INTO towns SELECT n, 'n' || n, ST_Point(n, n, 4326) FROM generate_series(1, 50) n;
    CREATE VIEW settings AS SELECT 1 AS id, current_setting('jit') AS jit, current_setting('TimeZone') AS zone,
        current_setting('default_transaction_read_only') AS reads, current_setting('statement_timeout') AS hurries, interval '1 day 02:03:04.5' AS lasts,
        tstzrange('2020-02-01 00:00:00+00', NULL) AS during, ST_Point(1, 1, 4326)::geometry(Point, 4326) AS geom;
    ALTER ROLE gis SET jit = on; ALTER ROLE gis SET datestyle = 'SQL, DMY'; ALTER ROLE gis SET timezone = 'Asia/Kolkata';
    ALTER ROLE gis SET intervalstyle = iso_8601;";

/// What a session says of itself, through the server.
fn settings(server: &Server) -> serde_json::Value {
    server.json("/ogcapi/collections/settings/items")["features"][0]["properties"].clone()
}

fn expected() -> serde_json::Value {
    json!({"jit": "off", "zone": "UTC", "reads": "on", "hurries": "1min", "lasts": "1 day 02:03:04.5",
           "during": "[\"2020-02-01 00:00:00+00\",)"})
}

#[test]
fn statements_are_not_compiled_and_texts_do_not_depend_on_the_role() {
    if !is_here() {
        return;
    }
    let database = Postgres::start();
    database.sql("gis", SETTINGS);
    assert_eq!(settings(&Server::start(&[&database.dsn()])), expected());
    // The connection string has the last word.
    let own = format!("{}?options=-cjit%3Don", database.dsn());
    assert_eq!(settings(&Server::start(&[&own]))["jit"], "on");
}

#[test]
fn a_pooler_that_takes_no_options_of_the_log_on_gets_them_afterwards() {
    if !is_here() {
        return;
    }
    let database = Postgres::start();
    database.sql("gis", SETTINGS);
    for refuses in [true, false] {
        let pooler = Pooler::start(database.port, refuses);
        let own = format!("{}?options=-clock_timeout%3D5000", pooler.dsn());
        let server = Server::start(&[&own]);
        assert_eq!(settings(&server), expected(), "{refuses}");
        // A download lifts the limit of time for a while.
        server.get("/ogcapi/collections/towns/items?f=csv").expect(200);
        server.get("/ogcapi/collections/settings/items?f=csv").expect(200);
        assert_eq!(settings(&server), expected(), "{refuses}");
    }
}

#[test]
fn statements_that_a_pooler_lost_are_prepared_anew() {
    if !is_here() {
        return;
    }
    let database = Postgres::start();
    database.sql("gis", SETTINGS);
    let pooler = Pooler::start(database.port, true);
    let server = Server::start(&[&pooler.dsn()]);
    for round in 0..6 {
        for query in ["items?limit=2", "items?filter=CASEI(name)=CASEI('N7')", "items/7"] {
            server.get(&format!("/ogcapi/collections/towns/{query}")).expect(200);
        }
        pooler.losses.store(round, Ordering::SeqCst);
    }
}

/// A pooler that gives each client a session, and takes no options: it refuses them, or drops them.
struct Pooler {
    port: u16,
    /// A number that grows when all sessions lose their statements.
    losses: Arc<AtomicU64>,
}

impl Pooler {
    fn start(database: u16, refuses: bool) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let (port, losses) = (listener.local_addr().unwrap().port(), Arc::new(AtomicU64::new(0)));
        let told = losses.clone();
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let losses = told.clone();
                thread::spawn(move || serve(client, database, refuses, &losses));
            }
        });
        Self { port, losses }
    }

    fn dsn(&self) -> String {
        format!("postgres://gis@127.0.0.1:{}/gis", self.port)
    }
}

/// Reads a message behind its type: its length and what it has.
fn message(from: &mut TcpStream) -> Option<Vec<u8>> {
    let mut length = [0; 4];
    from.read_exact(&mut length).ok()?;
    let mut whole = length.to_vec();
    whole.resize(usize::try_from(u32::from_be_bytes(length)).unwrap(), 0);
    from.read_exact(&mut whole[4..]).ok()?;
    Some(whole)
}

fn typed(kind: u8, content: &[u8]) -> Vec<u8> {
    let length = u32::try_from(content.len() + 4).unwrap().to_be_bytes();
    [&[kind], &length[..], content].concat()
}

fn serve(mut client: TcpStream, database: u16, refuses: bool, losses: &AtomicU64) -> Option<()> {
    let hello = message(&mut client)?;
    let text = String::from_utf8_lossy(&hello[8..]).into_owned();
    let mut words: Vec<&str> = text.split('\0').collect();
    let begun = if let Some(at) = words.iter().position(|word| *word == "options") {
        if refuses {
            let fault = b"SFATAL\0C08P01\0Munsupported startup parameter: options\0\0";
            return client.write_all(&typed(b'E', fault)).ok();
        }
        words.drain(at..at + 2);
        let content = [&hello[4..8], words.join("\0").as_bytes()].concat();
        typed(0, &content)[1..].to_vec()
    } else {
        hello
    };
    let mut server = TcpStream::connect(("127.0.0.1", database)).ok()?;
    server.write_all(&begun).ok()?;
    let (mut answers, mut back) = (server.try_clone().ok()?, client.try_clone().ok()?);
    let (swallows, mut lost) = (Arc::new(AtomicBool::new(false)), losses.load(Ordering::SeqCst));
    let hidden = swallows.clone();
    thread::spawn(move || {
        let mut kind = [0];
        while answers.read_exact(&mut kind).is_ok() {
            let Some(message) = message(&mut answers) else { break };
            if hidden.load(Ordering::SeqCst) {
                hidden.store(kind[0] != b'Z', Ordering::SeqCst);
            } else if back.write_all(&[&kind, &message[..]].concat()).is_err() {
                break;
            }
        }
        let _ = back.shutdown(Shutdown::Both);
    });
    let mut kind = [0];
    while client.read_exact(&mut kind).is_ok() {
        let Some(message) = message(&mut client) else { break };
        // A question begins, and the last was answered.
        if kind[0] == b'B' && lost != losses.load(Ordering::SeqCst) {
            lost = losses.load(Ordering::SeqCst);
            swallows.store(true, Ordering::SeqCst);
            server.write_all(&typed(b'Q', b"DEALLOCATE ALL\0")).ok()?;
            while swallows.load(Ordering::SeqCst) {
                thread::yield_now();
            }
        }
        server.write_all(&[&kind, &message[..]].concat()).ok()?;
    }
    server.shutdown(Shutdown::Both).ok()
}
