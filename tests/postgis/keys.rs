//! Ids that stand for several rows, or for none: pages would lose rows, so such a table is not published, nor any longer.

use crate::harness::postgres::{Postgres, is_here};
use crate::harness::server::{Server, run, stderr};
use crate::harness::{made, until};

/// Tables of nine points, and another that stays.
fn database() -> Postgres {
    let database = Postgres::start();
    database.sql(
        "gis",
        "CREATE TABLE t (id int PRIMARY KEY, geom geometry(Point, 4326));
         INSERT INTO t SELECT n, ST_SetSRID(ST_MakePoint(n, n), 4326) FROM generate_series(1, 9) AS n;
         CREATE TABLE other (id int PRIMARY KEY, geom geometry(Point, 4326));",
    );
    database
}

fn items(name: &str) -> String {
    format!("/ogcapi/collections/{name}/items")
}

/// All ids, page by page; none where a page is no answer.
fn walk(server: &Server, name: &str, limit: u32) -> Option<Vec<i64>> {
    let mut next = Some(format!("{}?limit={limit}", items(name)));
    let mut ids = Vec::new();
    while let Some(page) = next {
        let answer = server.get(&page);
        if answer.status != 200 {
            return None;
        }
        ids.extend(answer.json()["features"].as_array().unwrap().iter().map(|it| it["id"].as_i64().unwrap()));
        next = answer.links("next").first().map(|link| link["href"].as_str().unwrap().to_owned());
        next = next.map(|url| url[url.find("/ogcapi").unwrap()..].to_owned());
    }
    Some(ids)
}

#[test]
fn a_key_that_is_dropped_under_the_server_is_noticed() {
    if !is_here() {
        return;
    }
    let database = database();
    let server = Server::start(&[&database.dsn()]);
    assert_eq!(walk(&server, "t", 2).unwrap().len(), 9);
    database.sql("gis", "ALTER TABLE t DROP CONSTRAINT t_pkey; INSERT INTO t SELECT 3, geom FROM t WHERE id < 4");
    until("the key is still taken for one", || server.get(&items("t")).status == 404);
    database.sql("gis", "DELETE FROM t WHERE ctid > '(0,9)'; ALTER TABLE t ADD PRIMARY KEY (id)");
    until("the table does not come back", || server.get(&items("t")).status == 200);
    assert_eq!(walk(&server, "t", 2).unwrap().len(), 9);
}

#[test]
fn a_view_that_is_replaced_by_one_whose_ids_repeat_is_refused_as_at_the_start() {
    if !is_here() {
        return;
    }
    let database = database();
    database.sql("gis", "CREATE VIEW v AS SELECT id, geom FROM t");
    let mut server = Server::start(&[&database.dsn()]);
    assert_eq!(walk(&server, "v", 2).unwrap().len(), 9);
    database.sql("gis", "CREATE OR REPLACE VIEW v AS SELECT id / 2 AS id, geom FROM t");
    until("the ids are still taken for such", || server.get(&items("v")).status == 404);
    database.sql("gis", "CREATE OR REPLACE VIEW v AS SELECT id, geom FROM t");
    until("the view does not come back", || server.get(&items("v")).status == 200);
    let log = server.log();
    assert!(log.contains("id: 1 stands for 2 rows"), "{log}");
}

#[test]
fn a_view_whose_ids_repeat_later_loses_no_rows_silently() {
    if !is_here() {
        return;
    }
    let database = database();
    database.sql(
        "gis",
        "CREATE VIEW few AS SELECT id, geom FROM t;
         CREATE TABLE base AS SELECT n AS number, ST_SetSRID(ST_MakePoint(n % 90, 0), 4326) AS geom FROM generate_series(1, 30000) AS n;
         CREATE VIEW many AS SELECT number AS id, geom FROM base;
         ALTER TABLE t DROP CONSTRAINT t_pkey;",
    );
    let server = Server::start(&["--watch", "0", &database.dsn()]);
    assert_eq!(walk(&server, "few", 1).unwrap().len(), 9);
    database.sql(
        "gis",
        "INSERT INTO t SELECT 3, geom FROM t WHERE id < 4; INSERT INTO base SELECT 29999, geom FROM base LIMIT 1",
    );
    // A page tells that the next one would lose some.
    for page in [
        "few/items?limit=100",
        "few/items?limit=3&f=csv",
        "few/items?limit=1&offset=2",
        "many/items?limit=2&offset=29997",
    ] {
        let answer = server.get(&format!("/ogcapi/collections/{page}"));
        assert!(answer.status == 503 && !answer.header("retry-after").is_empty(), "{page}: {}", answer.text());
    }
    assert!(walk(&server, "few", 1).is_none() && walk(&server, "few", 2).is_none());
    drop(server);
    // Without such a page the rows are looked at now and then.
    database
        .sql("gis", "DELETE FROM t WHERE ctid > '(0,9)'; DELETE FROM base WHERE ctid = (SELECT max(ctid) FROM base)");
    let mut server = Server::start(&[&database.dsn()]);
    assert_eq!(server.get(&items("few")).status, 200);
    assert_eq!(server.get(&items("many")).status, 200);
    database.sql(
        "gis",
        "INSERT INTO t SELECT 3, geom FROM t WHERE id < 4; INSERT INTO base SELECT 29999, geom FROM base LIMIT 1",
    );
    until("the ids of the few are still taken for such", || server.get(&items("few")).status == 404);
    until("the ids of the many are still taken for such", || server.get(&items("many")).status == 404);
    database
        .sql("gis", "DELETE FROM t WHERE ctid > '(0,9)'; DELETE FROM base WHERE ctid = (SELECT max(ctid) FROM base)");
    until("the views do not come back", || {
        server.get(&items("few")).status == 200 && server.get(&items("many")).status == 200
    });
    let log = server.log();
    assert!(log.contains("id: 3 stands for 4 rows") && log.contains("id: 29999 stands for 2 rows"), "{log}");
    assert!(log.matches("reloaded").count() <= 6, "{log}");
}

#[test]
fn a_named_key_that_does_not_tell_rows_apart_is_refused() {
    if !is_here() {
        return;
    }
    let database = database();
    database.sql(
        "gis",
        "CREATE VIEW twice AS SELECT id / 4 AS number, 'a' || id / 8 AS name, geom FROM t;
         CREATE VIEW nothing AS SELECT nullif(id, 3) AS number, id::text AS name, gen_random_uuid() AS uuid, geom FROM t;
         CREATE TABLE parent (id int PRIMARY KEY, code text UNIQUE, geom geometry(Point, 4326));
         CREATE TABLE child () INHERITS (parent);
         INSERT INTO parent SELECT id, 'c' || nullif(id, 2), geom FROM t; INSERT INTO child SELECT 1, 'x', geom FROM t WHERE id = 1;
         CREATE TABLE parts (id int, part int, geom geometry(Point, 4326), PRIMARY KEY (id, part)) PARTITION BY LIST (part);
         CREATE TABLE parts_1 PARTITION OF parts FOR VALUES IN (1); CREATE TABLE parts_2 PARTITION OF parts FOR VALUES IN (2);
         INSERT INTO parts SELECT id, 1 + id % 2, geom FROM t; INSERT INTO parts SELECT 1, 1, geom FROM t WHERE id = 1;
         CREATE TABLE codes (id int PRIMARY KEY, code text UNIQUE, geom geometry(Point, 4326));
         INSERT INTO codes SELECT id, 'c' || nullif(id, 2), geom FROM t;",
    );
    let checked = |layer: &str, key: &str| {
        let project = made("keys.toml", |path| {
            let text = format!("[[layers]]\nsource = \"{}\"\n{layer}\nkey = \"{key}\"\n", database.dsn());
            std::fs::write(path, text).unwrap();
        });
        run(&["check", "--project", project.to_str().unwrap()])
    };
    let query = "id = 'q'\nsql = 'SELECT id % 2 AS id, geom FROM t'";
    for (layer, key, told) in [
        ("layer = 'twice'", "number", "stands for 4 rows"),
        ("layer = 'twice'", "name", "a0 stands for 7 rows"),
        ("layer = 'nothing'", "number", "1 rows have no value"),
        ("layer = 'parent'", "id", "1 stands for 2 rows"),
        ("layer = 'parts'", "id", "1 stands for 2 rows"),
        ("layer = 'codes'", "code", "1 rows have no value"),
        (query, "id", "1 stands for 5 rows"),
    ] {
        let output = checked(layer, key);
        let said = stderr(&output);
        assert!(!output.status.success() && said.contains(told) && said.contains(key), "{layer} {key}: {said}");
    }
    database.sql("gis", "DELETE FROM codes WHERE code IS NULL; DELETE FROM parts WHERE part = 1 AND id = 1");
    for (layer, key) in [
        ("layer = 'nothing'", "name"),
        ("layer = 'nothing'", "uuid"),
        ("layer = 'codes'", "code"),
        ("layer = 'parts'", "id"),
        ("layer = 't'", "id"),
        ("id = 'q'\nsql = 'SELECT id AS n, geom FROM t'", "n"),
    ] {
        let output = checked(layer, key);
        assert!(output.status.success(), "{layer} {key}: {}", stderr(&output));
    }
}

#[test]
fn a_named_key_of_a_view_that_takes_long_is_told_and_published() {
    if !is_here() {
        return;
    }
    let database = database();
    database.sql("gis", "CREATE VIEW slow AS SELECT id, geom FROM t WHERE pg_sleep(1) IS NOT NULL");
    let project = made("slow_key.toml", |path| {
        let text = format!("[[layers]]\nsource = \"{}\"\nlayer = \"slow\"\nkey = \"id\"\n", database.dsn());
        std::fs::write(path, text).unwrap();
    });
    let output = run(&["check", "--project", project.to_str().unwrap()]);
    assert!(stderr(&output).contains("takes too long to tell whether the ids are unique"), "{}", stderr(&output));
}
