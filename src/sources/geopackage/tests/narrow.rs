//! What is left to SQL of conditions that the loop tests.

use rusqlite::types::Value as Bound;

use super::super::filter::Filter;
use super::super::table;
use super::*;
use crate::expr::{check, cql2};

/// The SQL of a condition, with what is bound, and whether the evaluator tests it as well.
fn pushed(file: &File, text: &str) -> (Vec<String>, Vec<String>, bool) {
    let connection = rusqlite::Connection::open(&file.path).unwrap();
    super::super::passes::register(&connection).unwrap();
    let table = table::read(&connection, "t", &LayerOptions::default()).unwrap();
    let frame = cql2::Frame { crs: crate::base::crs::Crs::Crs84, is_swapped: false };
    let expr = check(&cql2::parse_in(text, frame).unwrap(), &table.schema).unwrap();
    let mut filter = Filter::new(&table, &[expr]).unwrap();
    let count = filter.sql.len();
    filter.sql.retain(|sql| !sql.text.starts_with("graticule_passes("));
    let is_tested = filter.test.is_some() || filter.sql.len() < count;
    let told = |value: &Bound| match value {
        Bound::Text(text) => text.clone(),
        other => format!("{other:?}"),
    };
    let bound = filter.sql.iter().flat_map(|sql| sql.values.iter().map(told)).collect();
    (filter.sql.into_iter().map(|sql| sql.text).collect(), bound, is_tested)
}

fn file() -> File {
    let file = File::new();
    file.run("CREATE TABLE t (fid INTEGER PRIMARY KEY, geom POINT, name TEXT, day DATE, at DATETIME)");
    file.features("t", "geom", "POINT", 4326, 0);
    file
}

#[test]
fn times_are_narrowed_by_the_days_of_their_texts() {
    let file = file();
    let (sql, bound, is_tested) = pushed(&file, "at > TIMESTAMP('2020-05-05T10:00:00Z')");
    assert_eq!(sql, ["(+t.\"at\" >= ? OR +t.\"at\" < '0-')"]);
    assert_eq!((bound, is_tested), (vec!["2020-05-03".to_owned()], true));
    let (sql, bound, _) = pushed(&file, "DATE('2020-05-05') >= day");
    assert_eq!(sql, ["(+t.\"day\" < ? OR +t.\"day\" >= ':')"]);
    assert_eq!(bound, ["2020-05-08"]);
    let (sql, bound, _) = pushed(&file, "day = DATE('2020-05-05')");
    assert_eq!(sql, ["(t.\"day\" >= ? AND t.\"day\" < ? OR t.\"day\" < '0-' OR t.\"day\" >= ':')"]);
    assert_eq!(bound, ["2020-05-03", "2020-05-08"]);
    for text in [
        "at BETWEEN TIMESTAMP('2020-05-05T00:00:00Z') AND TIMESTAMP('2020-06-05T00:00:00Z')",
        "T_DURING(at, INTERVAL('2020-05-05T00:00:00Z', '2020-06-05T00:00:00Z'))",
        "T_INTERSECTS(at, INTERVAL('2020-05-05', '2020-06-05'))",
    ] {
        assert_eq!(pushed(&file, text).1, ["2020-05-03", "2020-06-08"], "{text}");
    }
    for text in ["at <> TIMESTAMP('2020-05-05T10:00:00Z')", "T_DISJOINT(day, DATE('2020-05-05'))", "day > at"] {
        assert_eq!(pushed(&file, text), (Vec::new(), Vec::new(), true), "{text}");
    }
}

#[test]
fn patterns_are_narrowed_by_what_they_begin_with() {
    let utf8 = file();
    let (sql, bound, is_tested) = pushed(&utf8, "name LIKE 'Zür%'");
    assert_eq!(sql, ["(t.\"name\" COLLATE BINARY >= ? AND t.\"name\" COLLATE BINARY < ?)"]);
    assert_eq!((bound, is_tested), (vec!["Zür".to_owned(), "Züs".to_owned()], true));
    let (sql, bound, _) = pushed(&utf8, "name LIKE 'a\\%_b%'");
    assert_eq!(sql, ["(+t.\"name\" COLLATE BINARY >= ? AND +t.\"name\" COLLATE BINARY < ?)"]);
    assert_eq!(bound, ["a%", "a&"]);
    assert_eq!(pushed(&utf8, "name LIKE '\u{d7ff}%'").1, ["\u{d7ff}", "\u{e000}"], "past the surrogates");
    for text in [
        "name LIKE '%a'",
        "name LIKE '_a'",
        "name LIKE '\u{fffd}%'",
        "name LIKE '\u{10ffff}%'",
        "CASEI(name) LIKE CASEI('a%')",
    ] {
        assert_eq!(pushed(&utf8, text).0, Vec::<String>::new(), "{text}");
    }
}

/// Whether rows were found by their ids, and whether they were too many.
fn probed(file: &File, text: &str) -> (bool, bool) {
    let connection = rusqlite::Connection::open(&file.path).unwrap();
    super::super::passes::register(&connection).unwrap();
    let table = table::read(&connection, "t", &LayerOptions::default()).unwrap();
    let expr = match text.parse().map(crate::expr::Expr::During) {
        Ok(during) => during,
        Err(_) => check(&cql2::parse(text).unwrap(), &table.schema).unwrap(),
    };
    let mut filter = Filter::new(&table, &[expr]).unwrap();
    filter.narrow(&connection, &table, true).unwrap();
    (filter.is_by_id, filter.is_common)
}

#[tokio::test]
async fn a_page_goes_by_an_index_where_that_finds_few_rows() {
    let file = File::new();
    file.run(
        "CREATE TABLE t (fid INTEGER PRIMARY KEY, name TEXT, size INTEGER, other INTEGER, at DATETIME);
         CREATE INDEX by_name ON t (name); CREATE INDEX by_size ON t (size); CREATE INDEX by_at ON t (at);
         WITH RECURSIVE n(i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n WHERE i < 1000)
         INSERT INTO t SELECT i, 'place ' || (i * 37 % 1000), i * 53 % 1000, i,
            strftime('%Y-%m-%dT%H:%M:%SZ', '2020-01-01', '+' || (i * 71 % 1000) || ' days') FROM n;",
    );
    file.attributes("t");
    let view = open(&layer(&file, "t").source);
    for (text, is_by_id, is_common) in [
        ("size IN (1, 2)", true, false),
        ("size BETWEEN 3 AND 5", true, false),
        ("size < 30", true, false),
        ("name LIKE 'place 99%'", true, false),
        ("at > TIMESTAMP('2022-09-20T00:00:00Z')", true, false),
        ("T_DURING(at, INTERVAL('2021-05-05', '2021-05-08'))", true, false),
        ("2021-05-05/2021-05-08", true, false),
        ("2022-09-20/..", true, false),
        ("../2020-01-10", true, false),
        ("size > 30", false, true),
        ("name LIKE 'p%'", false, true),
        ("at < TIMESTAMP('2022-09-20T00:00:00Z')", false, true),
        ("2020-02-02/2022-01-01", false, true),
        // These SQLite finds in their order, or no index has them.
        ("size = 5", false, false),
        ("size + 1 < 5", false, false),
        ("other < 5", false, false),
    ] {
        assert_eq!(probed(&file, text), (is_by_id, is_common), "{text}");
        let filter = match text.parse().map(crate::expr::Expr::During) {
            Ok(during) => during,
            Err(_) => check(&cql2::parse(text).unwrap(), view.schema()).unwrap(),
        };
        let all = Query { filter: Some(filter), ..Query::default() };
        let page = Query { limit: Some(7), offset: 2, ..all.clone() };
        let (all, page) = (read(&view, &all).await.unwrap().0, read(&view, &page).await.unwrap().0);
        assert_eq!(ids(&page), ids(&all).into_iter().skip(2).take(7).collect::<Vec<_>>(), "{text}");
        assert!(!all.is_empty(), "{text}");
    }
}

#[test]
fn what_sql_cannot_say_it_asks_the_evaluator() {
    let file = file();
    file.run("INSERT INTO t (fid, name) VALUES (1, 'Straße'), (2, 'STRASSE'), (3, 'Weg'), (4, NULL);");
    let connection = rusqlite::Connection::open(&file.path).unwrap();
    super::super::passes::register(&connection).unwrap();
    let table = table::read(&connection, "t", &LayerOptions::default()).unwrap();
    let ids = |text: &str| {
        let expr = check(&cql2::parse(text).unwrap(), &table.schema).unwrap();
        let filter = Filter::new(&table, &[expr]).unwrap();
        assert!(filter.is_exact(), "{text}");
        let query = format!("SELECT fid FROM {} WHERE {}", table.from, filter.sql[0].text);
        let mut statement = connection.prepare_cached(&query).unwrap();
        let found = statement.query_map(filter.sql[0].bound(), |row| row.get(0)).unwrap();
        found.collect::<rusqlite::Result<Vec<i64>>>().unwrap()
    };
    // The same statement, with one condition after the other.
    assert_eq!(ids("CASEI(name) = 'strasse'"), [1, 2]);
    assert_eq!(ids("CASEI(name) = 'weg'"), [3]);
    assert_eq!(ids("NOT CASEI(name) = 'weg' OR geom IS NULL AND name LIKE '%g'"), [1, 2, 3]);
    assert!(connection.query_row("SELECT graticule_passes(1000000, 1)", [], |_| Ok(())).is_err());
}

#[test]
fn a_view_cannot_ask_the_evaluator() {
    let file = file();
    file.run("CREATE VIEW v AS SELECT fid, graticule_passes(0, fid) AS truth FROM t; INSERT INTO t (fid) VALUES (1);");
    file.attributes("v");
    assert!(GeoPackage::open(&file.path).unwrap().layer("v", &LayerOptions::default()).is_err());
}
