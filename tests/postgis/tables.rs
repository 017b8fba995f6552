//! Tables as they are in the wild: every type, views, names, privileges.

use serde_json::{Value, json};

use crate::harness::postgres::{Postgres, is_here};
use crate::harness::server::{Server, stderr};

fn features(server: &Server, path: &str) -> Vec<Value> {
    server.json(&format!("/ogcapi/collections/{path}"))["features"].as_array().unwrap().clone()
}

#[test]
fn years_of_any_length_are_asked_for_as_they_are_answered() {
    if !is_here() {
        return;
    }
    let database = Postgres::start();
    database.sql(
        "gis",
        "CREATE TABLE ages (id int PRIMARY KEY, day date, at timestamptz, n bigint,
            geom geometry(Point, 4326));
         INSERT INTO ages VALUES (1, '0044-03-15 BC', '0044-03-15 12:00:00+00 BC', 9007199254741004),
            (2, '2020-02-29', '2020-02-29 12:00:00+00', 9007199254741005),
            (3, '12345-01-01', '12345-01-01 00:00:00+00', 9223372036854775807);
         CREATE TABLE eons (id int PRIMARY KEY, day date, at timestamptz, ts timestamp, geom geometry(Point, 4326));
         INSERT INTO eons VALUES (1, '262143-12-31', '262143-12-31 12:00:00+00', '262144-01-01 00:00:00'),
            (2, '5874897-12-31', '294247-01-10 04:00:54.775807+00', '294247-01-10 04:00:54.775807'),
            (3, '4714-11-24 BC', '4714-11-24 00:00:00+00 BC', '4714-11-24 00:00:00 BC'), (4, 'infinity', '-infinity', NULL);",
    );
    let server = Server::start(&[&database.dsn()]);
    let far: Vec<Value> = features(&server, "eons/items")
        .iter()
        .map(|it| json!([it["properties"]["day"], it["properties"]["at"], it["properties"]["ts"]]))
        .collect();
    let eons = json!([
        ["+262143-12-31", "+262143-12-31T12:00:00Z", "+262144-01-01T00:00:00Z"],
        ["+5874897-12-31", "+294247-01-10T04:00:54.775807Z", "+294247-01-10T04:00:54.775807Z"],
        ["-4713-11-24", "-4713-11-24T00:00:00Z", "-4713-11-24T00:00:00Z"],
        [null, null, null],
    ]);
    assert_eq!(Value::from(far), eons);
    for format in ["csv", "html", "geojsonseq"] {
        let text = server.get(&format!("/ogcapi/collections/eons/items?f={format}")).expect(200).text();
        assert!(text.contains("262143-12-31") && text.contains("5874897-12-31"), "{format}: {text}");
    }
    for (filter, ids) in [
        ("day = DATE('+262143-12-31')", vec![1]),
        ("day > DATE('+262143-12-30')", vec![1, 2]),
        ("day < DATE('+5881580-07-11')", vec![1, 2, 3]),
        ("day >= DATE('+5874897-12-31')", vec![2]),
        ("at > TIMESTAMP('+262143-12-31T12:00:00Z')", vec![2]),
        ("year(day) = 5874897", vec![2]),
    ] {
        let value = percent_encoding::utf8_percent_encode(filter, percent_encoding::NON_ALPHANUMERIC);
        let found = features(&server, &format!("eons/items?filter={value}"));
        let found: Vec<i64> = found.iter().map(|it| it["id"].as_i64().unwrap()).collect();
        assert_eq!(found, ids, "{filter}");
    }
    let told: Vec<Value> = features(&server, "ages/items")
        .iter()
        .map(|it| json!([it["properties"]["day"], it["properties"]["at"]]))
        .collect();
    let ages = json!([
        ["-0043-03-15", "-0043-03-15T12:00:00Z"],
        ["2020-02-29", "2020-02-29T12:00:00Z"],
        ["+12345-01-01", "+12345-01-01T00:00:00Z"],
    ]);
    assert_eq!(Value::from(told), ages);
    for (query, ids) in [
        ("filter=day = DATE('-0043-03-15')", vec![1]),
        ("filter=at = TIMESTAMP('-0043-03-15T12:00:00Z')", vec![1]),
        ("filter=day > '+12344-12-31'", vec![3]),
        ("filter=day > DATE('-9999-01-01')", vec![1, 2, 3]),
        ("filter=at < TIMESTAMP('-9999-01-01T00:00:00Z')", vec![]),
        ("filter=T_DURING(at, INTERVAL('-0044-01-01', '+12344-01-01'))", vec![1, 2]),
        ("day=-0043-03-15", vec![1]),
        ("at=+12345-01-01T00:00:00Z", vec![3]),
        ("filter=n = 9007199254741004.0", vec![1]),
        ("filter=n = 9007199254741005.0", vec![2]),
        ("filter=n < 9007199254741005.0", vec![1]),
        ("filter=n < 9223372036854775808", vec![1, 2, 3]),
        ("filter=n IN (9007199254741005.0, 9223372036854775808)", vec![2]),
    ] {
        let (name, value) = query.split_once('=').unwrap();
        let value = percent_encoding::utf8_percent_encode(value, percent_encoding::NON_ALPHANUMERIC);
        let found = features(&server, &format!("ages/items?{name}={value}"));
        let found: Vec<i64> = found.iter().map(|it| it["id"].as_i64().unwrap()).collect();
        assert_eq!(found, ids, "{query}");
    }
    let collection = server.json("/ogcapi/collections/ages");
    let interval = collection["extent"]["temporal"]["interval"][0].to_string();
    let page = server.json(&format!("/ogcapi/collections/ages/items?datetime={}", "-0043-03-15/%2B12345-01-01"));
    assert_eq!(page["numberMatched"], 3, "{interval}");
}

#[test]
fn every_type_is_read_as_what_it_means() {
    if !is_here() {
        return;
    }
    let database = Postgres::start();
    database.sql(
        "gis",
        r#"
        CREATE TYPE mood AS ENUM ('glad', 'sad');
        CREATE DOMAIN plate AS varchar(8);
        CREATE TABLE kinds (
            id int PRIMARY KEY, i2 smallint, i8 bigint, f4 real, f8 double precision, num numeric(20, 4), truth boolean,
            txt text, ch char(4), dom plate, en mood, u uuid, d date, ts timestamp, tz timestamptz, j jsonb,
            arr int[], b bytea, iv interval, geom geometry(PointZ, 4326));
        COMMENT ON TABLE kinds IS 'One of each';
        INSERT INTO kinds VALUES (1, 2, 9007199254740993, 0.1, 0.1, 12345.6789, true, 'Zürich "x"', 'ab', 'ZH 1', 'glad',
            'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11', '2020-02-29', '2020-02-29 12:00:00.5', '2020-02-29 12:00:00+02',
            '{"a": [1, null]}', '{1,2}', '\x0001', '1 day', 'SRID=4326;POINT Z (1 2 3)');
        INSERT INTO kinds (id, f8, num, d, tz) VALUES (2, 'NaN', 'NaN', 'infinity', '-infinity');
        "#,
    );
    let server = Server::start(&[&database.dsn()]);
    let [first, second] = &features(&server, "kinds/items")[..] else { panic!("two rows") };
    assert_eq!(first["geometry"], json!({"type": "Point", "coordinates": [1, 2, 3]}));
    let properties = json!({
        "i2": 2, "i8": 9_007_199_254_740_993_i64, "f4": 0.1, "f8": 0.1, "num": 12345.6789, "truth": true,
        "txt": "Zürich \"x\"", "ch": "ab", "dom": "ZH 1", "en": "glad", "u": "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11",
        "d": "2020-02-29", "ts": "2020-02-29T12:00:00.5Z", "tz": "2020-02-29T10:00:00Z", "j": {"a": [1, null]},
        "arr": [1, 2], "b": "AAE=", "iv": "1 day",
    });
    assert_eq!(first["properties"], properties);
    assert!(second["properties"].as_object().unwrap().values().all(Value::is_null), "{second}");
    assert!(second["geometry"].is_null());
    let description = server.json("/ogcapi/collections/kinds")["description"].clone();
    assert_eq!(description, "One of each");
    for (query, ids) in [
        ("i2=2", vec![1]),
        ("i8=9007199254740993", vec![1]),
        ("f4=0.1", vec![1]),
        ("num=12345.6789", vec![1]),
        ("truth=true", vec![1]),
        ("ch=ab", vec![1]),
        ("en=glad", vec![1]),
        ("en=other", vec![]),
        ("u=a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11", vec![1]),
        ("u=nonsense", vec![]),
        ("d=2020-02-29", vec![1]),
        ("tz=2020-02-29T10:00:00Z", vec![1]),
        ("datetime=2020-02-29T12:00:00Z/2020-02-29T13:00:00Z", vec![1, 2]),
        ("datetime=2021-01-01T00:00:00Z/..", vec![2]),
        ("bbox=0,0,2,3,3,4", vec![1]),
        ("bbox=0,0,5,3,3,6", vec![]),
    ] {
        let found: Vec<i64> = features(&server, &format!("kinds/items?{query}"))
            .iter()
            .map(|feature| feature["id"].as_i64().unwrap())
            .collect();
        assert_eq!(found, ids, "{query}");
    }
}

#[test]
fn views_names_and_schemas_are_published_and_the_rest_is_told() {
    if !is_here() {
        return;
    }
    let database = Postgres::start();
    database.sql(
        "gis",
        r#"
        CREATE SCHEMA "My Data";
        CREATE TABLE "My Data"."Odd ""table""; DROP" ("the id" text PRIMARY KEY, "va'l" int, geom geometry(Point, 3857));
        INSERT INTO "My Data"."Odd ""table""; DROP" VALUES ('a/b', 1, ST_SetSRID(ST_MakePoint(0, 0), 3857)), ('ü', 2, NULL);
        CREATE VIEW seen AS SELECT row_number() OVER () AS id, geom FROM "My Data"."Odd ""table""; DROP";
        CREATE TABLE no_key (a int, geom geometry);
        CREATE TABLE no_geometry (id int PRIMARY KEY);
        CREATE TABLE secret (id int PRIMARY KEY, geom geometry);
        CREATE ROLE reader LOGIN; GRANT SELECT ON ALL TABLES IN SCHEMA public TO reader; REVOKE ALL ON secret FROM reader;
        GRANT USAGE ON SCHEMA "My Data" TO reader; GRANT SELECT ON ALL TABLES IN SCHEMA "My Data" TO reader;
        "#,
    );
    let dsn = database.dsn().replace("gis@", "reader@");
    let mut server = Server::start(&[&dsn]);
    let collections = server.json("/ogcapi/collections");
    let ids: Vec<&str> =
        collections["collections"].as_array().unwrap().iter().map(|it| it["id"].as_str().unwrap()).collect();
    assert_eq!(ids, ["My Data.Odd \"table\"; DROP", "seen"]);
    let odd = "My%20Data.Odd%20%22table%22;%20DROP";
    let found = features(&server, &format!("{odd}/items?va%27l=1"));
    assert_eq!((found.len(), &found[0]["id"]), (1, &json!("a/b")));
    server.get(&format!("/ogcapi/collections/{odd}/items/a%2Fb")).expect(200);
    assert_eq!(features(&server, "seen/items").len(), 2);
    let log = server.log();
    assert!(log.contains("no_key") && log.contains("key = "), "{log}");
    // Neither the answers nor the log have what connects.
    let refused = crate::harness::server::run(&["check", "postgres://gis:secret-word@127.0.0.1:1/gis"]);
    assert!(!refused.status.success());
    assert!(!stderr(&refused).contains("secret-word"), "{}", stderr(&refused));
}

#[test]
fn a_value_is_never_a_statement() {
    if !is_here() {
        return;
    }
    let database = Postgres::start();
    database.sql("gis", "CREATE TABLE t (id serial PRIMARY KEY, name text, geom geometry(Point, 4326)); INSERT INTO t (name) VALUES ('a'), ('b'), ('x'' OR 1=1 --');");
    let server = Server::start(&[&database.dsn()]);
    assert_eq!(features(&server, "t/items?name=x%27%20OR%20%271%27=%271").len(), 0);
    assert_eq!(features(&server, "t/items?name=x%27%20OR%201=1%20--").len(), 1);
    server.get("/ogcapi/collections/t/items?name=a%00").expect(400);
    server.get("/ogcapi/collections/t/items?name=%27;DROP%20TABLE%20t;--").expect(200);
    assert_eq!(features(&server, "t/items").len(), 3);
}
