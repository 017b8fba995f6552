//! What one odd table does to the start, and to the others.

use std::time::{Duration, Instant};

use crate::harness::postgres::{Postgres, is_here};
use crate::harness::server::{Server, run, stderr, stdout};

#[test]
fn a_view_that_takes_long_holds_back_neither_the_start_nor_init() {
    if !is_here() {
        return;
    }
    let database = Postgres::start();
    database.sql(
        "gis",
        "CREATE TABLE good (id int PRIMARY KEY, geom geometry(Point, 4326));
         INSERT INTO good VALUES (1, 'SRID=4326;POINT(8 47)');
         CREATE VIEW slow AS SELECT id, pg_sleep(40)::text AS z, geom FROM good;
         CREATE TABLE refused (id int, geom geometry(Point, 4326));",
    );
    let begun = Instant::now();
    let mut server = Server::start(&[&database.dsn()]);
    assert!(begun.elapsed() < Duration::from_secs(35), "{:?}", begun.elapsed());
    server.get("/ogcapi/collections/good/items").expect(200);
    server.get("/ogcapi/collections/slow").expect(404);
    let log = server.log();
    assert!(log.contains("table 'slow': the database takes too long"), "{log}");
    let output = run(&["init", &database.dsn()]);
    assert!(output.status.success(), "{}", stderr(&output));
    assert!(stdout(&output).contains("id = \"good\""), "{}", stdout(&output));
    for name in ["table 'slow'", "table 'refused'"] {
        assert!(stderr(&output).contains(name), "{}", stderr(&output));
    }
    // Nothing of the patience of the start is left.
    assert_eq!(server.json("/ogcapi/collections/good/items?filter=id%3D1")["numberMatched"], 1);
}

#[test]
fn tables_are_read_where_the_path_of_the_role_does_not_lead_to_postgis() {
    if !is_here() {
        return;
    }
    let database = Postgres::start();
    database.sql(
        "gis",
        "CREATE SCHEMA odd;
         CREATE TABLE odd.places (id int PRIMARY KEY, name text, geom geometry(Point, 2154));
         INSERT INTO odd.places VALUES (1, 'a', ST_Transform('SRID=4326;POINT(2 46)'::geometry, 2154));
         CREATE TABLE flat (id int PRIMARY KEY, geom geometry);
         INSERT INTO flat VALUES (1, 'SRID=4326;POINT(8 47)');",
    );
    let check = |dsn: &str| {
        let server = Server::start(&[dsn]);
        for (id, bbox) in [("odd.places", "1,45,3,47"), ("flat", "7,46,9,48")] {
            let items = server.json(&format!("/ogcapi/collections/{id}/items?bbox={bbox}"));
            assert_eq!(items["numberMatched"], 1, "{dsn}: {items}");
        }
    };
    check(&format!("{}?options=-csearch_path%3Dodd", database.dsn()));
    database.sql("postgres", "ALTER DATABASE gis SET search_path = odd");
    check(&database.dsn());
    database.sql("postgres", "ALTER DATABASE gis SET search_path = ''");
    check(&database.dsn());
}

#[test]
fn a_surface_of_patches_fails_no_box_over_its_table() {
    if !is_here() {
        return;
    }
    let database = Postgres::start();
    database.sql(
        "gis",
        "CREATE TABLE odd (id int PRIMARY KEY, geom geometry(Geometry, 4326));
         CREATE INDEX ON odd USING gist (geom);
         INSERT INTO odd VALUES (1, 'SRID=4326;POINT(1 1)'), (2, 'SRID=4326;POINT(20 20)'), (9, NULL);
         CREATE TABLE surfaces (id int PRIMARY KEY, geom geometry(PolyhedralSurfaceZ, 4326));
         INSERT INTO surfaces VALUES (1, 'SRID=4326;POLYHEDRALSURFACE Z (((0 0 0,0 4 0,4 4 0,4 0 0,0 0 0)),((10 10 0,10 14 0,14 14 0,10 10 0)))');
         CREATE TABLE solid (id int PRIMARY KEY, geom geometry(GeometryZ, 4326));
         INSERT INTO solid VALUES
             (3, 'SRID=4326;POLYHEDRALSURFACE Z (((0 0 0,0 4 0,4 4 0,4 0 0,0 0 0)),((10 10 0,10 14 0,14 14 0,10 10 0)))'),
             (4, 'SRID=4326;TIN Z (((0 0 0,0 2 0,2 2 0,0 0 0)),((30 30 0,30 32 0,32 32 0,30 30 0)))'),
             (5, 'SRID=4326;TRIANGLE Z ((0 0 0,0 9 0,9 9 0,0 0 0))'),
             (6, 'SRID=4326;GEOMETRYCOLLECTION Z (POINT Z (1 1 0),TIN Z (((40 40 0,40 42 0,42 42 0,40 40 0))))'),
             (7, 'SRID=4326;POLYHEDRALSURFACE Z (((1 1 0,1 1 5,1 2 5,1 2 0,1 1 0)))'),
             (8, 'SRID=4326;GEOMETRYCOLLECTION Z EMPTY');
         INSERT INTO odd SELECT id, ST_Force2D(geom) FROM solid;",
    );
    let server = Server::start(&[&database.dsn()]);
    let ids = |id: &str, query: &str| -> Vec<i64> {
        let answer = server.get(&format!("/ogcapi/collections/{id}/items?limit=100&{query}")).expect(200).json();
        answer["features"].as_array().unwrap().iter().map(|it| it["id"].as_i64().unwrap()).collect()
    };
    for (area, wanted) in [
        ("0.5,0.5,1.5,1.5", vec![1, 3, 4, 5, 6, 7]),
        // Within the envelopes, and on none of the patches.
        ("6,7,7,7.5", vec![5]),
        ("6,5,8,5.5", vec![]),
        ("11,12,11.5,13", vec![3]),
        ("30.5,31,31,31.6", vec![4]),
        ("40.5,41,41,41.6", vec![6]),
        ("19,19,21,21", vec![2]),
    ] {
        let within: Vec<i64> = ids("odd", &format!("filter=S_INTERSECTS(geom,BBOX({area}))"));
        assert_eq!(within, wanted, "{area}");
        let boxed: Vec<i64> =
            ids("odd", &format!("bbox={area}")).into_iter().filter(|id| *id != 8 && *id != 9).collect();
        assert_eq!(boxed, wanted, "{area}");
        let flat: Vec<i64> = ids("odd", &format!("filter=NOT%20S_INTERSECTS(geom,BBOX({area}))"));
        assert!(wanted.iter().all(|id| !flat.contains(id)) && !flat.contains(&9), "{area}: {flat:?}");
        assert_eq!(flat.len() + wanted.len(), 8, "{area}: {flat:?}");
        let solid: Vec<i64> = wanted.iter().copied().filter(|id| *id > 2).collect();
        let three = ids("solid", &format!("filter=S_INTERSECTS(geom,BBOX({area}))"));
        assert_eq!(three, solid, "{area}, with heights");
    }
    assert_eq!(ids("surfaces", "bbox=11,12,11.5,13"), [1]);
    assert_eq!(ids("surfaces", "bbox=6,7,7,7.5"), [0_i64; 0]);
}
