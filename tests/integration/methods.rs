//! Methods: HEAD is GET without its body, OPTIONS tells what there is, others are refused with `Allow`.

use crate::harness::client;
use crate::harness::server::demo;

const PATHS: [&str; 9] = [
    "/",
    "/health",
    "/ogcapi",
    "/ogcapi/api",
    "/ogcapi/collections",
    "/ogcapi/collections/cities",
    "/ogcapi/collections/cities/items?limit=3",
    "/ogcapi/collections/cities/items/1",
    "/customapi?x=1&y=1&r=1",
];

#[test]
fn head_has_the_headers_of_get_and_no_body() {
    for path in PATHS {
        for accept in ["application/json", "text/html"] {
            let get = demo().get_with(path, &[("Accept", accept)]);
            let head = demo().send("HEAD", path, &[("Accept", accept)]);
            assert_eq!(head.status, get.status, "{path}");
            assert!(head.body.is_empty(), "{path}");
            for name in [
                "content-type",
                "vary",
                "content-crs",
                "access-control-allow-origin",
                "cache-control",
                "content-security-policy",
            ] {
                assert_eq!(head.header(name), get.header(name), "{path}: {name}");
            }
        }
    }
}

#[test]
fn head_tells_errors_as_get_does() {
    for (path, status) in [
        ("/nothing", 404),
        ("/ogcapi/collections/nothing/items", 404),
        ("/ogcapi/collections/cities/items/no-such", 404),
        ("/ogcapi/collections/cities/items?limit=x", 400),
        ("/ogcapi/collections/cities/items?name=x&nothing=1", 400),
    ] {
        let head = demo().send("HEAD", path, &[]).expect(status);
        assert!(head.body.is_empty());
    }
}

#[test]
fn options_tells_what_is_allowed() {
    for path in PATHS {
        let answer = demo().send("OPTIONS", path, &[]);
        assert!((200..300).contains(&answer.status), "{path}: {}", answer.status);
        for method in ["GET", "HEAD", "OPTIONS"] {
            assert!(
                answer.header("allow").split(", ").any(|it| it == method),
                "{path}: Allow {}",
                answer.header("allow")
            );
        }
    }
    demo().send("OPTIONS", "/nothing", &[]).expect(404);
}

#[test]
fn other_methods_are_refused_with_allow() {
    for method in ["POST", "PUT", "PATCH", "DELETE", "PROPFIND"] {
        // Conditions are posted to the features of a collection.
        for path in PATHS.iter().filter(|path| method != "POST" || !path.contains("/items?")) {
            let url = format!("{}{path}", demo().url);
            let answer = client::attempt(method, &url, &[], &[]).unwrap().expect(405);
            assert!(answer.header("allow").contains("GET"), "{method} {path}: Allow {}", answer.header("allow"));
            assert_eq!(answer.json()["status"], 405);
        }
    }
}

const SERVICES: [&str; 6] = [
    "/ows",
    "/ows?SERVICE=nothing",
    "/?SERVICE=WMS&REQUEST=GetCapabilities",
    "/ows?SERVICE=WMS&VERSION=1.3.0&REQUEST=GetMap&EXCEPTIONS=INIMAGE",
    "/ows?SERVICE=WFS&REQUEST=GetCapabilities",
    "/ows?SERVICE=WCS&REQUEST=GetCapabilities",
];

#[test]
fn services_take_no_other_methods_than_they_tell() {
    for path in SERVICES {
        let options = demo().send("OPTIONS", path, &[]).expect(204);
        assert_eq!(options.header("allow"), "GET, HEAD, OPTIONS, POST", "{path}");
        for method in ["PUT", "PATCH", "DELETE", "PROPFIND"] {
            let url = format!("{}{path}", demo().url);
            let answer = client::attempt(method, &url, &[], &[]).unwrap().expect(405);
            assert_eq!(answer.header("allow"), "GET, HEAD, OPTIONS, POST", "{method} {path}");
            assert!(answer.text().contains("Exception"), "{method} {path}: {}", answer.text());
        }
    }
}

#[test]
fn any_tag_is_not_known_of_a_feature_that_is_not_there() {
    let any = [("If-None-Match", "*")];
    demo().get_with("/ogcapi/collections/cities/items/no-such", &any).expect(404);
    demo().get_with("/ogcapi/collections/cities/items/99999999", &any).expect(404);
    demo().get_with("/ogcapi/collections/cities/items/1", &any).expect(304);
    demo().get_with("/ogcapi/collections/cities/items?limit=3", &any).expect(304);
}

#[test]
fn a_refused_body_that_comes_late_ends_the_connection_with_a_word() {
    let head = "PATCH /ows?SERVICE=nothing HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n";
    let next = "GET /health HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
    // All of it is there: the connection stays for the next request.
    let told = |request: &str| String::from_utf8(client::raw(demo().authority(), request.as_bytes())).unwrap();
    let both = told(&format!("{head}3\r\nabc\r\n0\r\n\r\n{next}"));
    assert!(both.starts_with("HTTP/1.1 405") && both.contains("HTTP/1.1 200"), "{both}");
    // It does not come: whoever asks again is told to take another connection.
    let late = told(head);
    assert!(late.starts_with("HTTP/1.1 405") && late.contains("Connection: close"), "{late}");
}
