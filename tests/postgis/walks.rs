//! Pages of a table by cursor, there and back, with indexes and without, and while other sessions write.

use std::collections::HashSet;

use crate::harness::client::{neighbour, send};
use crate::harness::postgres::{Postgres, is_here};
use crate::harness::server::Server;
use crate::harness::walk::{ids, last, pages};

/// Rows with ties, nulls, and all that has no place among numbers.
const TABLE: &str = "
    CREATE TABLE NAME (
        id int PRIMARY KEY, i2 smallint, f4 real, f8 double precision, num numeric, truth boolean, txt text NOT NULL,
        u uuid, d date, ts timestamp, tz timestamptz, geom geometry(Point, 4326));
    INSERT INTO NAME
    SELECT n, nullif(n % 7, 3), n % 5 / 10.0, CASE n % 11 WHEN 1 THEN 'NaN'::float8 WHEN 2 THEN NULL WHEN 3 THEN '-Infinity'::float8 ELSE (n % 13)::float8 END,
        CASE n % 6 WHEN 0 THEN NULL WHEN 1 THEN 'NaN'::numeric ELSE 1 + (n % 9) * 0.00000000000000000001 END, nullif(n % 3, 2)::bool,
        (ARRAY['a', 'A', 'ä', 'b', 'Z', 'z', ''])[n % 7 + 1], CASE WHEN n % 4 > 0 THEN md5((n % 20)::text)::uuid END,
        CASE n % 8 WHEN 0 THEN NULL WHEN 1 THEN 'infinity'::date WHEN 2 THEN '-infinity'::date ELSE '2020-01-01'::date + n % 10 END,
        CASE n % 5 WHEN 0 THEN NULL WHEN 1 THEN 'infinity'::timestamp ELSE '2020-01-01'::timestamp + n % 10 * '1 second'::interval END,
        CASE n % 9 WHEN 0 THEN NULL WHEN 1 THEN '-infinity'::timestamptz ELSE '2020-01-01'::timestamptz + n % 10 * '1 ms'::interval END,
        ST_SetSRID(ST_MakePoint(n % 90, n % 45), 4326)
    FROM generate_series(1, 150) n ORDER BY md5(n::text);";

/// A filter that the loop alone can test, on rows so few that a page is read in several goes.
const ALONE: &str = "&filter=4=i2%5E2";

const SORTS: [&str; 20] = [
    "",
    "-id",
    "i2",
    "-i2",
    "f4",
    "-f4",
    "f8",
    "-f8",
    "num",
    "-num",
    "truth",
    "txt",
    "-txt",
    "u",
    "-d",
    "ts",
    "-tz",
    "i2,-txt",
    "-txt,d,-f8",
    "truth,-ts,num",
];

#[test]
fn tables_are_walked_there_and_back_in_every_order() {
    if !is_here() {
        return;
    }
    let database = Postgres::start();
    database.sql("gis", &TABLE.replace("NAME", "bare"));
    database.sql("gis", &TABLE.replace("NAME", "indexed"));
    for column in ["i2", "f4", "f8", "num", "truth", "txt COLLATE \"C\"", "u", "d", "ts", "tz"] {
        database.sql("gis", &format!("CREATE INDEX ON indexed ({column});"));
    }
    let server = Server::start(&[&database.dsn()]);
    for sort in SORTS {
        for more in ["", "&bbox=0,0,60,45&i2=1", "&filter=CASEI(txt)=CASEI('A')", ALONE] {
            let url = |table: &str, size: u32| {
                let order = if sort.is_empty() { String::new() } else { format!("&sortby={sort}") };
                format!("{}/ogcapi/collections/{table}/items?limit={size}{order}{more}", server.url)
            };
            let whole = ids(&server.get(url("bare", 1000).strip_prefix(&server.url).unwrap()).expect(200), "geojson");
            for table in ["bare", "indexed"] {
                let found = pages(&url(table, 29), "geojson", "next", &mut |_| ()).concat();
                assert_eq!(found, whole, "{table} {sort} {more}");
                let back = pages(&last(&url(table, 29)), "geojson", "prev", &mut |_| ());
                assert_eq!(back.into_iter().rev().collect::<Vec<_>>().concat(), whole, "{table} {sort} {more} back");
            }
        }
    }
}

#[test]
fn an_index_leads_to_a_place() {
    if !is_here() {
        return;
    }
    let database = Postgres::start();
    database.sql(
        "gis",
        "CREATE TABLE far (id int PRIMARY KEY, at timestamptz, x float8, t text, geom geometry(Point, 4326));
         INSERT INTO far SELECT n, '2020-01-01'::timestamptz + (n * 7919 % 20000) * '1 s'::interval, n * 7919 % 20000, md5(n::text),
            ST_SetSRID(ST_MakePoint(0, 0), 4326) FROM generate_series(1, 20000) n;
         CREATE INDEX ON far (at); CREATE INDEX ON far (x); CREATE INDEX ON far (t COLLATE \"C\"); ANALYZE far;",
    );
    database.explain();
    let server = Server::start(&[&database.dsn()]);
    for sort in ["", "-id", "at", "-at", "x", "-x", "t", "-t"] {
        let order = if sort.is_empty() { String::new() } else { format!("&sortby={sort}") };
        let path = format!("/ogcapi/collections/far/items?limit=5{order}&offset=15000");
        let page = server.get(&path).expect(200);
        for rel in ["next", "prev"] {
            let before = database.log().len();
            let answer = send("GET", &neighbour(&page, rel).unwrap(), &[]).expect(200);
            assert_eq!(ids(&answer, "geojson").len(), 5);
            let log = database.log();
            // The table may be counted and measured meanwhile, which tells no state.
            let is_page = |entry: &&str| entry.contains("\"far\" AS t") && entry.contains("txid_current_snapshot");
            let told: String = log[before..].split("LOG: ").filter(is_page).collect();
            assert!(told.contains("Index"), "{sort} {rel}: {told}");
            assert!(!told.contains("Seq Scan"), "{sort} {rel}: {told}");
            let read = told.split("actual time=").skip(1).filter_map(|rest| rest.split("rows=").nth(1));
            let passed_over = told.split("Rows Removed by Filter: ").skip(1);
            for number in read.chain(passed_over) {
                let number = number.split(|next: char| !next.is_ascii_digit()).next().unwrap();
                assert!(number.parse::<u64>().unwrap() <= 10, "{sort} {rel}: {told}");
            }
        }
    }
}

#[test]
fn a_walk_while_another_session_writes_meets_once_what_stays() {
    if !is_here() {
        return;
    }
    let database = Postgres::start();
    let mut seed = 11_u64;
    let mut below = move |count: u64| {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (seed >> 33) % count
    };
    database.sql("gis", &TABLE.replace("NAME", "moving"));
    database
        .sql("gis", "CREATE INDEX ON moving (i2); CREATE INDEX ON moving (ts); CREATE TABLE spare AS TABLE moving;");
    let server = Server::start(&[&database.dsn()]);
    let formats = ["geojson", "csv", "fgb", "geojsonseq", "html"];
    for (at, sort) in SORTS.iter().enumerate().step_by(2) {
        let (format, is_back) = (formats[at / 2 % formats.len()], at % 4 == 2);
        let order = if sort.is_empty() { String::new() } else { format!("&sortby={sort}") };
        let url = |size: u32, format: &str| {
            format!("{}/ogcapi/collections/moving/items?limit={size}&f={format}{order}", server.url)
        };
        let whole = || ids(&send("GET", &url(1000, "geojson"), &[]).expect(200), "geojson");
        let before = whole();
        let first = if is_back { last(&url(23, format)) } else { url(23, format) };
        let mut touched = HashSet::new();
        let mut met = pages(&first, format, if is_back { "prev" } else { "next" }, &mut |_| {
            let (gone, back) = (below(150) + 1, below(150) + 1);
            touched.extend([gone.to_string(), back.to_string()]);
            database.sql(
                "gis",
                &format!(
                    "DELETE FROM moving WHERE id = {gone};
                     INSERT INTO moving SELECT * FROM spare WHERE id = {back} ON CONFLICT DO NOTHING;"
                ),
            );
        });
        if is_back {
            met.reverse();
        }
        let met = met.concat();
        assert_eq!(met.iter().collect::<HashSet<_>>().len(), met.len(), "twice: {first}: {met:?}");
        let still = |all: &[String]| all.iter().filter(|id| !touched.contains(*id)).cloned().collect::<Vec<_>>();
        assert_eq!(still(&met), still(&before), "{first}");
    }
}
