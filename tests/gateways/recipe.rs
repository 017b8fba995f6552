//! The lines for nginx of the README: links and ids come through them as they are.

use crate::client::get;
use crate::nginx::{self, Nginx};
use crate::program::server;

/// The locations of the README, before this server.
fn recipe(address: &str) -> String {
    let readme = include_str!("../../README.md");
    let block = readme.split_once("```nginx\n").unwrap().1.split_once("```").unwrap().0;
    assert!(block.contains("127.0.0.1:8080"), "{block}");
    block.replace("127.0.0.1:8080", address)
}

#[test]
fn ids_with_a_slash_come_through_the_recipe_of_the_readme() {
    if !nginx::is_here() {
        return;
    }
    let (_program, address) = server();
    let nginx = Nginx::start(&recipe(&address));
    let base = format!("{}/gis", nginx.url);
    for (segment, id) in
        [("a%2Fb", "a/b"), ("a%2Ejson", "a.json"), ("a.json", "a"), ("...html", ".."), ("50%252F", "50%2F"), ("a", "a")]
    {
        let url = format!("{base}/ogcapi/collections/slashed/items/{segment}?f=json");
        let feature = get(&url, &[]).expect(200).json();
        assert_eq!(feature["id"], id, "{url}");
        for link in feature["links"].as_array().unwrap() {
            let href = link["href"].as_str().unwrap();
            assert!(href.starts_with(&base), "{href}");
        }
    }
    let page = get(&format!("{base}/ogcapi/collections/slashed/items"), &[("Accept", "text/html")]).expect(200);
    assert!(page.text().contains("a%2Fb"), "{}", page.text());
    let items = get(&format!("{base}/ogcapi/collections/slashed/items?limit=2&f=json"), &[]).expect(200).json();
    assert_eq!(items["numberReturned"], 2, "the query comes through");
    let next = items["links"].as_array().unwrap().iter().find(|link| link["rel"] == "next").unwrap();
    assert_eq!(get(next["href"].as_str().unwrap(), &[]).expect(200).json()["numberReturned"], 2);
    for root in ["/gis/", "/gis/ogcapi"] {
        get(&format!("{}{root}", nginx.url), &[("Accept", "text/html")]).expect(200);
    }
}
