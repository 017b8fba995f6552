//! The server within an axum program, under a prefix: every link has the prefix.

use axum::Router;
use axum::routing::get;
use graticule::{Server, standard};
use tokio::net::TcpListener;

use super::embedding::towns;
use crate::harness::client::{self, Answer};
use crate::harness::wait_for;

fn server() -> Server {
    standard::with_circle(standard::server(towns())).build().unwrap()
}

/// Serves a router on a free port for as long as the test binary runs; gives its URL.
fn serve(router: Router) -> String {
    wait_for(async {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, router).await });
        url
    })
}

fn ask(url: &str) -> Answer {
    client::send("GET", url, &[])
}

/// All absolute links of the server's documents begin with its own root.
#[track_caller]
fn check(base: &str) {
    for path in [
        "/",
        "/ogcapi",
        "/ogcapi/",
        "/ogcapi/collections",
        "/ogcapi/collections/towns/items?limit=1",
        "/ogcapi/api",
        "/api",
        "/customapi?x=1&y=1&r=1",
    ] {
        let answer = ask(&format!("{base}{path}")).expect(200);
        let host = base.split('/').take(3).collect::<Vec<_>>().join("/");
        let text = answer.text();
        for (at, _) in text.match_indices(&host) {
            let rest = &text[at..];
            let link = &rest[..rest.find('"').unwrap()];
            assert!(link.starts_with(base), "{path}: {link} is not below {base}");
        }
    }
    let page = ask(&format!("{base}/ogcapi/collections/towns/items?limit=1")).json();
    let next = client::links(&page, "next")[0]["href"].as_str().unwrap().to_owned();
    assert_eq!(ask(&next).expect(200).json()["features"][0]["id"], "olten");
    let page = client::send("GET", &format!("{base}/ogcapi/collections/towns"), &[("Accept", "text/html")])
        .expect(200)
        .text()
        .replace("&#x2f;", "/");
    assert!(page.contains("\"../../static/v-") && page.contains("/graticule.css\""), "pages have relative links");
    assert_eq!(ask(&format!("{base}/static/graticule.css")).expect(200).media_type(), "text/css");
    ask(&format!("{base}/nothing")).expect(404);
}

#[test]
fn under_a_prefix() {
    let router = Router::new().route("/own", get(|| async { "mine" })).nest_service("/gis", server());
    let url = serve(router);
    check(&format!("{url}/gis"));
    assert_eq!(ask(&format!("{url}/own")).expect(200).text(), "mine");
    ask(&format!("{url}/ogcapi")).expect(404);
}

#[test]
fn under_nested_prefixes() {
    let inner = Router::new().nest_service("/maps", server());
    let url = serve(Router::new().nest("/public", inner));
    check(&format!("{url}/public/maps"));
}

#[test]
fn as_the_fallback_of_a_program() {
    let url = serve(Router::new().route("/own", get(|| async { "mine" })).fallback_service(server()));
    check(&url);
    assert_eq!(ask(&format!("{url}/own")).expect(200).text(), "mine");
}

#[test]
fn twice_in_one_program() {
    let url = serve(Router::new().nest_service("/one", server()).nest_service("/two", server()));
    check(&format!("{url}/one"));
    check(&format!("{url}/two"));
}
