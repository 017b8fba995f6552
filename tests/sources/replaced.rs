//! Files that are replaced by others of the same columns while they are published.

use std::path::{Path, PathBuf};

use crate::harness::server::Server;
use crate::harness::{gdal, text, until};

/// A hundred metres in Bavaria, in this reference system.
fn square(folder: &Path, ending: &str, crs: &str) -> Vec<PathBuf> {
    let source = folder.join("source.geojson");
    let feature = r#"{"type":"FeatureCollection","features":[{"type":"Feature","properties":{"a":1},"geometry":
        {"type":"Polygon","coordinates":[[[10.47,48.89],[10.48,48.89],[10.48,48.9],[10.47,48.89]]]}}]}"#;
    std::fs::write(&source, feature).unwrap();
    let path = folder.join(format!("square.{ending}"));
    let driver = match ending {
        "gpkg" => "GPKG",
        "fgb" => "FlatGeobuf",
        "shp" => "ESRI Shapefile",
        _ => "GeoJSON",
    };
    let more: &[&str] = if ending == "geojson" { &["-lco", "RFC7946=NO"] } else { &[] };
    let mut args = vec!["-q", "-f", driver, "-t_srs", crs, "-nln", "square"];
    args.extend_from_slice(more);
    args.extend([text(&path), text(&source)]);
    gdal::run("ogr2ogr", &args);
    std::fs::remove_file(source).unwrap();
    let endings = if ending == "shp" { vec!["prj", "dbf", "shx", "shp"] } else { vec![ending] };
    endings.into_iter().map(|ending| path.with_extension(ending)).collect()
}

fn replace(by: &[PathBuf], folder: &Path) {
    for file in by {
        std::fs::rename(file, folder.join(file.file_name().unwrap())).unwrap();
    }
}

#[test]
fn a_file_replaced_by_one_in_another_reference_system_is_never_read_as_if_it_were_in_the_old_one() {
    for ending in ["gpkg", "fgb", "geojson", "shp"] {
        for (old, new) in [("EPSG:25832", "EPSG:4326"), ("EPSG:4326", "EPSG:25832")] {
            let (folder, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
            let path = square(folder.path(), ending, old).pop().unwrap();
            let items = "/ogcapi/collections/square/items";
            let (unwatched, watched) =
                (Server::start(&["--watch", "0", text(&path)]), Server::start(&["--watch", "1", text(&path)]));
            for server in [&unwatched, &watched] {
                server.get(items).expect(200);
            }
            replace(&square(other.path(), ending, new), folder.path());
            let answer = unwatched.get(items);
            assert_eq!(answer.header("retry-after"), "1", "{ending} {old}");
            answer.expect(503);
            until("the file is not described anew", || watched.get(items).status == 200);
            let place = watched.json(items)["features"][0]["geometry"]["coordinates"][0][0].clone();
            let near = |at: usize, wanted: f64| (place[at].as_f64().unwrap() - wanted).abs() < 0.02;
            assert!(near(0, 10.47) && near(1, 48.89), "{ending} {old}: {place}");
        }
    }
}

#[test]
fn a_geopackage_whose_table_is_made_anew_in_place_is_not_read_by_its_old_description() {
    let (folder, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let path = square(folder.path(), "gpkg", "EPSG:25832").pop().unwrap();
    let items = "/ogcapi/collections/square/items";
    // While a log is written, the file itself stays as it is.
    let keeper = rusqlite::Connection::open(&path).unwrap();
    let _: String = keeper.query_row("PRAGMA journal_mode = wal", [], |row| row.get(0)).unwrap();
    let server = Server::start(&["--watch", "0", text(&path)]);
    server.get(items).expect(200);
    let source = square(other.path(), "geojson", "EPSG:4326").pop().unwrap();
    gdal::run("ogr2ogr", &["-q", "-f", "GPKG", "-update", "-overwrite", "-nln", "square", text(&path), text(&source)]);
    server.get(items).expect(503);
}

#[test]
fn a_column_of_a_geopackage_that_is_of_another_type_is_not_read_by_its_old_one() {
    let (folder, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let path = square(folder.path(), "gpkg", "EPSG:4326").pop().unwrap();
    let server = Server::start(&["--watch", "0", text(&path)]);
    let items = "/ogcapi/collections/square/items";
    assert_eq!(server.json(&format!("{items}?a=1"))["numberMatched"], 1);
    let (numbers, next) =
        (square(other.path(), "geojson", "EPSG:4326").pop().unwrap(), other.path().join("square.gpkg"));
    let words = "SELECT CAST(a AS character) AS a FROM square";
    gdal::run("ogr2ogr", &["-q", "-f", "GPKG", "-sql", words, "-nln", "square", text(&next), text(&numbers)]);
    replace(&[next], folder.path());
    let answer = server.get(items).expect(503);
    assert!(answer.text().contains("is being opened anew"), "{}", answer.text());
}
