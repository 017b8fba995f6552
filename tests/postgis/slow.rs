//! Clients that do not read what they asked for.

use std::io::Write;
use std::time::{Duration, Instant};

use crate::harness::client::connect;
use crate::harness::postgres::{Postgres, is_here};
use crate::harness::server::Server;

/// More of them than there are connections: others are answered all the same.
#[test]
fn slow_readers_do_not_starve_others() {
    if !is_here() {
        return;
    }
    let database = Postgres::start();
    database.sql("gis", "CREATE TABLE heavy (id serial PRIMARY KEY, words text, geom geometry(Point, 4326))");
    database.sql(
        "gis",
        "INSERT INTO heavy (words, geom) SELECT repeat(md5(x::text), 500), ST_Point(1, 1, 4326) FROM generate_series(1, 3000) x",
    );
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
