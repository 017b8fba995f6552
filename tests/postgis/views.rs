//! Queries of the project file as collections.

use crate::harness::postgres::{Postgres, is_here};
use crate::harness::server::{Server, run, stderr};
use crate::harness::{made, until};

fn project(database: &Postgres, name: &str, layer: &str) -> String {
    let file = made(name, |path| {
        std::fs::write(path, format!("[[layers]]\nsource = \"{}\"\n{layer}", database.dsn())).unwrap();
    });
    file.to_str().unwrap().to_owned()
}

const TOWNS: &str = "
    CREATE TABLE towns (id int PRIMARY KEY, people int, geom geometry(Point, 4326));
    INSERT INTO towns SELECT n, n * 100, ST_SetSRID(ST_MakePoint(n, n), 4326) FROM generate_series(1, 9) AS n";

#[test]
fn a_query_is_published_as_if_it_were_a_view() {
    if !is_here() {
        return;
    }
    let database = Postgres::start();
    database.sql("gis", TOWNS);
    let layer = "
        id = 'large'
        sql = \"SELECT id, people, people::text || ':least' AS told, ST_Buffer(geom, 1)::geometry(Polygon, 4326) AS shape FROM towns WHERE people >= :least -- :least\"
        [layers.parameters.least]
        type = 'integer'
        default = 500
    ";
    let server = Server::start(&["--project", &project(&database, "large.toml", layer)]);
    let page = server.json("/ogcapi/collections/large/items");
    assert_eq!(page["numberMatched"], 5);
    assert_eq!(page["features"][0]["geometry"]["type"], "Polygon");
    assert_eq!(page["features"][0]["properties"]["told"], "500:least");
    assert_eq!(server.json("/ogcapi/collections/large/items?people=600")["numberMatched"], 1);
    assert_eq!(server.json("/ogcapi/collections/large/items?least=700&limit=1")["numberMatched"], 3);
    assert_eq!(server.json("/ogcapi/collections/large/items?least=700&people=600")["numberMatched"], 0);
    server.get("/ogcapi/collections/large/items?least=many").expect(400);
    server.get("/ogcapi/collections/large/items?least=1%3BDROP%20TABLE%20towns").expect(400);
    let next = server.get("/ogcapi/collections/large/items?least=700&limit=1").links("next")[0]["href"].clone();
    assert!(next.as_str().unwrap().contains("least=700"), "{next}");
    let api = server.json("/ogcapi/api");
    // Where two parameters are alike, the document has them once and refers to them.
    let listed = api["paths"]["/collections/large/items"]["get"]["parameters"].as_array().unwrap();
    let resolved = listed.iter().map(|it| it["$ref"].as_str().map_or(it, |at| api.pointer(&at[1..]).unwrap()));
    let least = resolved.filter(|it| it["name"] == "least").collect::<Vec<_>>();
    assert_eq!(least[0]["schema"], serde_json::json!({ "type": "integer", "default": 500 }));
    assert_eq!(server.json("/ogcapi/collections/large/items?bbox=6.5,6.5,7,7")["numberMatched"], 2);
}

#[test]
fn a_query_that_cannot_be_published_is_told_by_check() {
    if !is_here() {
        return;
    }
    let database = Postgres::start();
    database.sql("gis", TOWNS);
    for (layer, told) in [
        ("sql = 'SELECT * FROM towns'", "needs an id"),
        ("id = 'x'\nsql = 'SELECT * FROM nowhere'", "nowhere"),
        ("id = 'x'\nsql = 'SELECT id FROM towns'", "no geometry"),
        ("id = 'x'\nsql = 'SELECT people AS n, geom FROM towns'", "key"),
        ("id = 'x'\nsql = 'SELECT * FROM towns'\nparameters.n = { type = 'colour', default = 1 }", "colour"),
        ("id = 'x'\nsql = 'SELECT * FROM towns'\nparameters.n = { type = 'integer', default = 'a' }", "integer"),
        ("id = 'x'\nsql = 'DELETE FROM towns RETURNING *'", "syntax error"),
    ] {
        let checked = run(&["check", "--project", &project(&database, "wrong.toml", layer)]);
        assert!(!checked.status.success(), "{layer}");
        assert!(stderr(&checked).contains(told), "{layer}: {}", stderr(&checked));
    }
    assert_eq!(database.value("gis", "SELECT count(*) FROM towns"), "9");
}

#[test]
fn a_parameter_that_a_query_cannot_take_is_the_fault_of_who_gives_it() {
    if !is_here() {
        return;
    }
    let database = Postgres::start();
    database.sql("gis", TOWNS);
    let layer = "
        id = 'some'
        sql = \"SELECT id, people / :by AS part, geom FROM towns WHERE people::text LIKE :pattern\"
        [layers.parameters]
        pattern = { type = 'string', default = '%' }
        by = { type = 'integer', default = 1 }
    ";
    let server = Server::start(&["--project", &project(&database, "some.toml", layer)]);
    let items = "/ogcapi/collections/some/items";
    assert_eq!(server.json(items)["numberMatched"], 9);
    for (question, named) in [("pattern=%5C", "'pattern'"), ("by=0", "'by'"), ("by=0&pattern=9%25", "'by', 'pattern'")]
    {
        for more in ["", "&limit=2", "&filter=CASEI('a')=CASEI('A')", "&sortby=-part"] {
            let answer = server.get(&format!("{items}?{question}{more}")).expect(400).text();
            // Ids of requests have any digits.
            let answer = answer.split("\"request_id\"").next().unwrap();
            let told = named.split(", ").all(|name| answer.contains(name));
            assert!(told && !answer.contains("towns") && !answer.contains("22"), "{question}: {answer}");
        }
    }
    assert_eq!(server.json(&format!("{items}?by=2&pattern=9%25"))["numberMatched"], 1);
}

#[test]
fn a_materialized_view_that_is_not_filled_yet_is_awaited() {
    if !is_here() {
        return;
    }
    let database = Postgres::start();
    database.sql("gis", TOWNS);
    database.sql(
        "gis",
        "CREATE MATERIALIZED VIEW filled AS SELECT * FROM towns;
         CREATE MATERIALIZED VIEW unfilled AS SELECT * FROM towns WITH NO DATA;
         CREATE VIEW over AS SELECT * FROM unfilled;",
    );
    let server = Server::start(&[&database.dsn()]);
    let items = |name: &str| server.get(&format!("/ogcapi/collections/{name}/items"));
    items("filled").expect(200);
    database.sql("gis", "REFRESH MATERIALIZED VIEW filled WITH NO DATA");
    for name in ["filled", "unfilled", "over"] {
        let answer = items(name).expect(503);
        assert!(!answer.header("retry-after").is_empty() && !answer.text().contains("55000"), "{}", answer.text());
    }
    // What is described anew meanwhile goes on as it was.
    database.sql("gis", "CREATE TABLE more (id int PRIMARY KEY, geom geometry(Point, 4326))");
    until("a new table is not found", || items("more").status == 200);
    items("filled").expect(503);
    database.sql("gis", "REFRESH MATERIALIZED VIEW filled; REFRESH MATERIALIZED VIEW unfilled");
    for name in ["filled", "unfilled", "over"] {
        until("what was filled is not found", || items(name).status == 200);
        assert_eq!(items(name).json()["numberMatched"], 9);
    }
}

#[test]
fn a_parameter_that_is_called_as_one_of_the_api_is_refused_at_the_start() {
    if !is_here() {
        return;
    }
    let database = Postgres::start();
    database.sql("gis", TOWNS);
    let layer = |name: &str| {
        format!(
            "id = 'x'\nsql = 'SELECT * FROM towns WHERE people > :{name}'\nparameters.{name} = {{ type = 'integer', default = 1 }}"
        )
    };
    let own = ["f", "limit", "offset", "cursor", "bbox", "crs", "datetime", "q", "filter", "sortby", "properties"];
    for name in own.into_iter().chain(["skipGeometry", "collectionId", "featureId", "contains", "MAP"]) {
        for command in ["check", "serve"] {
            let said = run(&[command, "--project", &project(&database, "own.toml", &layer(name))]);
            let told = format!("layer 'x': the parameter '{name}'");
            assert!(!said.status.success() && stderr(&said).contains(&told), "{command} {name}: {}", stderr(&said));
        }
    }
    // Those of other names are fine, such as a column's.
    let said = run(&["check", "--project", &project(&database, "own.toml", &layer("people"))]);
    assert!(said.status.success(), "{}", stderr(&said));
}
