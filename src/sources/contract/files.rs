//! Rows as files of every format, by GDAL's own program.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Map, Value as Json, json};

use super::{FIELDS, MemoryRow};
use crate::model::value::{FeatureId, Value};

/// Driver and options for each ending of a name.
const FORMATS: [(&str, &str, &[&str]); 8] = [
    ("gpkg", "GPKG", &[]),
    ("shp", "ESRI Shapefile", &["-lco", "ENCODING=UTF-8"]),
    ("fgb", "FlatGeobuf", &[]),
    ("geojsons", "GeoJSONSeq", &["-lco", "RS=YES"]),
    ("csv", "CSV", &["-lco", "GEOMETRY=AS_WKT", "-lco", "STRING_QUOTING=ALWAYS"]),
    ("gml", "GML", &["-dsco", "FORMAT=GML3.2"]),
    ("sqlite", "SQLite", &["-dsco", "SPATIALITE=NO"]),
    ("gdb", "OpenFileGDB", &[]),
];

fn geojson(rows: &[MemoryRow]) -> Json {
    let feature = |(id, geometry, values): &MemoryRow| {
        let FeatureId::Int(id) = id else { panic!("{id} is no number") };
        let mut properties = Map::new();
        properties.insert("nr".to_owned(), (*id).into());
        for ((name, _), value) in FIELDS.iter().zip(values) {
            let value = match value {
                Value::Null => Json::Null,
                Value::Int(number) => (*number).into(),
                Value::Float(number) => (*number).into(),
                Value::Bool(truth) => (*truth).into(),
                Value::Text(text) => text.clone().into(),
                Value::Date(date) => date.to_string().into(),
                Value::Instant(at) => at.to_string().into(),
            };
            properties.insert((*name).to_owned(), value);
        }
        let geometry: Json = geometry.as_ref().map_or(Json::Null, |wkb| {
            let place = crate::model::geometry::envelope(wkb).unwrap().unwrap();
            json!({ "type": "Point", "coordinates": [place.min_x, place.min_y] })
        });
        json!({ "type": "Feature", "properties": properties, "geometry": geometry })
    };
    json!({ "type": "FeatureCollection", "features": rows.iter().map(feature).collect::<Vec<_>>() })
}

/// The rows as files of these formats.
pub(super) fn written(folder: &Path, rows: &[MemoryRow], endings: &[&str]) -> Vec<PathBuf> {
    let source = folder.join("rows.geojson");
    std::fs::write(&source, geojson(rows).to_string()).unwrap();
    let make = |ending: &&str| {
        let path = folder.join(format!("rows.{ending}"));
        if let Some((_, driver, options)) = FORMATS.iter().find(|(other, ..)| other == ending) {
            let mut command = Command::new("ogr2ogr");
            command.args(["-q", "-f", driver]).args(*options).args([&path, &source]).args(["-nln", "rows"]);
            let output = command.output().unwrap();
            assert!(output.status.success(), "{driver}: {}", String::from_utf8_lossy(&output.stderr));
        }
        path
    };
    endings.iter().map(make).collect()
}
