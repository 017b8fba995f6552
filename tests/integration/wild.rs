//! Rows whose coordinates are no place on the Earth take nothing away from the others.

use serde_json::json;

use crate::harness::server::Server;
use crate::harness::text;

/// A file of points with one that is wild, in a system.
fn points(folder: &std::path::Path, name: &str, crs: u32, places: &[[f64; 2]]) -> String {
    let places: Vec<_> = places.iter().map(|place| json!({ "type": "Point", "coordinates": place })).collect();
    written(folder, name, crs, &places)
}

/// A file of these geometries.
fn written(folder: &std::path::Path, name: &str, crs: u32, geometries: &[serde_json::Value]) -> String {
    let feature = |geometry: &_| json!({ "type": "Feature", "properties": { "a": 1 }, "geometry": geometry });
    let crs = json!({ "type": "name", "properties": { "name": format!("urn:ogc:def:crs:EPSG::{crs}") } });
    let features: Vec<_> = geometries.iter().map(feature).collect();
    let document = json!({ "type": "FeatureCollection", "crs": crs, "features": features });
    let path = folder.join(name);
    std::fs::write(&path, document.to_string()).unwrap();
    text(&path).to_owned()
}

#[test]
fn one_wild_row_makes_no_extent_of_the_whole_world() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    let paths = [
        points(at, "far.geojson", 4326, &[[8.0, 47.0], [1e30, 1e30], [9.0, 48.0]]),
        points(at, "high.geojson", 4326, &[[8.0, 47.0], [8.5, 91.0], [9.0, 48.0]]),
        points(at, "old.geojson", 4258, &[[8.0, 47.0], [8.5, -9999.0], [9.0, 48.0]]),
        points(at, "metres.geojson", 25832, &[[500_000.0, 5_200_000.0], [1e30, 0.0], [600_000.0, 5_300_000.0]]),
    ];
    let server = Server::start(&paths.each_ref().map(String::as_str));
    for id in ["far", "high", "old"] {
        let boxes = &server.json(&format!("/ogcapi/collections/{id}"))["extent"]["spatial"]["bbox"][0];
        assert_eq!(*boxes, json!([8, 47, 9, 48].map(f64::from)), "{id}");
    }
    let metres = server.json("/ogcapi/collections/metres");
    let metres = metres["extent"]["spatial"]["bbox"][0].as_array().unwrap();
    assert!((metres[0].as_f64().unwrap() - 9.0).abs() < 0.1 && (metres[3].as_f64().unwrap() - 47.9).abs() < 0.1);
    for question in ["SERVICE=WMS", "SERVICE=WFS", "SERVICE=WMS&VERSION=1.1.1"] {
        let told = server.get(&format!("/ows?{question}&REQUEST=GetCapabilities")).expect(200).text();
        assert!(!told.contains("000000000000000") && !told.contains(">91<") && !told.contains("-9999"), "{told}");
    }
    let page = server.browse("/ogcapi/collections/far").expect(200).text();
    assert!(page.contains("47") && !page.contains("0000000000"));
    assert_eq!(server.json("/ogcapi/collections/far/items")["numberMatched"], 3, "the row itself is there");
}

#[test]
fn one_wild_vertex_of_a_line_made_an_extent_of_the_whole_world() {
    let folder = tempfile::tempdir().unwrap();
    let line = |places: [[f64; 2]; 2]| json!({ "type": "LineString", "coordinates": places });
    let degrees = [line([[8.0, 47.0], [9.0, 48.0]]), line([[8.5, 47.5], [1e30, 47.5]])];
    let metres =
        [line([[500_000.0, 5_200_000.0], [600_000.0, 5_300_000.0]]), line([[500_000.0, 5_200_000.0], [1e30, 0.0]])];
    let paths = [
        written(folder.path(), "degrees.geojson", 4326, &degrees),
        written(folder.path(), "metres.geojson", 25832, &metres),
    ];
    let server = Server::start(&paths.each_ref().map(String::as_str));
    for (id, expected) in [("degrees", [8.0, 47.0, 9.0, 48.0]), ("metres", [9.0, 46.9, 10.4, 47.9])] {
        let told = server.json(&format!("/ogcapi/collections/{id}"))["extent"]["spatial"]["bbox"][0].clone();
        let is_near = |(at, expected): (usize, &f64)| (told[at].as_f64().unwrap() - expected).abs() < 0.1;
        assert!(expected.iter().enumerate().all(is_near), "{id} {told}");
    }
}
