//! Who may keep an answer: one that a policy may have cut is nobody else's.

use graticule::data::policy::{AccessControl, Admission, CacheScope};
use graticule::exchange::Flow;
use graticule::exchange::cache::{CacheKind, Cached};
use graticule::expr::Expr;
use graticule::message::request::{Head, Request};
use graticule::message::response::Response;
use graticule::project::catalog::Project;
use graticule::server::service::{Dialect, Service};
use graticule::{Context, Result, Server};
use http::header::CACHE_CONTROL;
use http::{HeaderValue, Method};

use crate::kit::{ask, ask_with, builder, layer, project, text};
use crate::rules::{Rule, Rules};
use crate::scripted::{Log, Scripted};

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
            assert_eq!((answer.status(), answer.header("cache-control")), (200, "private, no-cache"), "{url}");
            assert!(answer.head.headers.get_all("vary").iter().any(|value| value == "Authorization"), "{url}");
        }
    }
    let shared = scoped(CacheScope::Shared);
    assert_eq!(ask(&shared, "/ogcapi/collections/few/items").await.header("cache-control"), "no-cache");
    let none = builder(project()).build().unwrap();
    assert_eq!(ask(&none, "/ogcapi/collections/few/items").await.header("cache-control"), "no-cache");
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

/// A policy by who says to ask: `admin` sees all.
struct ByRole;

impl AccessControl for ByRole {
    async fn admit(&self, request: &Head) -> Result<Box<dyn Admission>> {
        let role = request.headers.get("x-role").map_or("", |value| value.to_str().unwrap());
        let cut = [("many", Rule::hidden()), ("few", Rule::attributes(&["name"]))];
        let rules = if role == "admin" { Rules::new([]) } else { Rules::new(cut) };
        Ok(Box::new(rules.scoped(CacheScope::Key(role.to_owned()))))
    }
}

#[tokio::test]
async fn what_is_kept_for_one_role_no_other_is_given() {
    let server = builder(project()).access(ByRole, 0).build().unwrap();
    let urls = ["/", "/api", "/api.html", "/ogcapi/api", "/ogcapi/collections", "/ogcapi/collections/few?f=html"];
    // The order must not matter, nor how often each asks.
    for role in ["admin", "user", "admin", "user", "", "admin"] {
        for url in urls {
            let answer = ask_with(&server, Method::GET, url, &[("x-role", role)], "").await;
            assert_eq!(answer.status(), 200, "{url}");
            let text = answer.text();
            let tells = [text.contains("many"), text.contains("Only features whose 'n' is")];
            let may = role == "admin";
            assert!(may || tells == [false, false], "{url} tells '{role}'");
            assert!(!may || url.ends_with("html") || url.contains("few") || tells[0], "{url} for {role}");
        }
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

/// A service that keeps what it answers: its parameter `X`.
struct Keeping;

impl Service for Keeping {
    fn name(&self) -> &'static str {
        "KEEPING"
    }

    fn dialects(&self) -> &'static [Dialect] {
        const { &[Dialect::new("1.0.0")] }
    }

    async fn execute(&self, cx: Context, request: &mut Request, _: &'static Dialect) -> Result<Response> {
        let x = request.head().parameters.value_of("X").unwrap_or_default().to_owned();
        let make = async { Ok(Cached { content_type: "text/plain".to_owned(), body: x.into() }) };
        let cached = cx.cached(CacheKind::Document, "text", make).await?;
        Ok(Response::ok("text/plain", cached.body))
    }
}

#[tokio::test]
async fn what_a_form_asks_is_kept_apart() {
    let server = builder(project()).service(Keeping).build().unwrap();
    let form = [("content-type", "application/x-www-form-urlencoded")];
    for x in ["one", "two"] {
        let body = format!("SERVICE=KEEPING&X={x}");
        assert_eq!(ask_with(&server, Method::POST, "/ows", &form, &body).await.text(), x);
    }
}

#[tokio::test]
async fn what_a_filter_asks_is_kept_apart() {
    let mut second = Project::new("Second").with(layer("own", 3)).unwrap();
    second.name = Some("second".to_owned());
    let choose = Scripted::new("a", &Log::default()).on_request(|request| {
        let head = request.head_mut();
        for (header, parameter) in [("x-project", "MAP"), ("x-x", "X")] {
            if let Some(value) = head.headers.get(header) {
                head.parameters.set(parameter, value.to_str().unwrap());
            }
        }
        Ok(Flow::Continue)
    });
    let server = builder(project()).project(second).service(Keeping).filter(choose, 0).build().unwrap();
    for x in ["one", "two"] {
        let answer = ask_with(&server, Method::GET, "/ows?SERVICE=KEEPING&X=client", &[("x-x", x)], "").await;
        assert_eq!(answer.text(), x);
    }
    assert!(!ask(&server, "/ogcapi/api").await.text().contains("/own"));
    let other = ask_with(&server, Method::GET, "/ogcapi/api", &[("x-project", "second")], "").await.text();
    assert!(other.contains("/own") && !other.contains("/many"));
}
