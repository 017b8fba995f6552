//! A projected layer over the date line: boxes and shapes in longitude and latitude find what really lies there, on every
//! source.

use std::process::Command;
use std::sync::Arc;

use proptest::prelude::*;
use serde_json::json;

use super::{LayerOptions, Memory, VectorFile};
use crate::base::bbox::{Bbox, Rect};
use crate::base::crs::Crs;
use crate::data::gate::{COUNT_BUDGET, Locked};
use crate::data::query::{Area, Query};
use crate::data::source::FeatureSource;
use crate::expr::{Expr, GeometryLiteral, Relation};
use crate::model::batch::Cell;
use crate::model::geometry::envelope;
use crate::model::geometry::samples::{Sample, Style, wkb};
use crate::model::schema::{GeometryField, GeometryKind, KeyKind, Schema};
use crate::model::value::FeatureId;
use crate::sources::geopackage::GeoPackage;

/// PDC Mercator, whose middle is 150° east: upright rectangles stay such, and the date line is a line as any other.
const PDC: Crs = Crs::Epsg(3832);
const RADIUS: f64 = 6_378_137.0;
const ECCENTRICITY: f64 = 0.081_819_190_842_621_49;

fn metres(x: f64, y: f64) -> [f64; 2] {
    let sine = y.to_radians().sin();
    let bent = ECCENTRICITY * (ECCENTRICITY * sine).atanh();
    [RADIUS * (x - 150.0).to_radians(), RADIUS * (sine.atanh() - bent)]
}

/// Rectangles of degrees, longitudes counted on.
fn places() -> Vec<Rect> {
    let place = |at: i32| {
        let (x, y) = (f64::from(at * 37 % 60) + 150.3, f64::from(at * 23 % 41) - 20.3);
        let (width, height) = (f64::from(at % 5) * 4.0 + 0.5, f64::from(at % 3) + 0.5);
        Rect { min_x: x, min_y: y, max_x: x + width, max_y: y + height }
    };
    // What the fault was found with comes first.
    let mut places = vec![Rect { min_x: 168.0, min_y: -20.0, max_x: 186.0, max_y: -10.0 }];
    places.extend((1..40).map(place));
    places
}

fn ring(rect: &Rect) -> Vec<[f64; 2]> {
    let Rect { min_x, min_y, max_x, max_y } = *rect;
    [(min_x, min_y), (max_x, min_y), (max_x, max_y), (min_x, max_y), (min_x, min_y)].map(|(x, y)| metres(x, y)).to_vec()
}

fn sources(folder: &std::path::Path) -> Vec<(String, Locked)> {
    let feature = |(id, rect): (usize, &Rect)| {
        json!({ "type": "Feature", "properties": { "nr": id },
                "geometry": { "type": "Polygon", "coordinates": [ring(rect)] } })
    };
    let features: Vec<_> = places().iter().enumerate().map(feature).collect();
    let crs = json!({ "type": "name", "properties": { "name": "urn:ogc:def:crs:EPSG::3832" } });
    let geojson = folder.join("rows.geojson");
    let document = json!({ "type": "FeatureCollection", "crs": crs, "features": features });
    std::fs::write(&geojson, document.to_string()).unwrap();
    let schema = Schema {
        fields: Vec::new(),
        key: ("nr".to_owned(), KeyKind::Integer),
        geometry: Some(GeometryField {
            name: "geometry".to_owned(),
            kind: GeometryKind::Polygon,
            crs: PDC,
            epoch: None,
            has_z: false,
        }),
        time: None,
    };
    let row = |(id, rect): (i64, Rect)| {
        let vertices = ring(&rect).into_iter().map(|[x, y]| [x, y, 0.0, 0.0]).collect();
        (FeatureId::Int(id), Some(wkb(&Sample::Polygon(vec![vertices]), Style::default())), Vec::new())
    };
    let memory = Memory::new(schema, (0..).zip(places()).map(row).collect()).unwrap();
    let mut sources = vec![("memory".to_owned(), Locked::new(Arc::new(memory)))];
    let formats = [
        ("gpkg", "GPKG"),
        ("shp", "ESRI Shapefile"),
        ("fgb", "FlatGeobuf"),
        ("sqlite", "SQLite"),
        ("gdb", "OpenFileGDB"),
        ("gml", "GML"),
        ("geojson", ""),
    ];
    for (ending, driver) in formats {
        let path = folder.join(format!("rows.{ending}"));
        if !driver.is_empty() {
            let mut command = Command::new("ogr2ogr");
            command.args(["-q", "-f", driver]).args([&path, &geojson]).args(["-nln", "rows"]);
            assert!(command.status().unwrap().success(), "{driver}");
        }
        let layer = LayerOptions { id: Some("nr".to_owned()), ..LayerOptions::default() };
        let source: Arc<dyn FeatureSource> = if ending == "gpkg" {
            GeoPackage::open(&path).unwrap().layer("rows", &layer).unwrap().source
        } else {
            let file = VectorFile::open(&path, &Vec::new()).unwrap();
            let name = file.layer_names().next().unwrap().to_owned();
            file.layer(&name, &layer).unwrap().source
        };
        let stored = &source.schema().geometry.as_ref().unwrap().crs;
        assert_eq!(*stored, PDC, "{ending}");
        sources.push((ending.to_owned(), Locked::new(source)));
    }
    sources
}

/// The ids of the answer, with where each is said to be.
async fn answers(layer: &Locked, query: &Query) -> Vec<(i64, Option<Rect>)> {
    let mut features = layer.view(None, Vec::new()).features(query).unwrap();
    let mut found = Vec::new();
    while let Some(batch) = features.next().await {
        for row in batch.unwrap().rows() {
            let Cell::Int(id) = row.cell(0) else { panic!("no id") };
            found.push((id, row.geometry().and_then(|wkb| envelope(wkb).unwrap())));
        }
    }
    found.sort_by_key(|(id, _)| *id);
    found
}

/// What lies in a box, in any turn of the world.
fn expected(rect: &Bbox) -> Vec<i64> {
    let east = if rect.max_x < rect.min_x { rect.max_x + 360.0 } else { rect.max_x };
    let meets = |place: &Rect| {
        [-360.0, 0.0, 360.0].into_iter().any(|turn| {
            let moved = Rect { min_x: rect.min_x + turn, min_y: rect.min_y, max_x: east + turn, max_y: rect.max_y };
            moved.intersects(place)
        })
    };
    (0..).zip(places()).filter(|(_, place)| meets(place)).map(|(id, _)| id).collect()
}

/// A box as each of the ways to ask for it.
fn questions(bbox: &Bbox) -> Vec<Query> {
    let spatial = |geometry: GeometryLiteral, relation, distance| Expr::Spatial {
        relation,
        property: "geometry".to_owned(),
        geometry,
        distance,
    };
    let literal = GeometryLiteral::bbox(bbox, Crs::Crs84);
    // The same with more vertices, so that it is no box.
    let mut figure = literal.figure();
    figure.split(7.0, 2);
    let shape = GeometryLiteral::new(&figure, Crs::Crs84);
    let filters = [
        Expr::Bbox { rects: bbox.rectangles(), z: None, crs: Crs::Crs84 },
        spatial(literal, Relation::Intersects, None),
        spatial(shape.clone(), Relation::Intersects, None),
        Expr::Not(Box::new(spatial(shape.clone(), Relation::Disjoint, None))),
        spatial(shape, Relation::DWithin, Some(0.0)),
    ];
    filters.into_iter().map(|filter| Query { filter: Some(filter), ..Query::default() }).collect()
}

#[test]
fn a_small_box_finds_what_lies_over_the_date_line() {
    let folder = tempfile::tempdir().unwrap();
    let sources = sources(folder.path());
    assert_eq!(sources.len(), 8);
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_time().build().unwrap();
    let check = |name: &str, layer: &Locked, bbox: &Bbox| {
        let expected = expected(bbox);
        for mut query in questions(bbox) {
            // The geometry of a layer has the name that the format gives it.
            if let Some(field) = &layer.schema().geometry {
                query.filter = query.filter.map(|filter| named(filter, &field.name));
            }
            runtime.block_on(async {
                let found = answers(layer, &query).await;
                let ids: Vec<i64> = found.iter().map(|(id, _)| *id).collect();
                assert_eq!(ids, expected, "{name} {bbox:?} {:?}", query.filter);
                for (id, place) in found {
                    let (place, truth) = (place.unwrap(), places()[usize::try_from(id).unwrap()]);
                    let turn = 360.0 * ((truth.min_x - place.min_x) / 360.0).round();
                    let off = (place.min_x + turn - truth.min_x).abs().max((place.max_x + turn - truth.max_x).abs());
                    assert!(off < 1e-6 && place.min_x >= -180.0 - 1e-6, "{name} {id}: {place:?} is {truth:?}");
                }
                let count = layer.view(None, Vec::new()).count(&query, COUNT_BUDGET * 100).await.unwrap();
                assert_eq!(count, Some(expected.len() as u64), "{name} {bbox:?}");
            });
        }
    };
    for (name, layer) in &sources {
        for x in [169.0, 175.0, 179.95, -180.0, -179.9, -175.0] {
            let bbox = Bbox::new(x, -15.1, x + 0.05, -15.0);
            assert!(expected(&bbox).contains(&0));
            check(name, layer, &bbox);
        }
        for x in [0.0, 90.0, -90.0, -173.9] {
            let bbox = Bbox::new(x, -15.1, x + 0.05, -15.0);
            assert!(!expected(&bbox).contains(&0));
            check(name, layer, &bbox);
        }
        let extent = runtime.block_on(layer.view(None, Vec::new()).extent(COUNT_BUDGET * 100)).unwrap().space.unwrap();
        assert!(extent.min_x <= -180.0 && extent.max_x >= 180.0, "{name} {extent:?}");
        // A map of the other side has it too.
        let rect = Rect { min_x: -179.5, min_y: -16.0, max_x: -178.0, max_y: -15.0 };
        let area = Some(Area { rect, crs: Crs::Crs84 });
        let shown = runtime.block_on(answers(layer, &Query { area, ..Query::default() }));
        let place = shown.iter().find(|(id, _)| *id == 0).and_then(|(_, place)| *place);
        assert!(place.is_some_and(|place| place.contains(&rect)), "{name} {place:?}");
    }
    let config = ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(160) };
    proptest!(config, |(of in 0..sources.len(), x in -180.0..180.0f64, y in -25.0..22.0f64, width in 0.0..25.0f64, height in 0.0..9.0f64)| {
        let east = if x + width > 180.0 { x + width - 360.0 } else { x + width };
        let (name, layer) = &sources[of];
        check(name, layer, &Bbox::new(x, y, east, y + height));
    });
}

/// The same over a geometry of another name.
fn named(filter: Expr, name: &str) -> Expr {
    match filter {
        Expr::Spatial { relation, geometry, distance, .. } => {
            Expr::Spatial { relation, property: name.to_owned(), geometry, distance }
        }
        Expr::Not(part) => Expr::Not(Box::new(named(*part, name))),
        other => other,
    }
}

#[test]
fn the_metres_of_the_test_are_those_of_proj() {
    let [x, y] = metres(186.0, -20.0);
    let (mut xs, mut ys) = ([-174.0], [-20.0]);
    crate::data::transform::points(&mut xs, &mut ys, &Crs::Crs84, &PDC).unwrap();
    assert!((xs[0] - x).abs() < 1e-3 && (ys[0] - y).abs() < 1e-3, "{xs:?} {ys:?} {x} {y}");
}
