//! The circle: every vertex at distance r, the ring closed and counter-clockwise, every bad value told.

use serde_json::Value;

use crate::harness::server::demo;

fn ring(answer: &Value) -> Vec<[f64; 2]> {
    let rings = answer["geometry"]["coordinates"].as_array().unwrap();
    assert_eq!((answer["geometry"]["type"].as_str(), rings.len()), (Some("Polygon"), 1));
    rings[0].as_array().unwrap().iter().map(|it| [it[0].as_f64().unwrap(), it[1].as_f64().unwrap()]).collect()
}

#[test]
fn every_vertex_lies_at_distance_r() {
    for (x, y, r, segments) in [
        (8.0, 45.0, 2.0, None),
        (0.0, 0.0, 1e-3, Some(3)),
        (-170.5, -89.0, 50.0, Some(10_000)),
        (1e6, -1e6, 12.5, Some(7)),
        (0.1, 0.2, 0.3, Some(360)),
    ] {
        let more = segments.map(|segments| format!("&segments={segments}")).unwrap_or_default();
        let answer = demo().get(&format!("/customapi?x={x}&y={y}&r={r}{more}")).expect(200);
        assert_eq!(answer.media_type(), "application/geo+json");
        let feature = answer.json();
        let ring = ring(&feature);
        assert_eq!(ring.len(), segments.unwrap_or(360) + 1);
        assert_eq!(ring.first(), ring.last(), "the ring is closed");
        for [px, py] in &ring {
            let distance = (px - x).hypot(py - y);
            assert!((distance - r).abs() < 1e-9, "{px} {py} lies at {distance}, not {r}");
        }
        let twice: f64 =
            ring.windows(2).map(|pair| (pair[0][0] - x) * (pair[1][1] - y) - (pair[1][0] - x) * (pair[0][1] - y)).sum();
        assert!(twice > 0.0, "counter-clockwise");
        assert_eq!(feature["type"], "Feature");
        for (name, value) in [("x", x), ("y", y), ("r", r)] {
            assert_eq!(feature["properties"][name].as_f64(), Some(value), "{name}");
        }
    }
}

#[test]
fn the_cookbooks_request_is_answered() {
    let feature = demo().json("/customapi?x=8&y=45&r=2");
    let first = &feature["geometry"]["coordinates"][0][0];
    assert_eq!((first[0].as_f64(), first[1].as_f64()), (Some(10.0), Some(45.0)));
    assert_eq!(demo().json("/customapi/?x=8&y=45&r=2")["geometry"], feature["geometry"]);
    assert_eq!(
        demo().get_with("/customapi?x=8&y=45&r=2&f=json", &[]).expect(200).json()["geometry"],
        feature["geometry"]
    );
}

#[test]
fn every_bad_value_is_told() {
    for (query, parameter) in [
        ("", "x"),
        ("y=45&r=2", "x"),
        ("x=8&r=2", "y"),
        ("x=8&y=45", "r"),
        ("x=&y=45&r=2", "x"),
        ("x=abc&y=45&r=2", "x"),
        ("x=NaN&y=45&r=2", "x"),
        ("x=inf&y=45&r=2", "x"),
        ("x=-infinity&y=45&r=2", "x"),
        ("x=1e400&y=45&r=2", "x"),
        ("x=8,5&y=45&r=2", "x"),
        ("x=8&x=9&y=45&r=2", "x"),
        ("X=8&y=45&r=2", "X"),
        ("x=8&y=45&r=0", "r"),
        ("x=8&y=45&r=-0", "r"),
        ("x=8&y=45&r=-1", "r"),
        ("x=8&y=45&r=2&segments=2", "segments"),
        ("x=8&y=45&r=2&segments=10001", "segments"),
        ("x=8&y=45&r=2&segments=3.5", "segments"),
        ("x=8&y=45&r=2&segments=-3", "segments"),
        ("x=8&y=45&r=2&segments=99999999999999999999", "segments"),
        ("x=8&y=45&r=2&segments=", "segments"),
        ("x=8&y=45&r=2&nothing=1", "nothing"),
        ("x=8%00&y=45&r=2", "x"),
        ("x=%FF&y=45&r=2", "x"),
    ] {
        let problem = demo().get(&format!("/customapi?{query}")).expect(400).json();
        assert_eq!(problem["parameter"], parameter, "{query}: {problem}");
    }
}

#[test]
fn decoding_is_that_of_forms() {
    let feature = demo().json("/customapi?x=%38&y=%34%35&r=2");
    assert_eq!(feature["properties"]["x"], 8.0);
    demo().get("/customapi?x=1e1&y=-4.5E1&r=.5").expect(200);
}

#[test]
fn numbers_too_large_to_add_are_no_fault_of_the_server() {
    let answer = demo().get("/customapi?x=1.7e308&y=0&r=1.7e308");
    assert!(answer.status < 500, "{}: {}", answer.status, answer.excerpt());
    if answer.status == 200 {
        assert!(ring(&answer.json()).iter().flatten().all(|number| number.is_finite()));
    }
}

#[test]
fn the_page_has_a_form_and_keeps_what_was_typed() {
    let page = demo().browse("/customapi").expect(400);
    assert_eq!(page.media_type(), "text/html");
    for field in ["name=\"x\"", "name=\"y\"", "name=\"r\"", "name=\"segments\""] {
        assert!(page.text().contains(field), "no field {field}");
    }
    let page = demo().browse("/customapi?x=8&y=45&r=-2").expect(400).text();
    assert!(page.contains("value=\"-2\"") && page.contains("value=\"45\""), "{page}");
    let page = demo().browse("/customapi?x=8&y=45&r=2").expect(200).text();
    assert!(page.contains("<form") && page.contains("value=\"8\""));
    let page = demo().browse("/customapi?x=%22%3E%3Cscript%3E&y=45&r=2").expect(400).text();
    assert!(!page.contains("\"><script>"), "what was typed is escaped");
}

#[test]
fn it_is_in_the_catalogue_and_in_its_definition() {
    let catalogue = demo().json("/").to_string();
    assert!(catalogue.contains(&format!("{}/customapi", demo().url)));
    let api = demo().json("/customapi/api");
    let operation = &api["paths"]["/"]["get"];
    assert_eq!(operation["operationId"], "CustomApiXYCircle");
    assert_eq!(api["info"]["title"], "custom api");
    assert!(operation["responses"]["200"]["content"]["application/geo+json"].is_object());
}
