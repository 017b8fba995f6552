//! Pages far behind the first by number begin at milestones, and are those that the database would give.

use std::sync::atomic::{AtomicBool, Ordering};

use crate::harness::postgres::{Postgres, is_here};
use crate::harness::server::Server;

#[test]
fn a_far_page_is_the_one_that_the_database_would_give() {
    if !is_here() {
        return;
    }
    let database = Postgres::start();
    database.sql(
        "gis",
        "CREATE TABLE marks (id int PRIMARY KEY, geom geometry(Point, 4326));
         INSERT INTO marks SELECT n * 3 - 9000, ST_Point(0, 0, 4326) FROM generate_series(1, 6000) n; ANALYZE marks;",
    );
    let server = Server::start(&[&database.dsn(), "--limit", "kept_bytes=0"]);
    let same = |offset: u32| {
        let page = server.json(&format!("/ogcapi/collections/marks/items?limit=3&offset={offset}"));
        let ids: Vec<String> = page["features"].as_array().unwrap().iter().map(|it| it["id"].to_string()).collect();
        let query = format!(
            "SELECT coalesce(string_agg(id::text, ','), '') FROM (SELECT id FROM marks ORDER BY id LIMIT 3 OFFSET {offset}) AS page"
        );
        assert_eq!(ids.join(","), database.value("gis", &query), "behind {offset}");
    };
    let changes = [
        "",
        "DELETE FROM marks WHERE id % 7 = 0",
        "INSERT INTO marks VALUES (-2000000000, ST_Point(0, 0, 4326)), (2000000000, ST_Point(0, 0, 4326))",
        "UPDATE marks SET id = id - 1 WHERE id % 5 = 0",
    ];
    for change in changes {
        database.sql("gis", change);
        for offset in [5000, 4999, 1024, 1023, 3000, 5999, 5141, 5142, 6000, 7_000_000, 1280, 0] {
            same(offset);
        }
    }
    let taken = "SELECT count(*) > 0 FROM pg_stat_activity WHERE query LIKE '%numbered%' OR query LIKE '%>=%OFFSET%'";
    assert_eq!(database.value("gis", taken), "t", "no milestone was used");
    // While somebody writes a page is that before or that after.
    database
        .sql("gis", "TRUNCATE marks; INSERT INTO marks SELECT n, ST_Point(0, 0, 4326) FROM generate_series(1, 6000) n");
    let is_done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !is_done.load(Ordering::Relaxed) {
                database.sql(
                    "gis",
                    &"DELETE FROM marks WHERE id = 1; INSERT INTO marks VALUES (1, ST_Point(0, 0, 4326));".repeat(20),
                );
            }
        });
        for offset in (1024..5900).step_by(37) {
            let page = server.json(&format!("/ogcapi/collections/marks/items?limit=1&offset={offset}"));
            let id = page["features"][0]["id"].as_u64().unwrap();
            assert!(id == offset + 1 || id == offset + 2, "{id} behind {offset}");
        }
        is_done.store(true, Ordering::Relaxed);
    });
}
