//! Values that SQL has and no answer can show: numbers beyond all floats, not a number, the null of JSON, rows of nulls.

use serde_json::{Value, json};

use crate::harness::client::neighbour;
use crate::harness::postgres::{Postgres, is_here};
use crate::harness::server::Server;

fn ids(server: &Server, table: &str, query: &str) -> Vec<i64> {
    let pair = |pair: &str| {
        let (name, value) = pair.split_once('=').unwrap();
        [name, "=", &percent_encoding::utf8_percent_encode(value, percent_encoding::NON_ALPHANUMERIC).to_string()]
            .concat()
    };
    let query = query.split('&').map(pair).collect::<Vec<_>>().join("&");
    let page = server.json(&format!("/ogcapi/collections/{table}/items?limit=100&{query}"));
    page["features"].as_array().unwrap().iter().map(|feature| feature["id"].as_i64().unwrap()).collect()
}

/// The rows of all pages, from the first on.
fn walked(server: &Server, table: &str, sort: &str, size: usize) -> Vec<i64> {
    let mut url = format!("{}/ogcapi/collections/{table}/items?limit={size}&sortby={sort}", server.url);
    let mut found = Vec::new();
    loop {
        let answer = crate::harness::client::send("GET", &url, &[]).expect(200);
        let page: Value = serde_json::from_str(&answer.text()).unwrap();
        found.extend(page["features"].as_array().unwrap().iter().map(|feature| feature["id"].as_i64().unwrap()));
        match neighbour(&answer, "next") {
            Some(next) => url = next,
            None => return found,
        }
    }
}

#[test]
fn a_number_beyond_all_floats_is_infinite_and_takes_no_page_away() {
    if !is_here() {
        return;
    }
    let database = Postgres::start();
    database.sql(
        "gis",
        "CREATE DOMAIN amount AS numeric(12, 2);
         CREATE TABLE wide (id int PRIMARY KEY, n numeric, short numeric(12, 2), dom amount, geom geometry(Point, 4326));
         INSERT INTO wide SELECT id, n, n1, n1, ST_Point(id, id, 4326) FROM (VALUES (1, 5, 5), (2, 1e400, 0.25), (3, -1e400, -3),
            (4, 1e-400, NULL), (5, -1e-400, 'NaN'), (6, 'NaN', 99999), (7, 1e700, 8), (8, 'Infinity', 0), (9, 0.1, 0.1),
            (10, 1.7976931348623157e308, 1), (11, 5e-324, 1), (12, 123456789012345678901234567890, 2)) AS v(id, n, n1);
         CREATE TABLE indexed AS SELECT * FROM wide; ALTER TABLE indexed ADD PRIMARY KEY (id); CREATE INDEX ON indexed (n);",
    );
    let server = Server::start(&[&database.dsn()]);
    let page = server.json("/ogcapi/collections/wide/items?limit=100");
    let told: Vec<Value> =
        page["features"].as_array().unwrap().iter().map(|it| it["properties"]["n"].clone()).collect();
    let expected = json!([
        5,
        null,
        null,
        0,
        0,
        null,
        null,
        null,
        0.1,
        1.797_693_134_862_315_7e308,
        5e-324,
        123_456_789_012_345_680_000_000_000_000.0
    ]);
    for (at, (told, expected)) in told.iter().zip(expected.as_array().unwrap()).enumerate() {
        assert_eq!(told.as_f64(), expected.as_f64(), "row {}", at + 1);
    }
    server.get("/ogcapi/collections/wide/items/2").expect(200);
    for table in ["wide", "indexed"] {
        for (filter, found) in [
            ("n > 1", vec![1, 2, 7, 8, 10, 12]),
            ("n < 0", vec![3]),
            ("n = 0", vec![4, 5]),
            ("n <> 5", vec![2, 3, 4, 5, 7, 8, 9, 10, 11, 12]),
            ("NOT (n > 1)", vec![3, 4, 5, 9, 11]),
            ("n IS NULL", vec![6]),
            ("n IN (5, 0.1)", vec![1, 9]),
            ("n * 2 > 9", vec![1, 2, 7, 8, 12]),
            ("n > short", vec![2, 7, 8, 10, 12]),
            ("short > 1 AND dom > 1", vec![1, 6, 7, 12]),
            ("short = 0.1", vec![9]),
        ] {
            assert_eq!(ids(&server, table, &format!("filter={filter}")), found, "{table} {filter}");
        }
        for (sort, order) in
            [("n", vec![3, 5, 4, 11, 9, 1, 12, 10, 2, 7, 8, 6]), ("-n", vec![8, 7, 2, 10, 12, 1, 9, 11, 4, 5, 3, 6])]
        {
            assert_eq!(walked(&server, table, sort, 1), order, "{table} {sort}");
        }
    }
}

#[test]
fn what_is_not_a_number_is_sorted_as_nothing() {
    if !is_here() {
        return;
    }
    let database = Postgres::start();
    let rows = "(1, '2'), (2, 'NaN'), (3, NULL), (4, 'Infinity'), (5, '-1'), (6, 'NaN'), (7, NULL)";
    let filled = rows.replace("NULL", "'7'");
    for (kind, name) in [("real", "f4"), ("double precision", "f8"), ("numeric", "num")] {
        database.sql(
            "gis",
            &format!(
                "CREATE TABLE bare_{name} (id int PRIMARY KEY, x {kind}, geom geometry(Point, 4326));
                 INSERT INTO bare_{name} (id, x) SELECT id, x::{kind} FROM (VALUES {rows}) AS v(id, x);
                 CREATE TABLE indexed_{name} (id int PRIMARY KEY, x {kind}, geom geometry(Point, 4326));
                 INSERT INTO indexed_{name} SELECT * FROM bare_{name}; CREATE INDEX ON indexed_{name} (x);
                 CREATE TABLE filled_{name} (id int PRIMARY KEY, x {kind} NOT NULL, geom geometry(Point, 4326));
                 INSERT INTO filled_{name} (id, x) SELECT id, x::{kind} FROM (VALUES {filled}) AS v(id, x);
                 CREATE INDEX ON filled_{name} (x);"
            ),
        );
    }
    let server = Server::start(&[&database.dsn()]);
    for name in ["f4", "f8", "num"] {
        for (table, sort, expected) in [
            ("bare", "x", [5, 1, 4, 2, 3, 6, 7]),
            ("bare", "-x", [4, 1, 5, 2, 3, 6, 7]),
            ("indexed", "x", [5, 1, 4, 2, 3, 6, 7]),
            ("indexed", "-x", [4, 1, 5, 2, 3, 6, 7]),
            ("indexed", "-x,-id", [4, 1, 5, 7, 6, 3, 2]),
            ("filled", "x", [5, 1, 3, 7, 4, 2, 6]),
            ("filled", "-x", [4, 3, 7, 1, 5, 2, 6]),
        ] {
            let table = format!("{table}_{name}");
            for size in [1, 2, 7] {
                assert_eq!(walked(&server, &table, sort, size), expected, "{table} {sort} {size}");
            }
            let skipped = ids(&server, &table, &format!("sortby={sort}&offset=3"));
            assert_eq!(skipped, expected[3..], "{table} {sort}");
        }
    }
}

#[test]
fn what_is_shown_as_null_is_found_as_null() {
    if !is_here() {
        return;
    }
    let database = Postgres::start();
    database.sql(
        "gis",
        "CREATE TYPE address AS (street text, no int);
         CREATE TABLE t (id int PRIMARY KEY, jb jsonb, js json, ad address, arr int[], geom geometry(Point, 4326));
         INSERT INTO t VALUES (1, 'null', ' null ', '(,)', '{NULL}'), (2, NULL, NULL, NULL, NULL),
            (3, '\"null\"', '\"null\"', '(a,)', '{}'), (4, '{\"a\": null}', '[null]', '(a,1)', '{1}');",
    );
    let server = Server::start(&[&database.dsn()]);
    let page = server.json("/ogcapi/collections/t/items");
    for (name, absent) in [("jb", vec![1, 2]), ("js", vec![1, 2]), ("ad", vec![2]), ("arr", vec![2])] {
        let shown = page["features"].as_array().unwrap().iter().filter(|feature| feature["properties"][name].is_null());
        let shown: Vec<i64> = shown.map(|feature| feature["id"].as_i64().unwrap()).collect();
        assert_eq!(shown, absent, "{name}");
        assert_eq!(ids(&server, "t", &format!("filter={name} IS NULL")), absent, "{name}");
        // By the loop.
        assert_eq!(ids(&server, "t", &format!("filter={name} IS NULL AND 4 = 2^id * 2^(2 - id)")), absent, "{name}");
        let others: Vec<i64> = (1..=4).filter(|id| !absent.contains(id)).collect();
        assert_eq!(ids(&server, "t", &format!("filter={name} IS NOT NULL")), others, "{name}");
    }
}

#[test]
fn a_text_that_a_database_cannot_write_is_one_that_no_row_has() {
    if !is_here() {
        return;
    }
    let database = Postgres::start();
    for (name, encoding) in [("latin", "LATIN1"), ("windows", "WIN1252")] {
        database
            .sql("postgres", &format!("CREATE DATABASE {name} ENCODING '{encoding}' LOCALE 'C' TEMPLATE template0"));
        database.sql(
            name,
            "CREATE EXTENSION postgis; CREATE TABLE ort (id text PRIMARY KEY, name text, tags text[], geom geometry(Point, 4326));
             INSERT INTO ort VALUES ('a', 'Ort', '{x}'), (chr(233), 'Caf' || chr(233), ARRAY[chr(233)]), ('c', NULL, NULL);",
        );
        let server = Server::start(&[&database
            .dsn()
            .replace(&format!("{}/gis", database.port), &format!("{}/{name}", database.port))]);
        let found = |question: &str| -> Vec<String> {
            let (name, value) = question.split_once('=').unwrap();
            let value = percent_encoding::utf8_percent_encode(value, percent_encoding::NON_ALPHANUMERIC);
            let page = server.json(&format!("/ogcapi/collections/ort/items?{name}={value}"));
            assert_eq!(page["numberMatched"], page["numberReturned"]);
            page["features"].as_array().unwrap().iter().map(|it| it["id"].as_str().unwrap().to_owned()).collect()
        };
        let none: [&str; 0] = [];
        assert_eq!(found("filter=name = '日本'"), none);
        assert_eq!(found("filter=name <> '日本'"), ["a", "é"]);
        assert_eq!(found("filter=name < '日本'"), ["a", "é"]);
        assert_eq!(found("filter=name LIKE '日%'"), none);
        assert_eq!(found("filter=name IN ('日本', 'Ort')"), ["a"]);
        assert_eq!(found("filter=name = 'Café'"), ["é"]);
        assert_eq!(found("filter=CASEI(name) = CASEI('日本')"), none);
        assert_eq!(found("filter=A_CONTAINS(tags, ('日'))"), none);
        assert_eq!(found("filter=A_CONTAINS(tags, ('é'))"), ["é"]);
        assert_eq!(found("filter='é' < '日' AND id = 'a'"), ["a"]);
        assert_eq!(found("name=日"), none);
        assert_eq!(found("name=Café"), ["é"]);
        assert_eq!(found("q=日"), none);
        server.get("/ogcapi/collections/ort/items/%E6%97%A5").expect(404);
        server.get("/ogcapi/collections/ort/items/%C3%A9").expect(200);
    }
}
