//! Walks by small pages through files of every format, under conditions that the drivers' own indexes answer.

use std::path::{Path, PathBuf};

use crate::harness::client::send;
use crate::harness::server::Server;
use crate::harness::walk::{ids, last, pages};
use crate::harness::{gdal, text};
use crate::made::{FORMATS, zip};

fn place(number: u32) -> (f64, f64) {
    (f64::from(number * 37 % 101) / 10.0, f64::from(number * 53 % 97) / 10.0)
}

/// Esri's index of those places with these numbers beside a Shapefile: a tree of one node with two pages, the last rows first.
fn write_sbn(path: &Path, numbers: &[u32]) {
    let count = u32::try_from(numbers.len()).unwrap();
    let mut bytes = vec![0; 100];
    bytes[..8].copy_from_slice(&[0, 0, 0x27, 0x0a, 0xff, 0xff, 0xfe, 0x70]);
    bytes[28..32].copy_from_slice(&count.to_be_bytes());
    let ends = [0.0_f64, 0.0, 10.0, 10.0];
    for (at, end) in ends.iter().enumerate() {
        bytes[32 + at * 8..40 + at * 8].copy_from_slice(&end.to_be_bytes());
    }
    let mut add = |numbers: &[u32]| numbers.iter().for_each(|number| bytes.extend(number.to_be_bytes()));
    // The first page has the nodes: words of 16 bits, the page where one begins, and its rows.
    add(&[1, 4, 2, count]);
    let mut last_first = numbers.to_vec();
    last_first.reverse();
    for (page, rows) in (2..).zip(last_first.chunks(numbers.len().div_ceil(2))) {
        add(&[page, u32::try_from(rows.len()).unwrap() * 4]);
        for &number in rows {
            let (x, y) = place(number);
            let scaled = |at: f64| at / 10.0 * 255.0;
            #[allow(clippy::cast_sign_loss)] // from 0 to 255
            let sides =
                [scaled(x).floor(), scaled(y).floor(), scaled(x).ceil(), scaled(y).ceil()].map(|side| side as u8);
            add(&[u32::from_be_bytes(sides), number + 1]);
        }
    }
    std::fs::write(path, bytes).unwrap();
}

/// Places that no index has in the order of their rows, and numbers that none has either.
pub(crate) fn places(folder: &Path) -> PathBuf {
    let feature = |number: u32| {
        let (x, y) = place(number);
        serde_json::json!({
            "type": "Feature", "properties": { "height": number * 29 % 83, "label": format!("n{}", number * 31 % 67) },
            "geometry": { "type": "Point", "coordinates": [x, y] },
        })
    };
    let features: Vec<_> = (0..90).map(feature).collect();
    let path = folder.join("source.geojson");
    let collection = serde_json::json!({ "type": "FeatureCollection", "features": features });
    std::fs::write(&path, collection.to_string()).unwrap();
    path
}

pub(crate) fn converted(source: &Path, path: PathBuf, driver: &str, options: &[&str]) -> PathBuf {
    let layer = if driver == "GPX" { "waypoints" } else { path.file_stem().unwrap().to_str().unwrap() };
    let mut args = vec!["-q", "-f", driver, "-nln", layer];
    args.extend_from_slice(options);
    args.extend([text(&path), text(source)]);
    gdal::run("ogr2ogr", &args);
    path
}

pub(crate) fn indexed(path: &Path, table: &str) {
    let database = rusqlite::Connection::open(path).unwrap();
    database.execute_batch(&format!("CREATE INDEX i_{table} ON \"{table}\" (height)")).unwrap();
}

/// Walks there and back by small pages: what they have is what one page of all has, in the order of ids, and not fewer than so many.
pub(crate) fn walk(server: &Server, name: &str, query: &str, least: usize) {
    let address = format!("{}/ogcapi/collections/{name}/items?{query}", server.url);
    let whole = send("GET", &format!("{address}&limit=1000"), &[]).expect(200);
    let all = ids(&whole, "geojson");
    let number = |id: &String| id.parse::<i64>().unwrap_or(0);
    assert!(all.len() >= least, "{name} {query}: {}", all.len());
    assert!(query.contains("sortby") || all.is_sorted_by_key(number), "{name} {query}: {all:?}");
    let first = format!("{address}&limit=7");
    assert_eq!(pages(&first, "geojson", "next", &mut |_| ()).concat(), all, "{name} {query}");
    let mut back = pages(&last(&first), "geojson", "prev", &mut |_| ());
    back.reverse();
    assert_eq!(back.concat(), all, "{name} {query}, backwards");
}

#[test]
fn pages_under_a_filter_skip_and_repeat_nothing_whatever_order_an_index_of_the_driver_has() {
    let (source_folder, folder) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let (source, at) = (places(source_folder.path()), folder.path());
    for (ending, driver, options) in FORMATS {
        converted(&source, at.join(format!("as_{ending}.{ending}")), driver, options);
    }
    converted(&source, at.join("packed.fgb"), "FlatGeobuf", &["-lco", "SPATIAL_INDEX=YES"]);
    converted(&source, at.join("quad.shp"), "ESRI Shapefile", &["-lco", "SPATIAL_INDEX=YES"]);
    converted(&source, at.join("lite.sqlite"), "SQLite", &["-dsco", "SPATIALITE=YES"]);
    converted(&source, at.join("plain_lite.sqlite"), "SQLite", &[]);
    indexed(&at.join("plain_lite.sqlite"), "plain_lite");
    for (path, layer) in [("as_gdb.gdb", "as_gdb"), ("quad.shp", "quad")] {
        gdal::run("ogrinfo", &["-q", text(&at.join(path)), "-sql", &format!("CREATE INDEX ON {layer} USING height")]);
    }
    let package = converted(&source, source_folder.path().join("held.gpkg"), "GPKG", &[]);
    indexed(&package, "held");
    zip(&at.join("held.zip"), std::slice::from_ref(&package));
    let inner = format!(
        "<OGRVRTDataSource><OGRVRTLayer name='virtual'><SrcDataSource>{}</SrcDataSource>\
         <SrcLayer>held</SrcLayer></OGRVRTLayer></OGRVRTDataSource>",
        text(&package)
    );
    std::fs::write(at.join("virtual.vrt"), inner).unwrap();
    let server = Server::start(&[text(at), text(&at.join("virtual.vrt"))]);
    let collections = server.json("/ogcapi/collections?f=json");
    let names: Vec<String> = collections["collections"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| it["id"].as_str().unwrap().to_owned())
        .filter(|name| !["routes", "tracks", "route_points", "track_points"].contains(&name.as_str()))
        .collect();
    assert!(names.len() >= FORMATS.len() + 6, "{names:?}");
    for name in names {
        let told = server.json(&format!("/ogcapi/collections/{name}/queryables"));
        let has = |is: &dyn Fn(&str, &serde_json::Value) -> bool| {
            let all = told["properties"].as_object().unwrap();
            all.iter().find(|(name, it)| is(name.as_str(), it)).map(|(name, _)| name.clone())
        };
        let geometry = has(&|_, it| it["x-ogc-role"] == "primary-geometry").unwrap();
        // Of quoted numbers CSV makes text.
        let height = has(&|name, it| name.ends_with("height") && it["type"] == "integer");
        let mut queries =
            vec![("bbox=2,2,8,8".to_owned(), 25), (format!("filter=S_INTERSECTS({geometry},BBOX(1,1,9,9))"), 40)];
        if let Some(height) = height {
            queries.push((format!("filter={height}%20%3E%2020"), 40));
            queries.push((format!("filter={height}%20BETWEEN%2010%20AND%2070&bbox=1,1,9,9"), 25));
            queries.push((format!("properties={height}"), 90));
        }
        for (query, least) in queries {
            walk(&server, &name, &query, least);
        }
    }
}

#[test]
fn pages_by_an_index_of_esri_skip_and_repeat_nothing() {
    let (source_folder, folder) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let (source, at) = (places(source_folder.path()), folder.path());
    let all: Vec<u32> = (0..90).collect();
    let within = |number: &&u32| {
        let (x, y) = place(**number);
        (2.0..=8.0).contains(&x) && (2.0..=8.0).contains(&y)
    };
    let wanted: Vec<u32> = all.iter().filter(within).copied().collect();
    let without_one: Vec<u32> = all.iter().filter(|number| **number != wanted[0]).copied().collect();
    for (name, numbers) in [("whole", &all), ("lacking", &without_one)] {
        converted(&source, at.join(format!("{name}.shp")), "ESRI Shapefile", &[]);
        write_sbn(&at.join(format!("{name}.sbn")), numbers);
    }
    let server = Server::start(&[text(&at.join("whole.shp")), text(&at.join("lacking.shp"))]);
    for (query, least) in [
        ("bbox=2,2,8,8", wanted.len()),
        ("bbox=2,2,8,8&filter=height%20%3E%2020", 10),
        ("filter=S_INTERSECTS(geometry,BBOX(1,1,9,9))", 40),
        ("sortby=-height,label&bbox=2,2,8,8", wanted.len()),
        ("", 90),
    ] {
        walk(&server, "whole", query, least);
    }
    let found = |name: &str| {
        let address = format!("{}/ogcapi/collections/{name}/items?bbox=2,2,8,8&limit=100", server.url);
        ids(&send("GET", &address, &[]).expect(200), "geojson").len()
    };
    // That it is the index that finds them shows where it lacks one.
    assert_eq!((found("whole"), found("lacking")), (wanted.len(), wanted.len() - 1));
}

#[test]
fn what_is_no_number_is_sorted_and_written_as_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let feature = |number: u32| {
        let height = match number % 4 {
            0 => "NaN".to_owned(),
            1 => "null".to_owned(),
            _ => format!("{}.5", number % 7),
        };
        format!(
            "{{\"type\":\"Feature\",\"properties\":{{\"height\":{height},\"label\":\"n{:02}\"}},\
             \"geometry\":{{\"type\":\"Point\",\"coordinates\":[{number},1]}}}}",
            number * 31 % 41
        )
    };
    let features: Vec<_> = (0..40).map(feature).collect();
    let source = folder.path().join("source.geojson");
    std::fs::write(&source, format!("{{\"type\":\"FeatureCollection\",\"features\":[{}]}}", features.join(",")))
        .unwrap();
    let file = converted(&source, folder.path().join("odd.fgb"), "FlatGeobuf", &[]);
    let package = converted(&source, folder.path().join("kept.gpkg"), "GPKG", &[]);
    let server = Server::start(&[text(&file), text(&source), text(&package)]);
    for name in ["odd", "source", "kept"] {
        for order in ["height,label", "-height,-label"] {
            let address = format!("{}/ogcapi/collections/{name}/items?sortby={order}", server.url);
            let whole = send("GET", &format!("{address}&limit=100"), &[]).expect(200);
            let page = whole.json();
            let rows = page["features"].as_array().unwrap();
            let heights: Vec<_> = rows.iter().map(|row| row["properties"]["height"].as_f64()).collect();
            assert!(heights[..20].iter().all(Option::is_some) && heights[20..].iter().all(Option::is_none), "{name}");
            let mut labels: Vec<_> =
                rows[20..].iter().map(|row| row["properties"]["label"].as_str().unwrap()).collect();
            if order.starts_with('-') {
                labels.reverse();
            }
            assert!(labels.is_sorted(), "{name} {order}: {labels:?}");
            let (all, first) = (ids(&whole, "geojson"), format!("{address}&limit=3"));
            assert_eq!(pages(&first, "geojson", "next", &mut |_| ()).concat(), all, "{name} {order}");
            let mut back = pages(&last(&first), "geojson", "prev", &mut |_| ());
            back.reverse();
            assert_eq!(back.concat(), all, "{name} {order}, backwards");
        }
        let items = format!("/ogcapi/collections/{name}/items?filter=height%20IS%20NULL&limit=100");
        let table = server.get(&format!("{items}&f=csv")).expect(200).text();
        assert!(!table.contains("NaN") && table.lines().count() == 21, "{name}: {table}");
        let again = folder.path().join(format!("{name}_again.fgb"));
        std::fs::write(&again, &server.get(&format!("{items}&f=fgb")).expect(200).body).unwrap();
        let told = gdal::run("ogrinfo", &["-al", text(&again)]);
        assert!(!told.contains("height (Real) = nan"), "{name}: {told}");
    }
}
