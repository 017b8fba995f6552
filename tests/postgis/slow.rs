//! Clients that do not read what they asked for.

use std::io::{Read, Write};
use std::time::{Duration, Instant};

use crate::harness::client::connect;
use crate::harness::postgres::{Postgres, is_here};
use crate::harness::server::Server;
use crate::harness::until;

/// A table whose rows are far more than what sockets hold.
fn with_heavy_rows() -> Postgres {
    let database = Postgres::start();
    database.sql("gis", "CREATE TABLE heavy (id serial PRIMARY KEY, words text, geom geometry(Point, 4326))");
    database.sql(
        "gis",
        "INSERT INTO heavy (words, geom) SELECT repeat(md5(x::text), 500), ST_Point(1, 1, 4326) FROM generate_series(1, 3000) x",
    );
    database
}

/// More of them than there are connections: others are answered all the same.
#[test]
fn slow_readers_do_not_starve_others() {
    if !is_here() {
        return;
    }
    let database = with_heavy_rows();
    let folder = tempfile::tempdir().unwrap();
    let project = folder.path().join("graticule.toml");
    let settings = format!("data = [\"{}\"]\n[database]\nconnections = 2\n", database.dsn());
    std::fs::write(&project, settings).unwrap();
    let server = Server::start(&["--project", project.to_str().unwrap()]);
    server.get("/ogcapi/collections/heavy/items?limit=1").expect(200);
    let slow: Vec<_> = (0..5)
        .map(|_| {
            let mut stream = connect(server.authority());
            let ask = "GET /ogcapi/collections/heavy/items?limit=10000 HTTP/1.1\r\nHost: a\r\n\r\n";
            stream.write_all(ask.as_bytes()).unwrap();
            stream
        })
        .collect();
    for id in 1..20 {
        let start = Instant::now();
        server.get(&format!("/ogcapi/collections/heavy/items/{id}")).expect(200);
        assert!(start.elapsed() < Duration::from_secs(10), "it took {:?}", start.elapsed());
    }
    drop(slow);
}

#[test]
fn a_download_takes_as_long_as_its_client_does_and_the_database_no_longer_than_it_may() {
    if !is_here() {
        return;
    }
    let database = with_heavy_rows();
    database.sql("gis", "CREATE FUNCTION wait() RETURNS int LANGUAGE sql VOLATILE AS 'SELECT 1 FROM pg_sleep(30)'");
    database.sql("gis", "CREATE VIEW never AS SELECT id, geom, 1 AS one FROM heavy");
    let file = crate::harness::made("unhurried.toml", |path| {
        let dsn = database.dsn();
        let layer = |name| format!("[[layers]]\nsource = \"{dsn}\"\nlayer = \"{name}\"\nkey = \"id\"\n");
        let limits = "database.statement_seconds = 1\ndatabase.connections = 3\n";
        std::fs::write(path, format!("{limits}{}{}", layer("heavy"), layer("never"))).unwrap();
    });
    let server = Server::start(&["--project", file.to_str().unwrap()]);
    let mut stream = connect(server.authority());
    let ask = "GET /ogcapi/collections/heavy/items?limit=10000 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
    stream.write_all(ask.as_bytes()).unwrap();
    stream.read_exact(&mut [0; 100]).unwrap();
    let is_late = "SELECT count(*) > 0 FROM pg_stat_activity WHERE application_name = 'graticule' AND state = 'active' \
                   AND query LIKE '%heavy%' AND now() - query_start > '2 s'";
    until("the query ended", || database.value("gis", is_late) == "t");
    let mut rest = Vec::new();
    stream.read_to_end(&mut rest).unwrap();
    assert!(rest.ends_with(b"\r\n0\r\n\r\n"), "{}", String::from_utf8_lossy(&rest[rest.len() - 100..]));
    // All connections, which are taken in turn, have their limit again, and a long answer has one as well.
    database.sql("gis", "CREATE OR REPLACE VIEW never AS SELECT id, geom, wait() AS one FROM heavy");
    for path in ["items?limit=10000", "items?limit=10", "items?limit=11", "items?limit=12"] {
        let answer = server.get(&format!("/ogcapi/collections/never/{path}")).expect(503);
        assert!(answer.text().contains("too long"), "{path}: {}", answer.text());
    }
}
