//! Several projects in one server: `/{name}/ogcapi` and `?MAP={name}`, and links that stay within.

use std::sync::OnceLock;

use serde_json::Value;

use crate::harness::page::{attributes, resolve};
use crate::harness::server::Server;
use crate::harness::{SAMPLE, folder, odd, text};

fn server() -> &'static Server {
    static SERVER: OnceLock<Server> = OnceLock::new();
    SERVER.get_or_init(|| {
        let path = folder().join("projects.toml");
        let odd = text(odd::file());
        let settings = format!(
            r#"
            title = "The root"
            data = ["{SAMPLE}"]

            [projects.city]
            title = "City plan"
            description = "Of New York"
            layers = [{{ source = "{odd}", layer = "new_york", id = "sights", title = "Sights", limit = {{ default = 2, maximum = 2 }} }}]

            [projects.time]
            [[projects.time.layers]]
            source = "{odd}"
            layer = "spans"
            time = ["began", "ended"]
            properties = ["name"]
            decimals = 1
            "#
        );
        std::fs::write(&path, settings).unwrap();
        Server::start(&["--project", text(&path)])
    })
}

/// All links of a document.
fn hrefs(value: &Value) -> Vec<String> {
    match value {
        Value::Object(object) => {
            let own = object.get("href").and_then(Value::as_str).map(str::to_owned);
            own.into_iter().chain(object.values().flat_map(hrefs)).collect()
        }
        Value::Array(items) => items.iter().flat_map(hrefs).collect(),
        _ => Vec::new(),
    }
}

fn ids(list: &Value) -> Vec<&str> {
    list["collections"].as_array().unwrap().iter().filter_map(|it| it["id"].as_str()).collect()
}

#[test]
fn each_project_has_its_own_collections() {
    assert_eq!(ids(&server().json("/ogcapi/collections")), ["countries", "cities"]);
    assert_eq!(ids(&server().json("/city/ogcapi/collections")), ["sights"]);
    assert_eq!(ids(&server().json("/time/ogcapi/collections")), ["spans"]);
    assert_eq!(ids(&server().json("/ogcapi/collections?MAP=city")), ["sights"]);
    assert_eq!(ids(&server().json("/ogcapi/collections?map=time")), ["spans"]);
    assert_eq!(server().json("/city/ogcapi")["title"], "City plan");
    assert_eq!(server().json("/city/")["description"], "Of New York");
    server().get("/city/ogcapi/collections/cities").expect(404);
}

#[test]
fn unknown_projects_are_404_and_never_paths() {
    for query in ["MAP=nothing", "MAP=", "map=../etc/passwd", "MAP=%2Fetc%2Fpasswd", "MAP=The%20root", "MAP=%FF"] {
        server().get(&format!("/ogcapi/collections?{query}")).expect(404);
    }
    server().get("/nothing/ogcapi").expect(404);
    server().get("/City/ogcapi").expect(404);
}

#[test]
fn links_stay_in_the_project() {
    for path in ["/city/", "/city/ogcapi", "/city/ogcapi/collections", "/city/ogcapi/collections/sights/items"] {
        let all = hrefs(&server().json(path));
        let inside = format!("{}/city/", server().url);
        let other = |href: &&String| {
            !href.starts_with(&inside) && !href.contains("/time/") && **href != inside[..inside.len() - 1]
        };
        assert_eq!(all.iter().find(other), None, "{path}");
    }
    for path in [
        "/?MAP=city",
        "/ogcapi?MAP=city",
        "/ogcapi/collections?MAP=city",
        "/ogcapi/collections/sights/items?MAP=city&limit=1",
    ] {
        let all = hrefs(&server().json(path));
        let other =
            |href: &&String| !href.contains("MAP=city") && !href.contains("/time/") && !href.ends_with("/city/");
        assert_eq!(all.iter().find(other), None, "{path}");
    }
}

#[test]
fn pages_of_a_project_are_walked_within_it() {
    let first = server().json("/ogcapi/collections/sights/items?MAP=city");
    assert_eq!((&first["numberReturned"], &first["numberMatched"]), (&2.into(), &3.into()));
    let next = hrefs(&first).into_iter().find(|href| href.contains("offset=2")).unwrap();
    let second = server().json(next.strip_prefix(&server().url).unwrap());
    assert_eq!(second["numberReturned"], 1);
    // The maximum of the layer is that of its definition, and a larger wish is lowered to it.
    assert_eq!(server().json("/city/ogcapi/collections/sights/items?limit=100")["numberReturned"], 2);
}

#[test]
fn the_definition_is_that_of_the_project() {
    let api = server().json("/city/ogcapi/api");
    assert_eq!(api["servers"][0]["url"], format!("{}/city/ogcapi", server().url));
    assert!(api["paths"]["/collections/sights/items"].is_object());
    assert!(api["paths"]["/collections/cities/items"].is_null());
    assert_eq!(server().json("/city/api")["servers"][0]["url"], format!("{}/city", server().url));
}

#[test]
fn settings_of_a_layer_are_those_of_its_answers() {
    let page = server().json("/time/ogcapi/collections/spans/items");
    for feature in page["features"].as_array().unwrap() {
        let names: Vec<&String> = feature["properties"].as_object().unwrap().keys().collect();
        assert_eq!(names, ["name"], "only what is shown");
    }
    // What is hidden is unknown.
    server().get("/time/ogcapi/collections/spans/items?began=2000-01-01").expect(400);
    assert!(server().get("/time/ogcapi/api").text().find("began").is_none());
}

#[test]
fn the_catalogue_of_the_root_names_the_projects() {
    let catalogue = server().json("/");
    let names: Vec<&str> =
        catalogue["projects"].as_array().unwrap().iter().filter_map(|it| it["name"].as_str()).collect();
    assert_eq!(names, ["city", "time"]);
    assert!(server().greeting.contains("/city/ogcapi"), "{}", server().greeting);
}

#[test]
fn pages_of_a_project_link_within_it() {
    for path in ["/city/", "/city/ogcapi", "/city/ogcapi/collections/sights/items"] {
        let page = server().browse(path).expect(200).text();
        assert!(page.contains("City plan"), "{path}");
        for address in attributes(&page) {
            let target = resolve(path, &address);
            let outside = ["/city/", "/static/", "/time/"].iter().all(|start| !target.starts_with(start));
            assert!(!outside || address.starts_with('#'), "{path} leaves its project: {address}, which is {target}");
        }
    }
}
