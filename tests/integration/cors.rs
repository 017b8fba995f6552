//! Scripts of other origins: they may ask for everything and read what they need.

use crate::harness::server::demo;

const PATHS: [&str; 7] = [
    "/",
    "/ogcapi",
    "/ogcapi/collections/cities/items",
    "/ogcapi/collections/cities/items/1",
    "/customapi?x=1&y=1&r=1",
    "/ogcapi/nothing",
    "/static/graticule.css",
];

#[test]
fn every_answer_may_be_read() {
    for path in PATHS {
        let answer = demo().get_with(path, &[("Origin", "https://maps.example")]);
        assert_eq!(answer.header("access-control-allow-origin"), "*", "{path}");
        let exposed = answer.header("access-control-expose-headers").to_ascii_lowercase();
        for header in ["link", "etag", "location", "content-crs", "x-request-id"] {
            assert!(exposed.split(", ").any(|it| it == header), "{path}: {header} is not exposed: {exposed}");
        }
    }
}

#[test]
fn a_preflight_is_answered_everywhere() {
    for path in PATHS {
        for method in ["GET", "POST", "PUT", "DELETE"] {
            let headers = [
                ("Origin", "https://maps.example"),
                ("Access-Control-Request-Method", method),
                ("Access-Control-Request-Headers", "authorization, content-type"),
            ];
            let answer = demo().send("OPTIONS", path, &headers);
            assert!((200..300).contains(&answer.status), "{path}: {}", answer.status);
            assert_eq!(answer.header("access-control-allow-origin"), "*");
            let allowed = answer.header("access-control-allow-headers").to_ascii_lowercase();
            assert!(allowed.contains("authorization") && allowed.contains("content-type"), "{path}: {allowed}");
            // What libraries send that want no stale answer.
            assert!(allowed.contains("cache-control") && allowed.contains("pragma"), "{path}: {allowed}");
            assert!(answer.header("access-control-allow-methods").contains(method), "{path} {method}");
            assert!(answer.body.is_empty());
        }
    }
}
