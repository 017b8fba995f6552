//! A page and the number of all that match are of one moment, where the table is small.

use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::Value;

use crate::harness::postgres::{Postgres, is_here};
use crate::harness::server::Server;

#[test]
fn a_page_and_its_count_are_of_one_moment() {
    if !is_here() {
        return;
    }
    let database = Postgres::start();
    // Either there are 60 rows, and each says so, or 120.
    database.sql(
        "gis",
        "CREATE TABLE moving (id int PRIMARY KEY, there int, geom geometry(Point, 4326));
         CREATE INDEX ON moving (there);
         INSERT INTO moving SELECT n, 60, ST_Point(0, 0, 4326) FROM generate_series(1, 60) n; ANALYZE moving;",
    );
    let server = Server::start(&[&database.dsn()]);
    let is_done = AtomicBool::new(false);
    let (mut fewer, mut more) = (0, 0);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let grow = "BEGIN; INSERT INTO moving SELECT n, 120, ST_Point(0, 0, 4326) FROM generate_series(61, 120) n;
                        UPDATE moving SET there = 120; COMMIT;";
            let shrink = "BEGIN; DELETE FROM moving WHERE id > 60; UPDATE moving SET there = 60; COMMIT;";
            while !is_done.load(Ordering::Relaxed) {
                database.sql("gis", &[grow, shrink].repeat(10).concat());
            }
        });
        for at in 0..400 {
            let question = ["", "&filter=there>0", "&bbox=-1,-1,1,1", "&sortby=-there"][at % 4].replace('>', "%3E");
            let page = server.json(&format!("/ogcapi/collections/moving/items?limit=7{question}"));
            let features = page["features"].as_array().unwrap();
            let there: Vec<&Value> = features.iter().map(|feature| &feature["properties"]["there"]).collect();
            let matched = &page["numberMatched"];
            if question == "&sortby=-there" {
                // Of several statements, those of an order by an index, the first has told it.
                assert!(*matched == 60 || *matched == 120, "{page}");
                continue;
            }
            assert!(there.len() == 7 && there.iter().all(|there| *there == matched), "{matched}: {there:?}");
            if *matched == 60 { fewer += 1 } else { more += 1 }
        }
        is_done.store(true, Ordering::Relaxed);
    });
    assert!(fewer > 0 && more > 0, "{fewer} {more}");
}
