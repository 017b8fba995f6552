//! A database that crashes and recovers: what was lost is not told again.

use crate::harness::postgres::{Postgres, is_here};
use crate::harness::server::Server;
use crate::harness::until;

const NOTES: &str = "/ogcapi/collections/notes/items?limit=2&f=json";

/// A server with an answer that is kept of a table that a crash empties, and its validator.
fn with_kept_answer(database: &Postgres) -> (Server, String) {
    database.sql(
        "gis",
        "CREATE UNLOGGED TABLE notes (id int PRIMARY KEY, geom geometry(Point, 4326));
         INSERT INTO notes SELECT n, ST_Point(n, n, 4326) FROM generate_series(1, 53) AS n;",
    );
    database.sql("gis", "CHECKPOINT");
    let server = Server::start(&[&database.dsn()]);
    until("an answer is kept", || {
        assert_eq!(server.json(NOTES)["numberMatched"], 53);
        server.kept() > 0
    });
    let tag = server.get(NOTES).header("etag").to_owned();
    server.get_with(NOTES, &[("If-None-Match", &tag)]).expect(304);
    (server, tag)
}

/// As soon as there are answers again they are of what there is.
fn check(server: &Server, tag: &str) {
    until("the layer does not come back", || server.get(NOTES).status == 200);
    for _ in 0..40 {
        let page = server.get_with(NOTES, &[("If-None-Match", tag)]).expect(200).json();
        assert_eq!((&page["numberMatched"], &page["numberReturned"]), (&0.into(), &0.into()));
        std::thread::sleep(std::time::Duration::from_millis(100));
    }
}

#[test]
fn an_answer_from_before_a_crash_is_not_given_after_it() {
    if !is_here() {
        return;
    }
    let mut database = Postgres::start();
    let (server, tag) = with_kept_answer(&database);
    let before = database.value("gis", "SELECT txid_current_snapshot()");
    database.stop();
    database.resume();
    // The number alone would not tell.
    assert_eq!(database.value("gis", "SELECT txid_current_snapshot()"), before);
    check(&server, &tag);
}

#[test]
fn an_answer_from_before_a_crash_of_one_session_is_not_given_after_it() {
    if !is_here() {
        return;
    }
    let database = Postgres::start();
    let (server, tag) = with_kept_answer(&database);
    let before = database.value("gis", "SELECT pg_postmaster_start_time()");
    database.crash();
    assert_eq!(database.value("gis", "SELECT pg_postmaster_start_time()"), before);
    check(&server, &tag);
}

#[test]
fn a_promoted_replica_has_validators_of_its_own() {
    if !is_here() {
        return;
    }
    let mut primary = Postgres::start();
    primary.sql(
        "gis",
        "CREATE TABLE notes (id int PRIMARY KEY, n int, geom geometry(Point, 4326));
         INSERT INTO notes VALUES (1, 0, 'SRID=4326;POINT(1 1)');",
    );
    let mut replica = Postgres::replica_of(&primary);
    let server = Server::start(&[&primary.dsn()]);
    let replayed = "SELECT pg_last_wal_replay_lsn() >= pg_last_wal_receive_lsn()";
    until("the replica lags", || replica.value("gis", replayed) == "t");
    replica.stop();
    // What the primary wrote is lost; its successor writes other things under the same number.
    primary.sql("gis", "UPDATE notes SET n = 1");
    let of_primary = primary.value("gis", "SELECT txid_current_snapshot()");
    until("an answer is kept", || {
        assert_eq!(server.json(NOTES)["features"][0]["properties"]["n"], 1);
        server.kept() > 0
    });
    let tag = server.get(NOTES).header("etag").to_owned();
    primary.stop();
    // Under the name of the old one.
    std::mem::swap(&mut replica.port, &mut primary.port);
    replica.resume();
    replica.sql("gis", "SELECT pg_promote()");
    replica.sql("gis", "UPDATE notes SET n = 2");
    eprintln!("{of_primary} and {}", replica.value("gis", "SELECT txid_current_snapshot()"));
    until("the layer does not come back", || server.get(NOTES).status == 200);
    for _ in 0..40 {
        let page = server.get_with(NOTES, &[("If-None-Match", &tag)]).expect(200).json();
        assert_eq!(page["features"][0]["properties"]["n"], 2);
        std::thread::sleep(std::time::Duration::from_millis(100));
    }
}
