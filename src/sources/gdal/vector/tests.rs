use std::ops::ControlFlow;
use std::process::Command;
use std::sync::atomic::AtomicBool;

use proptest::prelude::*;

use super::*;
use crate::base::bbox::Rect;
use crate::base::crs::Crs;
use crate::data::gate::{COUNT_BUDGET, Locked, View};
use crate::data::query::Query;
use crate::expr::Expr;
use crate::model::batch::Layout;
use crate::model::value::{FeatureId, Value};
use crate::sources::memory::Memory;

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_time().build().unwrap()
}

fn layer(path: &Path) -> Arc<dyn FeatureSource> {
    let file = VectorFile::open(path, &Vec::new()).unwrap();
    file.layers().remove(0).unwrap().source
}

fn convert(driver: &str, to: &Path, from: &Path, more: &[&str]) {
    let output = Command::new("ogr2ogr").args(["-q", "-f", driver]).args([to, from]).args(more).output().unwrap();
    assert!(output.status.success(), "{driver}: {}", String::from_utf8_lossy(&output.stderr));
}

/// Some hundred overlapping squares with a hole, of which some are sets of two.
fn squares(folder: &Path) -> PathBuf {
    let square = |x: f64, y: f64, size: f64| {
        let ring = |x: f64, y: f64, size: f64| {
            serde_json::json!([[x, y], [x + size, y], [x + size, y + size], [x, y + size], [x, y]])
        };
        serde_json::json!([ring(x, y, size), ring(x + size / 4.0, y + size / 4.0, size / 2.0)])
    };
    let feature = |number: i32| {
        let (x, y) = (f64::from(number * 37 % 101) - 50.0, f64::from(number * 53 % 97) - 48.0);
        let size = f64::from(1 + number % 9);
        let geometry = if number % 5 == 0 {
            serde_json::json!({ "type": "MultiPolygon", "coordinates": [square(x, y, size), square(-x, -y, size)] })
        } else {
            serde_json::json!({ "type": "Polygon", "coordinates": square(x, y, size) })
        };
        serde_json::json!({ "type": "Feature", "properties": { "n": number }, "geometry": geometry })
    };
    let features: Vec<_> = (0..400).map(feature).collect();
    let path = folder.join("squares.geojson");
    std::fs::write(&path, serde_json::json!({ "type": "FeatureCollection", "features": features }).to_string())
        .unwrap();
    path
}

async fn all(view: &View, query: &Query) -> Vec<(FeatureId, Option<Vec<u8>>, Vec<Value>)> {
    let mut features = view.features(query).unwrap();
    let layout = features.layout().clone();
    let mut rows = Vec::new();
    while let Some(batch) = features.next().await {
        for row in batch.unwrap().rows() {
            let Value::Int(id) = row.value(0) else { panic!("an id that is no number") };
            let geometry = layout.geometry.then(|| row.geometry()).flatten().map(<[u8]>::to_vec);
            let values = (layout.first_property()..layout.width()).map(|at| row.value(at)).collect();
            rows.push((FeatureId::Int(id), geometry, values));
        }
    }
    rows
}

fn view(source: &Arc<dyn FeatureSource>) -> View {
    Locked::new(source.clone()).view(None, Vec::new())
}

#[test]
fn the_index_of_a_driver_finds_all_that_a_walk_does() {
    let folder = tempfile::tempdir().unwrap();
    let source = squares(folder.path());
    let files = [("shp", "ESRI Shapefile"), ("fgb", "FlatGeobuf"), ("gdb", "OpenFileGDB"), ("sqlite", "SQLite")];
    let mut paths: Vec<PathBuf> = files
        .iter()
        .map(|(ending, driver)| {
            let path = folder.path().join(format!("squares.{ending}"));
            convert(driver, &path, &source, &["-nln", "squares", "-nlt", "MULTIPOLYGON"]);
            path
        })
        .collect();
    let indexed = folder.path().join("indexed.shp");
    convert("ESRI Shapefile", &indexed, &source, &["-lco", "SPATIAL_INDEX=YES"]);
    assert!(indexed.with_extension("qix").exists());
    paths.extend([indexed, source]);
    let runtime = runtime();
    for path in paths {
        let source = layer(&path);
        let file = view(&source);
        let rows = runtime.block_on(all(&file, &Query::default()));
        assert_eq!(rows.len(), 400, "{}", path.display());
        let memory: Arc<dyn FeatureSource> = Arc::new(Memory::new((**source.schema()).clone(), rows).unwrap());
        let memory = view(&memory);
        let config = ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(60) };
        proptest!(config, |(x in -60i32..60, y in -60i32..60, width in 0i32..40, height in 0i32..40, offset in 0u64..3, limit in 1u64..50)| {
            let [x, y, width, height] = [x, y, width, height].map(|number| f64::from(number) / 2.0);
            let rect = Rect { min_x: x, min_y: y, max_x: x + width, max_y: y + height };
            let filter = Expr::Bbox { rects: vec![rect], z: None, crs: Crs::Crs84 };
            let query = Query { filter: Some(filter), offset, limit: Some(limit), ..Query::default() };
            runtime.block_on(async {
                prop_assert!(all(&file, &query).await == all(&memory, &query).await, "{}: {:?}", path.display(), rect);
                let (found, expected) = (file.count(&query, COUNT_BUDGET * 100).await, memory.count(&query, COUNT_BUDGET * 100).await);
                prop_assert_eq!(found.unwrap(), expected.unwrap());
                Ok(())
            })?;
        });
        // Far pages come by numbers or places where the driver has them.
        for offset in [0, 1, 57, 399, 400, 5000] {
            let query = Query { offset, limit: Some(3), ..Query::default() };
            let page = runtime.block_on(async { (all(&file, &query).await, all(&memory, &query).await) });
            assert!(page.0 == page.1, "{} from {offset}", path.display());
        }
    }
}

#[test]
fn deleted_rows_of_a_shapefile_are_no_rows() {
    let folder = tempfile::tempdir().unwrap();
    let (source, path) = (squares(folder.path()), folder.path().join("squares.shp"));
    convert("ESRI Shapefile", &path, &source, &[]);
    let table = path.with_extension("dbf");
    let mut bytes = std::fs::read(&table).unwrap();
    let (head, row) = (
        usize::from(u16::from_le_bytes([bytes[8], bytes[9]])),
        usize::from(u16::from_le_bytes([bytes[10], bytes[11]])),
    );
    for deleted in [0, 1, 17, 200] {
        bytes[head + deleted * row] = b'*';
    }
    std::fs::write(&table, bytes).unwrap();
    let (runtime, source) = (runtime(), layer(&path));
    let view = view(&source);
    assert_eq!(runtime.block_on(view.count(&Query::default(), COUNT_BUDGET * 100)).unwrap(), Some(396));
    let pages = (0..4).map(|page| Query { offset: page * 99, limit: Some(99), ..Query::default() });
    let ids: Vec<FeatureId> = pages.flat_map(|query| runtime.block_on(all(&view, &query))).map(|(id, ..)| id).collect();
    let wanted: Vec<FeatureId> = (0..400).filter(|id| ![0, 1, 17, 200].contains(id)).map(FeatureId::Int).collect();
    assert_eq!(ids, wanted);
    let back = |query: Query| -> Vec<FeatureId> {
        let rows = runtime.block_on(all(&view, &Query { backwards: true, ..query }));
        rows.into_iter().map(|(id, ..)| id).collect()
    };
    assert!(back(Query::default()).iter().eq(wanted.iter().rev()));
    // Few rows pass, more than are tried one by one.
    let near =
        Expr::Bbox { rects: vec![Rect { min_x: 0.0, min_y: 0.0, max_x: 9.0, max_y: 9.0 }], z: None, crs: Crs::Crs84 };
    let forward = Query { filter: Some(near), ..Query::default() };
    let there: Vec<FeatureId> = runtime.block_on(all(&view, &forward)).into_iter().map(|(id, ..)| id).collect();
    assert!(there.len() > 5);
    assert!(back(forward.clone()).iter().eq(there.iter().rev()));
    assert!(back(Query { offset: 1, limit: Some(3), ..forward }).iter().eq(there.iter().rev().skip(1).take(3)));
}

#[test]
fn the_page_before_a_far_place_asks_for_its_own_rows_alone() {
    let folder = tempfile::tempdir().unwrap();
    let source = squares(folder.path());
    for (driver, name) in [
        ("ESRI Shapefile", "squares.shp"),
        ("FlatGeobuf", "squares.fgb"),
        ("SQLite", "squares.sqlite"),
        ("OpenFileGDB", "squares.gdb"),
        ("GeoJSON", "copy.geojson"),
    ] {
        let path = folder.path().join(name);
        convert(driver, &path, &source, &["-nln", "squares", "-nlt", "MULTIPOLYGON"]);
        let mut opened = open(&path, &Vec::new()).unwrap();
        let table = schema::describe(&mut opened, &path, "squares", 0, &LayerOptions::default()).unwrap();
        let mut layer = opened.layer(0).unwrap();
        let stop = AtomicBool::new(false);
        let order = order::survey(&mut layer, &table, &stop).unwrap();
        let (filter, layout) = (read::Filter::default(), Layout { geometry: true, fields: Vec::new() });
        let scan = read::Scan {
            table: &table,
            filter: &filter,
            order: Some(&order),
            layout: &layout,
            offset: 0,
            limit: None,
            stretch: None,
            is_backwards: true,
            is_in_order: true,
            stop: &stop,
        };
        let mut ids = Vec::new();
        let walked = scan.run(&mut layer, &mut |row| {
            ids.push(row.feature.id());
            if ids.len() < 3 { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
        });
        assert!(walked.is_ok() && ids.len() == 3 && ids.is_sorted_by(|a, b| a > b), "{driver}: {ids:?}");
    }
}

#[test]
fn a_policy_in_the_language_of_ogr_holds_whatever_the_order_of_the_rows() {
    let folder = tempfile::tempdir().unwrap();
    let (runtime, path) = (runtime(), squares(folder.path()));
    let shape = folder.path().join("squares.shp");
    convert("ESRI Shapefile", &shape, &path, &[]);
    for (path, key) in [(&path, None), (&shape, None), (&shape, Some("n"))] {
        let options = LayerOptions { id: key.map(str::to_owned), ..LayerOptions::default() };
        let file = VectorFile::open(path, &Vec::new()).unwrap();
        let source = file.layer("squares", &options).unwrap().source;
        let under = |text: &str| Locked::new(source.clone()).view(None, vec![Expr::Subset(text.to_owned())]);
        let subset = if key.is_some() { "\"n\" < 5 AND \"n\" <> 2" } else { "n < 5 and n <> 2" };
        let rows = runtime.block_on(all(&under(subset), &Query { limit: Some(10), ..Query::default() }));
        assert_eq!(rows.len(), 4, "{}", path.display());
        assert_eq!(runtime.block_on(under(subset).count(&Query::default(), COUNT_BUDGET * 100)).unwrap(), Some(4));
        // What OGR does not understand lets nothing out.
        let mut features = under("nonsense = (").features(&Query::default()).unwrap();
        assert!(runtime.block_on(features.next()).unwrap().is_err());
    }
}

#[test]
fn who_leaves_ends_the_walk() {
    let folder = tempfile::tempdir().unwrap();
    let path = squares(folder.path());
    let mut source = open(&path, &Vec::new()).unwrap();
    let table =
        schema::describe(&mut source, Path::new("squares.shp"), "squares", 0, &LayerOptions::default()).unwrap();
    let never = Expr::equals("n", Value::Int(-1));
    let filter = read::Filter::new(&table, &[never]).unwrap();
    let layout = Layout { geometry: true, fields: Vec::new() };
    let mut walk = |has_left: bool| {
        let stop = AtomicBool::new(has_left);
        let mut layer = source.layer(0).unwrap();
        let surveyed = order::survey(&mut layer, &table, &stop).is_ok();
        let scan = read::Scan {
            table: &table,
            filter: &filter,
            order: None,
            layout: &layout,
            offset: 0,
            limit: None,
            stretch: None,
            is_backwards: false,
            is_in_order: true,
            stop: &stop,
        };
        (surveyed, scan.run(&mut layer, &mut |_| ControlFlow::Continue(())).is_ok())
    };
    assert_eq!(walk(false), (true, true));
    assert_eq!(walk(true), (false, false), "also where no row passes");
}

#[test]
fn drivers_of_servers_are_not_used() {
    for path in
        ["WFS:http://127.0.0.1:1/", "PG:host=127.0.0.1 port=1", "OAPIF:http://127.0.0.1:1/", "GPSBABEL:gpx:/tmp/x"]
    {
        assert!(VectorFile::open(Path::new(path), &Vec::new()).is_err(), "{path}");
    }
}
