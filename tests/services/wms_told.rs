//! What GetFeatureInfo tells of what it found: whole geometries, in the system of the format.

use graticule::base::xml::{Limits, parse};
use graticule::server::Server;
use serde_json::Value;

use crate::wms_kit::{PROJECT, ask, builder, server};

/// Germany on a map in web Mercator, over countries that are stored in degrees.
const GERMANY: &str = "VERSION=1.3.0&REQUEST=GetFeatureInfo&LAYERS=countries&QUERY_LAYERS=countries&STYLES=&CRS=EPSG:3857\
                       &BBOX=500000,6000000,1500000,7000000&WIDTH=100&HEIGHT=100&I=60&J=55";

/// The numbers of the coordinates: least x, least y, greatest x, greatest y.
fn bounds(coordinates: &Value) -> [f64; 4] {
    let Some(parts) = coordinates.as_array() else { return [f64::NAN; 4] };
    if let [x, y, ..] = &parts[..]
        && let (Some(x), Some(y)) = (x.as_f64(), y.as_f64())
    {
        return [x, y, x, y];
    }
    parts.iter().map(bounds).fold([f64::NAN; 4], |all, one| {
        [all[0].min(one[0]), all[1].min(one[1]), all[2].max(one[2]), all[3].max(one[3])]
    })
}

fn json(server: &Server, query: &str) -> Value {
    let answer = ask(server, query);
    serde_json::from_str(&answer.text()).unwrap_or_else(|_| panic!("{}", answer.text()))
}

#[test]
fn a_geometry_on_a_map_in_another_system_was_a_scrap_around_the_point() {
    let server = server();
    let found = json(&server, &format!("{GERMANY}&INFO_FORMAT=application/json&WITH_GEOMETRY=true"));
    assert_eq!(found["features"][0]["properties"]["name"], "Germany", "{found}");
    let [west, south, east, north] = bounds(&found["features"][0]["geometry"]["coordinates"]);
    assert!((600_000.0..700_000.0).contains(&west) && (1_650_000.0..1_700_000.0).contains(&east), "{west} {east}");
    assert!((5_950_000.0..6_050_000.0).contains(&south) && (7_300_000.0..7_450_000.0).contains(&north));
    for format in ["application/vnd.ogc.gml", "application/vnd.ogc.gml/3.1.1"] {
        let text = ask(&server, &format!("{GERMANY}&INFO_FORMAT={format}&WITH_GEOMETRY=true")).text();
        parse(text.as_bytes(), &Limits::default()).unwrap();
        assert!(text.contains("Germany") && text.contains("EPSG:3857") && text.len() > 2000, "{format}: {text}");
    }
    let none = json(&server, &format!("{GERMANY}&INFO_FORMAT=application/json"));
    assert!(none["features"][0]["geometry"].is_null() && none["features"][0]["properties"]["name"] == "Germany");
    let sea = GERMANY.replace("500000,6000000,1500000,7000000", "-3500000,5000000,-3000000,5500000");
    let nothing = json(&server, &format!("{sea}&INFO_FORMAT=application/json&WITH_GEOMETRY=true"));
    assert_eq!(nothing["features"], serde_json::json!([]));
}

#[test]
fn as_many_whole_geometries_as_are_wanted() {
    let wide = format!("{GERMANY}&INFO_FORMAT=application/json&FI_POLYGON_TOLERANCE=60&WITH_GEOMETRY=true");
    let server = server();
    for (most, count) in [("1", 1), ("3", 3)] {
        let found = json(&server, &format!("{wide}&FEATURE_COUNT={most}"));
        assert_eq!(found["features"].as_array().unwrap().len(), count, "{found}");
        let without = json(&server, &format!("{wide}&FEATURE_COUNT={most}").replace("&WITH_GEOMETRY=true", ""));
        let ids = |found: &Value| -> Vec<Value> {
            found["features"].as_array().unwrap().iter().map(|it| it["id"].clone()).collect()
        };
        assert_eq!(ids(&found), ids(&without));
    }
}

#[test]
fn geojson_of_rfc_7946_was_in_metres_without_a_word() {
    let server = server();
    let found = json(&server, &format!("{GERMANY}&INFO_FORMAT=application/geo%2Bjson&WITH_GEOMETRY=true"));
    let [west, south, east, north] = bounds(&found["features"][0]["geometry"]["coordinates"]);
    assert!((5.5..6.5).contains(&west) && (14.5..15.5).contains(&east), "{west} {east}");
    assert!((47.0..48.0).contains(&south) && (54.5..55.5).contains(&north), "{south} {north}");
}

#[test]
fn a_group_within_a_group_could_not_be_asked() {
    let outer = "\n[[groups]]\nid = \"outer\"\nlayers = [\"world\"]\n";
    let server = builder(&format!("{PROJECT}{outer}")).build().unwrap();
    let outer = GERMANY.replace("LAYERS=countries&QUERY_LAYERS=countries", "LAYERS=outer&QUERY_LAYERS=world");
    let found = json(&server, &format!("{outer}&INFO_FORMAT=application/json"));
    assert_eq!(found["features"][0]["properties"]["name"], "Germany", "{found}");
    let filtered = format!("{outer}&INFO_FORMAT=application/json&FILTER=world:%22name%22%20=%20%27Chad%27");
    assert_eq!(json(&server, &filtered)["features"], serde_json::json!([]));
    let elsewhere = outer.replace("LAYERS=outer", "LAYERS=countries");
    assert!(
        ask(&server, &elsewhere.replace("QUERY_LAYERS=countries", "QUERY_LAYERS=world"))
            .text()
            .contains("LayerNotDefined")
    );
}
