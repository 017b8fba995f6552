//! Conditions of every class of CQL2: a table finds the rows that a file with the same rows finds, and what the database can
//! say in SQL it is asked in SQL.

use std::sync::OnceLock;

use serde_json::{Value, json};

use crate::both::Both;
use crate::harness::client::attempt;
use crate::harness::postgres::{Postgres, is_here};
use crate::harness::server::Server;
use crate::harness::{examples, text};

fn both() -> &'static Both {
    static BOTH: OnceLock<Both> = OnceLock::new();
    BOTH.get_or_init(|| Both::load(&[(text(examples::file()), "examples")], lists))
}

/// GDAL leaves out the lists. Here they are as PostgreSQL has them, one as a document and one as an array.
fn lists(database: &Postgres, of_file: &Server) {
    let page = of_file.json("/ogcapi/collections/examples/items?limit=1000");
    let mut updates =
        vec!["ALTER TABLE examples ADD COLUMN \"values\" jsonb, ADD COLUMN \"layer:ids\" text[];".to_owned()];
    for feature in page["features"].as_array().unwrap() {
        let (id, properties) = (&feature["id"], &feature["properties"]);
        if !properties["values"].is_null() {
            let list = properties["values"].to_string();
            updates.push(format!("UPDATE examples SET \"values\" = '{list}' WHERE fid = {id};"));
        }
        if let Some(list) = properties["layer:ids"].as_array() {
            let list: Vec<String> = list.iter().map(|one| format!("'{}'", one.as_str().unwrap())).collect();
            let list = list.join(", ");
            updates.push(format!("UPDATE examples SET \"layer:ids\" = ARRAY[{list}] WHERE fid = {id};"));
        }
    }
    database.sql("gis", &updates.concat());
    database.sql("gis", "CREATE INDEX ON examples USING gin (\"layer:ids\")");
    database.sql("gis", "ALTER DATABASE gis SET log_statement = 'all'");
}

fn ids(server: &Server, filter: &str) -> (Vec<i64>, Value) {
    let filter = percent_encoding::utf8_percent_encode(filter, percent_encoding::NON_ALPHANUMERIC);
    let page = server.json(&format!("/ogcapi/collections/examples/items?limit=1000&filter={filter}"));
    let ids = page["features"].as_array().unwrap().iter().map(|feature| feature["id"].as_i64().unwrap()).collect();
    (ids, page["numberMatched"].clone())
}

/// Conditions, and a part of the SQL that is to be asked for them; nothing where the loop alone may know.
const CONDITIONS: [(&str, &str); 116] = [
    ("floors > 5", "\"floors\" > $1"),
    ("floors <> 5", "\"floors\" <> $1"),
    ("NOT floors = 5", "NOT ("),
    ("fid > 5", "\"fid\" > $1"),
    ("fid BETWEEN 3 AND 9.5 AND floors > 1", "\"fid\" >= $1"),
    ("NOT fid < 7", "\"fid\" < $1"),
    ("fid % 2 = 0", " % nullif("),
    ("fid < floors", "\"fid\" < t.\"floors\""),
    ("fid IN (3, 4.5, 5)", "\"fid\" = ANY ($1"),
    ("taxes <= 500.5", "\"taxes\" <= $1"),
    ("5 < floors", "\"floors\" > $1"),
    ("swimming_pool = TRUE", "\"swimming_pool\" = $1"),
    ("NOT swimming_pool = TRUE", "\"swimming_pool\" = $1"),
    ("owner = 'O''Neill'", "\"owner\" = $1"),
    ("owner > 'Mike'", "COLLATE \"C\" > $1"),
    ("owner IS NULL OR floors < 2", "IS NULL"),
    ("(owner > 'Mike' AND floors < 5) IS NULL", ") IS NULL)"),
    ("(S_INTERSECTS(geometry, BBOX(1, 1, 5, 5)) OR built > demolished) IS NOT NULL", ") IS NULL)"),
    ("geometry IS NULL", "IS NULL"),
    ("geometry IS NOT NULL AND floors = 3", "IS NULL"),
    ("\"eo:cloud_cover\" BETWEEN 0.1 AND 0.5", ">= $1"),
    ("NOT \"eo:cloud_cover\" BETWEEN 0.1 AND 0.5", "NOT ("),
    ("\"eo:instrument\" LIKE 'OLI%'", "LIKE $1"),
    ("\"eo:instrument\" NOT LIKE 'OLI%'", "LIKE $1"),
    ("etat_vol LIKE 'a\\_b'", "= $1"),
    ("etat_vol LIKE '%\\\\%'", "LIKE $1"),
    ("road_class LIKE '100\\%'", "= $1"),
    ("road_class LIKE '____e'", "LIKE $1"),
    ("city IN ('Toronto', 'Tokyo')", "= ANY ($1"),
    ("city NOT IN ('Toronto', 'Tokyo')", "= ANY ($1"),
    ("category IN (1, 2, 9)", "= ANY ($1"),
    ("\"eo:cloud_cover\" IN (0.125, 0.25)", "= ANY ($1"),
    ("CASEI(road_class) = CASEI('straße')", " ~ $1"),
    ("CASEI(owner) = 'mike'", " ~ $1"),
    ("NOT CASEI(owner) = 'mike'", "NOT (t.\"owner\" ~ $1"),
    ("CASEI(owner) <> 'mike'", " !~ $1"),
    ("upper(owner) = 'MIKE'", " ~ $1"),
    ("lower(city) IN ('tokyo', 'toronto')", " ~ $1"),
    ("trim(concat(city, ' ')) = 'Tokyo'", "btrim("),
    ("CASEI(road_class) IN (CASEI('Οδος'), CASEI('Straße')) AND floors > 2", "\"floors\" > $3"),
    ("ACCENTI(etat_vol) = ACCENTI('débárquér')", " ~ $1"),
    ("CASEI(ACCENTI(etat_vol)) LIKE 'debar%'", " ~ $1"),
    ("ACCENTI(CASEI(etat_vol)) = 'angstrom'", " ~ $1"),
    ("year(built) = 2014", "\"built\" >= $1"),
    ("2014 < year(updated_at)", "\"updated_at\" >= $1"),
    ("year(built) BETWEEN 2012 AND 2014 AND month(built) > 3", "extract(month"),
    ("day(updated_at) = 7", "extract(day"),
    ("built = DATE('2012-03-03')", "\"built\" = $1"),
    ("built >= '2014-01-01'", "\"built\" >= $1"),
    ("T_BEFORE(built, DATE('2015-01-01'))", "\"built\" < $1"),
    ("T_AFTER(built, DATE('2012-06-05'))", "\"built\" > $1"),
    ("NOT T_AFTER(built, DATE('2012-06-05'))", "\"built\" > $1"),
    ("T_AFTER(built, TIMESTAMP('2012-06-05T12:00:00Z'))", "\"built\" > $1"),
    ("T_DURING(built, INTERVAL('2012-01-01', '2015-01-01'))", "\"built\" > $1"),
    ("T_INTERSECTS(built, INTERVAL('..', '2015-01-01'))", "\"built\" <= $1"),
    ("T_DISJOINT(demolished, INTERVAL('2012-01-01', '2015-01-01'))", "NOT ("),
    ("T_CONTAINS(INTERVAL('2012-01-01', '2015-01-01'), built)", "\"built\" > $1"),
    ("T_EQUALS(updated_at, DATE('2012-10-10'))", "\"updated_at\" >= $1"),
    ("T_DURING(updated_at, DATE('2012-10-10'))", "\"updated_at\" > $1"),
    ("T_CONTAINS(built, TIMESTAMP('2012-06-05T12:00:00Z'))", "\"built\" <= $1"),
    ("T_AFTER(updated_at, DATE('2012-02-10'))", "\"updated_at\" > $1"),
    ("T_BEFORE(updated_at, TIMESTAMP('2012-08-10T05:30:00Z'))", "\"updated_at\" < $1"),
    ("NOT T_BEFORE(updated_at, TIMESTAMP('2012-08-10T05:30:00Z'))", "isfinite"),
    ("T_DURING(INTERVAL(starts_at, ends_at), INTERVAL('1991-10-01', '1991-12-31'))", "\"starts_at\" > $1"),
    ("T_OVERLAPS(INTERVAL(starts_at, ends_at), INTERVAL('1991-10-10', '1992-01-01'))", "\"ends_at\" > $2"),
    ("T_STARTS(INTERVAL(starts_at, ends_at), INTERVAL('1991-10-03T08:21:06Z', '..'))", "\"starts_at\" >= $1"),
    ("updated_at > TIMESTAMP('2014-01-01T00:00:00Z') AND T_AFTER(built, demolished)", "\"updated_at\" > $1"),
    ("starts_at < ends_at", "\"starts_at\" < t.\"ends_at\""),
    ("NOT starts_at < ends_at", "isfinite"),
    ("built < demolished", "\"built\" < t.\"demolished\""),
    ("vehicle_height > bridge_clearance", "> t.\"bridge_clearance\""),
    ("NOT vehicle_height > bridge_clearance", "'NaN'"),
    ("floors >= value", ">= t.\"value\""),
    ("foo = category", "= t.\"category\""),
    ("name <> owner", "COLLATE \"C\" <> t.\"owner\""),
    ("name < owner", "COLLATE \"C\" < t.\"owner\""),
    ("vehicle_height > (bridge_clearance - 1)", "\"bridge_clearance\" - "),
    ("0 = (foo % 2)", " % nullif("),
    ("value = foo * 2.0 - bar / 4 AND floors > 1", "ELSE true END AND (t.\"floors\" > $3"),
    ("value <= (2 ^ foo)", ""),
    ("foo ^ 2 + bar ^ 2.0 < 30", "\"foo\"::int8)::float8 * ("),
    ("1 = (foo div 2)", " / nullif("),
    ("upper(material) = 'BRICK' OR length(city) = 5", "char_length("),
    ("round(value) = abs(foo)", "trunc("),
    ("sqrt(taxes) > 15.5 AND ceil(bar) <> floor(bar)", "sqrt("),
    ("floors = 3 OR (floors = 4 AND CASEI(owner) = 'mike')", "\"owner\" ~ $3"),
    ("S_INTERSECTS(geometry, BBOX(1, 1, 5, 5))", "ST_Intersects"),
    ("NOT S_INTERSECTS(geometry, BBOX(1, 1, 5, 5))", "ST_Intersects"),
    ("S_INTERSECTS(geometry, POLYGON((1 1, 6 1, 3 5, 1 1)))", "&& ST_MakeEnvelope"),
    ("S_INTERSECTS(geometry, POLYGON((1 1, 6 1, 3 5, 1 1)))", "ST_DWithin("),
    ("S_WITHIN(geometry, POLYGON((1 1, 9 1, 5 9, 1 1))) AND floors > 1", "@ ST_MakeEnvelope"),
    ("S_CONTAINS(geometry, LINESTRING(3 1, 3.5 1.5, 4 1.25))", "~ ST_MakeEnvelope"),
    ("S_CROSSES(geometry, LINESTRING(0 0, 5 5, 9 1))", "ST_DWithin("),
    ("S_OVERLAPS(geometry, POLYGON((1 1, 9 1, 5 9, 1 1)))", "ST_DWithin("),
    ("S_EQUALS(geometry, POLYGON((2 0, 4 0, 4 1.5, 2 1.5, 2 0)))", "&& ST_MakeEnvelope"),
    ("S_TOUCHES(geometry, MULTILINESTRING((2 0, 4 0, 4 3), (9 9, 12 1)))", "ST_DWithin("),
    ("S_WITHIN(geometry, MULTIPOLYGON(((1 1, 9 1, 5 9, 1 1)), ((9 0, 16 0, 9 9, 9 0))))", "&& ST_MakeEnvelope"),
    ("S_TOUCHES(geometry, POLYGON((2 0, 4 0, 4 3, 2 3, 2 0))) OR floors = 8", "OR"),
    ("S_INTERSECTS(geometry, geom)", "NOT ST_IsEmpty("),
    ("NOT S_TOUCHES(geom, geom)", "THEN false END"),
    ("S_EQUALS(geom, geom) AND floors > 1", "THEN true END"),
    ("S_CONTAINS(POLYGON((0 0, 9 0, 0 9, 0 0)), POINT(1 1)) AND floors > 1", "\"floors\" > $1"),
    ("S_DISJOINT(geometry, POLYGON((1 1, 6 1, 3 5, 1 1)))", ""),
    ("A_CONTAINS(\"layer:ids\", ('layers-ca', 'layers-us'))", "@> $1"),
    ("A_CONTAINEDBY(\"layer:ids\", ('layers-ca', 'layers-us'))", "<@ $1"),
    ("A_OVERLAPS(\"layer:ids\", ('layers-us', 'none'))", "&& $1"),
    ("A_EQUALS(('layers-us', 'layers-ca'), \"layer:ids\")", "@> $1"),
    ("A_OVERLAPS(\"values\", ('a', 2))", ""),
    ("A_CONTAINS((floors, 5), (5, 6))", ""),
    ("A_CONTAINEDBY((city), ('Tokyo', 'Toronto'))", ""),
    ("A_EQUALS((POINT(1 1)), (POINT(1 1))) AND floors > 1", "\"floors\" > $"),
    ("(floors = 5) IS NULL", "(t.\"floors\" = $1"),
    ("(floors = 5 OR taxes > 500) IS NOT NULL", "IS NULL"),
    ("INTERVAL(starts_at, ends_at) IS NULL", "\"ends_at\" IS NULL"),
    ("-floors ^ 2 = 25", "* ("),
    ("city = 'Tok\\o' OR city LIKE 'Tok\\yo'", "\"city\""),
];

#[test]
fn conditions_find_the_rows_of_the_file_and_go_down_as_sql() {
    if !is_here() {
        return;
    }
    let both = both();
    for (condition, sql) in CONDITIONS {
        let before = both.database.log().len();
        let (found, wanted) = (ids(&both.of_database, condition), ids(&both.of_file, condition));
        assert_eq!(found, wanted, "{condition}");
        let log = both.database.log();
        let asked: Vec<&str> = log[before..].lines().filter(|line| line.contains("\"examples\" AS t")).collect();
        assert!(!asked.is_empty(), "{condition}: nothing was asked");
        if !sql.is_empty() {
            assert!(asked.iter().any(|line| line.contains(sql)), "{condition} was asked as {asked:?}");
        }
    }
}

/// Conditions of which the database tests all: it ends the page as well.
const WHOLE: [&str; 12] = [
    "floors > 5 AND \"eo:cloud_cover\" BETWEEN 0.1 AND 0.5",
    "CASEI(owner) = 'mike' OR CASEI(owner) <> 'beyoncé'",
    "year(built) = 2014",
    "month(updated_at) IN (3, 4)",
    "trim(concat(city, ' ')) = 'Tokyo'",
    "length(city) > 5",
    "lower(city) IN ('tokyo', 'toronto')",
    "etat_vol LIKE 'a\\_b' OR road_class LIKE 'S%'",
    "vehicle_height > bridge_clearance",
    "T_DURING(built, INTERVAL('2012-01-01', '2015-01-01'))",
    "S_INTERSECTS(geometry, BBOX(1, 1, 5, 5))",
    "floors <> 3 AND floors <> 4 AND city IN ('Tokyo', 'Toronto')",
];

#[test]
fn what_the_database_tests_alone_it_pages_as_well() {
    if !is_here() {
        return;
    }
    let both = both();
    for condition in WHOLE {
        let before = both.database.log().len();
        assert_eq!(ids(&both.of_database, condition), ids(&both.of_file, condition), "{condition}");
        let log = both.database.log();
        assert!(log[before..].contains("LIMIT $"), "{condition}");
    }
}

fn post(server: &Server, filter: &Value) -> (Value, Value) {
    let url = format!("{}/ogcapi/collections/examples/items?limit=1000", server.url);
    let headers = [("Content-Type", "application/query-cql-json"), ("Accept", "application/geo+json")];
    let page = attempt("POST", &url, &headers, filter.to_string().as_bytes()).unwrap().expect(200).json();
    let ids = page["features"].as_array().unwrap().iter().map(|feature| feature["id"].clone()).collect();
    (ids, page["numberMatched"].clone())
}

#[test]
fn thousands_of_terms_are_answered() {
    if !is_here() {
        return;
    }
    let both = both();
    let one = |op: &str, name: &str, value: Value| json!({ "op": op, "args": [{ "property": name }, value] });
    let joined = |op: &str, count: usize, term: &dyn Fn(usize) -> Value| json!({ "op": op, "args": (0..count).map(term).collect::<Vec<_>>() });
    let name = |at: usize| ["floors", "taxes", "value", "foo", "balance"][at % 5];
    let unequal = joined("and", 5000, &|at| one("<>", "floors", json!(at + 3)));
    let many = [
        unequal.clone(),
        joined("or", 5000, &|at| one("=", name(at), json!(at as f64 / 4.0))),
        joined("or", 5000, &|at| one("<", name(at), json!(-(at as i64)))),
        joined("and", 4000, &|at| one(if at % 2 == 0 { "<>" } else { "<=" }, name(at), json!(at as f64 + 600.5))),
        joined("and", 3000, &|at| one("<>", "city", json!(format!("no city {at}")))),
        joined("or", 3000, &|at| one("like", "city", json!(format!("T%{at}")))),
        json!({ "op": "in", "args": [{ "property": "floors" }, (0..19_000).step_by(2).collect::<Vec<_>>()] }),
        json!({ "op": "in", "args": [{ "property": "taxes" }, (0..15_000).map(f64::from).collect::<Vec<_>>()] }),
        json!({ "op": "not", "args": [{ "op": "in", "args": [{ "property": "city" },
            (0..10_000).map(|at| format!("city {at}")).collect::<Vec<_>>()] }] }),
        json!({ "op": "or", "args": [unequal, { "op": "in", "args": [{ "op": "casei", "args": [{ "property": "city" }] },
            (0..5000).map(|at| format!("tokyo{at}")).collect::<Vec<_>>()] }] }),
    ];
    for (at, filter) in many.iter().enumerate() {
        assert_eq!(post(&both.of_database, filter), post(&both.of_file, filter), "number {at}");
    }
}

/// A feature beyond ±180 is found in its place on the other side as soon as it is there, and boxes a turn further are not
/// asked for while there is none.
#[test]
fn boxes_a_turn_further_are_asked_for_where_something_is_there() {
    if !is_here() {
        return;
    }
    let mut database = Postgres::start();
    database.sql("gis", "CREATE TABLE places (fid serial PRIMARY KEY, geom geometry(Point, 4326))");
    database.sql("gis", "CREATE INDEX ON places USING gist (geom)");
    database.sql("gis", "INSERT INTO places (geom) SELECT ST_Point(x, 10, 4326) FROM generate_series(-180, 180, 10) x");
    database.sql("gis", "ALTER DATABASE gis SET log_statement = 'all'");
    let server = Server::start(&[&database.dsn()]);
    let count =
        || server.json("/ogcapi/collections/places/items?bbox=-171,0,-169,20&limit=10")["numberReturned"].clone();
    assert_eq!(count(), 1);
    let boxes = |log: &str| {
        let asked = log.lines().rfind(|line| line.contains("ST_Intersects") && line.contains("LIMIT"));
        asked.unwrap().matches("ST_MakeEnvelope").count()
    };
    assert_eq!(boxes(&database.log()), 1);
    database.sql("gis", "INSERT INTO places (geom) VALUES (ST_Point(190, 10, 4326))");
    let start = std::time::Instant::now();
    while count() != 2 {
        assert!(start.elapsed().as_secs() < 30, "the new row is not found");
        std::thread::yield_now();
    }
    assert_eq!(boxes(&database.log()), 3);
    database.stop();
}

/// An indexed column of UUIDs was compared as text with a UUID, which is an error.
#[test]
fn keys_and_indexed_columns_of_every_kind_are_compared() {
    if !is_here() {
        return;
    }
    let mut database = Postgres::start();
    database.sql(
        "gis",
        "CREATE TABLE codes (code text PRIMARY KEY, ref uuid, n int, name varchar(9), geom geometry(Point, 4326));
         CREATE TABLE refs (ref uuid PRIMARY KEY, n int, geom geometry(Point, 4326));
         CREATE INDEX ON codes (ref); CREATE INDEX ON codes (n); CREATE INDEX ON codes (name);
         INSERT INTO codes SELECT code, md5(code)::uuid, row_number() OVER (), code, ST_Point(0, 0, 4326)
            FROM unnest(ARRAY['a', 'A', 'ab', 'b', 'B1', 'zürich', 'ß', '10', '9']) code;
         INSERT INTO refs SELECT ('00000000-0000-4000-8000-00000000000' || n)::uuid, n FROM generate_series(1, 9) n;",
    );
    let server = Server::start(&[&database.dsn()]);
    for (collection, condition, count) in [
        ("codes", "code > 'a'", 4),
        ("codes", "NOT code > 'a'", 5),
        ("codes", "code BETWEEN '1' AND 'A'", 3),
        ("codes", "code LIKE 'a%'", 2),
        ("codes", "CASEI(code) IN ('a', 'b1')", 3),
        ("codes", "code = concat('a', 'b')", 1),
        ("codes", "code = name AND length(code) = 2", 3),
        ("codes", "ref = '0cc175b9-c0f1-b6a8-31c3-99e269772661'", 1),
        ("codes", "ref = lower('0CC175B9-c0f1-b6a8-31c3-99e269772661') OR n = 2", 2),
        ("codes", "ref = 'none' OR name = 'ß' AND n > 3.5", 1),
        ("refs", "ref > '00000000-0000-4000-8000-000000000004'", 5),
        ("refs", "ref LIKE '%4' OR ref < 'x' AND n = 1", 2),
        ("refs", "ref = lower('00000000-0000-4000-8000-000000000004')", 1),
        ("refs", "ref <> 'x' AND n % 2 = 0", 4),
    ] {
        let filter = percent_encoding::utf8_percent_encode(condition, percent_encoding::NON_ALPHANUMERIC);
        let page = server.json(&format!("/ogcapi/collections/{collection}/items?filter={filter}"));
        assert_eq!((&page["numberMatched"], &page["numberReturned"]), (&count.into(), &count.into()), "{condition}");
    }
    database.stop();
}
