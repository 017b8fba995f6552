//! Tables that somebody locks, and all others.

use std::time::{Duration, Instant};

use crate::harness::client::attempt;
use crate::harness::postgres::{Postgres, is_here};
use crate::harness::server::Server;
use crate::harness::until;

fn database() -> Postgres {
    let database = Postgres::start();
    database.sql(
        "gis",
        "CREATE TABLE towns (id int PRIMARY KEY, geom geometry(Point, 4326));
         INSERT INTO towns SELECT n, ST_Point(n, n, 4326) FROM generate_series(1, 9) AS n;
         CREATE TABLE roads (id int PRIMARY KEY, geom geometry(Point, 4326));
         INSERT INTO roads SELECT n, ST_Point(n, n, 4326) FROM generate_series(1, 9) AS n",
    );
    database
}

fn items(layer: &str) -> String {
    format!("/ogcapi/collections/{layer}/items")
}

#[test]
fn a_locked_table_holds_up_no_other_layer() {
    if !is_here() {
        return;
    }
    let database = database();
    let server = Server::start(&[&database.dsn()]);
    server.get(&items("roads")).expect(200);
    let lock = database.hold("gis", "LOCK TABLE towns IN ACCESS EXCLUSIVE MODE");
    let url = format!("http://{}{}", server.authority(), items("towns"));
    std::thread::scope(|scope| {
        let waiting: Vec<_> = (0..30)
            .map(|number| {
                let url = format!("{url}?limit={}", number + 1);
                scope.spawn(move || {
                    let begun = Instant::now();
                    (attempt("GET", &url, &[], &[]).unwrap(), begun.elapsed())
                })
            })
            .collect();
        let locked = "SELECT count(*) > 2 FROM pg_locks WHERE NOT granted";
        until("nobody waits for the lock", || database.value("gis", locked) == "t");
        while waiting.iter().any(|one| !one.is_finished()) {
            let begun = Instant::now();
            server.get(&items("roads")).expect(200);
            assert!(begun.elapsed() < Duration::from_secs(1), "{:?}", begun.elapsed());
        }
        for one in waiting {
            let (answer, time) = one.join().unwrap();
            let answer = answer.expect(503);
            assert!(!answer.header("retry-after").is_empty() && answer.text().contains("locked"), "{}", answer.text());
            // None waits for the lock who waited for another to wait for it.
            assert!(time < Duration::from_secs(8), "{time:?}");
        }
    });
    drop(lock);
    until("the layer does not come back", || server.get(&items("towns")).status == 200);
}
