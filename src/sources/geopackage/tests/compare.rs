//! The same predicates over the same rows: here by SQL, R-tree and loop, in memory by the gate alone.

use proptest::prelude::*;
use rusqlite::types::Value as Stored;

use super::*;
use crate::base::datetime::{Date, Instant};
use crate::data::query::SortBy;
use crate::expr::samples::{any_comparison, any_spatial, joined};
use crate::expr::{Expr, Operand};
use crate::model::value::FeatureId;
use crate::sources::memory::Memory;

const COLUMNS: &str = "fid INTEGER PRIMARY KEY, geom POINT, n INTEGER, m INTEGER, x DOUBLE, t TEXT, u TEXT, b BOOLEAN, d DATE, i DATETIME";

/// Values that a column of any type may hold: SQLite keeps them as they are, or makes numbers and texts of each other.
/// Bytes are not among them, for memory has none.
fn stored() -> Vec<Stored> {
    let texts =
        ["", "a", "A", "ab", "a%", "b_", "3", "zürich", "a\0b", "2020-01-01", "2020-01-02T00:00:00Z", "1970-01-01"];
    let mut all: Vec<Stored> = texts.map(|text| Stored::Text(text.to_owned())).into();
    all.extend([-1, 0, 1, 2, 3, 1 << 53, (1 << 53) + 1, i64::MAX].map(Stored::Integer));
    all.extend([-0.5, 0.0, 1.0, 1.5, 9_007_199_254_740_992.0, 1e300].map(Stored::Real));
    all.extend([Stored::Null, Stored::Null]);
    all
}

struct Room {
    _file: File,
    runtime: tokio::runtime::Runtime,
    package: View,
    memory: View,
}

/// A room whose layer has its points in this system, so many units apart.
fn room(srs: i64, unit: f64) -> Room {
    let file = File::new();
    file.run(&format!(
        "CREATE TABLE points ({COLUMNS}); CREATE INDEX by_t ON points (t); CREATE INDEX by_n ON points (n)"
    ));
    file.run("INSERT INTO gpkg_spatial_ref_sys VALUES ('Mercator', 3857, 'EPSG', 3857, 'PROJCS[]', NULL)");
    file.features("points", "geom", "POINT", srs, 0);
    let all = stored();
    let mut seed = 1_u64;
    let mut below = |count: usize| {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(seed >> 33).unwrap() % count
    };
    let place = |at: usize| (f64::from(i32::try_from(at).unwrap()) - 20.0) * unit;
    let mut geometries = Vec::new();
    for _ in 0..400 {
        let wkb = match below(12) {
            0 | 1 => None,
            // A line that has more vertices than follow.
            2 => Some([&[1, 2, 0, 0, 0, 0xff, 0xff], &writer::wkb_point(1.0, 1.0)[7..]].concat()),
            _ => Some(writer::wkb_point(place(below(40)), place(below(40)))),
        };
        let unreadable = (below(2) == 0).then(|| b"no geometry".to_vec());
        let geometry = wkb.as_deref().map(writer::blob).or(unreadable);
        geometries.push(wkb);
        let values: Vec<Stored> = (0..8).map(|_| all[below(all.len())].clone()).collect();
        let mut row: Vec<&dyn rusqlite::ToSql> = vec![&geometry];
        row.extend(values.iter().map(|value| value as &dyn rusqlite::ToSql));
        let insert = "INSERT INTO points (geom, n, m, x, t, u, b, d, i) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)";
        file.insert(insert, &row);
    }
    file.index("points", "geom");
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_time().build().unwrap();
    let source = layer(&file, "points").source;
    let package = open(&source);
    let (rows, _) = runtime.block_on(read(&package, &Query::default())).unwrap();
    // The rows came by their ids, as they were written. Their places are those of the file, not of the answer.
    let row = |(row, geometry): (Seen, Option<Vec<u8>>)| match row.id {
        Value::Int(id) => (FeatureId::Int(id), geometry, row.values),
        other => panic!("{other:?} is no id"),
    };
    let rows = rows.into_iter().zip(geometries).map(row).collect();
    let memory = Memory::new((**source.schema()).clone(), rows).unwrap();
    let memory = Locked::new(Arc::new(memory)).view(None, Vec::new());
    Room { _file: file, runtime, package, memory }
}

fn any_literal() -> impl Strategy<Value = Value> {
    let texts = ["", "a", "A", "ab", "a%", "3", "zürich", "a\0b", "2020-01-01", "a\u{fffd}"];
    let numbers = vec![-1, 0, 1, 2, 3, 1 << 53, (1 << 53) + 1, i64::MAX, i64::MIN];
    let days = |day: i32| Date(18_262 + day);
    prop_oneof![
        prop::sample::select(numbers).prop_map(Value::Int),
        prop::sample::select(vec![-0.5, 0.0, 1.0, 1.5, 9_007_199_254_740_992.0, 1e300, f64::NAN])
            .prop_map(Value::Float),
        any::<bool>().prop_map(Value::Bool),
        prop::sample::select(texts.to_vec()).prop_map(|text| Value::Text(text.to_owned())),
        (-1..3).prop_map(move |day| Value::Date(days(day))),
        (-1..3).prop_map(move |day| Value::Instant(Instant(days(day).start().0))),
        Just(Value::Null),
    ]
}

fn any_predicate() -> impl Strategy<Value = Expr> {
    let name = || prop::sample::select(vec!["n", "m", "x", "t", "u", "b", "d", "i"]).prop_map(str::to_owned);
    let operand =
        || prop_oneof![4 => name().prop_map(Operand::Property), 1 => any_literal().prop_map(Operand::Literal)];
    let bound = || prop_oneof![1 => name().prop_map(Operand::Property), 4 => any_literal().prop_map(Operand::Literal)];
    let ids = || prop::collection::vec((0i64..420).prop_map(FeatureId::Int), 0..9);
    joined(prop_oneof![
        4 => (operand(), any_comparison(), bound()).prop_map(|(left, how, right)| Expr::Compare(left, how, right)),
        2 => (operand(), "[aAb%_\\\\]{0,3}").prop_map(|(operand, pattern)| Expr::Like { operand, pattern }),
        2 => (operand(), bound(), bound()).prop_map(|(operand, low, high)| Expr::Between(operand, low, high)),
        3 => (operand(), prop::collection::vec(any_literal(), 0..5)).prop_map(|(operand, values)| Expr::In(operand, values)),
        1 => (name(), "[ab]{0,2}").prop_map(|(name, text)| {
            Expr::In(Operand::Property(name), vec![Value::Text(text), Value::Text("A".to_owned())])
        }),
        1 => operand().prop_map(Expr::IsNull),
        3 => any_spatial(Just("geom".to_owned())),
        1 => ids().prop_map(Expr::Ids),
        1 => prop::sample::select(vec![Expr::always(), Expr::never()]),
    ])
}

/// An order by what SQL and the gate compare alike; days that are no days are sorted by each in its own way.
fn any_order() -> impl Strategy<Value = Vec<SortBy>> {
    let name = prop::sample::select(vec!["n", "m", "x", "t", "u", "b", "fid"]);
    let step = (name, any::<bool>()).prop_map(|(name, descending)| SortBy { property: name.to_owned(), descending });
    prop_oneof![1 => Just(Vec::new()), 1 => prop::collection::vec(step, 1..4)]
}

fn compare(room: &Room, cases: u32) {
    let config = ProptestConfig::with_cases(cases);
    proptest!(config, |(expr in any_predicate(), sort in any_order(), offset in 0u64..4, limit in prop::option::of(0u64..9))| {
        let query = Query { filter: Some(expr), sort, offset, limit, ..Query::default() };
        room.runtime.block_on(async {
            let expected = read(&room.memory, &query).await.unwrap();
            let (rows, more) = read(&room.package, &query).await.unwrap();
            let text = query.filter.as_ref().map(Expr::to_string);
            prop_assert_eq!((ids(&rows), more), (ids(&expected.0), expected.1), "{:?}", text);
            prop_assert!(rows == expected.0);
            let whole = Query { limit: None, offset: 0, ..query };
            let expected = room.memory.count(&whole, AMPLE).await.unwrap();
            prop_assert_eq!(room.package.count(&whole, AMPLE).await.unwrap(), expected);
            Ok(())
        })?;
    });
}

#[test]
fn a_package_and_memory_give_the_same_rows() {
    compare(&room(4326, 1.0), 800);
}

#[test]
fn a_projected_package_and_memory_give_the_same_rows() {
    compare(&room(3857, 111_319.490_793_273_57), 200);
}
