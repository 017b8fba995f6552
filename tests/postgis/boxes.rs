//! Boxes with few rows and with many are asked for by different statements, and answered alike.

use crate::harness::postgres::{Postgres, is_here};
use crate::harness::server::Server;

#[test]
fn a_box_has_the_rows_of_the_database_whether_few_or_many() {
    if !is_here() {
        return;
    }
    let database = Postgres::start();
    // A crowd in one place, and few elsewhere.
    database.sql(
        "gis",
        "CREATE TABLE crowd (id int PRIMARY KEY, rank int, geom geometry(Point, 4326));
         INSERT INTO crowd SELECT n * 7919 % 4001, n % 13, CASE WHEN n % 8 = 0 THEN ST_Point(n % 341 - 170, n % 161 - 80, 4326)
            ELSE ST_Point(10 + n % 50 / 1000.0, 10 + n % 47 / 1000.0, 4326) END FROM generate_series(1, 4000) n;
         CREATE INDEX ON crowd USING gist (geom); ANALYZE crowd;",
    );
    let server = Server::start(&[&database.dsn()]);
    let boxes = [
        "-180,-90,180,90",
        "10,10,10.05,10.05",
        "10,10,10.01,10.01",
        "-20,-20,20,20",
        "100,-20,140,20",
        "10.001,10.001,10.001,10.001",
        "170,-40,-170,40",
        "-5,-5,-4.9,-4.9",
    ];
    let orders = [("", "id"), ("&sortby=-rank", "rank DESC, id")];
    for round in 0..12 {
        for (at, bbox) in boxes.iter().enumerate() {
            let (question, order) = orders[(round + at) % 2];
            let (limit, offset) = [(3, 0), (10_000, 0), (1000, 0), (20, 5)][(round / 2 + at) % 4];
            let page = server
                .json(&format!("/ogcapi/collections/crowd/items?bbox={bbox}&limit={limit}&offset={offset}{question}"));
            let sides: Vec<f64> = bbox.split(',').map(|side| side.parse().unwrap()).collect();
            let meets = |west: f64, east: f64| {
                format!("ST_X(geom) BETWEEN {west} AND {east} AND ST_Y(geom) BETWEEN {} AND {}", sides[1], sides[3])
            };
            let condition = if sides[0] > sides[2] {
                format!("({} OR {})", meets(sides[0], 180.0), meets(-180.0, sides[2]))
            } else {
                meets(sides[0], sides[2])
            };
            let found = |what: &str| database.value("gis", what);
            let ids = found(&format!(
                "SELECT string_agg(id::text, ',') FROM (SELECT id FROM crowd WHERE {condition} ORDER BY {order} \
                 LIMIT {limit} OFFSET {offset}) s"
            ));
            let features = page["features"].as_array().unwrap();
            let given: Vec<String> = features.iter().map(|feature| feature["id"].to_string()).collect();
            assert_eq!(given.join(","), ids.trim(), "{bbox} {limit} {offset}");
            let count = found(&format!("SELECT count(*) FROM crowd WHERE {condition}"));
            assert_eq!(page["numberMatched"].to_string(), count.trim(), "{bbox} {limit} {offset}");
        }
    }
}

#[test]
fn a_line_without_end_takes_no_box_away() {
    if !is_here() {
        return;
    }
    let database = Postgres::start();
    database.sql(
        "gis",
        "CREATE TABLE w4 (id int PRIMARY KEY, geom geometry(Geometry, 4326));
         INSERT INTO w4 VALUES (1, ST_Point(8, 48, 4326)),
            (2, ST_SetSRID(ST_MakeLine(ST_MakePoint(8, 47), ST_MakePoint('inf', 48)), 4326)), (3, ST_Point(5.5, 47.5, 4326)),
            (4, ST_SetSRID(ST_MakeLine(ST_MakePoint(8, 48), ST_MakePoint(9, 'nan')), 4326));
         CREATE TABLE w2154 (id int PRIMARY KEY, geom geometry(LineString, 2154));
         INSERT INTO w2154 VALUES (1, 'SRID=2154;LINESTRING(700000 6600000, 710000 6610000)'),
            (2, ST_SetSRID(ST_MakeLine(ST_MakePoint(700000, 6600000), ST_MakePoint('inf', 6700000)), 2154));
         CREATE TABLE long AS SELECT id, geom FROM generate_series(1, 9000) id,
            ST_SetSRID(ST_MakeLine(ST_MakePoint(8, 47), ST_MakePoint(CASE WHEN id = 7000 THEN 'inf'::float8 ELSE 9 END, 48)), 4326) geom;
         ALTER TABLE long ADD PRIMARY KEY (id); CREATE INDEX ON w4 USING gist (geom); CREATE INDEX ON long USING gist (geom);",
    );
    let found = |server: &Server, path: &str| -> (Vec<i64>, serde_json::Value) {
        let page = server.json(&format!("/ogcapi/collections/{path}"));
        let features = page["features"].as_array().unwrap();
        (features.iter().map(|it| it["id"].as_i64().unwrap()).collect(), page["numberMatched"].clone())
    };
    let whole = "long/items?limit=9999&bbox=5,47.5,9,49";
    for first in ["items?bbox=5,47.5,9,49&limit=100", "items?filter=S_INTERSECTS(geom,BBOX(5,47.5,9,49))"] {
        let server = Server::start(&[&database.dsn()]);
        for _ in 0..2 {
            assert_eq!(found(&server, &format!("w4/{first}")), (vec![1, 3], 2.into()), "{first}");
            assert_eq!(found(&server, "w4/items?filter=NOT%20S_INTERSECTS(geom,BBOX(5,47.9,9,49))").0, [3]);
            assert_eq!(found(&server, "w2154/items?bbox=2,46,4,47").0, [1]);
            assert_eq!(found(&server, "w4/items?limit=1&bbox=5,47.5,9,49"), (vec![1], 2.into()));
        }
        // The row comes when others were sent already.
        let expected: Vec<i64> = (1..=9000).filter(|id| *id != 7000).collect();
        for _ in 0..2 {
            assert!(found(&server, whole).0 == expected, "{first}");
        }
        let map = "/ows?SERVICE=WMS&VERSION=1.3.0&REQUEST=GetMap&LAYERS=w2154&STYLES=&CRS=CRS:84&BBOX=2,46,4,47&WIDTH=64&HEIGHT=64";
        server.get(&format!("{map}&FORMAT=image/png")).expect(200);
    }
    // What the first asks for is all of a layer that has the row far behind.
    let server = Server::start(&[&database.dsn()]);
    assert_eq!(found(&server, whole).0.len(), 8999);
}
