//! Pages in a browser: nothing is loaded from another host, no script fails, and the tables are filled. Without Chromium
//! these tests are passed over, and say so.

use std::process::{Command, Stdio};

use crate::harness::SAMPLE;
use crate::harness::server::{Server, demo};

const PAGES: [(&str, &str); 13] = [
    ("/", "Natural Earth"),
    ("/ogcapi", "conforms"),
    ("/ogcapi/conformance", "conf/core"),
    ("/ogcapi/collections", "countries"),
    ("/ogcapi/collections/countries", "countries"),
    ("/ogcapi/collections/countries/items?limit=5", "Fiji"),
    ("/ogcapi/collections/cities/items/1", "1"),
    ("/customapi?x=8&y=45&r=2", "segments"),
    // A script lets one choose how a text is compared.
    (
        "/ogcapi/collections/countries/items?filter=pop_est%3E%3D5%20AND%20iso_a3%20IS%20NOT%20NULL&bbox=-20,-40,60,40&begins-with%5Bname%5D=s",
        "<select data-names=\"q-3-name\" aria-label=\"name: how\">",
    ),
    ("/ogcapi/collections/countries/items?continent=Nowhere", "No feature matches this filter"),
    ("/map", "is-live"),
    ("/coverages/elevation", "Bands"),
    ("/nowhere", "404"),
];

fn browser() -> Option<&'static str> {
    let found = ["chromium", "chromium-browser", "google-chrome"].into_iter().find(|name| {
        Command::new(name)
            .arg("--version")
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status()
            .is_ok_and(|it| it.success())
    });
    if found.is_none() {
        eprintln!("passed over: there is no Chromium");
    }
    found
}

/// The page as the browser has it when its scripts have run, and what its console said.
fn opened(browser: &str, url: &str) -> (String, String) {
    let profile = tempfile::tempdir().unwrap();
    let mut command = Command::new(browser);
    command.args([
        "--headless=new",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-dev-shm-usage",
        "--no-first-run",
        "--disable-extensions",
    ]);
    // Whatever is not this machine does not resolve: a request to another host fails, and the console tells.
    command.args([
        "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
        "--no-proxy-server",
        "--disable-background-networking",
    ]);
    command.args(["--enable-logging=stderr", "--v=0", "--virtual-time-budget=5000", "--dump-dom"]);
    command.arg(format!("--user-data-dir={}", profile.path().display())).arg(url);
    let output = command.env("HOME", profile.path()).stdin(Stdio::null()).output().unwrap();
    let console = String::from_utf8_lossy(&output.stderr);
    let console: Vec<&str> = console.lines().filter(|line| line.contains("CONSOLE")).collect();
    (String::from_utf8_lossy(&output.stdout).into_owned(), console.join("\n"))
}

#[test]
fn a_map_survives_a_feature_that_is_no_place_on_the_earth() {
    let Some(browser) = browser() else { return };
    let folder = tempfile::tempdir().unwrap();
    let feature = |place: &str| {
        format!(
            "{{\"type\":\"Feature\",\"properties\":{{}},\"geometry\":{{\"type\":\"Point\",\"coordinates\":{place}}}}}"
        )
    };
    let features = ["[8,47]", "[1e30,1e30]", "[9,48]"].map(feature).join(",");
    let path = folder.path().join("far.geojson");
    std::fs::write(&path, format!("{{\"type\":\"FeatureCollection\",\"features\":[{features}]}}")).unwrap();
    let server = Server::start(&[path.to_str().unwrap()]);
    for (path, told) in [("items", 2), ("items/0", 1), ("items/1", 0)] {
        let (page, console) = opened(browser, &format!("{}/ogcapi/collections/far/{path}", server.url));
        assert!(console.is_empty() && !page.contains("could not be loaded"), "{path}: {console}");
        assert_eq!(page.matches("leaflet-interactive").count(), told, "{path}");
        assert_eq!(page.contains("no place on the Earth"), told != 1, "{path}");
    }
}

#[test]
fn pages_run_without_an_error() {
    let Some(browser) = browser() else { return };
    for (path, shown) in PAGES {
        let (page, console) = opened(browser, &format!("{}{path}", demo().url));
        assert!(page.contains(shown), "{path} does not show {shown}: {}", page.chars().take(2000).collect::<String>());
        // A browser reports the status of a page that is an error as one.
        let own: Vec<&str> = console.lines().filter(|line| !(path == "/nowhere" && line.contains("404"))).collect();
        assert!(own.is_empty(), "{path}: {}", own.join("\n"));
    }
}

#[test]
fn the_viewer_keeps_its_state_in_the_address() {
    let Some(browser) = browser() else { return };
    let (page, console) = opened(browser, &format!("{}/map#map=3/40/10&layers=countries%4050", demo().url));
    assert!(console.is_empty(), "{console}");
    let list = &page[page.find("layer-list").unwrap()..];
    let first = list.find("data-layer=").map(|at| &list[at..at + 40]).unwrap();
    assert!(first.contains("countries"), "what the address names comes first: {first}");
    assert_eq!(page.matches("is-shown").count(), 1, "the others are off");
    assert!(page.contains("request=GetMap") || page.contains("REQUEST=GetMap"), "the server's WMS draws it");
}

#[test]
fn a_map_of_more_layers_than_one_picture_may_have_was_blank() {
    let folder = tempfile::tempdir().unwrap();
    let project = folder.path().join("many.toml");
    let layer = |number: usize| format!("[[layers]]\nid = 'l{number}'\nsource = '{SAMPLE}'\nlayer = 'countries'\n");
    let layers = (0..7).map(layer).collect::<Vec<_>>().concat();
    std::fs::write(&project, format!("[wms]\nmax_layers = 3\n{layers}")).unwrap();
    let server = Server::start(&["--project", project.to_str().unwrap()]);
    // Without scripts there is one picture, of what it may have.
    let page = server.browse("/map").text();
    assert_eq!(page.matches("data-shows disabled checked").count(), 1, "{page}");
    let Some(browser) = browser() else { return };
    let shown: Vec<String> = (0..7).rev().map(|number| format!("l{number}")).collect();
    let (page, console) = opened(browser, &format!("{}/map#map=2/40/10&layers={}", server.url, shown.join(",")));
    assert!(console.is_empty(), "{console}");
    for layers in ["l0%2Cl1%2Cl2", "l3%2Cl4%2Cl5", "l6"] {
        assert!(page.contains(&format!("layers={layers}&")), "{layers} is no picture: {page}");
    }
    assert!(page.contains("leaflet-tile-loaded") && !page.contains("could not be drawn"), "{page}");
}

#[test]
fn the_definitions_page_shows_the_operations() {
    let Some(browser) = browser() else { return };
    let (page, console) = opened(browser, &format!("{}/ogcapi/api.html", demo().url));
    assert!(page.contains("/collections/countries/items"), "{}", page.chars().take(2000).collect::<String>());
    assert!(console.is_empty(), "{console}");
}

#[test]
fn pages_ask_for_nothing_elsewhere() {
    let server: &Server = demo();
    for (path, _) in PAGES {
        let answer = server.browse(path);
        let policy = answer.header("content-security-policy").to_owned();
        assert!(policy.contains("default-src 'self'") && !policy.contains("http"), "{path}: {policy}");
        let page = answer.text();
        for tag in ["<script", "<img", "<link rel=\"stylesheet\"", "<iframe"] {
            for (at, _) in page.match_indices(tag) {
                let element = &page[at..at + page[at..].find('>').unwrap()];
                assert!(
                    element.contains(" src=") || element.contains("ld+json") || !tag.contains("script"),
                    "{path}: {element}"
                );
                assert!(!element.contains("://"), "{path}: {element}");
            }
        }
        assert!(!page.contains("<script>") && !page.contains(" onclick="), "{path}: a script within the page");
        assert!(page.contains("<html lang=") && page.contains("name=\"viewport\""), "{path}");
    }
}
