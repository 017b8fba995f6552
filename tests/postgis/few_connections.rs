//! A role that may open fewer connections than the server would.

use std::thread::scope;

use crate::harness::postgres::{Postgres, is_here};
use crate::harness::server::Server;
use crate::harness::until;

/// A table, and a role that may read it over so many connections.
fn towns(connections: u32) -> (Postgres, String) {
    let database = Postgres::start();
    database.sql(
        "gis",
        &format!(
            "CREATE TABLE towns (id int PRIMARY KEY, geom geometry(Point, 4326));
             INSERT INTO towns SELECT n, ST_Point(n % 360 - 180, n % 170 - 85, 4326) FROM generate_series(1, 20000) n;
             CREATE ROLE reader LOGIN CONNECTION LIMIT {connections}; GRANT SELECT ON towns TO reader;"
        ),
    );
    let dsn = database.dsn().replace("gis@", "reader@");
    (database, dsn)
}

/// Twenty pages at once, each of other rows.
fn burst(server: &Server) {
    scope(|scope| {
        for at in 0..20 {
            scope.spawn(move || {
                let page = server.json(&format!("/ogcapi/collections/towns/items?limit=5000&offset={at}"));
                assert_eq!(page["numberReturned"], 5000);
            });
        }
    });
}

#[test]
fn requests_wait_for_the_connections_that_a_role_may_have() {
    if !is_here() {
        return;
    }
    let (_database, dsn) = towns(5);
    burst(&Server::start(&[&dsn]));
}

#[test]
fn the_first_requests_were_refused_where_a_role_may_have_two_connections_or_one() {
    if !is_here() {
        return;
    }
    let (database, dsn) = towns(2);
    for connections in [2, 1] {
        database.sql("gis", &format!("ALTER ROLE reader CONNECTION LIMIT {connections}"));
        let server = Server::start(&[&dsn]);
        burst(&server);
        burst(&server);
        // What is asked for again is told by its validator, or read again.
        for _ in 0..3 {
            let page = server.json("/ogcapi/collections/towns/items?limit=3");
            assert_eq!(page["numberReturned"], 3);
        }
    }
}

#[test]
fn a_request_waits_until_others_give_back_the_last_connections() {
    if !is_here() {
        return;
    }
    let (database, dsn) = towns(5);
    let server = Server::start(&[&dsn]);
    burst(&server);
    let (refused, ended) =
        ("too many connections", "SELECT count(*) = 0 FROM pg_stat_activity WHERE usename = 'reader'");
    database.sql("gis", "ALTER ROLE reader CONNECTION LIMIT 0");
    database.sql("gis", "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'reader'");
    until("all connections are closed", || database.value("gis", ended) == "t");
    let known = database.log().matches(refused).count();
    scope(|scope| {
        let server = &server;
        scope.spawn(move || burst(server));
        until("somebody is refused", || database.log().matches(refused).count() > known + 3);
        database.sql("gis", "ALTER ROLE reader CONNECTION LIMIT 1");
    });
}
