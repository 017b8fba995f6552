//! Whole numbers of 64 bits beside floats: neither side is rounded.

use std::cmp::Ordering;
use std::process::Command;

use serde_json::Value;

use crate::harness::postgres::{Postgres, is_here};
use crate::harness::server::Server;

const WHOLE: [i64; 12] = [
    i64::MIN,
    i64::MIN + 1,
    -9_007_199_254_740_993,
    -1,
    0,
    1,
    9_007_199_254_740_991,
    9_007_199_254_740_992,
    9_007_199_254_740_993,
    9_007_199_254_740_994,
    i64::MAX - 1,
    i64::MAX,
];
const FLOATS: [f64; 12] = [
    -1e30,
    -9_223_372_036_854_775_808.0,
    -9_007_199_254_740_994.0,
    -0.5,
    0.0,
    0.5,
    1.0,
    9_007_199_254_740_991.0,
    9_007_199_254_740_992.0,
    9_007_199_254_740_994.0,
    9_223_372_036_854_775_808.0,
    1e30,
];

/// Whether an order is that of a sign.
type Holds = fn(Ordering) -> bool;

fn exact(whole: i64, float: f64) -> Ordering {
    // All of them have their place here, or are beyond it.
    i128::from(whole).cmp(&(float.floor() as i128)).then(if float.fract() == 0.0 {
        Ordering::Equal
    } else {
        Ordering::Less
    })
}

fn ids(server: &Server, filter: &str) -> Vec<i64> {
    let filter = percent_encoding::utf8_percent_encode(filter, percent_encoding::NON_ALPHANUMERIC);
    let page = server.json(&format!("/ogcapi/collections/pairs/items?limit=1000&filter={filter}"));
    page["features"].as_array().unwrap().iter().map(|feature| feature["id"].as_i64().unwrap()).collect()
}

#[test]
fn a_whole_number_beside_a_float_is_compared_exactly_on_every_source() {
    if !is_here() {
        return;
    }
    let database = Postgres::start();
    let pairs: Vec<(i64, f64)> = WHOLE.iter().flat_map(|whole| FLOATS.iter().map(|float| (*whole, *float))).collect();
    let rows: Vec<String> = pairs
        .iter()
        .enumerate()
        .map(|(at, (whole, float))| {
            format!("({at}, '{whole}', '{float}', '{float}', '{float}', 'SRID=4326;POINT(1 1)')")
        })
        .collect();
    database.sql(
        "gis",
        &format!(
            "CREATE TABLE pairs (fid int PRIMARY KEY, i8 bigint, r8 float8, num numeric, short numeric(60, 1), geom geometry(Point, 4326));
             INSERT INTO pairs VALUES {};
             INSERT INTO pairs VALUES (1000, NULL, 1e30, 1e30, 1e30, NULL), (1001, 1, NULL, NULL, NULL, NULL), (1002, 1, 'NaN', 'NaN', NULL, NULL);",
            rows.join(", ")
        ),
    );
    let of_database = Server::start(&[&database.dsn()]);
    let folder = tempfile::tempdir().unwrap();
    let (json, package) = (folder.path().join("pairs.geojson"), folder.path().join("pairs.gpkg"));
    let all: Value = of_database.json("/ogcapi/collections/pairs/items?limit=1000");
    std::fs::write(&json, all.to_string()).unwrap();
    let made = Command::new("ogr2ogr").args(["-q", "-preserve_fid", "-nln", "pairs"]).arg(&package).arg(&json).status();
    assert!(made.unwrap().success());
    let servers = [of_database, Server::start(&[json.to_str().unwrap()]), Server::start(&[package.to_str().unwrap()])];
    let signs: [(&str, Holds); 6] = [
        ("=", Ordering::is_eq),
        ("<>", Ordering::is_ne),
        ("<", Ordering::is_lt),
        ("<=", Ordering::is_le),
        (">", Ordering::is_gt),
        (">=", Ordering::is_ge),
    ];
    for (sign, holds) in signs {
        let of = |holds: &dyn Fn(Ordering) -> bool| -> Vec<i64> {
            let found = pairs.iter().enumerate().filter(|(_, (whole, float))| holds(exact(*whole, *float)));
            found.map(|(at, _)| at as i64).collect()
        };
        for float in ["r8", "num", "short"] {
            for (filter, expected) in [
                (format!("i8 {sign} {float}"), of(&holds)),
                (format!("{float} {sign} i8"), of(&|order| holds(order.reverse()))),
                (format!("NOT i8 {sign} {float}"), of(&|order| !holds(order))),
                (format!("i8 {sign} {float} + 0"), of(&holds)),
            ] {
                for (at, server) in servers.iter().enumerate() {
                    assert_eq!(ids(server, &filter), expected, "{filter} by {at}");
                }
            }
        }
    }
    // The least whole number has an opposite, as a float.
    for (filter, expected) in [("abs(i8) > 9223372036854775000 AND i8 < 0", 24), ("abs(i8) = -i8 AND i8 < -1", 36)] {
        for (at, server) in servers.iter().enumerate() {
            assert_eq!(ids(server, filter).len(), expected, "{filter} by {at}");
        }
    }
}
