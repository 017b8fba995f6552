//! Tables are known by schema and name, whatever dots these have.

use crate::harness::postgres::{Postgres, is_here};
use crate::harness::server::{Server, run, stderr, stdout};

const TABLES: [(&str, &str, &str); 4] = [
    // Its schema and name, and what it is called.
    ("\"a\"", "\"b\"", "a.b"),
    ("public", "\"a.b\"", "public.a.b"),
    ("\"public.a\"", "\"b\"", "\"public.a\".b"),
    ("public", "\"b\"", "b"),
];

#[test]
fn a_table_with_a_dot_in_its_name_is_not_taken_for_one_of_another_schema() {
    if !is_here() {
        return;
    }
    let database = Postgres::start();
    database.sql("gis", "CREATE SCHEMA a; CREATE SCHEMA \"public.a\"");
    for (number, (schema, name, _)) in TABLES.iter().enumerate() {
        database.sql(
            "gis",
            &format!(
                "CREATE TABLE {schema}.{name} (id int PRIMARY KEY, n int, geom geometry(Point, 4326));
                 INSERT INTO {schema}.{name} VALUES (1, {number}, 'SRID=4326;POINT({number} 0)')"
            ),
        );
    }
    let check = |server: &Server| {
        for (number, (_, _, label)) in TABLES.iter().enumerate() {
            let id = percent_encoding::utf8_percent_encode(label, percent_encoding::NON_ALPHANUMERIC);
            let page = server.json(&format!("/ogcapi/collections/{id}/items"));
            assert_eq!(page["features"][0]["properties"]["n"], number, "{label}");
            assert_eq!(page["features"][0]["geometry"]["coordinates"][0], number, "{label}");
        }
    };
    check(&Server::start(&[&database.dsn()]));
    // What init writes names each of them.
    let written = run(&["init", &database.dsn()]);
    assert!(written.status.success(), "{}", stderr(&written));
    let file = crate::harness::made("dots.toml", |path| std::fs::write(path, stdout(&written)).unwrap());
    check(&Server::start(&["--project", file.to_str().unwrap()]));
    // They may be quoted as in SQL, and none is taken for another that is not there.
    let layer =
        |name: &str, id: &str| format!("[[layers]]\nsource = '{}'\nlayer = '{name}'\nid = '{id}'\n", database.dsn());
    let file = crate::harness::made("quoted.toml", |path| {
        let layers = [
            layer("public.\"a.b\"", "one"),
            layer("\"a\".\"b\"", "two"),
            layer("public.b", "three"),
            layer("x.b", "none"),
        ];
        std::fs::write(path, layers.concat()).unwrap();
    });
    let server = Server::start(&["--project", file.to_str().unwrap()]);
    for (id, number) in [("one", 1), ("two", 0), ("three", 3)] {
        let page = server.json(&format!("/ogcapi/collections/{id}/items"));
        assert_eq!(page["features"][0]["properties"]["n"], number, "{id}");
    }
    server.get("/ogcapi/collections/none/items").expect(404);
}
