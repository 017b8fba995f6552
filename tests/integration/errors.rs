//! Errors: problem documents (RFC 9457) or pages, which name the parameter and the way out, never the cause.

use crate::harness::server::{Server, demo};

#[test]
fn a_problem_says_all_that_a_client_needs() {
    let answer = demo().get("/ogcapi/collections/cities/items?limit=many").expect(400);
    assert_eq!(answer.media_type(), "application/problem+json");
    let problem = answer.json();
    assert_eq!(problem["status"], 400);
    assert_eq!(problem["parameter"], "limit");
    assert!(problem["type"].is_string() && problem["title"].is_string());
    let detail = problem["detail"].as_str().unwrap();
    assert!(detail.contains("'limit'") && detail.contains("integer"), "{detail}");
    let id = problem["request_id"].as_str().unwrap();
    assert!(!id.is_empty() && id == answer.header("x-request-id"), "{id}, header {}", answer.header("x-request-id"));
}

#[test]
fn the_parameter_is_named() {
    let items = "/ogcapi/collections/cities/items";
    for (query, parameter) in [
        ("limit=0", "limit"),
        ("offset=-1", "offset"),
        ("bbox=1,2,3", "bbox"),
        ("bbox=1,9,3,4", "bbox"),
        ("datetime=never", "datetime"),
        ("Limit=1", "Limit"),
        ("nonsense=1", "nonsense"),
        ("limit=1&limit=2", "limit"),
        ("name=a&name=b", "name"),
    ] {
        let problem = demo().get(&format!("{items}?{query}")).expect(400).json();
        assert_eq!(problem["parameter"], parameter, "{query}: {problem}");
        assert!(problem["detail"].as_str().unwrap().contains(parameter), "{query}: {problem}");
    }
    let detail = demo().get(&format!("{items}?Limit=1")).json()["detail"].to_string();
    assert!(detail.contains("'limit'"), "the right spelling is told: {detail}");
}

#[test]
fn every_request_has_an_id_of_its_own() {
    let ids: std::collections::BTreeSet<String> =
        (0..20).map(|_| demo().get("/ogcapi").header("x-request-id").to_owned()).collect();
    assert!(ids.len() == 20 && !ids.contains(""));
}

#[test]
fn an_unknown_path_lists_the_roots() {
    let problem = demo().get("/nowhere").expect(404).json();
    let roots: Vec<&str> =
        problem["roots"].as_array().unwrap().iter().filter_map(|root| root["href"].as_str()).collect();
    for root in ["/", "/ogcapi", "/customapi"] {
        assert!(roots.contains(&format!("{}{root}", demo().url).as_str()), "{root} is not among {roots:?}");
    }
    for path in [
        "/ogcap",
        "/ogcapiX",
        "/ogcapi/nothing",
        "/customapi/x",
        "//",
        "/ogcapi//collections",
        "/static/nothing.css",
        "/static/",
    ] {
        demo().get(path).expect(404);
    }
}

#[test]
fn a_browser_gets_a_page_with_everything_escaped() {
    let path = "/ogcapi/collections/%3Cscript%3Ealert(1)%3C%2Fscript%3E";
    let page = demo().browse(path).expect(404);
    assert_eq!(page.media_type(), "text/html");
    assert!(!page.text().contains("<script>alert"), "the page has what the client sent");
    assert!(page.text().contains(page.header("x-request-id")), "the page names the request");
    let page = demo()
        .browse("/ogcapi/collections/cities/items?limit=%22%3E%3Cimg%20src%3Dx%20onerror%3Dalert(1)%3E")
        .expect(400);
    assert!(!page.text().contains("<img src=x"), "{}", page.text());
    let page = demo().browse("/nowhere/%22%3E%3Cb%3E").expect(404);
    assert!(!page.text().contains("\"><b>"), "{}", page.text());
    assert!(page.header("content-security-policy").contains("default-src 'self'"));
}

#[test]
fn the_format_of_an_error_is_negotiated_as_that_of_an_answer() {
    let items = "/ogcapi/collections/nothing/items";
    assert_eq!(demo().get(&format!("{items}?f=html")).expect(404).media_type(), "text/html");
    assert_eq!(demo().browse(&format!("{items}?f=json")).expect(404).media_type(), "application/problem+json");
    assert_eq!(demo().browse(&format!("{items}.json")).expect(404).media_type(), "application/problem+json");
    assert_eq!(demo().get("/customapi.html?x=1&y=1&r=-1").expect(400).media_type(), "text/html");
}

#[test]
fn the_cause_goes_to_the_log_alone_under_the_request_id() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("soon_gone.gpkg");
    std::fs::copy(crate::harness::SAMPLE, &path).unwrap();
    let mut server = Server::start(&[crate::harness::text(&path), "--log", "error", "--log-format", "json"]);
    server.get("/ogcapi/collections/cities/items").expect(200);
    // Another file in its place, which is none.
    let broken = folder.path().join("broken");
    std::fs::write(&broken, b"no database at all, but longer than a header is ".repeat(100)).unwrap();
    std::fs::rename(&broken, &path).unwrap();
    let answer = server.get("/ogcapi/collections/cities/items?limit=3");
    assert!([500, 503].contains(&answer.status), "{}", answer.status);
    let text = answer.text();
    assert!(!text.contains("soon_gone") && !text.contains("SQL"), "{text}");
    let log = server.log();
    assert!(log.contains(answer.header("x-request-id")), "the log does not name the request: {log}");
    for line in log.lines() {
        let entry: serde_json::Value = serde_json::from_str(line).unwrap_or_else(|_| panic!("no JSON: {line}"));
        assert!(entry["level"].is_string());
    }
}

#[test]
fn a_clients_own_id_is_taken_over_where_it_is_harmless() {
    let answer = demo().get_with("/nothing", &[("X-Request-Id", "0b7c-1.a_b:c")]).expect(404);
    assert_eq!(
        (answer.header("x-request-id"), answer.json()["request_id"].as_str()),
        ("0b7c-1.a_b:c", Some("0b7c-1.a_b:c"))
    );
    for odd in ["a b", "<script>", "\"", &"a".repeat(100)] {
        let id = demo().get_with("/ogcapi", &[("X-Request-Id", odd)]).expect(200).header("x-request-id").to_owned();
        assert!(id.len() == 16 && id.bytes().all(|byte| byte.is_ascii_hexdigit()), "{odd}: {id}");
    }
}

#[test]
fn at_debug_the_log_tells_a_requests_life() {
    let mut server = Server::start(&["--log", "graticule=debug"]);
    let id = "the-life-of-this-one";
    server.get_with("/ogcapi/collections?f=json", &[("X-Request-Id", id)]).expect(200);
    let log = server.log();
    let lines: Vec<&str> = log.lines().filter(|line| line.contains(id)).collect();
    for (line, words) in lines.iter().zip([["asked", "path"], ["dispatched", "\"json\""], ["answered", "status=200"]]) {
        assert!(words.iter().all(|word| line.contains(word)), "{line}");
    }
    assert_eq!(lines.len(), 3, "{log}");
}

#[test]
fn a_collection_that_is_not_there_is_told_before_its_parameters() {
    demo().get("/ogcapi/collections/nowhere/items?name=a&v=1").expect(404);
    let problem = demo().get("/ogcapi/collections/countries/items?v=1").expect(400).json();
    assert!(problem["detail"].as_str().unwrap().contains("'v'"), "{problem}");
}
