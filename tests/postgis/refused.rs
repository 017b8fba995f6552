//! Tables that cannot be read as they are: refused with what helps, never served wrong.

use serde_json::json;

use crate::harness::made;
use crate::harness::postgres::{Postgres, is_here};
use crate::harness::server::{Server, run, stderr};

fn project(database: &Postgres, name: &str, layers: &[&str]) -> String {
    let file = made(name, |path| {
        let layers: Vec<String> =
            layers.iter().map(|layer| format!("[[layers]]\nsource = \"{}\"\n{layer}\n", database.dsn())).collect();
        std::fs::write(path, layers.concat()).unwrap();
    });
    file.to_str().unwrap().to_owned()
}

#[test]
fn geometries_of_several_reference_systems_are_refused_by_name() {
    if !is_here() {
        return;
    }
    let database = Postgres::start();
    database.sql(
        "gis",
        "CREATE TABLE mixed (id int PRIMARY KEY, geom geometry);
         INSERT INTO mixed VALUES (1, 'SRID=4326;POINT(8 47)'), (2, 'SRID=25832;POINT(500000 5200000)'), (3, 'POINT(1 1)');
         CREATE TABLE metres (id int PRIMARY KEY, geom geometry);
         INSERT INTO metres VALUES (1, 'POINT(500000 5200000)');
         CREATE TABLE degrees (id int PRIMARY KEY, geom geometry);
         INSERT INTO degrees VALUES (1, 'POINT(8 47)');",
    );
    let mut server = Server::start(&[&database.dsn()]);
    server.get("/ogcapi/collections/mixed").expect(404);
    server.get("/ogcapi/collections/metres").expect(404);
    server.get("/ogcapi/collections/degrees/items").expect(200);
    let log = server.log();
    assert!(log.contains("SRID 0, 4326, 25832") && log.contains("ST_Transform"), "{log}");
    assert!(log.contains("500000 5200000") && log.contains("crs = "), "{log}");
    // The project file says what the table does not.
    let file = project(&database, "metres.toml", &["layer = 'metres'\ncrs = 'EPSG:25832'"]);
    let server = Server::start(&["--project", &file]);
    let feature = server.json("/ogcapi/collections/metres/items?bbox=8,46,10,48")["features"][0].clone();
    let place = feature["geometry"]["coordinates"].clone();
    assert!((place[0].as_f64().unwrap() - 9.0).abs() < 1e-6, "{feature}");
}

#[test]
fn a_key_that_may_not_be_unique_is_none() {
    if !is_here() {
        return;
    }
    let database = Postgres::start();
    database.sql(
        "gis",
        "CREATE TABLE parent (id int PRIMARY KEY, geom geometry(Point, 4326));
         CREATE TABLE child () INHERITS (parent);
         CREATE TABLE several (id int, part int, geom geometry(Point, 4326), PRIMARY KEY (id, part));
         CREATE TABLE divided (id int PRIMARY KEY, geom geometry(Point, 4326)) PARTITION BY RANGE (id);
         CREATE TABLE divided_1 PARTITION OF divided FOR VALUES FROM (0) TO (100);
         INSERT INTO parent VALUES (1, NULL); INSERT INTO child VALUES (1, NULL);
         INSERT INTO several VALUES (1, 1, NULL); INSERT INTO divided VALUES (1, NULL);",
    );
    let mut server = Server::start(&[&database.dsn()]);
    server.get("/ogcapi/collections/parent").expect(404);
    server.get("/ogcapi/collections/several").expect(404);
    assert_eq!(server.json("/ogcapi/collections/divided/items")["numberMatched"], 1);
    let log = server.log();
    assert!(log.contains("'parent'") && log.contains("inherit") && log.contains("'several'"), "{log}");
    assert!(log.contains("key = "), "{log}");
}

#[test]
fn a_query_without_rows_keeps_its_reference_system() {
    if !is_here() {
        return;
    }
    let database = Postgres::start();
    database.sql(
        "gis",
        "CREATE TABLE towns (id int PRIMARY KEY, people int, geom geometry(Point, 25832));
         INSERT INTO towns SELECT n, n, ST_SetSRID(ST_MakePoint(500000, 5200000), 25832) FROM generate_series(1, 9) AS n",
    );
    let query = "
        id = 'large'
        sql = 'SELECT id, people, geom FROM towns WHERE people >= :least'
        parameters.least = { type = 'integer', default = 500 }";
    let guessed = query.replace("'large'", "'guessed'").replace(" geom FROM", " ST_Centroid(geom) AS geom FROM");
    let file = project(&database, "empty.toml", &[query, &guessed]);
    let mut server = Server::start(&["--project", &file]);
    assert_eq!(server.json("/ogcapi/collections/large/items")["numberMatched"], 0);
    let feature = server.json("/ogcapi/collections/large/items?least=5")["features"][0].clone();
    assert!((feature["geometry"]["coordinates"][0].as_f64().unwrap() - 9.0).abs() < 1e-6, "{feature}");
    let log = server.log();
    assert!(log.contains("guessed") && log.contains("crs = "), "{log}");
}

#[test]
fn one_feature_takes_the_parameters_of_its_query() {
    if !is_here() {
        return;
    }
    let database = Postgres::start();
    database.sql(
        "gis",
        "CREATE TABLE towns (id int PRIMARY KEY, people int, geom geometry(Point, 4326));
         INSERT INTO towns SELECT n, n, ST_SetSRID(ST_MakePoint(n, n), 4326) FROM generate_series(1, 9) AS n",
    );
    let query = "
        id = 'large'
        sql = 'SELECT id, people, geom FROM towns WHERE people >= :least'
        parameters.least = { type = 'integer', default = 5 }";
    let server = Server::start(&["--project", &project(&database, "one.toml", &[query])]);
    let items = "/ogcapi/collections/large/items";
    server.get(&format!("{items}/2")).expect(404);
    let feature = server.json(&format!("{items}/2?least=1"));
    assert_eq!(feature["properties"], json!({ "people": 2 }));
    let own = feature["links"].as_array().unwrap().iter().find(|link| link["rel"] == "self").unwrap().clone();
    assert!(own["href"].as_str().unwrap().contains("least=1"), "{own}");
    server.get(&format!("{items}/2?least=many")).expect(400);
    server.get(&format!("{items}/2?most=1")).expect(400);
    let page = server.get(&format!("{items}?least=1&f=html")).text();
    let link = page.split("items/2?").nth(1).unwrap_or_default().split('"').next().unwrap_or_default();
    assert!(link.contains("least=1"), "{page}");
}

#[test]
fn spatial_tables_that_are_left_out_are_named() {
    if !is_here() {
        return;
    }
    let database = Postgres::start();
    database.sql(
        "gis",
        "CREATE DOMAIN place AS geometry(Point, 4326);
         CREATE TABLE of_domain (id int PRIMARY KEY, geom place);
         CREATE TABLE in_part (id int PRIMARY KEY, secret text, geom geometry(Point, 4326));
         CREATE TABLE hidden (id int PRIMARY KEY, geom geometry(Point, 4326));
         CREATE TABLE seen (id int PRIMARY KEY, geom geometry(Point, 4326));
         CREATE ROLE reader LOGIN; GRANT SELECT ON of_domain, seen TO reader; GRANT SELECT (id, geom) ON in_part TO reader;",
    );
    let checked = run(&["check", &database.dsn().replace("gis@", "reader@")]);
    let told = stderr(&checked);
    assert!(told.contains("'of_domain'") && told.contains("domain"), "{told}");
    assert!(told.contains("'in_part'") && told.contains("columns"), "{told}");
    assert!(!told.contains("hidden") && !told.contains("'seen'"), "{told}");
}
