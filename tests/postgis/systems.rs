//! Reference systems as `spatial_ref_sys` has them.

use serde_json::Value;

use crate::harness::postgres::{Postgres, is_here};
use crate::harness::server::{Server, run, stderr, stdout};

fn place(server: &Server, table: &str) -> (f64, f64) {
    let page = server.json(&format!("/ogcapi/collections/{table}/items"));
    let place = &page["features"][0]["geometry"]["coordinates"];
    let number = |at: usize| place.get(at).and_then(Value::as_f64).unwrap_or(f64::NAN);
    (number(0), number(1))
}

#[test]
fn a_system_that_is_given_by_its_authority_or_for_proj_alone_is_never_taken_for_degrees() {
    if !is_here() {
        return;
    }
    let database = Postgres::start();
    database.sql(
        "gis",
        "INSERT INTO spatial_ref_sys (srid, auth_name, auth_srid, srtext, proj4text) VALUES
            (910001, NULL, NULL, NULL, '+proj=laea +lat_0=50 +lon_0=10 +datum=WGS84 +units=m'),
            (910002, 'ESRI', 102013, NULL, NULL),
            (910003, 'mine', 7, 'garbage', '+proj=laea +lat_0=50 +lon_0=10 +datum=WGS84 +units=m'),
            (910004, 'EPSG', 25833, 'garbage', 'garbage'),
            (910005, NULL, NULL, 'garbage', NULL), (910006, NULL, NULL, NULL, NULL);
         INSERT INTO spatial_ref_sys SELECT 910007, 'EPSG', 999999, srtext, '' FROM spatial_ref_sys WHERE srid = 25832;",
    );
    let good = [("local", 910_001), ("albers", 910_002), ("second", 910_003), ("coded", 910_004), ("wkt", 910_007)];
    for (name, srid) in good {
        database.sql(
            "gis",
            &format!(
                "CREATE TABLE {name} (id int PRIMARY KEY, geom geometry(Point, {srid}));
                 INSERT INTO {name} VALUES (1, ST_Transform('SRID=4326;POINT(10.001 50.0005)'::geometry, {srid}))"
            ),
        );
    }
    let bad = [("garbage", 910_005), ("nothing", 910_006)];
    for (name, srid) in bad {
        database.sql(
            "gis",
            &format!(
                "CREATE TABLE {name} (id int PRIMARY KEY, geom geometry(Point, {srid}));
                 INSERT INTO {name} VALUES (1, 'SRID={srid};POINT(8 47)')"
            ),
        );
    }
    // The number is the rows' alone, and stands nowhere.
    database.sql(
        "gis",
        "CREATE TABLE gone (id int PRIMARY KEY, geom geometry); INSERT INTO gone VALUES (1, 'SRID=910009;POINT(8 47)')",
    );
    let mut server = Server::start(&[&database.dsn()]);
    for (name, _) in good {
        let (x, y) = place(&server, name);
        assert!((x - 10.001).abs() < 1e-6 && (y - 50.0005).abs() < 1e-6, "{name}: {x} {y}");
        let near = server.json(&format!("/ogcapi/collections/{name}/items?bbox=10,50,10.01,50.01"));
        assert_eq!(near["numberMatched"], 1, "{name}");
        let far = server.json(&format!("/ogcapi/collections/{name}/items?bbox=70,50,80,60"));
        assert_eq!(far["numberMatched"], 0, "{name}");
    }
    let log = server.log();
    let checked = run(&["check", &database.dsn()]);
    let said = stdout(&checked) + &stderr(&checked);
    for (name, srid) in bad.into_iter().chain([("gone", 910_009)]) {
        server.get(&format!("/ogcapi/collections/{name}/items")).expect(404);
        for told in [&log, &said] {
            assert!(told.contains(&format!("table '{name}'")) && told.contains(&format!("SRID {srid}")), "{told}");
        }
    }
}
