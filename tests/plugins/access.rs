//! Access control over every path: layers, rows and properties that a policy hides do not exist.

use std::path::PathBuf;
use std::sync::Arc;

use graticule::data::query::Query;
use graticule::expr::{Comparison, Expr, Operand};
use graticule::message::request::Request;
use graticule::message::response::Response;
use graticule::model::value::Value;
use graticule::project::catalog::{Layer, Project};
use graticule::project::open::open;
use graticule::project::settings::{self, Limit};
use graticule::server::service::{Dialect, Service};
use graticule::sources::memory::Memory;
use graticule::{Context, Result, Server};

use crate::kit::{Answer, ask, builder, project, row, schema, text};
use crate::rules::{Rule, Rules};

pub(crate) fn under<const N: usize>(rules: [(&'static str, Rule); N]) -> Server {
    builder(project()).access(Rules::new(rules), 0).build().unwrap()
}

/// The sample data under a policy.
pub(crate) fn sample<const N: usize>(rules: [(&'static str, Rule); N]) -> Server {
    let data = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/data/natural_earth.gpkg"));
    let opened = open(&settings::Project { data: vec![data], ..Default::default() }, None);
    builder(opened.project).access(Rules::new(rules), 0).build().unwrap()
}

pub(crate) fn users() -> Expr {
    Expr::equals("role", text("user"))
}

pub(crate) fn ids(answer: &Answer) -> Vec<i64> {
    let json = answer.json();
    json["features"].as_array().unwrap().iter().map(|feature| feature["id"].as_i64().unwrap()).collect()
}

/// Every path on which a layer could show.
const LISTS: [&str; 13] = [
    "/",
    "/?f=html",
    "/api",
    "/api.html",
    "/ogcapi",
    "/ogcapi?f=html",
    "/ogcapi/api",
    "/ogcapi/api?f=html",
    "/ogcapi/collections",
    "/ogcapi/collections?f=html",
    "/ogcapi/collections/few?f=html",
    "/ogcapi/collections/few/items?f=html",
    "/nothing",
];

#[tokio::test]
async fn a_hidden_layer_is_404_and_in_no_list() {
    let server = under([("many", Rule::hidden())]);
    for url in LISTS {
        let answer = ask(&server, url).await;
        assert!(!answer.text().contains("many"), "{url}: {}", answer.text());
        assert!(url == "/nothing" || answer.status() == 200, "{url}");
    }
    let paths =
        ["", "?f=html", "/items", "/items?f=html", "/items/1", "/items?name=x", "/items?nonsense=1", "/items/x"];
    for path in paths {
        let hidden = ask(&server, &format!("/ogcapi/collections/many{path}")).await;
        let absent = ask(&server, &format!("/ogcapi/collections/gone{path}")).await;
        assert_eq!(hidden.status(), absent.status(), "{path}");
        assert!([400, 404].contains(&hidden.status()), "{path}");
        let told = |answer: &Answer| {
            let id = answer.header("x-request-id").to_owned();
            answer.text().replace(&id, "").replace("gone", "many")
        };
        assert_eq!(told(&hidden), told(&absent), "a layer that is hidden is like one that is not there");
    }
}

#[tokio::test]
async fn a_layer_that_another_policy_hides_is_404_even_where_a_condition_fails() {
    let server = builder(project())
        .access(Rules::new([("many", Rule::failing())]), 0)
        .access(Rules::new([("many", Rule::hidden())]), 1)
        .build()
        .unwrap();
    assert_eq!(ask(&server, "/ogcapi/collections/many").await.status(), 404);
}

#[tokio::test]
async fn hidden_properties_are_gone_from_everything() {
    let server = sample([("countries", Rule::attributes(&["name", "continent"]))]);
    let root = "/ogcapi/collections/countries";
    let paths = ["", "?f=html", "/items", "/items?f=html", "/items?limit=200", "/items/1", "/items/1?f=html"];
    let urls = paths.iter().map(|path| format!("{root}{path}"));
    for url in urls.chain(["/ogcapi/api", "/api", "/ogcapi/collections?f=html"].map(str::to_owned)) {
        let answer = ask(&server, &url).await;
        assert_eq!(answer.status(), 200, "{url}");
        for hidden in ["gdp_md_est", "pop_est", "iso_a3"] {
            assert!(!answer.text().contains(hidden), "{url} tells of {hidden}");
        }
    }
    let item = ask(&server, &format!("{root}/items/1")).await.json();
    let names: Vec<_> = item["properties"].as_object().unwrap().keys().collect();
    assert_eq!(names, ["continent", "name"]);
}

#[tokio::test]
async fn a_filter_on_a_hidden_property_is_refused_as_if_it_were_not_there() {
    let server = under([("few", Rule::attributes(&["name"]))]);
    for query in ["n=1", "role=user", "at=2001-06-01T00:00:00Z", "geom=x"] {
        let answer = ask(&server, &format!("/ogcapi/collections/few/items?{query}")).await;
        assert_eq!(answer.status(), 400, "{query}");
        assert_eq!(answer.json()["title"], "Unknown parameter");
        let name = query.split('=').next().unwrap();
        assert!(!answer.json()["detail"].as_str().unwrap().replacen(name, "", 1).contains("role"));
    }
    assert_eq!(ids(&ask(&server, "/ogcapi/collections/few/items?name=row%203").await), [3]);
    // The key is what every feature tells as its id.
    assert_eq!(ids(&ask(&server, "/ogcapi/collections/few/items?fid=1").await), [1]);
}

#[tokio::test]
async fn datetime_does_not_filter_by_a_hidden_time() {
    let url = "/ogcapi/collections/few/items?datetime=2003-01-01T00:00:00Z/2004-12-31T00:00:00Z";
    assert_eq!(ids(&ask(&under([]), url).await), [3, 4]);
    let hidden = under([("few", Rule::attributes(&["name", "n"]))]);
    assert_eq!(ids(&ask(&hidden, url).await).len(), 10);
    let collection = ask(&hidden, "/ogcapi/collections/few").await.json();
    assert!(collection["extent"]["temporal"].is_null() && !collection["extent"]["spatial"].is_null());
}

/// A service that counts the features of `few` which are not of the years 2003 and 2004: a filter below a NOT.
struct Nested;

impl Service for Nested {
    fn name(&self) -> &'static str {
        "NESTED"
    }

    fn dialects(&self) -> &'static [Dialect] {
        const { &[Dialect::new("1.0.0")] }
    }

    async fn execute(&self, cx: Context, _: &mut Request, _: &'static Dialect) -> Result<Response> {
        let (_, view) = cx.layer("few")?;
        let years = "2003-01-01T00:00:00Z/2004-12-31T00:00:00Z".parse().unwrap();
        let query = Query { filter: Some(Expr::Not(Box::new(Expr::During(years)))), ..Query::default() };
        let mut rows = view.features(&query)?;
        let mut count = 0;
        while let Some(batch) = rows.next().await {
            count += batch?.len();
        }
        Ok(Response::ok("text/plain", count.to_string()))
    }
}

#[tokio::test]
async fn a_hidden_time_is_not_read_by_a_filter_below_another() {
    for (rule, count) in [(Rule::default(), "8"), (Rule::attributes(&["name"]), "0")] {
        let rules = Rules::new([("few", rule)]);
        let server = builder(project()).service(Nested).access(rules, 0).build().unwrap();
        assert_eq!(ask(&server, "/ows?SERVICE=NESTED").await.text(), count);
    }
}

#[tokio::test]
async fn layers_of_one_source_have_page_sizes_of_their_own() {
    let source = Arc::new(Memory::new(schema(), (0..10).map(row).collect()).unwrap());
    let mut project = Project::new("Test");
    for (id, default) in [("five", 5), ("three", 3)] {
        let mut layer = Layer::new(id, source.clone());
        layer.limit = Limit { default, maximum: 10 };
        project.add(layer).unwrap();
    }
    let server = builder(project).build().unwrap();
    for (id, returned) in [("five", 5), ("three", 3)] {
        assert_eq!(ids(&ask(&server, &format!("/ogcapi/collections/{id}/items")).await).len(), returned);
    }
}

#[tokio::test]
async fn datetime_does_not_replace_the_condition_of_a_policy() {
    let server = under([("few", Rule::rows(users()))]);
    let url = "/ogcapi/collections/few/items?datetime=2003-01-01T00:00:00Z/2006-12-31T00:00:00Z";
    let answer = ask(&server, url).await;
    assert_eq!(ids(&answer), [4, 6]);
    assert_eq!(answer.json()["numberMatched"], 2);
}

#[tokio::test]
async fn a_condition_may_read_what_the_client_may_not() {
    let rule = Rule { attributes: Some(vec!["name".to_owned()]), ..Rule::rows(users()) };
    let server = under([("few", rule)]);
    let answer = ask(&server, "/ogcapi/collections/few/items").await;
    assert_eq!(ids(&answer), [0, 2, 4, 6, 8]);
    assert!(!answer.text().contains("role") && !answer.text().contains("user"));
    assert_eq!(ask(&server, "/ogcapi/collections/few/items/2").await.status(), 200);
    let forbidden = ask(&server, "/ogcapi/collections/few/items/3").await;
    let absent = ask(&server, "/ogcapi/collections/few/items/33").await;
    assert_eq!((forbidden.status(), absent.status()), (404, 404));
    assert_eq!(forbidden.json()["detail"], absent.json()["detail"]);
}

#[tokio::test]
async fn counts_pages_and_extents_are_those_of_the_rows_that_are_left() {
    let few = Expr::Compare(Operand::Property("n".to_owned()), Comparison::Less, Operand::Literal(Value::Int(5)));
    let server = under([("many", Rule::rows(few))]);
    let first = ask(&server, "/ogcapi/collections/many/items?limit=2").await.json();
    assert_eq!(first["numberMatched"], 5);
    let mut seen = Vec::new();
    let mut next = Some("/ogcapi/collections/many/items?limit=2".to_owned());
    while let Some(url) = next {
        let answer = ask(&server, &url).await;
        seen.extend(ids(&answer));
        let links = answer.json()["links"].as_array().unwrap().clone();
        next = links.iter().find(|link| link["rel"] == "next").map(|link| link["href"].as_str().unwrap().to_owned());
    }
    assert_eq!(seen, [0, 1, 2, 3, 4]);
    let extent = ask(&server, "/ogcapi/collections/many").await.json()["extent"].clone();
    assert_eq!(extent["spatial"]["bbox"], serde_json::json!([[0.0, 0.0, 4.0, 4.0]]));
    assert_eq!(extent["temporal"]["interval"][0][1], "2004-06-01T00:00:00Z");
}

#[tokio::test]
async fn an_extent_measured_while_the_time_was_hidden_is_not_that_of_those_who_see_it() {
    // Both see the same rows of the same layer; the first that asks may not see the time.
    let rows = || Rule::rows(users());
    let project = project();
    let timeless = Rule { attributes: Some(vec!["name".to_owned()]), ..rows() };
    let hidden = builder(project.clone()).access(Rules::new([("few", timeless)]), 0).build().unwrap();
    let shown = builder(project).access(Rules::new([("few", rows())]), 0).build().unwrap();
    assert!(ask(&hidden, "/ogcapi/collections/few").await.json()["extent"]["temporal"].is_null());
    let extent = ask(&shown, "/ogcapi/collections/few").await.json()["extent"].clone();
    assert_eq!(extent["temporal"]["interval"][0][0], "2000-06-01T00:00:00Z");
}
