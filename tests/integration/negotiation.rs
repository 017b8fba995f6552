//! `f=` beats a suffix beats `Accept` beats the first format, which is never HTML.

use crate::harness::server::{demo, odd_server};

const BROWSER: &str = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8";
const ITEMS: &str = "/ogcapi/collections/cities/items";

/// The media type of what is asked for.
#[track_caller]
fn kind(path: &str, accept: &str) -> String {
    let headers = if accept.is_empty() { vec![] } else { vec![("Accept", accept)] };
    demo().get_with(path, &headers).expect(200).media_type()
}

#[test]
fn accept_chooses() {
    for (accept, wanted) in [
        ("", "application/geo+json"),
        ("*/*", "application/geo+json"),
        ("application/*", "application/geo+json"),
        ("application/json", "application/geo+json"),
        ("application/geo+json", "application/geo+json"),
        ("application/vnd.geo+json", "application/geo+json"),
        ("text/html", "text/html"),
        ("text/*", "text/html"),
        ("application/xhtml+xml", "text/html"),
        (BROWSER, "text/html"),
        ("TEXT/HTML", "text/html"),
        ("text/html;q=0.5, application/geo+json", "application/geo+json"),
        ("text/html;q=0.5, application/geo+json;q=0.4", "text/html"),
        ("application/geo+json;q=0, */*", "text/html"),
        ("text/html;q=0, */*;q=0.1", "application/geo+json"),
        ("image/png, text/html;q=0.1", "text/html"),
        ("nonsense", "application/geo+json"),
        ("text/html;q=nonsense, application/geo+json;q=0.1", "application/geo+json"),
    ] {
        assert_eq!(kind(ITEMS, accept), wanted, "Accept: {accept}");
    }
}

#[test]
fn several_accept_headers_are_one_list() {
    let headers = [("Accept", "image/png"), ("Accept", "text/html")];
    assert_eq!(demo().get_with(ITEMS, &headers).expect(200).media_type(), "text/html");
}

#[test]
fn the_parameter_beats_the_suffix_beats_the_header() {
    assert_eq!(kind(&format!("{ITEMS}?f=geojson"), BROWSER), "application/geo+json");
    assert_eq!(kind(&format!("{ITEMS}?f=json"), BROWSER), "application/geo+json");
    assert_eq!(kind(&format!("{ITEMS}?f=html"), "application/json"), "text/html");
    assert_eq!(kind(&format!("{ITEMS}.geojson"), BROWSER), "application/geo+json");
    assert_eq!(kind(&format!("{ITEMS}.json"), BROWSER), "application/geo+json");
    assert_eq!(kind(&format!("{ITEMS}.html"), "application/json"), "text/html");
    assert_eq!(kind(&format!("{ITEMS}.html?f=json"), BROWSER), "application/geo+json");
    assert_eq!(kind(&format!("{ITEMS}/1.html"), ""), "text/html");
    assert_eq!(kind("/ogcapi.html", ""), "text/html");
    assert_eq!(kind("/ogcapi/collections.html", ""), "text/html");
    assert_eq!(kind("/ogcapi/collections/cities.json", BROWSER), "application/json");
    assert_eq!(kind("/ogcapi/conformance.json", BROWSER), "application/json");
}

#[test]
fn an_explicit_wish_that_cannot_be_met_is_told() {
    let server = demo();
    let refused = server.get_with(ITEMS, &[("Accept", "image/png")]).expect(406);
    assert_eq!(refused.media_type(), "application/problem+json");
    assert!(refused.text().contains("geojson"), "the way out: {}", refused.text());
    server.get_with(ITEMS, &[("Accept", "application/geo+json;q=0, text/html;q=0")]).expect(406);
    assert_eq!(server.get(&format!("{ITEMS}?f=nonsense")).expect(400).json()["parameter"], "f");
    assert!([400, 406].contains(&server.get(&format!("{ITEMS}?f=txt")).status));
    server.get(&format!("{ITEMS}?f=")).expect(400);
    server.get(&format!("{ITEMS}?f=json&f=html")).expect(400);
    server.get(&format!("{ITEMS}?F=json")).expect(400);
}

#[test]
fn answers_vary_by_accept() {
    for path in
        ["/", "/ogcapi", "/ogcapi/collections", ITEMS, "/customapi?x=1&y=1&r=1", "/ogcapi/nothing", "/ogcapi/api"]
    {
        let answer = demo().get(path);
        assert!(
            answer.header("vary").to_ascii_lowercase().contains("accept"),
            "{path}: Vary {}",
            answer.header("vary")
        );
    }
}

#[test]
fn text_says_that_it_is_utf_8() {
    assert_eq!(demo().browse("/").expect(200).header("content-type"), "text/html; charset=utf-8");
}

#[test]
fn a_dot_in_an_id_is_no_suffix() {
    let server = odd_server();
    assert_eq!(server.json("/ogcapi/collections/dot.ted")["id"], "dot.ted");
    assert_eq!(server.json("/ogcapi/collections/a.json")["id"], "a.json");
    assert_eq!(server.json("/ogcapi/collections/a.json/items")["numberMatched"], 2);
    assert_eq!(server.json("/ogcapi/collections/a.json.json")["id"], "a.json");
    assert_eq!(server.get("/ogcapi/collections/a.json.html").expect(200).media_type(), "text/html");
    assert_eq!(server.browse("/ogcapi/collections/a.json").expect(200).media_type(), "text/html");
    let feature = "/ogcapi/collections/text_ids/items/x.json";
    assert_eq!(server.json(feature)["id"], "x.json");
    assert_eq!(server.browse(feature).expect(200).media_type(), "text/html");
    assert_eq!(server.get(&format!("{feature}.html")).expect(200).media_type(), "text/html");
    server.get("/ogcapi/collections/b.json").expect(404);
}
