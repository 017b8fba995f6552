//! Searches for text: the database narrows, by an index of pg_trgm where there is one, and the answer is that of a file.

use serde_json::Value;

use crate::harness::postgres::{Postgres, is_here};
use crate::harness::server::Server;

/// An index of trigrams needs three letters together that none such as `ﬆ` may stand for.
const TERMS: [&str; 19] = [
    "basel",
    "BASEL",
    "asse",
    "straße",
    "STRASSE",
    "istanb",
    "ıstanb",
    "Kelvin",
    "zür",
    "ZÜRICH",
    "σας",
    "ΣΑΣ",
    "100%",
    "a_b",
    "[x]*",
    "\\d",
    "office",
    "s",
    "nowhere,seven 77",
];

fn ids(server: &Server, term: &str) -> (Vec<i64>, Value) {
    let q =
        percent_encoding::utf8_percent_encode(term, percent_encoding::NON_ALPHANUMERIC).to_string().replace("%2C", ",");
    let page = server.json(&format!("/ogcapi/collections/notes/items?limit=10000&q={q}"));
    let ids = page["features"].as_array().unwrap().iter().map(|feature| feature["id"].as_i64().unwrap()).collect();
    (ids, page["numberMatched"].clone())
}

#[test]
fn a_search_is_narrowed_by_the_database_and_finds_what_a_file_has() {
    if !is_here() {
        return;
    }
    let database = Postgres::start();
    database.sql(
        "gis",
        "CREATE EXTENSION IF NOT EXISTS pg_trgm;
         CREATE TABLE notes (id int PRIMARY KEY, name text, note varchar(80), geom geometry(Point, 4326));
         INSERT INTO notes SELECT n, md5(n::text), 'seven ' || n * 7, ST_SetSRID(ST_MakePoint(n % 180, n % 90), 4326)
            FROM generate_series(1, 5000) n;
         INSERT INTO notes SELECT 6000 + n, name, name FROM unnest(ARRAY['Basel', 'BAſEL', 'Große STRASSE', 'große straße', 'İstanbul',
            'istanbul', 'ISTANBUL', 'ıstanbul', 'Kelvin', 'kelvin', 'Zürich', 'ZÜRICH', 'ΣΑΣ', 'σας', '100% sure', 'a_b', '[X]*', '\\d \\D',
            'oﬃce', 'OFFICE', E'two\\nlines']) WITH ORDINALITY AS t(name, n);",
    );
    let of_database = Server::start(&[&database.dsn()]);
    let plain: Vec<_> = TERMS.iter().map(|term| ids(&of_database, term)).collect();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("notes.geojson");
    let all = of_database.json("/ogcapi/collections/notes/items?limit=10000");
    std::fs::write(&file, all.to_string()).unwrap();
    let of_file = Server::start(&[file.to_str().unwrap()]);
    for (term, (found, matched)) in TERMS.iter().zip(&plain) {
        assert_eq!((found, matched), (&ids(&of_file, term).0, &Value::from(found.len())), "{term}");
    }
    assert!(plain.iter().all(|(found, _)| !found.is_empty()));

    database.sql(
        "gis",
        "CREATE INDEX by_name ON notes USING gin (name gin_trgm_ops); CREATE INDEX by_note ON notes USING gin (note gin_trgm_ops);
         ANALYZE notes;",
    );
    database.explain();
    let indexed = Server::start(&[&database.dsn()]);
    for (term, plain) in TERMS.iter().zip(&plain) {
        let before = database.log().len();
        assert_eq!(&ids(&indexed, term), plain, "{term}");
        let log = database.log();
        if ["basel", "zür", "seven 77", "istanb", "ZÜRICH"].contains(term) {
            let told: String = log[before..].split("LOG: ").filter(|entry| entry.contains(" ~ $1")).collect();
            assert!(told.contains("on by_name") && told.contains("on by_note"), "{term}: {told}");
            assert!(!told.contains("Seq Scan"), "{term}: {told}");
        }
    }
}
