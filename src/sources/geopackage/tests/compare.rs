//! The same predicates over the same rows: here by SQL, R-tree and loop, in memory by the gate alone.

use proptest::prelude::*;
use rusqlite::types::Value as Stored;

use super::*;
use crate::base::crs::Crs;
use crate::base::datetime::{Date, Instant, Interval};
use crate::data::query::SortBy;
use crate::expr::function::Function;
use crate::expr::samples::{any_array, any_comparison, any_figure, any_operand, any_spatial, any_temporal, joined};
use crate::expr::{Expr, GeometryLiteral, Operand, Operator, Relation};
use crate::model::geometry::Figure;
use crate::model::value::FeatureId;
use crate::sources::memory::Memory;

const COLUMNS: &str = "fid INTEGER PRIMARY KEY, geom GEOMETRY, n INTEGER, m INTEGER, x DOUBLE, t TEXT, u TEXT, b BOOLEAN, d DATE, i DATETIME, j JSON";

/// Values that a column of any type may hold: SQLite keeps them as they are, or makes numbers and texts of each other.
/// Bytes are not among them, for memory has none.
fn stored() -> Vec<Stored> {
    let texts =
        ["", "a", "A", "ab", "a%", "b_", "3", "zürich", "a\0b", "2020-01-01", "2020-01-02T00:00:00Z", "1970-01-01"];
    let odd = [
        "abc",
        "abd",
        " 2020-01-02",
        "\u{202f}2020-01-01",
        "2020-01-02T23:30:00-23:00",
        "2019-12-31T00:30:00+23:00",
        "2020-01-01 10:00",
        "2020-01- 1 10:00",
        "02020-1-01 10:00",
        "2019-12-20",
        "2020-02-01T00:00:00.5Z",
    ];
    let texts: Vec<&str> = texts.into_iter().chain(odd).collect();
    let mut all: Vec<Stored> = texts.into_iter().map(|text| Stored::Text(text.to_owned())).collect();
    all.extend([-1, 0, 1, 2, 3, 1 << 53, (1 << 53) + 1, i64::MAX, i64::MIN].map(Stored::Integer));
    let floats =
        [-0.5, 0.0, -0.0, 1.0, 1.5, 0.499_999_999_999_999_94, 9_007_199_254_740_992.0, 1e300, 1e-300, f64::INFINITY];
    all.extend(floats.map(Stored::Real));
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
        "CREATE TABLE points ({COLUMNS}); CREATE INDEX by_t ON points (t); CREATE INDEX by_n ON points (n); CREATE INDEX by_i ON points (i)"
    ));
    file.run("INSERT INTO gpkg_spatial_ref_sys VALUES ('Mercator', 3857, 'EPSG', 3857, 'PROJCS[]', NULL)");
    file.features("points", "geom", "GEOMETRY", srs, 0);
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
            3..8 => Some(writer::wkb_point(place(below(40)), place(below(40)))),
            kind => {
                let at = [place(below(40)), place(below(40)), f64::NAN];
                let side = |size: usize| f64::from(u32::try_from(size).unwrap()) * unit;
                let (width, height) = (side(1 + below(6)), side(1 + below(6)));
                let corner = |x: f64, y: f64| [at[0] + x, at[1] + y, f64::NAN];
                let figure = match kind {
                    8 => Figure::LineString(vec![at, corner(width, height), corner(width, 0.0)]),
                    9 => Figure::MultiPoint(vec![Figure::Point(Some(at)), Figure::Point(Some(corner(width, height)))]),
                    _ => Figure::Polygon(vec![vec![at, corner(width, 0.0), corner(width, height), at]]),
                };
                Some(figure.wkb())
            }
        };
        let unreadable = (below(2) == 0).then(|| b"no geometry".to_vec());
        let geometry = wkb.as_deref().map(writer::blob).or(unreadable);
        geometries.push(wkb);
        let values: Vec<Stored> = (0..8).map(|_| all[below(all.len())].clone()).collect();
        let lists = ["[]", "[1]", "[\"a\", 1.0]", "[true, [1]]", "{}", "no list", "[\"b\", \"a\", \"a\"]"];
        let list = (below(4) > 0).then(|| lists[below(lists.len())].to_owned());
        let mut row: Vec<&dyn rusqlite::ToSql> = vec![&geometry];
        row.push(&list);
        row.extend(values.iter().map(|value| value as &dyn rusqlite::ToSql));
        let insert =
            "INSERT INTO points (geom, j, n, m, x, t, u, b, d, i) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)";
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
        prop::sample::select(vec![-0.5, 0.0, 1.0, 1.5, -2.5, 9_007_199_254_740_992.0, 1e300, 1e-300, f64::NAN])
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
        2 => (any_operand(name(), any_literal()), any_comparison(), any_operand(name(), any_literal()))
            .prop_map(|(left, how, right)| Expr::Compare(left, how, right)),
        2 => (any_sum(), any_comparison(), any_sum()).prop_map(|(left, how, right)| Expr::Compare(left, how, right)),
        1 => any_sum().prop_map(Expr::IsNull),
        1 => (any_sum(), prop::collection::vec(any_literal(), 0..3)).prop_map(|(sum, values)| Expr::In(sum, values)),
        1 => (any_operand(name(), any_literal()), "[aAb%_]{0,3}").prop_map(|(operand, pattern)| Expr::Like { operand, pattern }),
        2 => any_temporal(operand().boxed()),
        2 => any_array(prop::sample::select(vec!["j", "t"]).prop_map(str::to_owned).boxed()),
        1 => (any_figure(), prop::bool::ANY, 0u32..200_000).prop_map(|(figure, near, metres)| Expr::Spatial {
            relation: if near { Relation::DWithin } else { Relation::Beyond },
            property: "geom".to_owned(),
            geometry: GeometryLiteral::new(&figure, Crs::Crs84),
            distance: Some(f64::from(metres)),
        }),
        1 => ids().prop_map(Expr::Ids),
        1 => (-1i64..40, 0i64..40, 0..4).prop_map(|(day, days, open)| {
            let at = |day: i64| Instant(Date(18_260).start().0 + day * 43_200_000_000);
            Expr::During(Interval { start: (open != 1).then(|| at(day)), end: (open != 2).then(|| at(day + days)) })
        }),
        1 => prop::sample::select(vec![Expr::always(), Expr::never()]),
    ])
}

/// Calculations with numbers, as a client may ask for.
fn any_sum() -> impl Strategy<Value = Operand> {
    use Operator::{Add, Divide, IntegerDivide, Modulo, Multiply, Power, Subtract};
    let numbers = vec![-1, 0, 2, 3, 1 << 53, (1 << 53) + 1, i64::MAX, i64::MIN];
    let leaf = prop_oneof![
        5 => prop::sample::select(vec!["n", "m", "x"]).prop_map(|name| Operand::Property(name.to_owned())),
        2 => prop::sample::select(numbers).prop_map(|number| Operand::Literal(Value::Int(number))),
        1 => prop::sample::select(vec![0.5, -2.5, 0.0, 1e300, 1e-300]).prop_map(|number| Operand::Literal(Value::Float(number))),
    ];
    leaf.prop_recursive(4, 10, 2, |inner| {
        let operators = vec![Add, Subtract, Multiply, Divide, Modulo, IntegerDivide, Power];
        let functions = vec![Function::Abs, Function::Ceil, Function::Floor, Function::Round, Function::Sqrt];
        prop_oneof![
            3 => (inner.clone(), prop::sample::select(operators), inner.clone())
                .prop_map(|(left, operator, right)| Operand::calculation(left, operator, right)),
            1 => (prop::sample::select(functions), inner).prop_map(|(function, one)| Operand::Call(function, vec![one])),
        ]
    })
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
    compare(&room(4326, 1.0), 400);
}

#[test]
fn a_projected_package_and_memory_give_the_same_rows() {
    compare(&room(3857, 111_319.490_793_273_57), 100);
}
