//! A server inside of another program, without HTTP: requests are given to `Server::handle`.

use graticule::Server;
use graticule::message::request::Request;
use graticule::model::schema::{Field, FieldKind, GeometryField, GeometryKind, KeyKind, Schema};
use graticule::model::value::{FeatureId, Value};
use graticule::project::catalog::{Layer, Project};
use graticule::sources::memory::Memory;
use graticule::standard;
use http::{HeaderValue, Method, StatusCode, header};
use std::sync::Arc;

use crate::harness::wait_for;

/// Three towns in memory.
pub(crate) fn towns() -> Project {
    let schema = Schema {
        fields: vec![Field::new("name", FieldKind::String), Field::new("people", FieldKind::Integer)],
        key: ("id".to_owned(), KeyKind::String),
        geometry: Some(GeometryField {
            name: "geom".to_owned(),
            kind: GeometryKind::Point,
            crs: graticule::base::crs::Crs::Crs84,
            epoch: None,
            has_z: false,
        }),
        time: None,
    };
    let town = |id: &str, x: f64, y: f64, people: i64| {
        let wkb = [&[1, 1, 0, 0, 0][..], &x.to_le_bytes(), &y.to_le_bytes()].concat();
        (FeatureId::Text(id.to_owned()), Some(wkb), vec![Value::Text(id.to_uppercase()), Value::Int(people)])
    };
    let rows =
        vec![town("thun", 7.63, 46.76, 43_000), town("bern", 7.45, 46.95, 134_000), town("olten", 7.9, 47.35, 18_000)];
    Project::new("Towns").with(Layer::new("towns", Arc::new(Memory::new(schema, rows).unwrap()))).unwrap()
}

/// The answer's status and body.
pub(crate) fn ask(server: &Server, request: Request) -> (StatusCode, http::HeaderMap, Vec<u8>) {
    wait_for(async {
        let response = server.handle(request).await;
        let body = response.body.collect(100 << 20).await.unwrap();
        (response.head.status, response.head.headers, body.to_vec())
    })
}

/// The JSON of an answer of 200.
#[track_caller]
pub(crate) fn json(server: &Server, url: &str) -> serde_json::Value {
    let (status, _, body) = ask(server, Request::get(url));
    assert_eq!(status, 200, "{url}: {}", String::from_utf8_lossy(&body));
    serde_json::from_slice(&body).unwrap()
}

#[test]
fn a_layer_in_memory_is_served_as_any_other() {
    let server = standard::server(towns()).build().unwrap();
    let page = json(&server, "/ogcapi/collections/towns/items?limit=2");
    assert_eq!((&page["numberMatched"], &page["features"][0]["id"]), (&3.into(), &"bern".into()));
    assert_eq!(json(&server, "/ogcapi/collections/towns/items?people=18000")["features"][0]["id"], "olten");
    assert_eq!(json(&server, "/ogcapi/collections/towns/items?bbox=7.5,46,8,47")["numberMatched"], 1);
    assert_eq!(json(&server, "/ogcapi/collections/towns/items/thun")["properties"]["name"], "THUN");
    let extent = &json(&server, "/ogcapi/collections/towns")["extent"]["spatial"]["bbox"][0];
    assert_eq!(extent[0], 7.45);
}

#[test]
fn links_begin_with_what_the_program_asked() {
    let server = standard::server(towns()).build().unwrap();
    let landing = json(&server, "https://inner.example:99/ogcapi");
    assert!(
        landing["links"]
            .as_array()
            .unwrap()
            .iter()
            .all(|it| it["href"].as_str().unwrap().starts_with("https://inner.example:99/"))
    );
}

#[test]
fn headers_and_methods_are_heard() {
    let server = standard::server(towns()).build().unwrap();
    let request = Request::get("/ogcapi").with_header(header::ACCEPT, HeaderValue::from_static("text/html"));
    let (status, headers, body) = ask(&server, request);
    assert_eq!(
        (status, &headers[header::CONTENT_TYPE]),
        (StatusCode::OK, &HeaderValue::from_static("text/html; charset=utf-8"))
    );
    assert!(body.trim_ascii_start().starts_with(b"<!"));
    let (status, headers, body) = ask(&server, Request::new(Method::HEAD, "/ogcapi/collections/towns/items"));
    assert!(status == 200 && body.is_empty() && headers[header::CONTENT_TYPE] == "application/geo+json");
    let (status, headers, _) = ask(&server, Request::new(Method::DELETE, "/ogcapi"));
    assert!(status == 405 && headers.contains_key(header::ALLOW));
}

#[test]
fn an_api_at_another_root_has_all_links_there() {
    let server = standard::server_at("/geo", towns()).build().unwrap();
    let text = json(&server, "/geo/collections").to_string();
    assert!(text.contains("http://localhost/geo/collections/towns/items") && !text.contains("/ogcapi"));
    assert_eq!(ask(&server, Request::get("/ogcapi")).0, 404);
}
