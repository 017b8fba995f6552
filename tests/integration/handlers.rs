//! An API of one's own: handlers with state, every type of parameter, path groups, pages.

use std::sync::atomic::{AtomicU64, Ordering};

use graticule::api::{Handler, Json, NoParams, OgcApi, Text, get, route};
use graticule::base::bbox::Bbox;
use graticule::base::datetime::Interval;
use graticule::base::format::Format;
use graticule::message::request::Request;
use graticule::project::catalog::Project;
use graticule::utoipa::{self, IntoParams, ToSchema};
use graticule::{Context, Error, Kind, Server};
use http::Method;
use serde::{Deserialize, Serialize};

use super::embedding::{ask, json};
use crate::harness::schema;

/// A colour
#[derive(Clone, Copy, Debug, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
enum Colour {
    Red,
    DarkGreen,
}

#[derive(Deserialize, IntoParams)]
struct Everything {
    /// A text of capitals
    #[param(pattern = "^[A-Z]+$", min_length = 2, max_length = 5)]
    word: Option<String>,
    #[param(inline)]
    colour: Option<Colour>,
    numbers: Option<Vec<i32>>,
    flag: Option<bool>,
    #[param(minimum = -1.5, exclusive_maximum = 2.5)]
    ratio: Option<f64>,
    #[param(minimum = 1, maximum = 100, default = 10)]
    count: u32,
    #[param(inline)]
    bbox: Option<Bbox>,
    #[param(inline)]
    datetime: Option<Interval>,
}

/// What was read
#[derive(Serialize, ToSchema)]
struct Read {
    word: Option<String>,
    colour: Option<Colour>,
    numbers: Vec<i32>,
    flag: Option<bool>,
    ratio: Option<f64>,
    count: u32,
    west: Option<f64>,
    open: bool,
}

async fn everything(_: Context, given: Everything) -> graticule::Result<Json<Read>> {
    Ok(Json::new(Read {
        word: given.word,
        colour: given.colour,
        numbers: given.numbers.unwrap_or_default(),
        flag: given.flag,
        ratio: given.ratio,
        count: given.count,
        west: given.bbox.map(|bbox| bbox.min_x),
        open: given.datetime.is_some_and(|interval| interval.end.is_none()),
    }))
}

/// Counts its own requests.
struct Counter(AtomicU64);

#[derive(Serialize, ToSchema)]
struct Count {
    count: u64,
}

impl Handler<NoParams> for Counter {
    type Output = Json<Count>;

    async fn handle(&self, _: Context, _: NoParams) -> graticule::Result<Json<Count>> {
        Ok(Json::new(Count { count: self.0.fetch_add(1, Ordering::SeqCst) + 1 }))
    }
}

#[derive(Deserialize, IntoParams)]
struct Tile {
    z: u8,
    #[param(maximum = 9)]
    x: u32,
    name: String,
}

async fn tile(_: Context, tile: Tile) -> graticule::Result<Text> {
    Ok(Text(format!("{} {} {}", tile.z, tile.x, tile.name)))
}

async fn failing(_: Context, _: NoParams) -> graticule::Result<Text> {
    Err(Error::new(Kind::Unavailable, "come back later"))
}

async fn panicking(_: Context, _: NoParams) -> graticule::Result<Text> {
    panic!("a secret cause")
}

fn server() -> Server {
    let api = OgcApi::new("/own", "Own")
        .route(get("/everything", "everything", everything).clamp("count"))
        .route(get("/counter", "counter", Counter(AtomicU64::new(0))))
        .route(get(r"/tiles/(?P<z>\d+)/(?P<x>\d+)/(?P<name>[^/]+)", "tile", tile))
        .route(get("/(?:a|b)", "either", failing).template("/a"))
        .route(get("/panic", "panic", panicking))
        .route(route(Method::POST, "/everything", "post", everything))
        .route(get("/paged", "paged", everything).formats([Format::Html, Format::Json]).page("own.html"))
        .template("own.html", "<p>{{ data.word }} {{ operation.id }}</p>");
    Server::builder(Project::new("Test")).api(api).build().unwrap()
}

#[test]
fn every_type_of_parameter_is_read() {
    let query = "word=ABC&colour=darkgreen&numbers=1,-2,3&flag=true&ratio=-1.5&count=3&bbox=1,2,3,4&datetime=2020-01-01T00:00:00Z/..";
    let read = json(&server(), &format!("/own/everything?{query}"));
    assert_eq!(
        read.as_object()
            .unwrap()
            .iter()
            .filter(|(key, _)| *key != "links")
            .map(|(_, value)| value.to_string())
            .collect::<Vec<_>>(),
        ["\"ABC\"", "\"darkgreen\"", "[1,-2,3]", "true", "-1.5", "3", "1.0", "true"]
    );
    let read = json(&server(), "/own/everything");
    assert_eq!(read["count"], 10, "the default");
    assert_eq!(json(&server(), "/own/everything?count=1000")["count"], 100, "lowered to the maximum");
}

#[test]
fn what_is_declared_is_enforced() {
    let server = server();
    for query in [
        "word=abc",
        "word=A",
        "word=ABCDEF",
        "colour=blue",
        "colour=Red",
        "numbers=",
        "numbers=1,,2",
        "numbers=1,a",
        "numbers=3000000000",
        "flag=yes",
        "flag=1",
        "flag=TRUE",
        "ratio=2.5",
        "ratio=-1.6",
        "ratio=x",
        "count=0",
        "count=-1",
        "count=1.0",
        "bbox=1,2,3",
        "bbox=1,5,3,4",
        "datetime=x",
        "word=AB&word=CD",
        "words=AB",
        "Word=AB",
    ] {
        let (status, _, body) = ask(&server, Request::get(&format!("/own/everything?{query}")));
        assert_eq!(status, 400, "{query}: {}", String::from_utf8_lossy(&body));
        let problem: serde_json::Value = serde_json::from_slice(&body).unwrap();
        assert_eq!(problem["parameter"], query.split(['=', '&']).next().unwrap(), "{query}: {problem}");
    }
}

#[test]
fn groups_of_the_path_are_parameters() {
    let server = server();
    let text = |url: &str| {
        let (status, _, body) = ask(&server, Request::get(url));
        (status.as_u16(), String::from_utf8(body).unwrap())
    };
    assert_eq!(text("/own/tiles/3/7/a%20b%2Fc"), (200, "3 7 a b/c".to_owned()));
    assert_eq!(text("/own/tiles/3/7/a+b"), (200, "3 7 a+b".to_owned()), "a plus in a path is a plus");
    assert_eq!(text("/own/tiles/x/7/a").0, 404);
    let (status, _) = text("/own/tiles/300/7/a");
    assert!([400, 404].contains(&status), "more than fits: {status}");
    assert_eq!(text("/own/tiles/3/7/a?z=4").0, 400, "a group is no parameter of the query");
}

#[test]
fn declared_bounds_hold_in_paths_as_well() {
    let (status, _, body) = ask(&server(), Request::get("/own/tiles/3/10/a"));
    assert!([400, 404].contains(&status.as_u16()), "x is at most 9: {status} {}", String::from_utf8_lossy(&body));
}

#[test]
fn a_handler_keeps_its_state() {
    let server = server();
    let copy = server.clone();
    assert_eq!(json(&server, "/own/counter")["count"], 1);
    assert_eq!(json(&copy, "/own/counter")["count"], 2);
}

#[test]
fn a_route_of_alternatives_answers_at_each() {
    for path in ["/own/a", "/own/b"] {
        let (status, _, body) = ask(&server(), Request::get(path));
        assert_eq!(status, 503);
        assert!(String::from_utf8_lossy(&body).contains("come back later"));
    }
    assert_eq!(ask(&server(), Request::get("/own/ab")).0, 404);
}

#[test]
fn a_panic_is_an_error_of_its_request_alone() {
    let server = server();
    let (status, _, body) = ask(&server, Request::get("/own/panic"));
    assert_eq!(status, 500);
    assert!(!String::from_utf8_lossy(&body).contains("secret"), "the cause is for the log");
    assert_eq!(json(&server, "/own/counter")["count"], 1);
}

#[test]
fn methods_are_routed() {
    let server = server();
    let (status, ..) = ask(&server, Request::new(Method::POST, "/own/everything?count=3"));
    assert_eq!(status, 200);
    let (status, headers, _) = ask(&server, Request::new(Method::PUT, "/own/everything"));
    assert_eq!((status.as_u16(), headers["allow"].to_str().unwrap()), (405, "GET, HEAD, OPTIONS, POST"));
}

#[test]
fn a_page_of_its_own_is_rendered_and_json_is_still_preferred() {
    let server = server();
    let (_, headers, body) = ask(&server, Request::get("/own/paged?f=html&word=AB"));
    assert!(headers["content-type"].to_str().unwrap().starts_with("text/html"));
    assert!(String::from_utf8_lossy(&body).contains("<p>AB paged</p>"), "{}", String::from_utf8_lossy(&body));
    assert_eq!(json(&server, "/own/paged?word=AB")["word"], "AB");
}

#[test]
fn the_definition_says_what_is_enforced() {
    let api = json(&server(), "/own/api");
    let operation = &api["paths"]["/everything"]["get"];
    let parameter = |name: &str| {
        let all = operation["parameters"].as_array().unwrap().iter().map(|it| schema::deref(&api, it));
        all.into_iter().find(|it| it["name"] == name).cloned().unwrap_or_default()
    };
    assert_eq!(parameter("word")["schema"]["pattern"], "^[A-Z]+$");
    assert_eq!(parameter("word")["description"], "A text of capitals");
    assert_eq!(parameter("colour")["schema"]["enum"], serde_json::json!(["red", "darkgreen"]));
    assert_eq!(parameter("numbers")["schema"]["type"], "array");
    assert_eq!(parameter("count")["schema"]["maximum"], 100);
    assert_eq!(
        (&parameter("ratio")["schema"]["maximum"], &parameter("ratio")["schema"]["exclusiveMaximum"]),
        (&2.5.into(), &true.into())
    );
    assert!(operation["parameters"].as_array().unwrap().iter().all(|it| schema::deref(&api, it)["required"] == false));
    let path = &api["paths"]["/tiles/{z}/{x}/{name}"]["get"]["parameters"];
    assert!(
        path.as_array()
            .unwrap()
            .iter()
            .map(|it| schema::deref(&api, it))
            .filter(|it| it["in"] == "path")
            .all(|it| it["required"] == true)
    );
    assert!(api["paths"]["/everything"]["post"].is_object());
}

#[test]
fn a_member_that_is_null_fits_the_definition() {
    let server = server();
    let api = json(&server, "/own/api");
    let described = &api["paths"]["/everything"]["get"]["responses"]["200"]["content"]["application/json"]["schema"];
    let read = json(&server, "/own/everything");
    assert!(read["word"].is_null() && read["colour"].is_null());
    assert_eq!(schema::faults(&api, described, &read), Vec::<String>::new());
}

#[test]
fn a_form_may_leave_fields_empty() {
    let server = server();
    let ask = |f: &str| ask(&server, Request::get(&format!("/own/everything?word=&flag=&bbox=&datetime=&f={f}"))).0;
    assert_eq!((ask("html").as_u16(), ask("json").as_u16()), (200, 400));
}
