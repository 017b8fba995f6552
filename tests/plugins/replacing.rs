//! Filters that replace status, headers and body, whatever the answer was.

use graticule::Server;
use graticule::exchange::{Chunk, Done, Filter, Flow};
use graticule::message::response::Response;
use http::{HeaderValue, Method, StatusCode, header};

use crate::kit::{Static, ask, ask_with, builder, project};
use crate::scripted::{Log, Scripted};

fn server(filter: impl Filter) -> Server {
    builder(project()).service(Static("static text")).filter(filter, 100).build().unwrap()
}

/// The cookbook's filter: what no service serves, it serves.
fn hello() -> Scripted {
    Scripted::new("hello", &Log::default()).on_complete(|request, done| {
        if let Done::Whole(response) = done
            && request.parameters.value_of("SERVICE").is_some_and(|name| name.eq_ignore_ascii_case("HELLO"))
        {
            *response = Response::ok("text/plain", "HelloServer!");
        }
        Ok(())
    })
}

#[tokio::test]
async fn a_filter_serves_what_no_service_does() {
    let server = server(hello());
    for url in ["/?SERVICE=HELLO", "/ows?service=hello", "/?service=Hello&REQUEST=x"] {
        let answer = ask(&server, url).await;
        assert_eq!((answer.status(), answer.text().as_str()), (200, "HelloServer!"), "{url}");
        assert_eq!(answer.header("content-type"), "text/plain");
    }
    assert_eq!(ask(&server, "/?SERVICE=OTHER").await.status(), 400);
}

#[tokio::test]
async fn an_answer_in_place_of_another_has_the_headers_that_all_have() {
    let answer = ask(&server(hello()), "/?SERVICE=HELLO").await;
    assert_eq!(answer.header("x-request-id").len(), 16);
    assert_eq!(answer.header("access-control-allow-origin"), "*");
    assert_eq!(answer.header("x-content-type-options"), "nosniff");
}

#[tokio::test]
async fn the_headers_that_all_have_may_be_changed() {
    let own = Scripted::new("a", &Log::default()).on_ready(|_, head| {
        head.set(header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("https://example.org"));
        head.headers.remove(header::X_CONTENT_TYPE_OPTIONS);
        head.status = StatusCode::ACCEPTED;
        Ok(())
    });
    let answer = ask(&server(own), "/health").await;
    assert_eq!(answer.status(), 202);
    assert_eq!(answer.header("access-control-allow-origin"), "https://example.org");
    assert_eq!(answer.header("x-content-type-options"), "");
}

#[tokio::test]
async fn a_length_that_was_told_is_right_after_rewriting() {
    let longer = |_: &mut graticule::exchange::Sending<'_>, chunk: bytes::Bytes| {
        Ok(Chunk::Pass([&chunk[..], b", longer"].concat().into()))
    };
    let replaced = |_: &_, done: Done<'_>| {
        if let Done::Whole(response) = done {
            response.body = "x".into();
        }
        Ok(())
    };
    let (rewriting, replacing) = (Scripted::new("a", &Log::default()), Scripted::new("a", &Log::default()));
    let cases = [
        (server(rewriting.on_send(longer)), "static text, longer"),
        (server(replacing.on_complete(replaced)), "x"),
        (server(Scripted::new("a", &Log::default())), "static text"),
    ];
    for (server, text) in cases {
        let answer = ask(&server, "/ows?SERVICE=STATIC").await;
        assert_eq!(answer.text(), text);
        assert_eq!(answer.header("content-length"), text.len().to_string());
        let head = ask_with(&server, Method::HEAD, "/ows?SERVICE=STATIC", &[], "").await;
        assert!(head.body.is_empty());
        assert_eq!(head.header("content-length"), text.len().to_string(), "as a GET would have it");
    }
}

#[tokio::test]
async fn the_answer_to_a_head_has_no_body_though_a_filter_gives_one() {
    let log = Log::default();
    let server = builder(project()).filter(hello(), 0).filter(Scripted::new("a", &log), 1).build().unwrap();
    let answer = ask_with(&server, Method::HEAD, "/?SERVICE=HELLO", &[], "").await;
    assert_eq!((answer.status(), answer.body.len(), answer.header("content-length")), (200, 0, "12"));
    assert_eq!(log.take().last().unwrap(), "a send_response last");
    let items = ask_with(&server, Method::HEAD, "/ogcapi/collections/many/items?limit=10000", &[], "").await;
    assert_eq!((items.status(), items.body.len()), (200, 0));
    assert_eq!(log.take()[3..], ["a response_complete 200", "a send_response last"]);
}

#[tokio::test]
async fn an_early_answer_is_seen_by_the_filters_as_any_other() {
    let log = Log::default();
    let moved = |_: &mut _| {
        let mut response = Response::new(StatusCode::FOUND);
        response.set(header::LOCATION, HeaderValue::from_static("/login"));
        Ok(Flow::Respond(response))
    };
    let server = builder(project())
        .filter(Scripted::new("a", &log).on_request(moved), 0)
        .filter(
            Scripted::new("b", &log).on_ready(|_, head| {
                head.set(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
                Ok(())
            }),
            1,
        )
        .build()
        .unwrap();
    let answer = ask(&server, "/ogcapi").await;
    assert_eq!((answer.status(), answer.header("location")), (302, "/login"));
    assert_eq!(answer.header("cache-control"), "no-store");
    assert!(!answer.header("x-request-id").is_empty());
}
