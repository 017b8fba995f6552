//! Every format of answers, of every kind of geometry and value, from a source of our own and from GDAL's: GDAL reads back what it reads in the file.

use std::collections::BTreeMap;
use std::path::Path;

use crate::harness::server::Server;
use crate::harness::{gdal, text};

/// Kinds of layers: name, type and geometries; each layer has rows without one as well.
const LAYERS: [(&str, &str, &[&str]); 14] = [
    ("points", "POINT", &["POINT (1 2)", "POINT (-3.25 4.5)"]),
    ("heights", "POINTZ", &["POINT Z (1 2 3)", "POINT Z (1 2 -7.5)"]),
    ("lines", "LINESTRING", &["LINESTRING (1 2,3 4)", "LINESTRING (0 0,0.1 0.30000000000000004)"]),
    ("lines_z", "LINESTRINGZ", &["LINESTRING Z (1 2 3,3 4 5)"]),
    ("areas", "POLYGON", &["POLYGON ((0 0,10 0,10 10,0 10,0 0),(1 1,1 2,2 2,2 1,1 1))"]),
    ("areas_z", "POLYGONZ", &["POLYGON Z ((0 0 1,10 0 2,10 10 3,0 10 4,0 0 1))"]),
    ("point_sets", "MULTIPOINT", &["MULTIPOINT ((1 2),(3 4))"]),
    ("line_sets", "MULTILINESTRING", &["MULTILINESTRING ((1 2,3 4),(5 6,7 8))"]),
    ("area_sets", "MULTIPOLYGON", &["MULTIPOLYGON (((0 0,1 0,1 1,0 0)),((5 5,6 5,6 6,5 5)))"]),
    ("area_sets_z", "MULTIPOLYGONZ", &["MULTIPOLYGON Z (((0 0 1,1 0 1,1 1 1,0 0 1)))"]),
    ("sets", "GEOMETRYCOLLECTION", &["GEOMETRYCOLLECTION (POINT (1 2),LINESTRING (3 4,5 6))"]),
    ("sets_z", "GEOMETRYCOLLECTIONZ", &["GEOMETRYCOLLECTION Z (POINT Z (1 2 3),LINESTRING Z (3 4 5,5 6 7))"]),
    (
        "any",
        "GEOMETRY",
        &["POINT (1 2)", "LINESTRING (1 2,3 4)", "POLYGON ((0 0,1 0,1 1,0 0))", "MULTIPOINT ((1 2),(3 4))"],
    ),
    ("measures", "POINTM", &["POINT M (1 2 3)"]),
];

/// Values of the rows, in turn; the last is nothing at all.
const VALUES: [&str; 4] = [
    "-1,9007199254740993,0.1,\"Zürich, \"\"q\"\" 東京 😀\",2024-02-29,2024-02-29T12:30:15.25Z,1",
    "2147483647,-9223372036854775807,1e+21,O'Neill; <b>&amp;,1899-12-31,2024-02-29T12:30:15+02:00,0",
    "0,0,-0.0000123456789012345,=1+1,0999-01-01,1969-12-31T23:59:59.999Z,1",
    ",,,,,,",
];

/// All layers in one GeoPackage, written by GDAL.
fn package(folder: &Path) -> std::path::PathBuf {
    let path = folder.join("all.gpkg");
    for (name, kind, shapes) in LAYERS {
        let table = folder.join(format!("{name}.csv"));
        let rows = shapes.iter().copied().chain([""]).cycle().zip(VALUES.iter().cycle());
        let rows: Vec<String> = rows.take(12).map(|(shape, values)| format!("\"{shape}\",{values}\n")).collect();
        std::fs::write(&table, format!("WKT,small,large,real,words,day,moment,flag\n{}", rows.concat())).unwrap();
        let types = "\"WKT\",\"Integer\",\"Integer64\",\"Real\",\"String\",\"Date\",\"DateTime\",\"Integer(Boolean)\"";
        std::fs::write(folder.join(format!("{name}.csvt")), types).unwrap();
        let mut args = vec![
            "-q",
            "-f",
            "GPKG",
            "-oo",
            "KEEP_GEOM_COLUMNS=NO",
            "-oo",
            "EMPTY_STRING_AS_NULL=YES",
            "-a_srs",
            "EPSG:4326",
        ];
        args.extend(["-nlt", kind, "-nln", name]);
        args.extend(if path.exists() { &["-update"][..] } else { &[] });
        args.extend([text(&path), text(&table)]);
        gdal::run("ogr2ogr", &args);
    }
    path
}

/// One value as formats agree on it.
fn plain(value: &str) -> String {
    let value = match value {
        "true" => "1",
        "false" => "0",
        other => other,
    };
    let is_time =
        value.len() >= 10 && value.as_bytes()[4] == value.as_bytes()[7] && b"/-".contains(&value.as_bytes()[4]);
    if !is_time {
        return value.to_owned();
    }
    let time = value.replace('/', "-").replace(' ', "T");
    // The one zone that is not UTC here; answers tell instants in UTC.
    let time = time.strip_suffix("+02").map_or(time.clone(), |local| local.replace("T12:", "T10:"));
    let time = time.trim_end_matches('Z').trim_end_matches("+00");
    let time = if time.contains('.') { time.trim_end_matches('0').trim_end_matches('.') } else { time };
    time.trim_end_matches("T00:00:00").to_owned()
}

type Row = BTreeMap<String, String>;

/// The features of a layer as `ogrinfo` prints them; what is not there is left out.
fn rows(file: &Path, layer: Option<&str>, options: &[&str]) -> Vec<Row> {
    let mut args = vec!["-ro", "-q"];
    args.extend_from_slice(options);
    args.push(text(file));
    args.extend(layer.map_or(vec!["-al"], |layer| vec![layer]));
    let told = gdal::run("ogrinfo", &args);
    let mut rows: Vec<Row> = Vec::new();
    for line in told.lines() {
        if line.starts_with("OGRFeature(") {
            rows.push(Row::new());
        } else if let Some(row) = rows.last_mut() {
            let line = line.trim_start();
            match line.split_once(" = ") {
                Some((_, "(null)" | "")) => {}
                Some((name, value)) => {
                    let name = name.split(' ').next().unwrap_or_default();
                    if ["small", "large", "real", "words", "day", "moment", "flag"].contains(&name) {
                        row.insert(name.to_owned(), plain(value));
                    }
                }
                // Measures have no place in most formats.
                None if !line.is_empty() => {
                    row.insert("shape".to_owned(), line.replace("POINT M (1 2 3)", "POINT (1 2)"));
                }
                None => {}
            }
        }
    }
    rows
}

#[test]
fn gdal_reads_back_what_is_in_the_file_whatever_the_format_and_the_source() {
    let folder = tempfile::tempdir().unwrap();
    let own = package(folder.path());
    let others = folder.path().join("all.sqlite");
    gdal::run("ogr2ogr", &["-q", "-f", "SQLite", text(&others), text(&own)]);
    let csv = [&gdal::CSV[..], &["-oo", "QUOTED_FIELDS_AS_STRING=NO", "-oo", "KEEP_GEOM_COLUMNS=NO"]].concat();
    for source in [&own, &others] {
        let server = Server::start(&[text(source)]);
        for (layer, ..) in LAYERS {
            let wanted = rows(source, Some(layer), &[]);
            assert_eq!(wanted.len(), 12, "{layer}");
            let items = format!("/ogcapi/collections/{layer}/items?limit=100");
            let gml = format!("/ows?SERVICE=WFS&VERSION=2.0.0&REQUEST=GetFeature&TYPENAMES={layer}");
            for (path, ending, options) in [
                (format!("{items}&f=json"), "geojson", &[][..]),
                (format!("{items}&f=geojsonseq"), "geojsons", &[]),
                (format!("{items}&f=fgb"), "fgb", &[]),
                (format!("{items}&f=csv"), "csv", &csv),
                (gml, "gml", &[]),
            ] {
                let file = folder.path().join(format!("answer_{layer}.{ending}"));
                std::fs::write(&file, &server.get(&path).expect(200).body).unwrap();
                let read = rows(&file, None, options);
                assert_eq!(read.len(), wanted.len(), "{layer} as {ending}");
                for (mut read, wanted) in read.into_iter().zip(&wanted) {
                    if layer == "measures"
                        && let Some(shape) = read.get_mut("shape")
                    {
                        // A layer of GDAL's SQLite says that it has heights, and what is flat among such lies at none.
                        *shape = shape.replace("POINT Z (1 2 0)", "POINT (1 2)");
                    }
                    assert_eq!(&read, wanted, "{layer} as {ending} from {}", source.display());
                }
                std::fs::remove_file(file).unwrap();
            }
        }
    }
}
