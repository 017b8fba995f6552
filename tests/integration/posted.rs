//! Conditions in the body of a POST to the features of a collection.

use serde_json::{Value, json};

use crate::harness::client::{Answer, attempt};
use crate::harness::server::demo;

const ITEMS: &str = "/ogcapi/collections/countries/items";

fn post(query: &str, media_type: &str, body: &str) -> Answer {
    let url = format!("{}{ITEMS}{query}", demo().url);
    attempt("POST", &url, &[("Content-Type", media_type), ("Accept", "application/json")], body.as_bytes()).unwrap()
}

fn big() -> Value {
    json!({ "op": ">", "args": [{ "property": "pop_est" }, 50_000_000] })
}

fn ids(page: &Value) -> Vec<Value> {
    page["features"].as_array().unwrap().iter().map(|feature| feature["id"].clone()).collect()
}

fn link<'a>(page: &'a Value, rel: &str) -> &'a Value {
    page["links"].as_array().unwrap().iter().find(|link| link["rel"] == rel).unwrap()
}

#[test]
fn a_posted_condition_is_answered_as_the_get_with_it() {
    let all = demo().json(&format!("{ITEMS}?limit=100&filter=pop_est%3E50000000"));
    assert!(all["numberMatched"].as_u64().unwrap() > 20);
    for media_type in ["application/query-cql-json", "application/json", "Application/JSON; charset=utf-8"] {
        let page = post("?limit=7&sortby=-pop_est", media_type, &big().to_string()).expect(200).json();
        assert_eq!(page["numberMatched"], all["numberMatched"], "{media_type}");
        assert_eq!(page["features"].as_array().unwrap().len(), 7);
        // The links lead on by GET, and it is itself one.
        assert!(page["links"].as_array().unwrap().iter().all(|link| link.get("method").is_none()));
        let again = demo().get(link(&page, "self")["href"].as_str().unwrap().strip_prefix(&demo().url).unwrap());
        assert_eq!(ids(&again.json()), ids(&page));
        let next = demo().get(link(&page, "next")["href"].as_str().unwrap().strip_prefix(&demo().url).unwrap()).json();
        assert_eq!((ids(&next).len(), &next["numberMatched"]), (7, &all["numberMatched"]));
        assert!(ids(&next).iter().all(|id| ids(&all).contains(id) && !ids(&page).contains(id)));
    }
}

#[test]
fn a_condition_too_long_for_a_link_is_posted_to_each_page() {
    let names: Vec<String> = (0..2000).map(|number| format!("none {number}")).collect();
    let all = demo().json(&format!("{ITEMS}?limit=100&filter=pop_est%3E50000000"));
    let elsewhere = json!({ "op": "not", "args": [{ "op": "in", "args": [{ "property": "name" }, names] }] });
    let body = json!({ "op": "and", "args": [big(), elsewhere] }).to_string();
    let page = post("?limit=7", "application/json", &body).expect(200).json();
    let (itself, next) = (link(&page, "self"), link(&page, "next"));
    assert_eq!((&itself["method"], &next["method"]), (&json!("POST"), &json!("POST")));
    assert_eq!(next["title"], "Next page, by POST with the same body");
    assert_eq!((&page["numberMatched"], ids(&page)), (&all["numberMatched"], ids(&all)[..7].to_vec()));
    assert!(link(&page, "collection").get("method").is_none());
    let query = next["href"].as_str().unwrap().split_once('?').unwrap().1;
    assert!(query.len() < 500 && !query.contains("filter"), "{query}");
    let second = post(&format!("?{query}"), "application/json", &body).expect(200).json();
    assert_eq!((ids(&second).len(), &second["numberMatched"]), (7, &page["numberMatched"]));
    assert_eq!(ids(&second), ids(&all)[7..14]);
}

#[test]
fn a_condition_too_long_for_a_link_is_no_less_applied() {
    // On both sides of what a link can hold.
    for count in [1, 100, 300, 1000, 3000, 20_000] {
        let mut names: Vec<String> = (0..count).map(|number| format!("none {number}")).collect();
        names.push("Kenya".to_owned());
        let body = json!({ "op": "in", "args": [{ "property": "name" }, names] });
        let page = post("", "application/json", &body.to_string()).expect(200).json();
        assert_eq!(page["numberMatched"], 1, "{count}");
        assert_eq!(page["features"][0]["properties"]["name"], "Kenya");
        let csv = post("?f=csv", "application/json", &body.to_string()).expect(200);
        assert_eq!(csv.text().trim().lines().count(), 2, "{count}");
        let broken = format!("{body}!");
        post("", "application/json", &broken).expect(400);
    }
    post("", "application/json", &"[".repeat(20_000)).expect(400);
    post("", "application/json", &"[".repeat(200_000)).expect(400);
    post("", "application/json", &format!("\"{}\"", "x".repeat(20_000))).expect(400);
    post("?filter-lang=cql2-text", "application/json", &"[".repeat(20_000)).expect(400);
    post("", "application/json", &" ".repeat(2_000_000)).expect(413);
}

#[test]
fn a_posted_condition_leads_back_by_post() {
    let names: Vec<String> = (0..2000).map(|number| format!("none {number}")).collect();
    let body = json!({ "op": "not", "args": [{ "op": "in", "args": [{ "property": "name" }, names] }] });
    let body = json!({ "op": "and", "args": [big(), body] }).to_string();
    let follow = |page: &Value, rel: &str| {
        let query = link(page, rel)["href"].as_str().unwrap().split_once('?').unwrap().1.to_owned();
        post(&format!("?{query}"), "application/json", &body).expect(200).json()
    };
    let all = post("?limit=100&sortby=-pop_est", "application/json", &body).expect(200).json();
    let mut page = post("?limit=9&sortby=-pop_est", "application/json", &body).expect(200).json();
    let first = ids(&page);
    let mut found = first.clone();
    while page["links"].as_array().unwrap().iter().any(|link| link["rel"] == "next") {
        page = follow(&page, "next");
        found.extend(ids(&page));
    }
    assert_eq!(found, ids(&all));
    while page["links"].as_array().unwrap().iter().any(|link| link["rel"] == "prev") {
        page = follow(&page, "prev");
    }
    assert_eq!(ids(&page), first);
}

#[test]
fn other_bodies_are_refused_and_told_what_is_taken() {
    for media_type in ["text/csv", "application/geo+json", "application/x-www-form-urlencoded"] {
        let answer = post("", media_type, "{}").expect(415);
        assert_eq!(answer.header("accept-post"), "application/query-cql-json, application/json");
        assert!(answer.text().contains("application/query-cql-json"), "{}", answer.text());
    }
    for body in ["", "{", "{}", "[]", "name = 'x'", "{\"op\":\"=\",\"args\":[{\"property\":\"nothing\"},1]}"] {
        post("", "application/json", body).expect(400);
    }
    post("?filter=name%3D%27x%27", "application/json", &big().to_string()).expect(400);
    post("?filter-lang=cql2-text", "application/json", &big().to_string()).expect(400);
    post("?nothing=1", "application/json", &big().to_string()).expect(400);
    let url = format!("{}/ogcapi/collections/nothing/items", demo().url);
    let headers = [("Content-Type", "application/json")];
    attempt("POST", &url, &headers, big().to_string().as_bytes()).unwrap().expect(404);
}

#[test]
fn the_api_document_describes_the_body() {
    let document = demo().json("/ogcapi/api");
    let operation = &document["paths"]["/collections/countries/items"]["post"];
    let content = operation["requestBody"]["content"].as_object().unwrap();
    assert_eq!(content.keys().collect::<Vec<_>>(), ["application/query-cql-json", "application/json"]);
    let text = operation["parameters"].to_string();
    assert!(text.contains("limit") && !text.contains("/filter\"") && !text.contains("filter-lang"), "{text}");
    assert!(text.contains("filter-crs") && operation["responses"].get("415").is_some());
}

/// A line that crosses itself about as often as it can.
fn zigzag(vertices: u64, seed: u64) -> Value {
    let mut state = seed;
    let mut next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        f64::from(u32::try_from(state >> 40).unwrap()) / f64::from(1 << 24) * 60.0
    };
    let line: Vec<Value> = (0..vertices).map(|_| json!([next(), next()])).collect();
    json!({ "type": "LineString", "coordinates": line })
}

#[test]
fn a_relation_that_would_take_gigabytes_was_worked_out() {
    let ask = |relation: &str, one: &Value, other: &Value| {
        post("?limit=1", "application/json", &json!({ "op": relation, "args": [one, other] }).to_string())
    };
    let (property, dear) = (json!({ "property": "geom" }), zigzag(3_500, 1));
    for relation in ["s_touches", "s_equals", "s_within", "s_contains", "s_crosses", "s_overlaps"] {
        let told = ask(relation, &dear, &zigzag(3_500, 2)).expect(400).text();
        assert!(told.contains("related to each other"), "{told}");
        for sides in [[&property, &dear], [&dear, &property]] {
            let told = ask(relation, sides[0], sides[1]).expect(400).text();
            assert!(told.contains("crosses itself more than 10000 times"), "{told}");
        }
    }
    // Whether they meet is found without all the places where they do.
    assert_eq!(ids(&ask("s_intersects", &property, &dear).expect(200).json()).len(), 1);
    // What takes long is done aside, and comes to the same.
    let ring: Vec<Value> = (0..=3_000)
        .map(|at| f64::from(at % 3_000) * std::f64::consts::TAU / 3_000.0)
        .map(|angle| json!([10.0 + 20.0 * angle.cos(), 20.0 + 20.0 * angle.sin()]))
        .collect();
    let ring = json!({ "type": "Polygon", "coordinates": [ring] });
    let few = json!({ "type": "MultiPoint", "coordinates": [[10.0, 20.0], [3.0, 20.0]] });
    assert_eq!(ids(&ask("s_within", &few, &ring).expect(200).json()).len(), 1);
    let found = |relation: &str| {
        let body = json!({ "op": relation, "args": [property, ring] }).to_string();
        let page = post("?limit=1000", "application/json", &body).expect(200).json();
        page["features"].as_array().unwrap().len()
    };
    assert_eq!((found("s_within"), found("s_intersects")), (11, 25));
}
