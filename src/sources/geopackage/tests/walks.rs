//! Any question gets the answer that the same rows in memory get, page by page.

use std::sync::Arc;

use proptest::prelude::*;
use rusqlite::types::Value as Stored;

use super::*;
use crate::base::bbox::Rect;
use crate::base::crs::Crs;
use crate::base::datetime::{Date, Instant};
use crate::expr::{Comparison, Expr, Operand};
use crate::model::value::FeatureId;
use crate::sources::memory::Memory;

const NAMES: [&str; 8] = ["n", "x", "s", "u", "b", "at", "d", "j"];

type Row = (Option<Vec<u8>>, [Stored; 8]);

fn text(text: &str) -> Stored {
    Stored::Text(text.to_owned())
}

/// What somebody may have put into a column, whatever its type; but bytes, which rows in memory cannot have.
fn stray() -> impl Strategy<Value = Stored> {
    prop_oneof![
        Just(Stored::Null),
        (-2i64..4).prop_map(Stored::Integer),
        Just(Stored::Integer(i64::MAX)),
        Just(Stored::Integer((1 << 53) + 1)),
        (-2i32..4).prop_map(|number| Stored::Real(f64::from(number) / 2.0)),
        prop::sample::select(vec!["", "a", "A", "b'; DROP TABLE t", "1", "2.0", "true", "ä", "null"]).prop_map(text),
    ]
}

fn time() -> impl Strategy<Value = Stored> {
    let texts = vec![
        "2020-01-01T00:00:00Z",
        "2020-01-01T23:30:00-02:00",
        "2020-01-02",
        "2020-01-02 12:00:00",
        " 2020-01-02T00:00:00Z",
        "2019-12-31T23:59:59.999Z",
        "2020-99-99",
        "soon",
    ];
    prop_oneof![4 => prop::sample::select(texts).prop_map(text), 1 => stray()]
}

fn geometry() -> impl Strategy<Value = Option<Vec<u8>>> {
    let at = || -4i32..5;
    prop_oneof![
        6 => (at(), at()).prop_map(|(x, y)| Some(point(f64::from(x) + 0.1, f64::from(y)))),
        2 => (at(), at()).prop_map(|(x, y)| Some(writer::line((x.into(), y.into()), (f64::from(x) + 2.0, f64::from(y) + 1.0)))),
        1 => Just(None),
        1 => Just(Some(point(f64::NAN, f64::NAN))),
        1 => Just(Some(b"GP but no geometry".to_vec())),
    ]
}

fn row() -> impl Strategy<Value = Row> {
    let strays = (stray(), stray(), stray(), stray(), stray(), stray());
    (geometry(), strays, time(), time())
        .prop_map(|(geometry, (n, x, s, u, b, j), at, d)| (geometry, [n, x, s, u, b, at, d, j]))
}

fn literal() -> impl Strategy<Value = Value> {
    prop_oneof![
        (-2i64..4).prop_map(Value::Int),
        Just(Value::Int(i64::MAX)),
        Just(Value::Int(1 << 53)),
        (-2i32..4).prop_map(|number| Value::Float(f64::from(number) / 2.0)),
        any::<bool>().prop_map(Value::Bool),
        prop::sample::select(vec!["", "a", "A", "b'; DROP TABLE t", "1", "ä", "\u{fffd}\0"])
            .prop_map(|text| Value::Text(text.to_owned())),
        Just(Value::Date(Date::parse("2020-01-02").unwrap())),
        Just(Value::Instant(Instant::parse("2020-01-02T00:00:00Z").unwrap())),
        Just(Value::Null),
    ]
}

fn rect() -> impl Strategy<Value = Rect> {
    let side = || prop_oneof![(-5i32..6).prop_map(f64::from), Just(0.1), Just(100.0), Just(-100.0)];
    (side(), side(), side(), side()).prop_map(|(a, b, c, d)| Rect {
        min_x: a.min(c),
        min_y: b.min(d),
        max_x: a.max(c),
        max_y: b.max(d),
    })
}

fn filter() -> impl Strategy<Value = Expr> {
    let name = || prop::sample::select(NAMES.to_vec()).prop_map(|name| Operand::Property(name.to_owned()));
    let how = prop::sample::select(vec![
        Comparison::Equal,
        Comparison::NotEqual,
        Comparison::Less,
        Comparison::LessOrEqual,
        Comparison::Greater,
        Comparison::GreaterOrEqual,
    ]);
    let during = ["2020-01-01/2020-01-01", "../2020-01-01T00:00:00Z", "2020-01-02/..", "2020-01-02T12:00:00Z"];
    let leaf = prop_oneof![
        4 => (name(), how.clone(), literal()).prop_map(|(name, how, value)| Expr::Compare(name, how, Operand::Literal(value))),
        1 => (name(), how, literal()).prop_map(|(name, how, value)| Expr::Compare(Operand::Literal(value), how, name)),
        1 => name().prop_map(Expr::IsNull),
        1 => prop::collection::vec(-1i64..40, 0..5).prop_map(|ids| {
            Expr::Ids(ids.into_iter().flat_map(|id| [FeatureId::Int(id), FeatureId::Text(format!("k{id}"))]).collect())
        }),
        3 => prop::collection::vec(rect(), 0..3).prop_map(|rects| Expr::Bbox { rects, z: None, crs: Crs::Crs84 }),
        1 => rect().prop_map(|rect| Expr::Bbox { rects: vec![rect], z: Some((0.0, 1.0)), crs: Crs::Crs84 }),
        1 => prop::sample::select(during.to_vec()).prop_map(|text| Expr::During(text.parse().unwrap())),
    ];
    leaf.prop_recursive(2, 6, 3, |part| {
        prop_oneof![
            2 => prop::collection::vec(part.clone(), 0..3).prop_map(Expr::And),
            1 => prop::collection::vec(part.clone(), 0..3).prop_map(Expr::Or),
            1 => part.prop_map(|part| Expr::Not(Box::new(part))),
        ]
    })
}

fn written(rows: &[Row], has_text_key: bool, has_indexes: bool) -> File {
    let file = File::new();
    let key = if has_text_key { "id TEXT PRIMARY KEY NOT NULL" } else { "id INTEGER PRIMARY KEY" };
    file.run(&format!(
        "BEGIN; CREATE TABLE t ({key}, geom GEOMETRY, n INTEGER, x DOUBLE, s TEXT COLLATE NOCASE, u UUID, b BOOLEAN,
         at DATETIME, d DATE, j JSON)"
    ));
    for (at, (geometry, values)) in rows.iter().enumerate() {
        // Neither in order nor dense.
        let number = i64::try_from(at * 7 % 31 + at / 31 * 31).unwrap();
        let id = if has_text_key { text(&format!("k{number}")) } else { Stored::Integer(number) };
        let mut all: Vec<&dyn rusqlite::ToSql> = vec![&id, geometry];
        all.extend(values.iter().map(|value| value as &dyn rusqlite::ToSql));
        file.insert("INSERT INTO t VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", &all);
    }
    file.run("COMMIT");
    file.features("t", "geom", "GEOMETRY", 4326, 0);
    if has_indexes {
        file.index("t", "geom");
        file.run(
            "CREATE INDEX i1 ON t (n); CREATE INDEX i2 ON t (s); CREATE INDEX i3 ON t (at); CREATE INDEX i4 ON t (b)",
        );
    }
    file
}

/// All rows of the view again, in memory.
async fn in_memory(view: &View) -> View {
    let (rows, _) = read(view, &Query::default()).await.unwrap();
    let rows = rows.into_iter().map(|row| {
        let id = match row.id {
            Value::Int(id) => FeatureId::Int(id),
            Value::Text(id) => FeatureId::Text(id),
            other => panic!("{other:?} is no id"),
        };
        (id, row.geometry, row.values)
    });
    let memory = Memory::new((**view.schema()).clone(), rows.collect()).unwrap();
    open(&(Arc::new(memory) as Arc<dyn FeatureSource>))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn each_page_is_what_memory_gives(
        rows in prop::collection::vec(row(), 0..60),
        filters in prop::collection::vec(filter(), 12),
        page in 1u64..14,
        has_text_key: bool,
        has_indexes: bool,
    ) {
        let file = written(&rows, has_text_key, has_indexes);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        runtime.block_on(async {
            let view = open(&layer(&file, "t").source);
            let memory = in_memory(&view).await;
            prop_assert_eq!(view.count(&Query::default(), AMPLE).await.unwrap(), Some(rows.len() as u64));
            for filter in filters {
                let mut query = Query { filter: Some(filter), ..Query::default() };
                let (expected, _) = read(&memory, &query).await.unwrap();
                let (whole, more) = read(&view, &query).await.unwrap();
                prop_assert!(!more);
                prop_assert_eq!(&whole, &expected, "{:?}", query);
                let count = view.count(&query, AMPLE).await.unwrap();
                prop_assert_eq!(count, Some(expected.len() as u64), "{:?}", query);
                query.limit = Some(page);
                query.without_geometry = page % 2 == 0;
                query.properties = (page % 3 == 0).then(|| vec!["s".to_owned()]);
                let mut walked = Vec::new();
                loop {
                    let (rows, more) = read(&view, &query).await.unwrap();
                    prop_assert!(!more || rows.len() as u64 == page);
                    walked.extend(rows.into_iter().map(|row| row.id));
                    query.offset += page;
                    if !more {
                        break;
                    }
                }
                let ids: Vec<_> = expected.into_iter().map(|row| row.id).collect();
                prop_assert_eq!(walked, ids, "{:?}", query);
            }
            Ok(())
        })?;
    }
}
