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
