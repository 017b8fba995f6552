//! Answers that are kept while nothing is written, and are never older than what was.

use crate::harness::postgres::{Postgres, is_here};
use crate::harness::server::Server;
use crate::harness::until;

const NOTES: &str = "/ogcapi/collections/notes/items";

#[test]
fn a_kept_answer_is_never_older_than_what_was_written() {
    if !is_here() {
        return;
    }
    let database = Postgres::start();
    database.sql(
        "gis",
        "CREATE TABLE notes (id int PRIMARY KEY, note text, geom geometry(Point, 4326));
         INSERT INTO notes VALUES (1, 'first', 'SRID=4326;POINT(1 2)');
         CREATE VIEW moving AS SELECT id, random() AS place, geom FROM notes;",
    );
    let server = Server::start(&[&database.dsn()]);
    let note = || server.json(NOTES)["features"][0]["properties"]["note"].as_str().unwrap().to_owned();
    // Nothing is kept before the rows have stood still for a while.
    until("an answer is kept", || {
        assert_eq!(note(), "first");
        server.kept() > 0
    });
    for round in 0..20 {
        let tag = server.get(NOTES).header("etag").to_owned();
        server.get_with(NOTES, &[("If-None-Match", &tag)]).expect(304);
        database.sql("gis", &format!("UPDATE notes SET note = 'round {round}'"));
        // Also who asks at once is not told to have what there was before.
        server.get_with(NOTES, &[("If-None-Match", &tag)]).expect(200);
        for _ in 0..3 {
            assert_eq!(note(), format!("round {round}"));
        }
    }
    let before = server.kept();
    until("an answer is kept again", || {
        assert_eq!(note(), "round 19");
        server.kept() > before
    });
    // The rows of a view may be others each time, though nobody writes.
    let before = server.kept();
    let place = || server.json("/ogcapi/collections/moving/items")["features"][0]["properties"]["place"].clone();
    // Its validator is that of the very bytes.
    assert!(server.get("/ogcapi/collections/moving/items").header("etag").starts_with('"'));
    let first = place();
    for _ in 0..5 {
        assert_ne!(place(), first);
    }
    assert_eq!(server.kept(), before);
}

#[test]
fn the_number_of_all_is_not_older_than_the_rows() {
    if !is_here() {
        return;
    }
    let database = Postgres::start();
    // Too large to be counted with each page.
    database.sql(
        "gis",
        "CREATE TABLE marks (id int PRIMARY KEY, geom geometry(Point, 4326));
         INSERT INTO marks SELECT n, ST_Point(0, 0, 4326) FROM generate_series(1, 5000) n; ANALYZE marks;",
    );
    let server = Server::start(&[&database.dsn()]);
    for number in 5001..5040 {
        database.sql("gis", &format!("INSERT INTO marks VALUES ({number}, ST_Point(0, 0, 4326))"));
        let page = server.get("/ogcapi/collections/marks/items?limit=1&sortby=-id");
        let body = page.json();
        assert_eq!((&body["features"][0]["id"], &body["numberMatched"]), (&number.into(), &number.into()));
        // The rows say in which state they are: nobody was asked.
        let tag = page.header("etag").to_owned();
        assert!(tag.starts_with("W/"), "{tag}");
        server.get_with("/ogcapi/collections/marks/items?limit=1&sortby=-id", &[("If-None-Match", &tag)]).expect(304);
    }
}

#[test]
fn the_number_of_all_of_what_is_no_plain_table_is_that_of_now() {
    if !is_here() {
        return;
    }
    let database = Postgres::start();
    database.sql(
        "gis",
        "CREATE TABLE base (id int PRIMARY KEY, geom geometry(Point, 4326)); INSERT INTO base VALUES (1), (2), (3);
         CREATE VIEW seen AS SELECT * FROM base;
         CREATE TABLE parted (id int PRIMARY KEY, geom geometry(Point, 4326)) PARTITION BY RANGE (id);
         CREATE TABLE parted_low PARTITION OF parted FOR VALUES FROM (0) TO (10);
         CREATE TABLE parted_high PARTITION OF parted FOR VALUES FROM (10) TO (1000) PARTITION BY RANGE (id);
         CREATE TABLE parted_all PARTITION OF parted_high DEFAULT; INSERT INTO parted VALUES (1), (2), (3);
         CREATE TABLE secured (id int PRIMARY KEY, geom geometry(Point, 4326)); INSERT INTO secured VALUES (1), (2), (3);
         ALTER TABLE secured ENABLE ROW LEVEL SECURITY; CREATE POLICY all_of_it ON secured USING (true);
         CREATE ROLE reader LOGIN; GRANT SELECT ON ALL TABLES IN SCHEMA public TO reader;",
    );
    let server = Server::start(&[&database.dsn().replace("gis@", "reader@")]);
    for table in ["seen", "parted", "secured"] {
        let path = format!("/ogcapi/collections/{table}/items?limit=1");
        let stored = if table == "seen" { "base" } else { table };
        for number in 4..20 {
            let tag = server.get(&path).expect(200).header("etag").to_owned();
            assert!(tag.starts_with("W/") == (table == "parted"), "{table} {tag}");
            database.sql("gis", &format!("INSERT INTO {stored} VALUES ({number})"));
            let page = server.get_with(&path, &[("If-None-Match", &tag)]).expect(200).json();
            assert_eq!(page["numberMatched"], number, "{table}");
        }
    }
}

#[test]
fn the_number_of_rows_that_change_without_a_transaction_is_measured_again() {
    if !is_here() {
        return;
    }
    let database = Postgres::start();
    let file = database.folder().join("rows.csv");
    let lines = |count: u32| {
        std::fs::write(
            &file,
            (1..=count)
                .map(|id| [&id.to_string(), ",0101000020E610000000000000000000000000000000000000\n"].concat())
                .collect::<String>(),
        )
        .unwrap();
    };
    lines(20);
    let name = file.to_str().unwrap();
    database.sql(
        "gis",
        &format!(
            "CREATE EXTENSION file_fdw; CREATE SERVER files FOREIGN DATA WRAPPER file_fdw;
             CREATE FOREIGN TABLE lines (id int, geom geometry(Point, 4326)) SERVER files OPTIONS (filename '{name}', format 'csv');
             CREATE VIEW passing AS SELECT i AS id, ST_Point(0, 0, 4326)::geometry(Point, 4326) AS geom FROM generate_series(1, 70) i
                WHERE i <= 5 + extract(second FROM now())::int;"
        ),
    );
    let server = Server::start(&[&database.dsn()]);
    let matched = |path: &str| server.json(&format!("/ogcapi/collections/{path}"))["numberMatched"].clone();
    assert_eq!(matched("lines/items?limit=3"), 20);
    lines(40);
    until("the new lines are not counted", || matched("lines/items?limit=3") == 40);
    let first = matched("passing/items?limit=2");
    until("the time passes, and the number stays", || matched("passing/items?limit=2") != first);
}
