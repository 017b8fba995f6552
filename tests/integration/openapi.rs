//! The definitions: the committed documents are those that the program prints, and real answers fit them.
//!
//! `BLESS=1 cargo test --test integration openapi` renews the committed ones.

use std::collections::BTreeSet;
use std::path::Path;

use serde_json::Value;

use crate::harness::schema::{self, deref};
use crate::harness::server::{Server, demo, odd_server, run, stdout};

#[track_caller]
fn golden(name: &str, args: &[&str]) {
    let output = run(&[&["openapi"], args].concat());
    assert!(output.status.success());
    let printed = stdout(&output);
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("openapi").join(name);
    if std::env::var_os("BLESS").is_some() {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, &printed).unwrap();
    }
    let kept = std::fs::read_to_string(&path).unwrap_or_default();
    let line = kept.lines().zip(printed.lines()).position(|(kept, printed)| kept != printed);
    assert!(
        kept == printed,
        "{} differs (line {line:?}); if that is meant: BLESS=1 cargo test --test integration openapi",
        path.display()
    );
}

#[test]
fn the_committed_documents_are_those_of_the_program() {
    golden("ogcapi.json", &["--api", "/ogcapi"]);
    golden("customapi.json", &["--api", "/customapi"]);
    golden("server.json", &[]);
}

/// Every value of this key in a document.
fn all<'a>(value: &'a Value, key: &str) -> Vec<&'a Value> {
    match value {
        Value::Object(object) => {
            object.get(key).into_iter().chain(object.values().flat_map(|it| all(it, key))).collect()
        }
        Value::Array(items) => items.iter().flat_map(|it| all(it, key)).collect(),
        _ => Vec::new(),
    }
}

const DOCUMENTS: [&str; 3] = ["/api", "/ogcapi/api", "/customapi/api"];

#[test]
fn documents_are_closed_and_their_ids_unique() {
    for server in [demo(), odd_server()] {
        for path in DOCUMENTS {
            let answer = server.get(path).expect(200);
            assert_eq!(answer.header("content-type"), "application/vnd.oai.openapi+json;version=3.0");
            let document = answer.json();
            assert!(document["openapi"].as_str().unwrap().starts_with("3.0."));
            for reference in all(&document, "$ref") {
                let target = reference.as_str().and_then(|it| schema::resolve(&document, it));
                assert!(target.is_some(), "{path}: {reference} leads nowhere");
            }
            let ids: Vec<&Value> = all(&document, "operationId");
            let distinct: BTreeSet<String> = ids.iter().map(ToString::to_string).collect();
            assert!(distinct.len() == ids.len() && !ids.is_empty(), "{path}");
            for name in
                document["components"].as_object().unwrap().values().flat_map(|it| it.as_object().unwrap().keys())
            {
                assert!(
                    name.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b)),
                    "{path}: component {name}"
                );
            }
            assert!(
                all(&document, "type").iter().all(|it| !it.is_array()),
                "{path}: a list of types is no OpenAPI 3.0"
            );
        }
    }
}

#[test]
fn servers_follow_proxies() {
    let headers =
        [("X-Forwarded-Host", "gis.example"), ("X-Forwarded-Proto", "https"), ("X-Forwarded-Prefix", "/maps")];
    for (path, url) in [
        ("/api", "https://gis.example/maps"),
        ("/ogcapi/api", "https://gis.example/maps/ogcapi"),
        ("/customapi/api", "https://gis.example/maps/customapi"),
    ] {
        assert_eq!(demo().get_with(path, &headers).json()["servers"][0]["url"], url);
    }
}

#[test]
fn there_is_a_page_for_each() {
    for path in ["/api.html", "/ogcapi/api.html", "/customapi/api.html"] {
        let page = demo().browse(path).expect(200).text();
        assert!(page.contains("swagger"), "{path}");
    }
}

/// Addresses for an operation: its path as it stands, with groups filled in, and with what it must have.
fn examples(path: &str) -> Vec<String> {
    let path = path.trim_end_matches('/').replace("{featureId}", "1").replace("{path}", "graticule.css");
    let more: &[&str] = match path.rsplit('/').next().unwrap_or_default() {
        "items" => &[
            "?limit=3",
            "?limit=2&offset=2",
            "?bbox=-10,-10,30,60",
            "?datetime=2020-06-15T12:00:00Z/..",
            "?offset=1000000",
        ],
        "customapi" => return vec![format!("{path}?x=8&y=45&r=2"), format!("{path}?x=8&y=45&r=2&segments=3")],
        _ => &[],
    };
    std::iter::once(String::new())
        .chain(more.iter().map(|query| (*query).to_owned()))
        .map(|query| format!("{path}{query}"))
        .collect()
}

/// Checks an answer against the operation's description of its status.
#[track_caller]
fn fits(document: &Value, operation: &Value, answer: &crate::harness::client::Answer) {
    let responses = &operation["responses"];
    let described = deref(document, &responses[answer.status.to_string()]);
    assert!(described.is_object(), "{}: status {} is not described", answer.url, answer.status);
    let content = described["content"].as_object().unwrap();
    let own = content.iter().find(|(media_type, _)| media_type.split(';').next() == Some(answer.media_type().as_str()));
    let Some((_, media)) = own else {
        panic!("{}: {} is not described for {}", answer.url, answer.media_type(), answer.status)
    };
    if answer.media_type().ends_with("json") {
        let faults = schema::faults(document, &media["schema"], &answer.json());
        assert!(faults.is_empty(), "{}: {}", answer.url, faults.join("\n"));
    }
}

#[test]
fn real_answers_fit_their_descriptions() {
    for server in [demo(), odd_server()] {
        let document = server.json("/api");
        let mut count = 0;
        for (path, item) in document["paths"].as_object().unwrap() {
            let operation = &item["get"];
            for example in examples(path) {
                for media_type in described(&document, operation) {
                    let answer = server.get_with(&example_or_root(&example), &[("Accept", &media_type)]);
                    // Not every collection has a feature 1.
                    let excused = answer.status == 404 && path.ends_with("{featureId}");
                    assert!(answer.status == 200 || excused, "{example}: {} {}", answer.status, answer.excerpt());
                    fits(&document, operation, &answer);
                    count += 1;
                }
            }
            wrong_requests(server, &document, path, operation);
        }
        assert!(count > 30, "{count} answers");
    }
}

fn example_or_root(example: &str) -> String {
    if example.is_empty() { "/".to_owned() } else { example.to_owned() }
}

/// Media types of an operation's answer of 200.
fn described(document: &Value, operation: &Value) -> Vec<String> {
    let content = &deref(document, &operation["responses"]["200"])["content"];
    content.as_object().unwrap().keys().map(|name| name.split(';').next().unwrap().to_owned()).collect()
}

/// Errors fit as well: an unknown parameter, a format that is not offered, an unknown feature.
fn wrong_requests(server: &Server, document: &Value, path: &str, operation: &Value) {
    let first = examples(path).swap_remove(0);
    let joint = if first.contains('?') { '&' } else { '?' };
    let unknown = server
        .get(
            &format!("{first}{joint}there-is-no-such=1")
                .replace("?there", if first.is_empty() { "/?there" } else { "?there" }),
        )
        .expect(400);
    fits(document, operation, &unknown);
    let refused = server.get_with(&example_or_root(&first), &[("Accept", "image/x-nothing")]);
    // Who watches the server gets plain text, whatever it accepts.
    let status = if described(document, operation) == ["text/plain"] { 200 } else { 406 };
    assert!([404, status].contains(&refused.status), "{first}: {}", refused.status);
    fits(document, operation, &refused);
}
