//! Random requests with every parameter there is: never an error of the server, and what the server lets through is JSON.

use std::path::Path;
use std::sync::OnceLock;

use graticule::Server;
use graticule::message::request::Request;
use graticule::project::open::open;
use graticule::project::settings;
use graticule::standard;
use http::{HeaderValue, Method, header};
use proptest::prelude::*;

use super::embedding::ask;
use crate::harness::{SAMPLE, odd};

fn server() -> &'static Server {
    static SERVER: OnceLock<Server> = OnceLock::new();
    SERVER.get_or_init(|| {
        let data = vec![Path::new(SAMPLE).to_owned(), odd::file().to_owned()];
        let opened = open(&settings::Project { data, ..settings::Project::default() }, None);
        assert!(opened.faults.is_empty(), "{:?}", opened.faults);
        standard::with_circle(standard::server(opened.project)).build().unwrap()
    })
}

fn name() -> impl Strategy<Value = String> {
    let known = [
        "limit",
        "offset",
        "bbox",
        "datetime",
        "f",
        "name",
        "continent",
        "pop_est",
        "x",
        "y",
        "r",
        "segments",
        "MAP",
        "at",
        "day",
        "flag",
        "whole",
        "number",
        "words",
        "bytes",
        "doc",
        "na%20me",
        "gr%C3%B6%C3%9Fe",
        "crs",
        "Limit",
    ];
    prop_oneof![9 => prop::sample::select(known.to_vec()).prop_map(str::to_owned), 1 => "[ -~]{0,8}".prop_map(|it| encoded(&it))]
}

fn value() -> impl Strategy<Value = String> {
    let special = [
        "",
        "0",
        "-0",
        "1",
        "-1",
        "10",
        "1e309",
        "-1e308",
        "NaN",
        "inf",
        "null",
        "true",
        "false",
        "..",
        "../..",
        "/",
        "%00",
        "%FF",
        "%",
        "+",
        "9223372036854775807",
        "9223372036854775808",
        "-9223372036854775808",
        "18446744073709551616",
        "1,2,3,4",
        "1,2,3,4,5,6",
        "179,-90,-179,90",
        "-1e308,-90,1e308,90",
        "1e-320,0,1e-310,0",
        "2020-01-01T00:00:00Z",
        "2020-01-01T00:00:00Z/..",
        "0000-01-01T00:00:00Z",
        "9999-12-31T23:59:60Z",
        "-2020-01-01T00:00:00Z/..",
        "2020-01-01",
        "json",
        "html",
        "geojson",
        "x' OR '1'='1",
        "\u{1F5FA}",
        "é",
    ];
    let number = prop_oneof![any::<i64>().prop_map(|it| it.to_string()), any::<f64>().prop_map(|it| it.to_string())];
    let list = prop::collection::vec(prop_oneof![any::<f64>(), -200.0..200.0], 0..8)
        .prop_map(|all| all.iter().map(f64::to_string).collect::<Vec<_>>().join(","));
    prop_oneof![
        4 => prop::sample::select(special.to_vec()).prop_map(str::to_owned),
        2 => number,
        2 => list,
        1 => "\\PC{0,20}".prop_map(|it| encoded(&it)),
        1 => "[%0-9A-Fa-f+]{0,12}",
    ]
}

fn encoded(text: &str) -> String {
    percent_encoding::utf8_percent_encode(text, graticule::message::request::COMPONENT).to_string()
}

fn path() -> impl Strategy<Value = String> {
    let known = [
        "/",
        "/ogcapi",
        "/ogcapi/collections",
        "/ogcapi/conformance",
        "/ogcapi/api",
        "/api.html",
        "/customapi",
        "/customapi.html",
        "/ogcapi/collections/countries",
        "/ogcapi/collections/countries/items",
        "/ogcapi/collections/cities/items.html",
        "/ogcapi/collections/kinds/items",
        "/ogcapi/collections/times/items",
        "/ogcapi/collections/mercator/items",
        "/ogcapi/collections/new_york/items",
        "/ogcapi/collections/odd_columns/items",
        "/ogcapi/collections/notes/items",
        "/ogcapi/collections/heights/items",
        "/ogcapi/collections/pacific/items",
        "/ogcapi/collections/recent/items",
        "/ogcapi/collections/text_ids/items",
        "/ogcapi/collections/gaps/items",
        "/wfs3/collections",
    ];
    let any_id = value().prop_map(|id| format!("/ogcapi/collections/text_ids/items/{}", encoded(&id)));
    let any_number = value().prop_map(|id| format!("/ogcapi/collections/big_ids/items/{id}"));
    let anything = "/[ -~]{0,30}".prop_map(|it| it.replace(['?', '#'], "_"));
    prop_oneof![16 => prop::sample::select(known.to_vec()).prop_map(str::to_owned), 1 => any_id, 1 => any_number, 1 => anything]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_request_is_an_error_of_the_server(
        path in path(),
        query in prop::collection::vec((name(), value()), 0..4),
        accept in prop::sample::select(vec!["", "text/html", "application/json", "*/*;q=0.1, text/html;q=2", ";;;,,,", "image/png"]),
        head in any::<bool>(),
    ) {
        let pairs: Vec<String> = query.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let url = format!("{path}?{}", pairs.join("&"));
        let mut request = Request::new(if head { Method::HEAD } else { Method::GET }, &url);
        if !accept.is_empty() {
            request = request.with_header(header::ACCEPT, HeaderValue::from_static(accept));
        }
        let (status, headers, body) = ask(server(), request);
        prop_assert!(!status.is_server_error(), "{}: {} {}", url, status, String::from_utf8_lossy(&body));
        let media_type = headers.get(header::CONTENT_TYPE).and_then(|it| it.to_str().ok()).unwrap_or_default();
        if media_type.contains("json") && !body.is_empty() {
            let parsed = serde_json::from_slice::<serde_json::Value>(&body);
            prop_assert!(parsed.is_ok(), "{url}: no JSON");
        }
    }
}

/// Walks with random sizes and filters meet each feature once.
fn walk(first: &str) -> Vec<String> {
    let mut ids = Vec::new();
    let mut url = first.to_owned();
    loop {
        let page = super::embedding::json(server(), &url);
        ids.extend(page["features"].as_array().unwrap().iter().map(|it| it["id"].to_string()));
        let Some(next) = crate::harness::client::links(&page, "next").first().cloned() else { break };
        next["href"].as_str().unwrap().clone_into(&mut url);
        assert!(ids.len() < 100_000, "{first} does not end");
    }
    ids
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_walk_meets_each_feature_once(
        layer in prop::sample::select(vec!["countries", "cities", "gaps", "text_ids", "mercator", "pacific", "times"]),
        size in 1usize..60,
        (west, east) in (-180.0..180.0, -180.0..180.0),
        (south, north) in (-90.0..0.0, 0.0..90.0),
        boxed in any::<bool>(),
    ) {
        let filter = if boxed { format!("&bbox={west},{south},{east},{north}") } else { String::new() };
        let items = format!("/ogcapi/collections/{layer}/items");
        let whole = walk(&format!("{items}?limit=10000{filter}"));
        let paged = walk(&format!("{items}?limit={size}{filter}"));
        prop_assert_eq!(paged, whole);
    }
}
