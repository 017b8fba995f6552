//! Tables and views of every kind.

use super::*;
use crate::base::crs::Crs;
use crate::base::datetime::{Date, Instant};
use crate::expr::Expr;
use crate::model::schema::{FieldKind as K, GeometryKind, KeyKind, TimeFields};
use crate::model::value::FeatureId;

async fn all(view: &View) -> Vec<Seen> {
    read(view, &Query::default()).await.unwrap().0
}

#[tokio::test]
async fn every_type_is_what_the_schema_says() {
    let file = File::new();
    file.run(
        "CREATE TABLE t (fid INTEGER PRIMARY KEY, b BOOLEAN, i MEDIUMINT, f DOUBLE, s TEXT(5), d DATE, at DATETIME,
             x BLOB, j TEXT, z VARCHAR(3));
         CREATE TABLE gpkg_data_columns (table_name TEXT, column_name TEXT, name TEXT, title TEXT, description TEXT,
             mime_type TEXT, constraint_name TEXT);
         INSERT INTO gpkg_data_columns VALUES ('t', 'j', NULL, 'A document', 'of JSON', 'application/json', NULL);
         INSERT INTO t VALUES (9223372036854775807, 1, 9223372036854775807, 1.5, 'a', '1970-01-02',
             '1970-01-01T00:00:01.000Z', x'00ff', '{\"a\":1}', 7), (-1, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL)",
    );
    file.attributes("t");
    let layer = layer(&file, "t");
    let view = open(&layer.source);
    let kinds: Vec<_> = view.schema().fields.iter().map(|field| field.kind).collect();
    assert_eq!(
        kinds,
        [K::Boolean, K::Integer, K::Number, K::String, K::Date, K::DateTime, K::Binary, K::Json, K::String]
    );
    assert_eq!(view.schema().fields[7].title.as_deref(), Some("A document"));
    assert_eq!(view.schema().time, Some(TimeFields { start: 5, end: None }));
    let rows = all(&view).await;
    assert_eq!(ids(&rows), [-1, i64::MAX]);
    let text = |text: &str| Value::Text(text.to_owned());
    let expected = [
        Value::Bool(true),
        Value::Int(i64::MAX),
        Value::Float(1.5),
        text("a"),
        Value::Date(Date(1)),
        Value::Instant(Instant(1_000_000)),
        Value::Null,
        text("{\"a\":1}"),
        text("7"),
    ];
    assert_eq!(rows[1].values, expected);
    let mut features = view.features(&Query::default()).unwrap();
    let batch = features.next().await.unwrap().unwrap();
    assert_eq!(batch.row(1).bytes(batch.row(1).cell(7)), [0, 0xff]);
    let time = view.extent(AMPLE).await.unwrap().time;
    assert_eq!(time, Some((Some(Instant(1_000_000)), Some(Instant(1_000_000)))));
    let one = Query { filter: Some(Expr::Ids(vec![FeatureId::Int(i64::MAX)])), ..Query::default() };
    assert_eq!(ids(&read(&view, &one).await.unwrap().0), [i64::MAX]);
}

#[tokio::test]
async fn odd_names_are_names() {
    for name in [
        "a b",
        "a.b",
        "a\"b",
        "a[b]",
        "ünï¢ode",
        "select",
        "'; DROP TABLE gpkg_contents; --",
        "a`b",
        "%?1",
        "\u{1F5FA}",
    ] {
        let file = File::new();
        let quoted = super::super::sql::quoted(name);
        file.run(&format!("CREATE TABLE {quoted} (fid INTEGER PRIMARY KEY, geom POINT, {quoted} TEXT)"));
        file.insert(&format!("INSERT INTO {quoted} VALUES (1, ?1, ?2)"), &[&point(1.0, 2.0), &name]);
        file.features(name, "geom", "POINT", 4326, 0);
        file.index(name, "geom");
        let view = open(&layer(&file, name).source);
        let bbox = Expr::Bbox { rects: vec![crate::base::bbox::Rect::WORLD], z: None, crs: Crs::Crs84 };
        let both = Expr::And(vec![Expr::equals(name, Value::Text(name.to_owned())), bbox]);
        let query = Query { filter: Some(both), ..Query::default() };
        let rows = read(&view, &query).await.unwrap().0;
        assert_eq!(rows[0].values, [Value::Text(name.to_owned())], "{name}");
        assert_eq!(view.count(&query, AMPLE).await.unwrap(), Some(1));
        let unknown = Query { filter: Some(Expr::equals("no such", Value::Int(1))), ..Query::default() };
        assert!(read(&view, &unknown).await.is_err());
    }
}

#[tokio::test]
async fn ids_come_from_the_key_that_there_is() {
    let file = File::new();
    file.run(
        "CREATE TABLE words (id TEXT PRIMARY KEY NOT NULL, a INTEGER); INSERT INTO words VALUES ('b', 1), ('a', 2), ('10', 3);
         CREATE TABLE uuids (id UUID PRIMARY KEY NOT NULL, a INTEGER) WITHOUT ROWID; INSERT INTO uuids VALUES ('05', 1), ('x', 2);
         CREATE TABLE bare (a INTEGER); INSERT INTO bare VALUES (5), (6);
         CREATE TABLE pairs (a INTEGER, b INTEGER, PRIMARY KEY (a, b)); INSERT INTO pairs VALUES (2, 1), (1, 1);
         CREATE TABLE locked (a INTEGER, b INTEGER, PRIMARY KEY (a, b)) WITHOUT ROWID;
         CREATE TABLE nulls (id TEXT PRIMARY KEY, a INTEGER); INSERT INTO nulls VALUES (NULL, 1), (NULL, 2);
         CREATE TABLE shadow (rowid TEXT, a INTEGER); INSERT INTO shadow VALUES ('x', 1);
         CREATE TABLE empty (id INTEGER PRIMARY KEY, a TEXT);
         CREATE VIEW seen AS SELECT a AS id, id AS word FROM words",
    );
    for name in ["words", "uuids", "bare", "pairs", "locked", "nulls", "shadow", "empty", "seen", "gone"] {
        file.attributes(name);
    }
    let opened = GeoPackage::open(&file.path).unwrap();
    let failed: Vec<_> = opened
        .layers()
        .into_iter()
        .filter_map(Result::err)
        .map(|(name, error)| (name, error.message().to_owned()))
        .collect();
    assert_eq!(failed.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>(), ["locked", "gone"]);
    assert!(failed[0].1.contains("no key of a single column") && failed[1].1.contains("there is no such table"));
    let text = |text: &str| Value::Text(text.to_owned());
    for (name, key, expected) in [
        ("words", "id", vec![text("10"), text("a"), text("b")]),
        ("uuids", "id", vec![text("5"), text("x")]),
        ("bare", "rowid", vec![Value::Int(1), Value::Int(2)]),
        ("pairs", "rowid", vec![Value::Int(1), Value::Int(2)]),
        ("nulls", "rowid", vec![Value::Int(1), Value::Int(2)]),
        ("shadow", "rowid", vec![Value::Int(1)]),
        ("empty", "id", Vec::new()),
        ("seen", "id", vec![Value::Int(1), Value::Int(2), Value::Int(3)]),
    ] {
        let view = open(&layer(&file, name).source);
        assert_eq!(view.schema().key.0, key, "{name}");
        let rows = all(&view).await;
        assert_eq!(rows.iter().map(|row| row.id.clone()).collect::<Vec<_>>(), expected, "{name}");
        for id in expected {
            let id = match id {
                Value::Int(id) => FeatureId::Int(id),
                Value::Text(id) => FeatureId::Text(id),
                other => panic!("{other:?}"),
            };
            let one = Query { filter: Some(Expr::Ids(vec![id])), ..Query::default() };
            assert_eq!(read(&view, &one).await.unwrap().0.len(), 1);
        }
    }
    let other = LayerOptions { id: Some("a".to_owned()), ..LayerOptions::default() };
    let chosen = opened.layer("words", &other).unwrap();
    assert_eq!(chosen.source.schema().key, ("a".to_owned(), KeyKind::Integer));
    assert_eq!(ids(&all(&open(&chosen.source)).await), [1, 2, 3]);
    let wrong = LayerOptions { id: Some("no".to_owned()), ..LayerOptions::default() };
    assert!(opened.layer("words", &wrong).unwrap_err().message().contains("'no'"));
    assert!(opened.layer("wrods", &other).unwrap_err().message().contains("'words'"));
}

#[tokio::test]
async fn a_view_whose_first_column_is_no_key_is_refused() {
    let file = File::new();
    file.run(
        "CREATE TABLE t (fid INTEGER PRIMARY KEY, kind TEXT, word TEXT, part INTEGER);
         INSERT INTO t VALUES (1, 'a', 'x', NULL), (2, 'a', 'y', 5), (3, 'b', 'z', 6);
         CREATE VIEW repeats AS SELECT kind, fid FROM t;
         CREATE VIEW nulls AS SELECT part, fid FROM t;
         CREATE VIEW words AS SELECT word, kind FROM t",
    );
    for name in ["repeats", "nulls", "words", "t"] {
        file.attributes(name);
    }
    let opened = GeoPackage::open(&file.path).unwrap();
    let failed: Vec<_> = opened.layers().into_iter().filter_map(Result::err).collect();
    assert_eq!(failed.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>(), ["repeats", "nulls"]);
    assert!(failed[0].1.message().contains("'kind'") && failed[0].1.message().contains("the same"));
    assert!(failed[1].1.message().contains("null") && failed[1].1.message().contains("key = \"…\""));
    let by = |name: &str, key: &str| {
        let options = LayerOptions { id: Some(key.to_owned()), ..LayerOptions::default() };
        opened.layer(name, &options)
    };
    assert_eq!(ids(&all(&open(&by("repeats", "fid").unwrap().source)).await), [1, 2, 3]);
    assert!(by("t", "kind").is_err() && by("t", "fid").is_ok(), "a key that is configured is tried as well");
    // The words that make the ids are still words.
    let view = open(&layer(&file, "words").source);
    let names: Vec<_> = view.schema().fields.iter().map(|field| field.name.as_str()).collect();
    assert_eq!(names, ["word", "kind"]);
    let rows = all(&view).await;
    assert_eq!((&rows[0].id, &rows[0].values[0]), (&Value::Text("x".to_owned()), &Value::Text("x".to_owned())));
}

#[tokio::test]
async fn geometries_keep_their_heights_and_measures() {
    let file = File::new();
    file.run("CREATE TABLE t (fid INTEGER PRIMARY KEY, geom POINT)");
    let point_zm = |code: u32, extra: &[f64]| {
        let mut wkb = vec![1];
        wkb.extend(code.to_le_bytes());
        wkb.extend([1.0, 2.0].iter().chain(extra).flat_map(|number: &f64| number.to_le_bytes()));
        wkb
    };
    let stored = [point_zm(1001, &[5.0]), point_zm(2001, &[7.0]), point_zm(3001, &[5.0, 7.0])];
    for (wkb, fid) in stored.iter().zip(1i64..) {
        file.insert("INSERT INTO t VALUES (?1, ?2)", &[&fid, &writer::blob(wkb)]);
    }
    file.run("INSERT INTO t VALUES (4, NULL), (5, x'4750ff')");
    file.insert("INSERT INTO t VALUES (6, ?1)", &[&stored[0]]);
    file.features("t", "geom", "POINT", 4326, 2);
    let view = open(&layer(&file, "t").source);
    let geometry = view.schema().geometry.clone().unwrap();
    assert_eq!((geometry.kind, geometry.has_z, geometry.crs), (GeometryKind::Point, true, Crs::Epsg(4326)));
    let seen: Vec<_> = all(&view).await.into_iter().map(|row| row.geometry).collect();
    let [z, m, zm] = stored.map(Some);
    assert_eq!(seen, [z.clone(), m, zm, None, None, z]);
    let high = Expr::Bbox { rects: vec![crate::base::bbox::Rect::WORLD], z: Some((6.0, 9.0)), crs: Crs::Crs84 };
    let rows = read(&view, &Query { filter: Some(high), ..Query::default() }).await.unwrap().0;
    assert_eq!(ids(&rows), [2]);
}

#[test]
fn reference_systems_are_found_by_their_number() {
    let file = File::new();
    for (name, srs) in [("a", 4326), ("b", 2263), ("c", 0), ("d", -1), ("e", 100_000), ("f", 100_001), ("g", 7)] {
        file.run(&format!("CREATE TABLE {name} (fid INTEGER PRIMARY KEY, geom GEOMETRY)"));
        file.features(name, "geom", "GEOMETRY", srs, 0);
    }
    let found: Vec<_> = GeoPackage::open(&file.path).unwrap().layers();
    let crs = |layer: &Result<GeoPackageLayer, _>| {
        let layer: &GeoPackageLayer = layer.as_ref().ok()?;
        Some(layer.source.schema().geometry.as_ref()?.crs.clone())
    };
    let own = Crs::Definition("LOCAL_CS[]".into());
    let expected =
        [Some(Crs::Epsg(4326)), Some(Crs::Epsg(2263)), Some(Crs::Crs84), Some(Crs::Crs84), Some(own), None, None];
    assert_eq!(found.iter().map(crs).collect::<Vec<_>>(), expected);
}

#[test]
fn times_are_the_columns_that_are_named() {
    let file = File::new();
    file.run("CREATE TABLE t (fid INTEGER PRIMARY KEY, a DATE, b DATE, n TEXT)");
    file.attributes("t");
    let opened = GeoPackage::open(&file.path).unwrap();
    let time = |start: &str, end: Option<&str>| {
        let time = Some((start.to_owned(), end.map(ToOwned::to_owned)));
        opened.layer("t", &LayerOptions { time, ..LayerOptions::default() }).map(|layer| layer.source.schema().time)
    };
    assert_eq!(layer(&file, "t").source.schema().time, Some(TimeFields { start: 0, end: None }));
    assert_eq!(time("a", Some("b")).unwrap(), Some(TimeFields { start: 0, end: Some(1) }));
    assert!(time("n", None).is_err() && time("a", Some("x")).is_err());
}

#[tokio::test]
async fn a_count_that_triggers_keep_is_taken_as_it_is() {
    let file = File::new();
    file.run(
        "CREATE TABLE t (fid INTEGER PRIMARY KEY); INSERT INTO t VALUES (1), (2);
         CREATE TABLE gpkg_ogr_contents (table_name TEXT PRIMARY KEY, feature_count INTEGER);
         INSERT INTO gpkg_ogr_contents VALUES ('t', 77)",
    );
    file.attributes("t");
    let count = async || open(&layer(&file, "t").source).count(&Query::default(), AMPLE).await.unwrap();
    assert_eq!(count().await, Some(2));
    for what in ["insert", "delete"] {
        file.run(&format!("CREATE TRIGGER trigger_{what}_feature_count_t AFTER {what} ON t BEGIN SELECT 1; END"));
    }
    assert_eq!(count().await, Some(77));
}
