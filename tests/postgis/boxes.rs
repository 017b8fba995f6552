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
