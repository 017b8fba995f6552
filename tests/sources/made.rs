//! The same few rows as a file of each format.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::harness::gdal;

/// Ending of the name, driver, and options of GDAL's program that writes it.
pub(crate) const FORMATS: [(&str, &str, &[&str]); 12] = [
    ("gpkg", "GPKG", &[]),
    ("shp", "ESRI Shapefile", &["-lco", "ENCODING=UTF-8"]),
    // With an index the rows would be put in another order.
    ("fgb", "FlatGeobuf", &["-lco", "SPATIAL_INDEX=NO"]),
    ("geojson", "GeoJSON", &[]),
    ("geojsons", "GeoJSONSeq", &["-lco", "RS=YES"]),
    ("csv", "CSV", &["-lco", "GEOMETRY=AS_XY", "-lco", "STRING_QUOTING=ALWAYS"]),
    ("gml", "GML", &[]),
    ("kml", "LIBKML", &[]),
    ("gpx", "GPX", &["-dsco", "GPX_USE_EXTENSIONS=YES"]),
    ("tab", "MapInfo File", &["-lco", "ENCODING=UTF-8"]),
    ("sqlite", "SQLite", &[]),
    ("gdb", "OpenFileGDB", &[]),
];

/// Ten places in a row, with names.
pub(crate) const PLACES: &str = r#"{"type":"FeatureCollection","features":[
{"type":"Feature","properties":{"code":"j","name":"Zürich","height":408},"geometry":{"type":"Point","coordinates":[8.5,47.5]}},
{"type":"Feature","properties":{"code":"a","name":"O'Neill, \"x\"","height":-3},"geometry":{"type":"Point","coordinates":[9,48]}},
{"type":"Feature","properties":{"code":"b","name":"東京","height":40},"geometry":{"type":"Point","coordinates":[139.75,35.75]}},
{"type":"Feature","properties":{"code":"c","name":"four","height":4},"geometry":{"type":"Point","coordinates":[4,4]}},
{"type":"Feature","properties":{"code":"d","name":"five","height":5},"geometry":{"type":"Point","coordinates":[5,5]}},
{"type":"Feature","properties":{"code":"e","name":"six","height":6},"geometry":{"type":"Point","coordinates":[6,6]}},
{"type":"Feature","properties":{"code":"f","name":"seven","height":7},"geometry":{"type":"Point","coordinates":[7,7]}},
{"type":"Feature","properties":{"code":"g","name":"eight","height":8},"geometry":{"type":"Point","coordinates":[8,8]}},
{"type":"Feature","properties":{"code":"h","name":"nine","height":9},"geometry":{"type":"Point","coordinates":[9,9]}},
{"type":"Feature","properties":{"code":"i","name":"ten","height":10},"geometry":{"type":"Point","coordinates":[10,10]}}
]}"#;

/// The places as a file with this ending.
pub(crate) fn file(folder: &Path, stem: &str, ending: &str) -> PathBuf {
    if let Some(packed) = [("shz", "ESRI Shapefile"), ("kmz", "LIBKML")].iter().find(|(other, _)| *other == ending) {
        let (source, path) = (file(folder, "source", "geojson"), folder.join(format!("{stem}.{ending}")));
        gdal::run("ogr2ogr", &["-q", "-f", packed.1, path.to_str().unwrap(), source.to_str().unwrap(), "-nln", stem]);
        std::fs::remove_file(source).unwrap();
        return path;
    }
    let path = folder.join(format!("{stem}.{ending}"));
    if ending == "geojson" {
        std::fs::write(&path, PLACES).unwrap();
        return path;
    }
    let source = tempfile::Builder::new().suffix(".geojson").tempfile().unwrap();
    std::fs::write(source.path(), PLACES).unwrap();
    let (_, driver, options) = FORMATS.iter().find(|(other, ..)| *other == ending).unwrap();
    let mut args = vec!["-q", "-f", driver];
    args.extend_from_slice(options);
    args.extend([path.to_str().unwrap(), source.path().to_str().unwrap()]);
    args.extend(["-nln", if ending == "gpx" { "waypoints" } else { stem }]);
    gdal::run("ogr2ogr", &args);
    path
}

/// Files in an archive, by Python's own program.
pub(crate) fn zip(archive: &Path, files: &[PathBuf]) {
    let status = Command::new("python3").args(["-m", "zipfile", "-c"]).arg(archive).args(files).status().unwrap();
    assert!(status.success(), "python3 -m zipfile");
}
