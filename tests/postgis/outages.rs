//! A database that goes away and comes back, and clients that leave.

use std::io::{Read, Write};

use crate::harness::client::connect;
use crate::harness::postgres::{Postgres, is_here};
use crate::harness::server::Server;
use crate::harness::{SAMPLE, until};

#[test]
fn only_its_own_layers_fail_and_they_come_back_without_a_restart() {
    if !is_here() {
        return;
    }
    let mut database = Postgres::start();
    database.sql("gis", "CREATE TABLE towns (id int PRIMARY KEY, geom geometry(Point, 4326)); INSERT INTO towns VALUES (1, 'SRID=4326;POINT(1 1)')");
    let server = Server::start(&[SAMPLE, &database.dsn()]);
    let towns = "/ogcapi/collections/towns/items";
    server.get(towns).expect(200);
    database.stop();
    let answer = server.get(towns).expect(503);
    assert!(!answer.header("retry-after").is_empty());
    assert!(!answer.text().contains("127.0.0.1:"), "{}", answer.text());
    server.get("/ogcapi/collections/cities/items").expect(200);
    server.get("/ogcapi/collections").expect(200);
    database.resume();
    until("the layer does not come back", || server.get(towns).status == 200);
}

const TOWNS: &str = "/ogcapi/collections/towns/items";

/// A database with one town.
fn with_town(name: &str) -> Postgres {
    let database = Postgres::start();
    database.sql(
        "gis",
        &format!(
            "CREATE TABLE towns (id int PRIMARY KEY, name text, geom geometry(Point, 4326));
             INSERT INTO towns VALUES (1, '{name}', 'SRID=4326;POINT(1 1)')"
        ),
    );
    database
}

#[test]
fn a_database_that_hangs_is_told_as_away_and_holds_nobody_up() {
    if !is_here() {
        return;
    }
    let database = with_town("here");
    let server = Server::start(&[SAMPLE, &database.dsn()]);
    server.get(TOWNS).expect(200);
    database.freeze(true);
    // One that is kept is not given either: nobody says that it still holds.
    until("nobody is told", || server.get(&format!("{TOWNS}?limit=3")).status == 503);
    // From then on at once: a hundred times as long as the first would be an hour.
    for number in 0..100 {
        let answer = server.get(&format!("{TOWNS}?limit={}", number + 1)).expect(503);
        assert!(!answer.header("retry-after").is_empty());
        server.get("/ogcapi/collections/cities/items?limit=1").expect(200);
    }
    database.freeze(false);
    until("the layer does not come back", || server.get(TOWNS).status == 200);
}

#[test]
fn of_several_hosts_one_that_hangs_is_passed_over() {
    if !is_here() {
        return;
    }
    let (first, second) = (with_town("first"), with_town("second"));
    let hosts = format!("127.0.0.1:{},127.0.0.1:{}/", first.port, second.port);
    let dsn = first.dsn().replace(&format!("127.0.0.1:{}/", first.port), &hosts);
    let server = Server::start(&[&format!("{dsn}?connect_timeout=1")]);
    let town = || {
        let answer = server.get(TOWNS);
        (answer.status == 200).then(|| answer.json()["features"][0]["properties"]["name"].as_str().unwrap().to_owned())
    };
    assert_eq!(town().as_deref(), Some("first"));
    first.freeze(true);
    until("the second is never asked", || town().as_deref() == Some("second"));
    for _ in 0..20 {
        assert_eq!(town().as_deref(), Some("second"));
    }
    // One that hangs from the start as well.
    let server = Server::start(&[&format!("{dsn}?connect_timeout=1")]);
    assert_eq!(server.json(TOWNS)["features"][0]["properties"]["name"], "second");
}

#[test]
fn a_database_that_starts_after_the_server_is_found() {
    if !is_here() {
        return;
    }
    let mut database = Postgres::start();
    database.sql("gis", "CREATE TABLE towns (id int PRIMARY KEY, geom geometry(Point, 4326))");
    database.stop();
    let server = Server::start(&[SAMPLE, &database.dsn()]);
    server.get("/ogcapi/collections/towns/items").expect(404);
    database.resume();
    until("the layer does not come", || server.get("/ogcapi/collections/towns/items").status == 200);
}

#[test]
fn named_layers_of_a_database_that_is_away_at_the_start_are_told_as_away() {
    if !is_here() {
        return;
    }
    let mut database = Postgres::start();
    database.sql("gis", "CREATE TABLE towns (id int PRIMARY KEY, geom geometry(Point, 4326))");
    database.stop();
    let file = crate::harness::made("away.toml", |path| {
        let project = format!("data = ['{SAMPLE}']\n[[layers]]\nsource = \"{}\"\nlayer = 'towns'\n", database.dsn());
        std::fs::write(path, project).unwrap();
    });
    let server = Server::start(&["--project", file.to_str().unwrap()]);
    for path in ["towns", "towns/items", "towns/items/1"] {
        let answer = server.get(&format!("/ogcapi/collections/{path}")).expect(503);
        assert!(!answer.header("retry-after").is_empty(), "{path}");
    }
    server.get("/ogcapi/collections/other/items").expect(404);
    database.resume();
    until("the layer does not come", || server.get("/ogcapi/collections/towns/items").status == 200);
}

#[test]
fn rows_that_change_are_noticed() {
    if !is_here() {
        return;
    }
    let database = Postgres::start();
    database.sql("gis", "CREATE TABLE towns (id int PRIMARY KEY, geom geometry(Point, 4326))");
    let server = Server::start(&[&database.dsn()]);
    let matched = || server.json("/ogcapi/collections/towns/items?limit=1")["numberMatched"].as_i64();
    assert_eq!(matched(), Some(0));
    database
        .sql("gis", "INSERT INTO towns SELECT n, ST_SetSRID(ST_MakePoint(n, n), 4326) FROM generate_series(1, 7) AS n");
    until("the count stays the old one", || matched() == Some(7));
}

#[test]
fn a_client_that_leaves_stops_its_query() {
    if !is_here() {
        return;
    }
    let database = Postgres::start();
    database.sql(
        "gis",
        "CREATE TABLE many (id int PRIMARY KEY, t text, geom geometry(Point, 4326));
         INSERT INTO many SELECT n, repeat('x', 500), ST_SetSRID(ST_MakePoint(n % 180, 0), 4326) FROM generate_series(1, 60000) AS n",
    );
    let server = Server::start(&[&database.dsn()]);
    let mut stream = connect(server.authority());
    write!(stream, "GET /ogcapi/collections/many/items?limit=10000 HTTP/1.1\r\nHost: {}\r\n\r\n", server.authority())
        .unwrap();
    stream.read_exact(&mut [0; 100]).unwrap();
    drop(stream);
    let idle = "SELECT count(*) = 0 FROM pg_stat_activity WHERE application_name = 'graticule' AND state = 'active'";
    until("the query goes on", || database.value("gis", idle) == "t");
}

#[test]
fn a_statement_that_takes_too_long_is_given_up() {
    if !is_here() {
        return;
    }
    let database = Postgres::start();
    database.sql(
        "gis",
        "CREATE VIEW never AS SELECT n::int AS id, ST_SetSRID(ST_MakePoint(0, 0), 4326) AS geom FROM generate_series(1, 3) AS n",
    );
    database.sql("gis", "CREATE FUNCTION wait() RETURNS int LANGUAGE sql VOLATILE AS 'SELECT 1 FROM pg_sleep(30)'");
    let file = crate::harness::made("slow.toml", |path| {
        let project = format!(
            "database.statement_seconds = 1\n[[layers]]\nsource = \"{}\"\nlayer = \"never\"\nkey = \"id\"\n",
            database.dsn()
        );
        std::fs::write(path, project).unwrap();
    });
    let server = Server::start(&["--project", file.to_str().unwrap()]);
    server.get("/ogcapi/collections/never/items").expect(200);
    database.sql(
        "gis",
        "CREATE OR REPLACE VIEW never AS SELECT n::int AS id, ST_SetSRID(ST_MakePoint(0, 0), 4326) AS geom FROM generate_series(1, 3) AS n WHERE wait() = 1",
    );
    let answer = server.get("/ogcapi/collections/never/items").expect(503);
    assert!(answer.text().contains("too long"), "{}", answer.text());
}
