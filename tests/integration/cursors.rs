//! Pages by cursor: what a client may send, and what it gets for it.

use crate::harness::client::{Answer, neighbour, send};
use crate::harness::server::Server;

fn next(answer: &Answer) -> Option<String> {
    neighbour(answer, "next")
}

fn get(url: &str) -> Answer {
    send("GET", url, &[]).expect(200)
}

fn cursor_of(url: &str) -> String {
    url.split("cursor=").nth(1).unwrap().split('&').next().unwrap().to_owned()
}

fn ids(answer: &Answer) -> Vec<serde_json::Value> {
    answer.json()["features"].as_array().unwrap().iter().map(|feature| feature["id"].clone()).collect()
}

/// All ids by way of the links.
fn walk(server: &Server, query: &str) -> Vec<serde_json::Value> {
    let mut page = server.get(&format!("/ogcapi/collections/cities/items?{query}")).expect(200);
    let mut all = ids(&page);
    while let Some(to) = next(&page) {
        page = get(&to);
        all.extend(ids(&page));
        assert!(all.len() < 2000, "a walk without end");
    }
    all
}

#[test]
fn a_walk_visits_all_once_in_any_order() {
    let server = Server::start(&[]);
    let whole =
        |query: &str| ids(&server.get(&format!("/ogcapi/collections/cities/items?limit=10000&{query}")).expect(200));
    for query in [
        "",
        "sortby=name",
        "sortby=-name&properties=name",
        "sortby=-name,fid&skipGeometry=true",
        "sortby=-fid&properties=name",
        "bbox=0,0,90,90&sortby=-name&crs=http://www.opengis.net/def/crs/EPSG/0/3857",
        "filter=name%20LIKE%20'B%25'",
    ] {
        let expected = whole(query);
        assert!(expected.len() > 3, "{query}");
        assert_eq!(walk(&server, &format!("limit=17&{query}")), expected, "{query}");
    }
}

#[test]
fn a_page_in_the_middle_has_neighbours_and_the_ends_have_one() {
    let server = Server::start(&[]);
    let first = server.get("/ogcapi/collections/cities/items?limit=10&sortby=name").expect(200);
    assert_eq!(neighbour(&first, "prev"), None);
    let second = get(&next(&first).unwrap());
    assert_eq!(second.json()["numberMatched"], first.json()["numberMatched"]);
    assert_eq!(second.json()["numberReturned"], 10);
    let back = get(&neighbour(&second, "prev").unwrap());
    assert_eq!((ids(&back), neighbour(&back, "prev")), (ids(&first), None));
    assert_eq!(ids(&get(&next(&back).unwrap())), ids(&second));
    // Another size on the way.
    let more = get(&next(&first).unwrap().replace("limit=10", "limit=25"));
    assert_eq!(ids(&more)[..10], ids(&second)[..]);
    // From an offset on by cursor, and back.
    let offset = server.get("/ogcapi/collections/cities/items?limit=10&sortby=name&offset=20").expect(200);
    let before = get(&neighbour(&offset, "prev").unwrap());
    assert_eq!(ids(&before), ids(&second));
    let third = get(&next(&second).unwrap());
    assert_eq!(ids(&third), ids(&offset));
}

#[test]
fn what_is_no_cursor_of_this_question_is_refused() {
    let server = Server::start(&[]);
    let cities = "/ogcapi/collections/cities/items";
    let to = next(&server.get(&format!("{cities}?limit=3&sortby=name")).expect(200)).unwrap();
    let cursor = cursor_of(&to);
    for (path, status) in [
        (format!("{cities}?sortby=name&cursor={cursor}"), 200),
        (format!("{cities}?sortby=name&cursor={cursor}&offset=0"), 200),
        (format!("{cities}?sortby=name&cursor={cursor}&name=Berlin"), 200),
        (format!("{cities}?sortby=name&cursor={cursor}&offset=3"), 400),
        (format!("{cities}?cursor={cursor}"), 400),
        (format!("{cities}?sortby=-name&cursor={cursor}"), 400),
        (format!("{cities}?sortby=name,-fid&cursor={cursor}"), 400),
        (format!("/ogcapi/collections/countries/items?sortby=name&cursor={cursor}"), 400),
        (format!("{cities}?sortby=name&cursor={}", &cursor[..cursor.len() - 4]), 400),
        (format!("{cities}?sortby=name&cursor={cursor}AAAA"), 400),
        (format!("{cities}?sortby=name&cursor=_{}", &cursor[1..]), 400),
        (format!("{cities}?sortby=name&cursor=%27%20OR%201=1"), 400),
        (format!("{cities}?sortby=name&cursor={}", "A".repeat(2000)), 400),
        (format!("{cities}?sortby=name&cursor="), 400),
    ] {
        let answer = server.get(&path).expect(status);
        assert!(status == 200 || answer.text().contains("cursor"), "{path}: {}", answer.excerpt());
    }
}

#[test]
fn a_place_too_long_for_a_cursor_goes_on_by_offset() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("long.csv");
    let rows: Vec<String> = (0..4).map(|at| format!("{at},{}", "a".repeat(3000))).collect();
    std::fs::write(&path, format!("nr,text\n{}\n", rows.join("\n"))).unwrap();
    let server = Server::start(&[path.to_str().unwrap()]);
    let mut page = server.get("/ogcapi/collections/long/items?limit=2&sortby=text").expect(200);
    let first = ids(&page);
    let to = next(&page).unwrap();
    assert!(to.contains("offset=2") && !to.contains("cursor"), "{to}");
    page = get(&to);
    assert_eq!((first.len(), ids(&page).len(), next(&page)), (2, 2, None));
    assert_eq!(ids(&get(&neighbour(&page, "prev").unwrap())), first);
}

#[test]
fn text_is_searched_for_with_all_else() {
    let server = Server::start(&[]);
    let names = |query: &str| -> Vec<String> {
        let page = server.json(&format!("/ogcapi/collections/countries/items?limit=1000&{query}"));
        let name = |feature: &serde_json::Value| feature["properties"]["name"].as_str().unwrap().to_owned();
        page["features"].as_array().unwrap().iter().map(name).collect()
    };
    assert_eq!(names("q=united%20STATES"), ["United States of America"]);
    assert_eq!(names("q=fiji,nothing%20at%20all"), ["Fiji"]);
    let south = names("q=south&sortby=-name");
    assert!(south.len() > 10 && south.contains(&"Brazil".to_owned()), "a continent is text as well: {south:?}");
    assert!(south.contains(&"South Africa".to_owned()), "{south:?}");
    assert!(names("q=south&continent=Africa&sortby=name").iter().all(|name| name.starts_with('S')));
    assert!(names("q=south&bbox=-80,-50,-40,10").len() < south.len());
    let mut walked = Vec::new();
    let mut page = server.get("/ogcapi/collections/countries/items?q=south&sortby=-name&limit=3").expect(200);
    assert_eq!(page.json()["numberMatched"], south.len());
    walked.extend(ids(&page));
    while let Some(to) = next(&page) {
        page = get(&to);
        walked.extend(ids(&page));
    }
    assert_eq!(walked.len(), south.len());
    let hits = server.json("/ogcapi/collections/countries/items?q=south&resultType=hits");
    assert_eq!(hits["numberMatched"], south.len());
    for refused in ["q=%20", "q=a,b,c,d,e,f,g,h,i,j,k"] {
        server.get(&format!("/ogcapi/collections/countries/items?{refused}")).expect(400);
    }
}
