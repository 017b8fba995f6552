//! The source as a whole, on files made here.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use super::{GeoPackage, GeoPackageLayer, LayerOptions};
use crate::data::gate::{Locked, View};
use crate::data::query::Query;
use crate::data::source::FeatureSource;
use crate::error::Result;
use crate::model::batch::Cell;
use crate::model::value::Value;

mod compare;
mod writer;

mod bytes;
mod layers;
mod milestones;
mod moments;
mod narrow;
mod plans;
mod searches;
mod sorts;
mod spatial;
mod threads;
mod walks;

use writer::{File, point};

/// Long enough for any count of a test.
const AMPLE: Duration = Duration::from_secs(60);

fn open(view: &Arc<dyn FeatureSource>) -> View {
    Locked::new(view.clone()).view(None, Vec::new())
}

fn layer(file: &File, name: &str) -> GeoPackageLayer {
    GeoPackage::open(&file.path).unwrap().layer(name, &LayerOptions::default()).unwrap()
}

/// A row as a test can compare it: the id, the geometry, the properties.
#[derive(Clone, Debug, PartialEq)]
struct Seen {
    id: Value,
    geometry: Option<Vec<u8>>,
    values: Vec<Value>,
}

/// All rows of an answer, and whether there are more.
async fn read(view: &View, query: &Query) -> Result<(Vec<Seen>, bool)> {
    let mut features = view.features(query)?;
    let layout = features.layout().clone();
    let mut seen = Vec::new();
    while let Some(batch) = features.next().await {
        let batch = batch?;
        for row in batch.rows() {
            let cells = layout.first_property()..layout.width();
            seen.push(Seen {
                id: row.value(0),
                geometry: layout.geometry.then(|| row.geometry().map(<[u8]>::to_vec)).flatten(),
                values: cells.map(|at| row.value(at)).collect(),
            });
        }
        features.recycle(batch);
    }
    if let Some(matched) = features.matched() {
        assert_eq!(view.count(query, AMPLE).await?, Some(matched), "{query:?}");
    }
    Ok((seen, features.more()))
}

fn ids(rows: &[Seen]) -> Vec<i64> {
    let id = |row: &Seen| match row.id {
        Value::Int(id) => id,
        ref other => panic!("{other:?} is no integer"),
    };
    rows.iter().map(id).collect()
}

fn natural_earth() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("data/natural_earth.gpkg")
}

#[tokio::test]
async fn the_sample_file_is_served() {
    let file = GeoPackage::open(&natural_earth()).unwrap();
    let layers: Vec<_> = file.layers().into_iter().map(|layer| layer.unwrap()).collect();
    assert_eq!(layers.len(), 2);
    assert_eq!(layers[0].identifier.as_deref(), Some("Countries"));
    let view = open(&layers[0].source);
    let names: Vec<_> = view.schema().fields.iter().map(|field| field.name.clone()).collect();
    assert_eq!(names, ["pop_est", "continent", "name", "iso_a3", "gdp_md_est"]);
    let (rows, more) = read(&view, &Query { limit: Some(10), ..Query::default() }).await.unwrap();
    assert_eq!(ids(&rows), (1..=10).collect::<Vec<_>>());
    assert!(more && rows.iter().all(|row| row.geometry.is_some()));
    assert_eq!(rows[0].values[2], Value::Text("Fiji".to_owned()));
    assert_eq!(view.count(&Query::default(), AMPLE).await.unwrap(), Some(177));
    let space = view.extent(AMPLE).await.unwrap().space.unwrap();
    assert!((space.max_y - 83.64513).abs() < 1e-9);
    let mut features = view.features(&Query { properties: Some(Vec::new()), ..Query::default() }).unwrap();
    let batch = features.next().await.unwrap().unwrap();
    assert!(matches!(batch.row(0).cell(1), Cell::Blob(..)));
}
