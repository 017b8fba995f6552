//! Geometries over the date line in systems of metres: what they are is counted on past the end of the world, in every format and
//! service, and boxes and filters agree with it.

use serde_json::{Value, json};

use crate::harness::server::Server;
use crate::harness::text;

const MERCATOR: &str = "http://www.opengis.net/def/crs/EPSG/0/3857";
const WEST: f64 = 19_480_910.0;
const EAST: f64 = 20_594_105.0;

/// A layer of one polygon of ten degrees over the date line, and one in Africa.
fn layer(folder: &std::path::Path, name: &str, crs: u32, rings: [&[[f64; 2]]; 2]) -> String {
    let feature = |ring: &[[f64; 2]]| json!({ "type": "Feature", "properties": { "a": 1 }, "geometry": { "type": "Polygon", "coordinates": [ring] } });
    let crs = json!({ "type": "name", "properties": { "name": format!("urn:ogc:def:crs:EPSG::{crs}") } });
    let document = json!({ "type": "FeatureCollection", "crs": crs, "features": rings.map(feature) });
    let path = folder.join(format!("{name}.geojson"));
    std::fs::write(&path, document.to_string()).unwrap();
    text(&path).to_owned()
}

fn rectangle(west: f64, south: f64, east: f64, north: f64) -> [[f64; 2]; 5] {
    [[west, south], [east, south], [east, north], [west, north], [west, south]]
}

fn sides(feature: &Value) -> (f64, f64) {
    let ring = feature["geometry"]["coordinates"][0].as_array().unwrap();
    let xs = ring.iter().map(|at| at[0].as_f64().unwrap());
    (xs.clone().fold(f64::INFINITY, f64::min), xs.fold(f64::NEG_INFINITY, f64::max))
}

fn is_over(sides: (f64, f64)) -> bool {
    (sides.0 - WEST).abs() < 2.0 && (sides.1 - EAST).abs() < 2.0
}

#[test]
fn a_geometry_over_the_date_line_is_no_band_round_the_world_in_web_mercator() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    let degrees = [rectangle(175.0, -5.0, 185.0, 5.0), rectangle(5.0, -5.0, 15.0, 5.0)];
    let metres = [
        rectangle(2_782_987.0, -557_305.0, 3_896_182.0, 557_305.0),
        rectangle(-16_140_000.0, -557_305.0, -15_030_000.0, 557_305.0),
    ];
    let paths = [
        layer(at, "degrees", 4326, [&degrees[0], &degrees[1]]),
        layer(at, "european", 4258, [&degrees[0], &degrees[1]]),
        layer(at, "pdc", 3832, [&metres[0], &metres[1]]),
    ];
    let server = Server::start(&paths.each_ref().map(String::as_str));
    for id in ["degrees", "european", "pdc"] {
        let items = format!("/ogcapi/collections/{id}/items");
        assert!(is_over(sides(&server.json(&format!("{items}/0?crs={MERCATOR}")))), "{id}");
        let page = server.json(&format!("{items}?crs={MERCATOR}"));
        assert!(is_over(sides(&page["features"][0])), "{id}");
        let line = server.get(&format!("{items}?f=geojsonseq&limit=1&crs={MERCATOR}")).expect(200).text();
        assert!(is_over(sides(&serde_json::from_str(line.trim().trim_start_matches('\u{1e}')).unwrap())), "{id}");
        let table = server.get(&format!("{items}?f=csv&limit=1&crs={MERCATOR}")).expect(200).text();
        assert!(table.contains("2059410") && !table.contains("-1948091"), "{id}: {table}");
        for version in ["1.1.0", "2.0.0"] {
            let url = format!(
                "/ows?SERVICE=WFS&VERSION={version}&REQUEST=GetFeature&TYPENAMES={id}&TYPENAME={id}&SRSNAME=EPSG:3857"
            );
            let told = server.get(&url).expect(200).text();
            assert!(told.contains("2059410") && !told.contains("-1948091"), "{id} {version}: {told}");
        }
        // A box or a place finds it from both sides, and no other is found by what lies between.
        for (west, east, wanted) in [
            (19_500_000.0, 19_600_000.0, vec![0]),
            (-20_000_000.0, -19_900_000.0, vec![0]),
            (20_100_000.0, 20_200_000.0, vec![0]),
            (-19_300_000.0, -19_200_000.0, vec![]),
            (0.0, 1_000_000.0, vec![1]),
            (3_000_000.0, 4_000_000.0, vec![]),
        ] {
            let found = |query: String| -> Vec<u64> {
                let page = server.json(&format!("{items}?{query}"));
                assert_eq!(page["numberMatched"], wanted.len(), "{id} {query}");
                page["features"].as_array().unwrap().iter().map(|it| it["id"].as_u64().unwrap()).collect()
            };
            assert_eq!(found(format!("bbox={west},-50000,{east},50000&bbox-crs={MERCATOR}")), wanted, "{id} {west}");
            let middle = f64::midpoint(west, east);
            for (shape, is_box) in [
                (format!("POINT({middle} 50000)"), false),
                (format!("POLYGON(({west} 0,{east} 0,{middle} 9000,{west} 0))"), false),
                (format!("BBOX({west},0,{east},9000)"), true),
            ] {
                let filter = format!("S_INTERSECTS(geometry,{shape})").replace(' ', "%20");
                let query = format!("filter-crs={MERCATOR}&crs={MERCATOR}&filter=");
                if wanted != [1] || is_box {
                    assert_eq!(found(format!("{query}{filter}")), wanted, "{id} {shape}");
                }
                let others: Vec<u64> = (0..2).filter(|it| !wanted.contains(it)).collect();
                let page = server.json(&format!("{items}?{query}NOT%20{filter}%20OR%20FALSE"));
                let not: Vec<_> =
                    page["features"].as_array().unwrap().iter().map(|it| it["id"].as_u64().unwrap()).collect();
                if wanted != [1] || is_box {
                    assert_eq!(not, others, "{id} NOT {shape}");
                }
            }
        }
    }
}

#[test]
fn the_extent_of_a_layer_over_the_date_line_is_not_the_whole_world() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    let near = rectangle(178.0, -4.0, 179.0, 4.0);
    let africa = rectangle(5.0, -4.0, 6.0, 4.0);
    let pole = [rectangle(-100_000.0, -100_000.0, 100_000.0, 100_000.0), rectangle(0.0, 0.0, 1000.0, 1000.0)];
    let metres = [
        rectangle(2_782_987.0, -557_305.0, 3_896_182.0, 557_305.0),
        rectangle(2_800_000.0, -500_000.0, 2_900_000.0, 500_000.0),
    ];
    let round = [rectangle(0.0, -5.0, 180.0, 5.0), rectangle(180.0, -5.0, 360.0, 5.0)];
    let paths = [
        layer(at, "degrees", 4326, [&rectangle(175.0, -5.0, 185.0, 5.0), &near]),
        layer(at, "back", 4326, [&rectangle(-185.0, -5.0, -175.0, 5.0), &rectangle(-184.0, 0.0, -180.0, 5.0)]),
        layer(at, "pdc", 3832, [&metres[0], &metres[1]]),
        layer(at, "wide", 4326, [&rectangle(175.0, -5.0, 185.0, 5.0), &africa]),
        layer(at, "round", 4326, [&round[0], &round[1]]),
        layer(at, "pole", 3031, [&pole[0], &pole[1]]),
        layer(at, "plain", 4326, [&near, &africa]),
    ];
    let server = Server::start(&paths.each_ref().map(String::as_str));
    for (id, west, east) in [
        ("degrees", 175.0, -175.0),
        ("back", 175.0, -175.0),
        ("pdc", 175.0, -175.0),
        ("wide", 5.0, -175.0),
        ("round", -180.0, 180.0),
        ("pole", -180.0, 180.0),
        ("plain", 5.0, 179.0),
    ] {
        let told = server.json(&format!("/ogcapi/collections/{id}"));
        let [a, _, b, _] = [0, 1, 2, 3].map(|side| told["extent"]["spatial"]["bbox"][0][side].as_f64().unwrap());
        assert!((a - west).abs() < 1e-4 && (b - east).abs() < 1e-4, "{id}: {a} {b}");
        server.browse(&format!("/ogcapi/collections/{id}")).expect(200);
    }
}
