//! GetFeatureInfo: what is at a pixel.

use graticule::base::xml::{Limits, parse};
use serde_json::Value;

use crate::wms_kit::{ask, server};

/// Around Austria, as the map of QGIS Server's golden answers.
const INFO: &str = "VERSION=1.3.0&REQUEST=GetFeatureInfo&LAYERS=countries&QUERY_LAYERS=countries&STYLES=&CRS=EPSG:4326\
                    &BBOX=40,0,55,20&WIDTH=400&HEIGHT=300&I=200&J=150&FORMAT=image/png";

#[test]
fn each_format_tells_the_same() {
    let server = server();
    let of = |format: &str| {
        let answer = ask(&server, &format!("{INFO}&INFO_FORMAT={format}"));
        assert_eq!(answer.status, 200, "{format}: {}", answer.text());
        assert!(answer.media_type.starts_with(&format.replace("%2B", "+")), "{format}: {}", answer.media_type);
        answer.text()
    };
    let text = of("text/plain");
    assert!(text.contains("Layer 'countries'\nFeature 115\n") && text.contains("name = 'Austria'\n"), "{text}");
    let html = of("text/html");
    assert!(html.contains("<section data-layer=\"countries\">") && html.contains(" data-feature=\"115\""), "{html}");
    assert!(
        html.contains("countries.115")
            && html.contains(">Austria</span></td>")
            && html.contains("8<span>877</span><span>067</span>"),
        "{html}"
    );
    let xml = parse(of("text/xml").as_bytes(), &Limits::default()).unwrap();
    let feature = xml.child("Layer").unwrap().child("Feature").unwrap();
    let named = |name: &str| feature.children_named("Attribute").find(|it| it.attribute("name") == Some(name)).cloned();
    assert_eq!(feature.attribute("id"), Some("115"));
    assert_eq!(named("iso_a3").unwrap().attribute("value"), Some("AUT"));
    for format in ["application/vnd.ogc.gml", "application/vnd.ogc.gml/3.1.1"] {
        let gml = parse(of(format).as_bytes(), &Limits::default()).unwrap();
        let feature = gml.child("featureMember").unwrap().child("countries").unwrap();
        assert_eq!(feature.child("name").unwrap().trimmed(), "Austria", "{format}");
    }
    for format in ["application/json", "application/geo%2Bjson"] {
        let json: Value = serde_json::from_str(&of(format)).unwrap();
        let feature = &json["features"][0];
        assert_eq!(
            (feature["id"].as_str(), feature["properties"]["name"].as_str()),
            (Some("countries.115"), Some("Austria"))
        );
        assert!(feature["geometry"].is_null());
    }
    let bare = ask(&server, INFO);
    assert!(bare.media_type.starts_with("text/plain"));
}

#[test]
fn geometry_comes_in_the_system_of_the_map_where_it_is_wanted() {
    let server = server();
    let query = "VERSION=1.3.0&REQUEST=GetFeatureInfo&LAYERS=cities&QUERY_LAYERS=cities&STYLES=&CRS=EPSG:3857\
                 &BBOX=1800000,6120000,1850000,6160000&WIDTH=500&HEIGHT=400&I=220&J=195&FI_POINT_TOLERANCE=40&INFO_FORMAT=application/json\
                 &WITH_GEOMETRY=TRUE";
    let json: Value = serde_json::from_str(&ask(&server, query).text()).unwrap();
    let point = &json["features"][0]["geometry"]["coordinates"];
    assert!((point[0].as_f64().unwrap() - 1_822_000.0).abs() < 2000.0, "{json}");
    assert!((point[1].as_f64().unwrap() - 6_139_000.0).abs() < 3000.0, "{json}");
}

#[test]
fn a_point_within_a_polygon_is_found_on_a_map_in_another_system() {
    let server = server();
    let query = "VERSION=1.3.0&REQUEST=GetFeatureInfo&LAYERS=countries&QUERY_LAYERS=countries&STYLES=&CRS=EPSG:3857\
                 &BBOX=0,5000000,2000000,7000000&WIDTH=400&HEIGHT=400&I=200&J=200&INFO_FORMAT=application/json";
    let json: Value = serde_json::from_str(&ask(&server, query).text()).unwrap();
    assert_eq!(json["features"][0]["properties"]["name"], "Switzerland", "{json}");
}

#[test]
fn tolerances_counts_and_either_names_of_the_pixel() {
    let server = server();
    // 3 pixels beside Vienna.
    let near = "REQUEST=GetFeatureInfo&LAYERS=countries,cities&QUERY_LAYERS=cities&STYLES=,&BBOX=14.5,47.5,18.5,49.5\
                &WIDTH=400&HEIGHT=200&INFO_FORMAT=application/json";
    let count = |more: &str| {
        let answer = ask(&server, &format!("{near}&{more}"));
        let json: Value = serde_json::from_str(&answer.text()).unwrap_or_else(|_| panic!("{}", answer.text()));
        json["features"].as_array().unwrap().len()
    };
    assert_eq!(count("VERSION=1.3.0&CRS=CRS:84&I=190&J=130"), 1);
    assert_eq!(count("VERSION=1.1.1&SRS=EPSG:4326&X=190&Y=130"), 1);
    assert_eq!(count("VERSION=1.3.0&CRS=CRS:84&X=190&Y=130"), 1);
    assert_eq!(count("VERSION=1.3.0&CRS=CRS:84&I=190&J=130&FI_POINT_TOLERANCE=1"), 0);
    assert_eq!(count("VERSION=1.3.0&CRS=CRS:84&I=240&J=130"), 0);
    assert_eq!(count("VERSION=1.3.0&CRS=CRS:84&I=240&J=130&FI_POINT_TOLERANCE=80&FEATURE_COUNT=10"), 2);
    assert_eq!(count("VERSION=1.3.0&CRS=CRS:84&I=240&J=130&FI_POINT_TOLERANCE=80"), 1);
}

#[test]
fn a_group_is_asked_as_a_whole_or_by_its_layers() {
    let server = server();
    let of = |layers: &str| {
        let query =
            INFO.replace("LAYERS=countries&QUERY_LAYERS=countries", &format!("LAYERS=world&QUERY_LAYERS={layers}"));
        ask(&server, &format!("{query}&INFO_FORMAT=text/plain&FEATURE_COUNT=5")).text()
    };
    assert!(of("world").contains("Layer 'countries'") && of("world").contains("Layer 'cities'"));
    assert!(of("countries").contains("Layer 'countries'") && !of("countries").contains("Layer 'cities'"));
}

#[test]
fn only_what_the_map_shows_is_told() {
    let server = server();
    let of = |style: &str| {
        ask(&server, &format!("{}&INFO_FORMAT=text/plain", INFO.replace("STYLES=", &format!("STYLES={style}")))).text()
    };
    assert!(of("plain").contains("Austria") && of("large").contains("Austria"));
    // That style draws large countries alone.
    assert!(!of("few").contains("Austria"));
}

#[test]
fn a_filter_narrows_the_map_and_finds_without_a_point() {
    let server = server();
    let map = |filter: &str| {
        let query = "VERSION=1.3.0&REQUEST=GetMap&LAYERS=countries&STYLES=&CRS=CRS:84&BBOX=-180,-90,180,90&WIDTH=360&HEIGHT=180\
                     &FORMAT=image/png";
        ask(&server, &format!("{query}&FILTER={filter}"))
    };
    let brazil = map("countries:%22name%22%20=%20%27Brazil%27").picture();
    assert_eq!((brazil.at(125, 100), brazil.at(183, 62)), ([0, 255, 0, 255], [255; 4]));
    assert_eq!(map("countries:%22nope%22%20=%201").status, 400);
    assert_eq!(map("countries:%22name%22%20=%20%27a%27%3B%20DROP").status, 400);
    let fes = "(%3CFilter%3E%3CPropertyIsEqualTo%3E%3CPropertyName%3Ename%3C/PropertyName%3E%3CLiteral%3EBrazil%3C/Literal%3E\
               %3C/PropertyIsEqualTo%3E%3C/Filter%3E)";
    let brazil = map(fes).picture();
    assert_eq!((brazil.at(125, 100), brazil.at(183, 62)), ([0, 255, 0, 255], [255; 4]));
    let bare = map(fes.trim_start_matches('(').trim_end_matches(')')).picture();
    assert_eq!((bare.at(125, 100), bare.at(183, 62)), ([0, 255, 0, 255], [255; 4]));
    let found = ask(
        &server,
        "VERSION=1.3.0&REQUEST=GetFeatureInfo&LAYERS=countries&QUERY_LAYERS=countries&STYLES=&CRS=EPSG:4326&WIDTH=10&HEIGHT=10\
         &INFO_FORMAT=application/json&FEATURE_COUNT=10&FILTER=countries:%22continent%22%20=%20%27Oceania%27",
    );
    let json: Value = serde_json::from_str(&found.text()).unwrap_or_else(|_| panic!("{}", found.text()));
    assert_eq!(json["features"].as_array().unwrap().len(), 7, "{json}");
}
