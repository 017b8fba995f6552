//! One contract for all sources: the same rows in memory and in files of every format give the same answer to every
//! question. None may take a part of a question and ignore it.

use std::path::Path;
use std::sync::Arc;

use proptest::prelude::*;

use super::LayerOptions;
use super::gdal::vector::VectorFile;
use super::geopackage::GeoPackage;
use super::memory::{Memory, MemoryRow};
use crate::base::bbox::Rect;
use crate::base::crs::Crs;
use crate::base::datetime::{Date, Instant, Interval};
use crate::data::gate::{COUNT_BUDGET, Locked, View};
use crate::data::query::{Query, SortBy};
use crate::data::source::FeatureSource;
use crate::expr::samples::{any_array, any_comparison, any_operand, any_spatial, any_temporal, joined};
use crate::expr::{Expr, Operand};
use crate::model::geometry::figure::Figure;
use crate::model::geometry::samples::{Sample, Style, wkb};
use crate::model::geometry::wkt;
use crate::model::schema::{Field, FieldKind, GeometryField, GeometryKind, KeyKind, Schema, TimeFields};
use crate::model::value::{FeatureId, Value};

mod date_line;
mod files;
mod places;

use files::written;

/// The fields of the rows; not every format has every type.
const FIELDS: [(&str, FieldKind); 6] = [
    ("n", FieldKind::Integer),
    ("x", FieldKind::Number),
    ("t", FieldKind::String),
    ("d", FieldKind::Date),
    ("b", FieldKind::Boolean),
    ("i", FieldKind::DateTime),
];

/// Rows whose ids are in no order, or in that of the rows.
fn rows(is_sorted: bool, has_gaps: bool) -> Vec<MemoryRow> {
    let mut seed = 7_u64;
    let mut below = move |count: usize| {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(seed >> 33).unwrap() % count
    };
    let texts = ["a", "A", "ab", "a%", "b_", "3x", "zürich", "O'Neill", "東京", "say \"hi\"", "back\\slash"];
    let mut ids: Vec<i64> = (0..300).map(|number| number * 3 - 150).collect();
    if !is_sorted {
        (1..ids.len()).rev().for_each(|at| ids.swap(at, below(at + 1)));
    }
    let row = |(at, id): (usize, i64)| {
        // The first rows have everything, so that formats that look at the first ones know the types.
        let mut or_null = |value: Value| if at > 3 && below(6) == 0 { Value::Null } else { value };
        let number = |count: i32| i64::try_from((at * 7919 + 13) % usize::try_from(count).unwrap()).unwrap();
        let values = vec![
            or_null(Value::Int(number(9) - 3)),
            #[allow(clippy::cast_precision_loss)]
            or_null(Value::Float(number(17) as f64 / 4.0 - 1.5)),
            or_null(Value::Text(texts[(at * 31 + 7) % texts.len()].to_owned())),
            or_null(Value::Date(Date(18_262 + i32::try_from(number(9)).unwrap()))),
            or_null(Value::Bool(number(2) == 0)),
            or_null(Value::Instant(Instant(Date(18_262).start().0 + number(11) * 43_200_000_000))),
        ];
        #[allow(clippy::cast_precision_loss)]
        let place = [number(160) as f64 / 4.0 - 20.0, number(151) as f64 / 4.0 - 20.0, 0.0, 0.0];
        let is_there = at < 4 || !has_gaps || at % 11 != 0;
        (FeatureId::Int(id), is_there.then(|| wkb(&Sample::Point(place), Style::default())), values)
    };
    ids.into_iter().enumerate().map(row).collect()
}

fn schema(time: Option<usize>) -> Schema {
    Schema {
        fields: FIELDS.iter().map(|(name, kind)| Field::new(*name, *kind)).collect(),
        key: ("nr".to_owned(), KeyKind::Integer),
        geometry: Some(GeometryField {
            name: "geometry".to_owned(),
            kind: GeometryKind::Point,
            crs: Crs::Crs84,
            epoch: None,
            has_z: false,
        }),
        time: time.map(|start| TimeFields { start, end: None }),
    }
}

/// A layer in a file, and the same in memory.
struct Pair {
    name: String,
    file: Arc<dyn FeatureSource>,
    memory: Arc<dyn FeatureSource>,
    /// Properties that the format keeps as what they are.
    kept: Vec<String>,
}

fn open(path: &Path) -> Arc<dyn FeatureSource> {
    let layer =
        LayerOptions { time: Some(("d".to_owned(), None)), id: Some("nr".to_owned()), ..LayerOptions::default() };
    if path.extension().is_some_and(|it| it == "gpkg") {
        let package = GeoPackage::open(path).unwrap();
        let name = package.layer_names().next().unwrap().to_owned();
        return package.layer(&name, &layer).unwrap().source;
    }
    // This CSV has its dates in quotes as well, which would make them text.
    let is_csv = path.extension().is_some_and(|it| it == "csv");
    let options = if is_csv { vec!["QUOTED_FIELDS_AS_STRING=NO".to_owned()] } else { Vec::new() };
    let file = VectorFile::open(path, &options).unwrap();
    let name = file.layer_names().next().unwrap().to_owned();
    file.layer(&name, &layer).unwrap().source
}

fn pair(path: &Path, rows: &[MemoryRow]) -> Pair {
    let file = open(path);
    let is_kept = |(name, kind): &&(&str, FieldKind)| {
        file.schema().fields.iter().any(|field| field.name == *name && field.kind == *kind)
    };
    let kept: Vec<String> = FIELDS.iter().filter(is_kept).map(|(name, _)| (*name).to_owned()).collect();
    let mut schema = schema(Some(3));
    if let (Some(own), Some(theirs)) = (&mut schema.geometry, &file.schema().geometry) {
        own.name.clone_from(&theirs.name);
    }
    let memory = Arc::new(Memory::new(schema, rows.to_vec()).unwrap());
    let name = path.file_name().unwrap().to_string_lossy().into_owned();
    Pair { name, file, memory, kept }
}

/// A row as all sources agree on it.
type Seen = (Value, Option<String>, Vec<Value>);

async fn read(view: &View, query: &Query) -> (Vec<Seen>, bool) {
    let mut features = view.features(query).unwrap();
    let layout = features.layout().clone();
    assert!(!(query.without_geometry && layout.geometry), "a geometry that a filter reads stays behind");
    let mut rows = Vec::new();
    while let Some(batch) = features.next().await {
        let batch = batch.unwrap();
        for row in batch.rows() {
            let geometry = layout.geometry.then(|| row.geometry()).flatten().map(|wkb| {
                // Six decimals are what all formats keep.
                let mut figure = Figure::read(wkb).unwrap();
                figure.change(&mut |place| place.iter_mut().for_each(|number| *number = (*number * 1e6).round() / 1e6));
                wkt::write(&figure)
            });
            rows.push((
                row.value(0),
                geometry,
                (layout.first_property()..layout.width()).map(|at| row.value(at)).collect(),
            ));
        }
    }
    (rows, features.more())
}

fn any_literal() -> impl Strategy<Value = Value> {
    let texts = ["a", "A", "ab", "a%", "zürich", "O'Neill", "zz", "say \"hi\"", "back\\slash"];
    prop_oneof![
        prop::sample::select(vec![-3, -1, 0, 1, 4, 9, 1 << 53]).prop_map(Value::Int),
        prop::sample::select(vec![-1.5, 0.0, 0.25, 1.5, 2.5, 1e300, f64::NAN]).prop_map(Value::Float),
        any::<bool>().prop_map(Value::Bool),
        prop::sample::select(texts.to_vec()).prop_map(|text| Value::Text(text.to_owned())),
        (-1..10).prop_map(|day| Value::Date(Date(18_262 + day))),
        (-1..10).prop_map(|day| Value::Instant(Instant(Date(18_262 + day).start().0 + 43_200_000_000))),
        Just(Value::Null),
    ]
}

fn any_predicate(names: &[String], geometry: &str) -> impl Strategy<Value = Expr> + use<> {
    // The key is compared as a property is.
    let names = [names, &["nr".to_owned()]].concat();
    let name = move || prop::sample::select(names.clone());
    let property = name.clone();
    let operand =
        move || prop_oneof![4 => property().prop_map(Operand::Property), 1 => any_literal().prop_map(Operand::Literal)];
    let literal = || any_literal().prop_map(Operand::Literal);
    let rect = || {
        (-24i32..24, -24i32..24, 0i32..20, 0i32..20).prop_map(|(x, y, width, height)| {
            let [x, y, width, height] = [x, y, width, height].map(f64::from);
            Rect { min_x: x, min_y: y, max_x: x + width, max_y: y + height }
        })
    };
    let ids = || prop::collection::vec((-160i64..760).prop_map(FeatureId::Int), 0..9);
    let interval = || {
        (-1i32..10, 0i32..5, 0..4).prop_map(|(day, days, open)| Interval {
            start: (open != 1).then(|| Date(18_262 + day).start()),
            end: (open != 2).then(|| Date(18_262 + day + days).end()),
        })
    };
    joined(prop_oneof![
        5 => (name().prop_map(Operand::Property), any_comparison(), literal())
            .prop_map(|(left, how, right)| Expr::Compare(left, how, right)),
        1 => (operand(), any_comparison(), operand()).prop_map(|(left, how, right)| Expr::Compare(left, how, right)),
        2 => (name().prop_map(Operand::Property), "[aAb%_\\\\]{0,3}")
            .prop_map(|(operand, pattern)| Expr::Like { operand, pattern }),
        2 => (operand(), literal(), literal()).prop_map(|(operand, low, high)| Expr::Between(operand, low, high)),
        2 => (operand(), prop::collection::vec(any_literal(), 0..5)).prop_map(|(operand, values)| Expr::In(operand, values)),
        1 => operand().prop_map(Expr::IsNull),
        1 => Just(Expr::NoGeometry(geometry.to_owned())),
        3 => any_spatial(Just(geometry.to_owned())),
        2 => (any_operand(name(), any_literal()), any_comparison(), any_operand(name(), any_literal()))
            .prop_map(|(left, how, right)| Expr::Compare(left, how, right)),
        1 => any_temporal(operand().boxed()),
        1 => any_array(name().boxed()),
        2 => prop::collection::vec(rect(), 0..3).prop_map(|rects| Expr::Bbox { rects, z: None, crs: Crs::Crs84 }),
        2 => ids().prop_map(Expr::Ids),
        2 => interval().prop_map(Expr::During),
    ])
}

/// What a client and a policy may ask together.
#[derive(Clone, Debug)]
struct Question {
    query: Query,
    visible: Vec<String>,
    policy: Option<Expr>,
}

fn any_question(pair: &Pair) -> impl Strategy<Value = Question> + use<> {
    let geometry = pair.file.schema().geometry.as_ref().map(|field| field.name.clone()).unwrap_or_default();
    let kept = pair.kept.clone();
    let most = kept.len();
    (prop::sample::subsequence(kept.clone(), 2..=most), any::<prop::sample::Index>()).prop_flat_map(
        move |(visible, _)| {
            let sort = (prop::sample::select([visible.clone(), vec!["nr".to_owned()]].concat()), any::<bool>())
                .prop_map(|(property, descending)| SortBy { property, descending });
            (
                prop::option::of(any_predicate(&visible, &geometry)),
                prop::option::weighted(0.3, any_predicate(&kept, &geometry)),
                prop::option::weighted(0.4, prop::sample::subsequence(visible.clone(), 0..=visible.len())),
                prop::collection::vec(sort, 0..3),
                (prop_oneof![3 => 0u64..5, 1 => 0u64..400], prop::option::of(0u64..12), any::<bool>()),
            )
                .prop_map(move |(filter, policy, properties, sort, (offset, limit, without_geometry))| {
                    Question {
                        query: Query { filter, properties, without_geometry, offset, limit, sort, ..Query::default() },
                        visible: visible.clone(),
                        policy,
                    }
                })
        },
    )
}

fn same_answers(pair: &Pair, cases: u32) {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_time().build().unwrap();
    let (file, memory) = (Locked::new(pair.file.clone()), Locked::new(pair.memory.clone()));
    let config = ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(cases) };
    proptest!(config, |(question in any_question(pair))| {
        let Question { query, visible, policy } = &question;
        let view = |of: &Locked| of.view(Some(visible), policy.iter().cloned().collect());
        let (file, memory) = (view(&file), view(&memory));
        runtime.block_on(async {
            let (expected, found) = (read(&memory, query).await, read(&file, query).await);
            let ids = |rows: &[Seen]| rows.iter().map(|row| row.0.clone()).collect::<Vec<_>>();
            prop_assert_eq!((ids(&found.0), found.1), (ids(&expected.0), expected.1), "{}: {:?}", pair.name, question);
            let apart = found.0.iter().zip(&expected.0).find(|(found, expected)| found != expected);
            prop_assert!(apart.is_none(), "{}: {:?}: {:?}", pair.name, apart, question);
            let whole = Query { offset: 0, limit: None, ..query.clone() };
            let expected = memory.count(&whole, COUNT_BUDGET * 100).await.unwrap();
            let found = file.count(&whole, COUNT_BUDGET * 100).await.unwrap();
            prop_assert_eq!(found, expected, "{}: {:?}", pair.name, question);
            Ok(())
        })?;
    });
    // Where days have become instants, the last one ends earlier.
    let has_days = pair.kept.iter().any(|name| name == "d");
    let extent = |of: &Locked, policies: Vec<Expr>| {
        let extent = runtime.block_on(of.view(None, policies).extent(COUNT_BUDGET * 100)).unwrap();
        (extent.space, extent.time.filter(|_| has_days))
    };
    assert_eq!(extent(&file, Vec::new()), extent(&memory, Vec::new()), "{}", pair.name);
    let some = vec![Expr::Compare(
        Operand::Property("n".to_owned()),
        crate::expr::Comparison::Greater,
        Operand::Literal(Value::Int(0)),
    )];
    assert_eq!(extent(&file, some.clone()), extent(&memory, some), "{}", pair.name);
}

/// Formats that find rows by their numbers: their ids may be in any order.
#[test]
fn sources_with_ids_in_any_order_give_the_same_answers() {
    let (folder, rows) = (tempfile::tempdir().unwrap(), rows(false, false));
    for path in written(folder.path(), &rows, &["gpkg", "shp", "fgb", "geojson", "sqlite", "gdb"]) {
        let pair = pair(&path, &rows);
        assert!(pair.kept.len() >= 4, "{}: {:?}", pair.name, pair.kept);
        same_answers(&pair, 150);
    }
}

/// All formats, some rows without a place.
#[test]
fn sources_with_ids_in_order_give_the_same_answers() {
    let (folder, rows) = (tempfile::tempdir().unwrap(), rows(true, true));
    for path in written(folder.path(), &rows, &["gpkg", "shp", "geojson", "geojsons", "csv", "gml", "sqlite", "gdb"]) {
        let pair = pair(&path, &rows);
        assert!(pair.kept.len() >= 4, "{}: {:?}", pair.name, pair.kept);
        same_answers(&pair, 100);
    }
}
