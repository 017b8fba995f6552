//! Tables whose columns change while they are served.

use serde_json::json;

use crate::harness::client::Answer;
use crate::harness::postgres::{Postgres, is_here};
use crate::harness::server::Server;
use crate::harness::until;

const ITEMS: &str = "/ogcapi/collections/t/items";

fn database() -> Postgres {
    let database = Postgres::start();
    database.sql(
        "gis",
        "CREATE TABLE t (id int PRIMARY KEY, a int, b int, geom geometry(Point, 4326));
         INSERT INTO t SELECT n, n, n, ST_SetSRID(ST_MakePoint(n, n), 4326) FROM generate_series(1, 9) AS n",
    );
    database
}

/// A server that looks whether tables are as they were at SIGHUP alone.
fn unwatched(database: &Postgres) -> Server {
    Server::start(&["--watch", "0", &database.dsn()])
}

fn first_a(answer: &Answer) -> serde_json::Value {
    serde_json::from_str::<serde_json::Value>(&answer.text()).unwrap()["features"][0]["properties"]["a"].clone()
}

#[test]
fn a_column_of_another_type_fails_no_kept_statement() {
    if !is_here() {
        return;
    }
    let database = database();
    let server = unwatched(&database);
    let page = format!("{ITEMS}?limit=2");
    for _ in 0..4 {
        server.get(&page).expect(200);
    }
    database.sql("gis", "ALTER TABLE t ALTER a TYPE bigint; UPDATE t SET a = 5000000000 WHERE id = 1");
    for _ in 0..4 {
        assert_eq!(first_a(&server.get(&page).expect(200)), json!(5_000_000_000_i64));
    }
    // What cannot be read as it was described is told, and never read as something else.
    database.sql("gis", "ALTER TABLE t ALTER a TYPE float8");
    for _ in 0..2 {
        let answer = server.get(&page).expect(503);
        assert!(!answer.header("retry-after").is_empty());
    }
    database.sql("gis", "ALTER TABLE t DROP a; ALTER TABLE t ADD a int DEFAULT 7");
    assert_eq!(first_a(&server.get(&page).expect(200)), json!(7));
}

#[test]
fn a_renamed_column_or_table_is_told_as_changed_not_as_a_fault() {
    if !is_here() {
        return;
    }
    let database = database();
    let server = unwatched(&database);
    server.get(ITEMS).expect(200);
    for change in ["ALTER TABLE t RENAME b TO c", "ALTER TABLE t RENAME c TO b; ALTER TABLE t RENAME TO u"] {
        database.sql("gis", change);
        let answer = server.get(ITEMS).expect(503);
        assert!(!answer.header("retry-after").is_empty());
        assert!(answer.text().contains("changed"), "{}", answer.text());
    }
}

#[test]
fn a_changed_table_is_described_anew_without_a_signal() {
    if !is_here() {
        return;
    }
    let mut database = database();
    let server = Server::start(&[&database.dsn()]);
    assert_eq!(server.json(ITEMS)["features"][1]["geometry"]["coordinates"], json!([2, 2]));
    database.sql("gis", "ALTER TABLE t RENAME b TO c");
    let properties = || -> serde_json::Value {
        let answer = server.get(ITEMS);
        if answer.status != 200 {
            return json!(null);
        }
        serde_json::from_str::<serde_json::Value>(&answer.text()).unwrap()["features"][1].clone()
    };
    until("the new name of a column is not seen", || properties()["properties"]["c"] == 2);
    database.sql("gis", "ALTER TABLE t ALTER geom TYPE geometry(Point, 3857) USING ST_Transform(geom, 3857)");
    until("the new reference system is not seen", || {
        let x = properties()["geometry"]["coordinates"][0].as_f64().unwrap_or_default();
        (x - 2.0).abs() < 1e-6
    });
    // A database that is away is no change, and holds up nothing.
    database.stop();
    server.get(ITEMS).expect(503);
    database.resume();
    until("the layer does not come back", || properties()["properties"]["c"] == 2);
}

#[test]
fn coordinates_of_another_system_are_never_told_as_those_of_the_old_one() {
    if !is_here() {
        return;
    }
    let database = database();
    let server = unwatched(&database);
    for _ in 0..3 {
        server.get(&format!("{ITEMS}?limit=2")).expect(200);
    }
    database.sql("gis", "ALTER TABLE t ALTER geom TYPE geometry(Point, 3857) USING ST_Transform(geom, 3857)");
    for path in [ITEMS.to_owned(), format!("{ITEMS}?limit=2"), format!("{ITEMS}?bbox=0,0,5,5"), format!("{ITEMS}/3")] {
        assert!(!server.get(&path).expect(503).header("retry-after").is_empty());
    }
    database.sql("gis", "ALTER TABLE t ALTER geom TYPE geometry(Point, 4326) USING ST_Transform(geom, 4326)");
    server.get(ITEMS).expect(200);
}

#[test]
fn rows_that_all_moved_to_another_system_are_described_anew() {
    if !is_here() {
        return;
    }
    let database = Postgres::start();
    database.sql(
        "gis",
        "CREATE TABLE t (id int PRIMARY KEY, geom geometry);
         INSERT INTO t SELECT n, ST_SetSRID(ST_MakePoint(n, n), 4326) FROM generate_series(1, 9) AS n;
         CREATE TABLE other (id int PRIMARY KEY, geom geometry(Point, 4326));",
    );
    let mut server = Server::start(&[&database.dsn()]);
    server.get(ITEMS).expect(200);
    let is_served = || {
        let answer = server.get(ITEMS);
        answer.status == 200
            && (answer.json()["features"][1]["geometry"]["coordinates"][0].as_f64().unwrap() - 2.0).abs() < 1e-6
    };
    for system in [3857, 4326] {
        database.sql("gis", &format!("UPDATE t SET geom = ST_Transform(geom, {system})"));
        server.get(ITEMS).expect(503);
        until("the rows are not described anew", is_served);
    }
    // Those of several systems are refused as at the start, and served again when they are of one.
    database.sql("gis", "UPDATE t SET geom = ST_Transform(geom, 3857) WHERE id < 4");
    server.get(ITEMS).expect(503);
    until("the table is still there", || server.get(ITEMS).status == 404);
    database.sql("gis", "UPDATE t SET geom = ST_Transform(geom, 3857) WHERE id > 3");
    until("the table does not come back", is_served);
    let log = server.log();
    assert!(log.contains("SRID 3857, 4326"), "{log}");
    assert!(log.matches("reloaded").count() <= 4, "{log}");
}

#[test]
fn a_row_that_moved_to_another_system_is_never_told_as_of_the_old_one() {
    if !is_here() {
        return;
    }
    let database = Postgres::start();
    database.sql(
        "gis",
        "CREATE TABLE t (id int PRIMARY KEY, geom geometry);
         INSERT INTO t SELECT n, ST_SetSRID(ST_MakePoint(n, n), 4326) FROM generate_series(1, 9) AS n; INSERT INTO t VALUES (10)",
    );
    let server = unwatched(&database);
    assert_eq!(server.json(ITEMS)["numberReturned"], 10);
    database.sql("gis", "UPDATE t SET geom = ST_Transform(geom, 3857) WHERE id = 3");
    for path in [ITEMS.to_owned(), format!("{ITEMS}/3"), format!("{ITEMS}?f=csv")] {
        assert!(!server.get(&path).expect(503).header("retry-after").is_empty());
    }
    server.get(&format!("{ITEMS}/4")).expect(200);
    database.sql("gis", "UPDATE t SET geom = ST_Transform(geom, 4326) WHERE id = 3");
    server.get(ITEMS).expect(200);
}
