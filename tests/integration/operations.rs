//! What whoever runs the server sees: readiness, metrics, the log.

use crate::harness::server::{Server, demo};
use crate::harness::{SAMPLE, text};

#[test]
fn a_server_whose_layers_can_be_read_is_ready() {
    let answer = demo().get("/ready").expect(200);
    assert_eq!(answer.header("cache-control"), "no-store");
    let told = answer.json();
    let layers = told["layers"].as_array().unwrap();
    assert_eq!(told["status"], "ready");
    assert!(layers.iter().all(|layer| layer["status"] == "ready"), "{told}");
    let ids: Vec<&str> = layers.iter().filter_map(|layer| layer["id"].as_str()).collect();
    assert!(ids.contains(&"countries") && ids.contains(&"elevation"), "features and rasters: {ids:?}");
}

#[test]
fn a_layer_that_cannot_be_opened_or_read_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let (good, bad) = (folder.path().join("good.gpkg"), folder.path().join("bad.gpkg"));
    std::fs::copy(SAMPLE, &good).unwrap();
    std::fs::write(&bad, "no GeoPackage").unwrap();
    let server = Server::start(&[text(&good), text(&bad)]);
    let told = server.json("/ready");
    assert_eq!(told["status"], "degraded");
    let unopened = serde_json::json!({ "id": "bad.gpkg", "status": "unopened" });
    assert!(told["layers"].as_array().unwrap().contains(&unopened), "{told}");
    assert!(!told.to_string().contains(text(folder.path())), "folders are nobody's business: {told}");
    // Its file goes: nothing can be read any more.
    let server = Server::start(&[text(&good), "--watch", "0"]);
    std::fs::remove_file(&good).unwrap();
    let answer = server.get("/ready").expect(503);
    assert_eq!((answer.json()["status"].as_str(), answer.header("retry-after")), (Some("unavailable"), "10"));
    server.get("/health").expect(200);
}

#[test]
fn metrics_count_what_was_asked() {
    let server = Server::start(&[]);
    server.get("/ogcapi/collections/cities/items?limit=7").expect(200);
    server.get("/ogcapi/collections/cities/items?limit=x").expect(400);
    server.get("/ows?SERVICE=nonsense").expect(400);
    let wfs = "/ows?SERVICE=WFS&VERSION=2.0.0&REQUEST=GetFeature";
    server.get(&format!("{wfs}&TYPENAMES=cities&COUNT=11")).expect(200);
    server.get(&format!("{wfs}&TYPENAMES=cities&COUNT=3&OUTPUTFORMAT=GeoJSON")).expect(200);
    server.get(&format!("{wfs}&STOREDQUERY_ID=urn:ogc:def:query:OGC-WFS::GetFeatureById&ID=cities.1")).expect(200);
    let map = "/ows?SERVICE=WMS&VERSION=1.3.0&LAYERS=countries&STYLES=&CRS=CRS:84&BBOX=-180,-90,180,90&WIDTH=36&HEIGHT=18\
               &FORMAT=image/png";
    server.get(&format!("{map}&REQUEST=GetMap")).expect(200);
    server.get(&format!("{map}&REQUEST=GetFeatureInfo&QUERY_LAYERS=countries&I=19&J=4")).expect(200);
    let answer = server.get("/metrics").expect(200);
    assert_eq!(answer.header("content-type"), "text/plain; version=0.0.4; charset=utf-8");
    let text = answer.text();
    for line in [
        "graticule_requests_total{operation=\"getFeatures\",status=\"200\"} 1",
        "graticule_requests_total{operation=\"getFeatures\",status=\"400\"} 1",
        "graticule_requests_total{operation=\"none\",status=\"400\"} 1",
        "graticule_rows_total{operation=\"getFeatures\"} 7",
        "graticule_rows_total{operation=\"WFS.GetFeature\"} 15",
        "graticule_rows_total{operation=\"WMS.GetMap\"} 177",
        "graticule_rows_total{operation=\"WMS.GetFeatureInfo\"} 1",
        "graticule_requests_in_flight 1",
        "graticule_requests_waiting 0",
    ] {
        assert!(text.lines().any(|other| other == line), "{line}\n{text}");
    }
    assert!(text.contains("graticule_threads{kind=\"tokio\"}") && text.contains("process_resident_memory_bytes"));
    // Each metric is told once, with its type before its values.
    for line in text.lines().filter(|line| line.starts_with("# TYPE ")) {
        assert_eq!(text.matches(&format!("{line}\n")).count(), 1, "{line}");
    }
}

#[test]
fn the_log_names_operation_collection_and_rows() {
    let mut server = Server::start(&["--log", "graticule=debug", "--log-format", "json"]);
    server.get_with("/ogcapi/collections/cities/items?limit=3", &[("X-Request-Id", "three-cities")]).expect(200);
    let log = server.log();
    let line = log.lines().find(|line| line.contains("three-cities") && line.contains("\"answered\"")).unwrap();
    let told: serde_json::Value = serde_json::from_str(line).unwrap();
    assert_eq!((&told["operation"], &told["collection"]), (&"getFeatures".into(), &"cities".into()));
    assert_eq!((&told["rows"], &told["status"]), (&3.into(), &200.into()));
    assert!(told["first_byte_micros"].as_u64().unwrap() <= told["micros"].as_u64().unwrap());
}

#[test]
fn a_page_has_no_more_features_than_it_bears() {
    let server = Server::start(&["--limit", "page_features=5"]);
    let path = "/ogcapi/collections/cities/items?limit=50";
    let page = server.browse(path).expect(200);
    assert_eq!(page.text().matches("data-feature=").count(), 5);
    let next = crate::harness::client::neighbour(&page, "next").unwrap();
    let next = crate::harness::client::send("GET", &next, &[("accept", "text/html")]).expect(200);
    assert!(next.text().contains("<strong>6 to 10</strong>"), "the next page follows the fifth");
    assert_eq!(server.json(path)["numberReturned"], 50);
}
