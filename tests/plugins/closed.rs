//! Policies that fail close their layer, and several policies are joined.

use graticule::Kind;
use graticule::data::policy::Permissions;
use graticule::expr::{Comparison, Expr, Operand};
use graticule::model::value::Value;

use crate::access::{ids, sample, under, users};
use crate::kit::{ask, builder, project};
use crate::rules::{Rule, Rules};

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
