//! Links begin with the URL by which the client knows the server, whatever stands between.

use serde_json::Value;

use crate::harness::page::{attributes, resolve};
use crate::harness::server::{Server, demo};

/// Every address in a JSON document that a client would follow.
fn addresses(value: &Value) -> Vec<String> {
    match value {
        Value::Object(object) => {
            let own = ["href", "url"].iter().filter_map(|key| object.get(*key)?.as_str()).map(str::to_owned);
            own.chain(object.values().flat_map(addresses)).collect()
        }
        Value::Array(items) => items.iter().flat_map(addresses).collect(),
        _ => Vec::new(),
    }
}

/// All addresses of a document begin with the base, but for the licence's, which is elsewhere.
#[track_caller]
fn check(server: &Server, headers: &[(&str, &str)], base: &str) {
    for path in [
        "/",
        "/ogcapi",
        "/ogcapi/collections",
        "/ogcapi/collections/cities/items?limit=1",
        "/ogcapi/api",
        "/api",
        "/nothing",
    ] {
        let document = server.get_with(path, headers).json();
        let all = addresses(&document);
        assert!(!all.is_empty(), "{path} has no address");
        for address in all.iter().filter(|address| !address.contains("naturalearthdata")) {
            let rest = address.strip_prefix(base);
            assert!(
                rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/')),
                "{path}: {address} is not below {base}"
            );
        }
    }
}

#[test]
fn links_follow_the_host_header() {
    check(demo(), &[("Host", "gis.example:8443")], "http://gis.example:8443");
}

#[test]
fn links_follow_a_proxy_on_this_machine() {
    let server = demo();
    for (headers, base) in [
        (vec![("Forwarded", "for=192.0.2.60;proto=https;host=gis.example")], "https://gis.example"),
        (
            vec![("Forwarded", "proto=https;host=\"gis.example:8443\", proto=http;host=inner")],
            "https://gis.example:8443",
        ),
        (vec![("X-Forwarded-Proto", "https"), ("X-Forwarded-Host", "gis.example")], "https://gis.example"),
        (vec![("X-Forwarded-Proto", "https, http"), ("X-Forwarded-Host", "gis.example, inner")], "https://gis.example"),
        (
            vec![("X-Forwarded-Host", "gis.example"), ("X-Forwarded-Port", "8443"), ("X-Forwarded-Proto", "https")],
            "https://gis.example:8443",
        ),
        (
            vec![("X-Forwarded-Host", "gis.example"), ("X-Forwarded-Port", "443"), ("X-Forwarded-Proto", "https")],
            "https://gis.example",
        ),
        (vec![("X-Forwarded-Host", "gis.example"), ("X-Forwarded-Prefix", "/maps/")], "http://gis.example/maps"),
        (vec![("X-Qgis-Service-Url", "https://gis.example/qgis?x=1")], "https://gis.example/qgis"),
    ] {
        check(server, &headers, base);
    }
}

#[test]
fn nonsense_in_headers_is_in_no_answer() {
    for (name, value) in [
        ("X-Forwarded-Host", "evil\"><script>"),
        ("X-Forwarded-Prefix", "/\"><script>"),
        ("X-Forwarded-Proto", "javascript"),
    ] {
        for path in ["/", "/ogcapi/nothing", "/ogcapi/collections"] {
            let headers = [(name, value), ("Accept", "text/html")];
            let answer = demo().get_with(path, &headers);
            assert!(!answer.text().contains("\"><script>") && !answer.text().contains("javascript:"), "{path} {name}");
        }
    }
    demo().get_with("/ogcapi", &[("Host", "a b")]).expect(400);
}

#[test]
fn a_setting_beats_headers() {
    let server = Server::start(&["--base-url", "https://maps.example/gis/"]);
    check(&server, &[("X-Forwarded-Host", "other.example")], "https://maps.example/gis");
    check(&server, &[("Host", "other.example")], "https://maps.example/gis");
}

#[test]
fn only_configured_proxies_are_believed() {
    let server = Server::start(&["--trusted-proxies", "192.0.2.0/24"]);
    check(&server, &[("X-Forwarded-Host", "evil.example"), ("Forwarded", "host=evil.example")], &server.url.clone());
}

#[test]
fn pages_have_relative_links() {
    let headers = [("Accept", "text/html"), ("X-Forwarded-Host", "gis.example"), ("X-Forwarded-Prefix", "/maps")];
    for path in [
        "/",
        "/ogcapi",
        "/ogcapi/",
        "/ogcapi/collections/cities/items?limit=3",
        "/ogcapi/collections/cities/items/1",
        "/customapi",
        "/nothing/at/all",
    ] {
        let answer = demo().get_with(path, &headers);
        assert_eq!(answer.media_type(), "text/html", "{path}");
        for address in attributes(&answer.text()) {
            let elsewhere = address.contains("://") && !address.contains("naturalearthdata");
            assert!(!elsewhere && !address.starts_with('/'), "{path}: {address}");
        }
    }
}

#[test]
fn relative_links_of_pages_lead_somewhere() {
    for path in [
        "/",
        "/ogcapi",
        "/ogcapi/",
        "/ogcapi/collections",
        "/ogcapi/collections/cities",
        "/ogcapi/collections/cities/items?limit=3",
        "/ogcapi/collections/cities/items/1",
        "/customapi",
    ] {
        let page = demo().browse(path).text();
        for address in attributes(&page).into_iter().filter(|it| !it.contains("://") && !it.starts_with('#')) {
            let target = resolve(path, &address);
            let answer = demo().browse(&target);
            // The page of a form that is not filled in says so.
            let is_form = target.starts_with("/customapi") && answer.status == 400;
            assert!(answer.status == 200 || is_form, "{path} leads to {target}: {}", answer.status);
        }
    }
}
