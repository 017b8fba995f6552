//! Who may keep an answer: one that a policy may have cut is nobody else's.

use graticule::data::policy::CacheScope;
use graticule::expr::Expr;
use graticule::message::request::Request;
use graticule::message::response::Response;
use graticule::server::service::{Dialect, Service};
use graticule::{Context, Result, Server};
use http::HeaderValue;
use http::header::CACHE_CONTROL;

use crate::kit::{ask, builder, project, text};
use crate::rules::{Rule, Rules};

fn scoped(scope: CacheScope) -> Server {
    let rules = Rules::new([("few", Rule::rows(Expr::equals("role", text("user")))), ("many", Rule::hidden())]);
    builder(project()).service(Kept).access(rules.scoped(scope), 0).build().unwrap()
}

/// A service that says how its answer may be kept.
struct Kept;

impl Service for Kept {
    fn name(&self) -> &'static str {
        "KEPT"
    }

    fn dialects(&self) -> &'static [Dialect] {
        const { &[Dialect::new("1.0.0")] }
    }

    async fn execute(&self, _: Context, request: &mut Request, _: &'static Dialect) -> Result<Response> {
        let mut response = Response::ok("text/plain", "kept");
        if let Some(value) = request.head().parameters.value_of("SAY") {
            response.set(CACHE_CONTROL, HeaderValue::from_str(value).unwrap());
        }
        Ok(response)
    }
}

#[tokio::test]
async fn answers_under_a_policy_are_private() {
    for scope in [CacheScope::Nobody, CacheScope::Key("user".to_owned())] {
        let server = scoped(scope);
        for url in ["/", "/api", "/ogcapi/collections", "/ogcapi/collections/few/items", "/ows?SERVICE=KEPT"] {
            let answer = ask(&server, url).await;
            assert_eq!((answer.status(), answer.header("cache-control")), (200, "private"), "{url}");
            assert!(answer.head.headers.get_all("vary").iter().any(|value| value == "Authorization"), "{url}");
        }
    }
    let shared = scoped(CacheScope::Shared);
    assert_eq!(ask(&shared, "/ogcapi/collections/few/items").await.header("cache-control"), "");
    let none = builder(project()).build().unwrap();
    assert_eq!(ask(&none, "/ogcapi/collections/few/items").await.header("cache-control"), "");
}

#[tokio::test]
async fn errors_under_a_policy_are_private() {
    let server = scoped(CacheScope::Nobody);
    let hidden = ["/ogcapi/collections/many", "/ogcapi/collections/few/items/3", "/ows?SERVICE=NONE", "/nothing"];
    for url in hidden {
        let answer = ask(&server, url).await;
        assert!(answer.status() >= 400);
        assert_eq!(answer.header("cache-control"), "private", "{url}");
    }
}

#[tokio::test]
async fn what_else_was_said_of_keeping_stays() {
    let server = scoped(CacheScope::Nobody);
    let cases = [
        ("public,%20max-age=60", "private, max-age=60"),
        ("no-store", "private, no-store"),
        ("private,%20max-age=5", "private, max-age=5"),
    ];
    for (said, kept) in cases {
        let answer = ask(&server, &format!("/ows?SERVICE=KEPT&SAY={said}")).await;
        assert_eq!(answer.header("cache-control"), kept);
    }
}
