//! Access control over every path: layers, rows and properties that a policy hides do not exist.

use std::path::PathBuf;

use graticule::data::policy::Permissions;
use graticule::expr::{Comparison, Expr, Operand};
use graticule::model::value::Value;
use graticule::project::open::open;
use graticule::project::settings;
use graticule::{Kind, Server};

use crate::kit::{Answer, ask, builder, project, text};
use crate::rules::{Rule, Rules};

fn under<const N: usize>(rules: [(&'static str, Rule); N]) -> Server {
    builder(project()).access(Rules::new(rules), 0).build().unwrap()
}

/// The sample data under a policy.
fn sample<const N: usize>(rules: [(&'static str, Rule); N]) -> Server {
    let data = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/data/natural_earth.gpkg"));
    let opened = open(&settings::Project { data: vec![data], ..Default::default() }, None);
    builder(opened.project).access(Rules::new(rules), 0).build().unwrap()
}

fn users() -> Expr {
    Expr::equals("role", text("user"))
}

fn ids(answer: &Answer) -> Vec<i64> {
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
    for query in ["n=1", "role=user", "at=2001-06-01T00:00:00Z", "fid=1", "geom=x"] {
        let answer = ask(&server, &format!("/ogcapi/collections/few/items?{query}")).await;
        assert_eq!(answer.status(), 400, "{query}");
        assert_eq!(answer.json()["title"], "Unknown parameter");
        let name = query.split('=').next().unwrap();
        assert!(!answer.json()["detail"].as_str().unwrap().replacen(name, "", 1).contains("role"));
    }
    assert_eq!(ids(&ask(&server, "/ogcapi/collections/few/items?name=row%203").await), [3]);
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

#[tokio::test]
async fn a_subset_is_the_sources_and_fails_closed_where_it_has_no_such_language() {
    let server = sample([("countries", Rule::subset("continent = 'Oceania' OR gdp_md_est < 0"))]);
    let answer = ask(&server, "/ogcapi/collections/countries/items?limit=200").await.json();
    let continents: Vec<_> =
        answer["features"].as_array().unwrap().iter().map(|it| it["properties"]["continent"].clone()).collect();
    assert!(!continents.is_empty() && continents.iter().all(|name| name == "Oceania"), "{continents:?}");
    assert_eq!(answer["numberMatched"], continents.len());
    let server = under([("few", Rule::subset("role = 'user'"))]);
    for path in ["/items", "/items/2", "/items?n=2", "/items?f=html"] {
        let answer = ask(&server, &format!("/ogcapi/collections/few{path}")).await;
        assert_eq!(answer.status(), 500, "{path}");
        assert!(!answer.text().contains("row 2") && !answer.text().contains("role = "), "{path}");
    }
    let collection = ask(&server, "/ogcapi/collections/few").await.json();
    assert!(collection["extent"].is_null(), "{collection}");
}

#[tokio::test]
async fn a_subset_that_is_no_sql_fails_closed() {
    for sql in ["no such column = 1", "1 = 1) OR (1 = 1", "1 = 1 --", "1; DROP TABLE countries", ""] {
        let server = sample([("countries", Rule { subset: Some(sql.to_owned()), ..Rule::rows(Expr::Ids(vec![])) })]);
        let answer = ask(&server, "/ogcapi/collections/countries/items").await;
        let closed = answer.status() == 500 || ids(&answer).is_empty();
        assert!(closed, "{sql}: {}", answer.text());
        assert!(sql.is_empty() || !answer.text().contains(sql), "{sql}");
    }
}

#[tokio::test]
async fn a_policy_that_fails_closes_its_layer_alone() {
    let unknown = Rule::rows(Expr::equals("no_such_column", Value::Int(1)));
    for rule in [Rule::failing(), unknown] {
        let server = under([("few", rule)]);
        let answer = ask(&server, "/ogcapi/collections/few/items").await;
        assert_eq!(answer.status(), 500);
        assert!(!answer.text().contains("no_such_column") && !answer.text().contains("parse"));
        let collections = ask(&server, "/ogcapi/collections").await;
        assert!(!collections.text().contains("few") && collections.text().contains("many"));
        assert_eq!(ask(&server, "/ogcapi/collections/many/items").await.status(), 200);
    }
    let server = under([("few", Rule { panics: true, ..Rule::default() })]);
    assert_eq!(ask(&server, "/ogcapi/collections/few/items").await.status(), 500);
    assert_eq!(ask(&server, "/ogcapi/collections/many/items").await.status(), 200);
}

#[tokio::test]
async fn a_policy_that_refuses_the_request_is_answered_by_kind() {
    for (kind, status) in [(Kind::Unauthorized, 401), (Kind::Forbidden, 403), (Kind::Unavailable, 503)] {
        let server = builder(project()).access(Rules::refusing(kind), 0).build().unwrap();
        for url in ["/ogcapi/collections/few/items", "/", "/ows?SERVICE=WMS"] {
            assert_eq!(ask(&server, url).await.status(), status, "{url}");
        }
    }
}

#[tokio::test]
async fn policies_are_joined_permissions_conditions_and_attributes() {
    let above = Expr::Compare(Operand::Property("n".to_owned()), Comparison::Greater, Operand::Literal(Value::Int(3)));
    let first = Rule { attributes: Some(vec!["name".to_owned(), "n".to_owned()]), ..Rule::rows(users()) };
    // What one policy took away, no other brings back.
    let back = vec!["role".to_owned(), "n".to_owned(), "no such".to_owned()];
    let second = Rule { attributes: Some(back), permissions: Permissions::READ, ..Rule::rows(above) };
    let server = builder(project())
        .access(Rules::new([("few", first), ("many", Rule::default())]), 0)
        .access(Rules::new([("few", second), ("many", Rule::hidden())]), 1)
        .build()
        .unwrap();
    let answer = ask(&server, "/ogcapi/collections/few/items").await.json();
    let found: Vec<_> = answer["features"].as_array().unwrap().iter().map(|it| it["properties"].to_string()).collect();
    assert_eq!(found, ["{\"n\":4}", "{\"n\":6}", "{\"n\":8}"]);
    assert_eq!(ask(&server, "/ogcapi/collections/many").await.status(), 404);
}
