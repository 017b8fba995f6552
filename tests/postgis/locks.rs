//! Tables that somebody locks, and all others.

use std::time::{Duration, Instant};

use crate::harness::client::attempt;
use crate::harness::postgres::{Postgres, is_here};
use crate::harness::server::Server;
use crate::harness::{SAMPLE, until};

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

#[test]
fn a_view_that_is_locked_while_the_project_is_read_anew_is_not_lost() {
    if !is_here() {
        return;
    }
    let database = database();
    database.sql("gis", "CREATE VIEW seen AS SELECT id, geom FROM towns");
    let file = crate::harness::made("locked.toml", |path| {
        let layer = |name: &str| format!("[[layers]]\nsource = '{}'\nlayer = '{name}'\n", database.dsn());
        std::fs::write(path, format!("data = ['{SAMPLE}']\n{}{}", layer("seen"), layer("roads"))).unwrap();
    });
    let mut named = Server::start(&["--project", file.to_str().unwrap()]);
    let mut whole = Server::start(&[&database.dsn()]);
    for server in [&named, &whole] {
        server.get(&items("seen")).expect(200);
    }
    let lock = database.hold("gis", "LOCK TABLE towns IN ACCESS EXCLUSIVE MODE");
    database.sql("gis", "ALTER TABLE roads ADD n int DEFAULT 7");
    for server in [&named, &whole] {
        until("the other table is not described anew", || {
            // Never lost on the way.
            server.get(&items("seen")).expect(503);
            server.json(&items("roads"))["features"][0]["properties"]["n"] == 7
        });
        server.get(&items("seen")).expect(503);
    }
    // One that is locked when the server starts comes as well.
    let later = Server::start(&["--project", file.to_str().unwrap()]);
    later.get(&items("seen")).expect(503);
    drop(lock);
    for server in [&named, &whole, &later] {
        until("the layer does not come back", || server.get(&items("seen")).status == 200);
    }
    for server in [&mut named, &mut whole] {
        assert!(server.log().matches("reloaded").count() <= 4);
    }
}
