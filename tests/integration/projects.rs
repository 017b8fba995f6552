//! Several projects in one server: `/{name}/ogcapi` and `?MAP={name}`, and links that stay within.

use std::sync::OnceLock;

use serde_json::Value;

use crate::harness::page::{attributes, resolve};
use crate::harness::server::{Server, run, stderr, stdout};
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
            aliases = ["/srv/old.qgs"]
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
    let next = hrefs(&first).into_iter().find(|href| href.contains("cursor=")).unwrap();
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

#[test]
fn pages_of_a_project_by_map_link_within_it() {
    let items = "/ogcapi/collections/sights/items";
    let paths = [
        "/?MAP=city&f=html".to_owned(),
        "/ogcapi?MAP=city&f=html".to_owned(),
        "/ogcapi/collections?MAP=city".to_owned(),
        "/ogcapi/collections/sights?MAP=city&f=html".to_owned(),
        format!("{items}?MAP=city"),
        format!("{items}?f=html&map=city&limit=1&name=x"),
        format!("{items}?limit=1&MAP=city&f=html"),
        "/ogcapi/collections/sights/schema?MAP=city".to_owned(),
        "/ogcapi/api?MAP=city".to_owned(),
        "/ogcapi/nothing?MAP=city".to_owned(),
    ];
    let is_kept = |target: &str| target.contains("MAP=city") || target.contains("map=city");
    for path in &paths {
        let page = server().browse(path).text();
        assert!(page.contains("City plan"), "{path}");
        for address in attributes(&page).into_iter().filter(|address| !address.starts_with('#')) {
            let target = resolve(path, &address);
            let apart = ["/city/", "/static/", "/time/"].iter().any(|start| target.starts_with(start));
            assert!(apart || is_kept(&target), "{path} leaves its project: {address}, which is {target}");
        }
        for form in page.split("<form").skip(1) {
            let form = form.split("</form>").next().unwrap();
            let kept = ["MAP", "map"].iter().filter(|name| form.contains(&format!("name=\"{name}\" value=\"city\"")));
            assert_eq!(kept.count(), 1, "{path}: a form leaves its project: {form}");
        }
    }
    let page = server().browse(&paths[6]).text();
    assert!(attributes(&page).iter().any(|address| address.contains("/items/1?")), "{page}");
    assert!(!page.contains("MAP = city"), "the choice of a project is no filter");
    // It leads to the feature itself.
    let link = attributes(&page).into_iter().find(|address| address.contains("/items/1?")).unwrap();
    server().browse(&resolve(&paths[6], &link)).expect(200);
}

#[test]
fn definitions_by_map_name_the_path_of_the_project() {
    let base = &server().url;
    for (path, url) in [
        ("/ogcapi/api?MAP=city", format!("{base}/city/ogcapi")),
        ("/ogcapi/api?MAP=%2Fsrv%2Fold.qgs", format!("{base}/city/ogcapi")),
        ("/api?MAP=city", format!("{base}/city")),
        ("/api?map=/srv/old.qgs", format!("{base}/city")),
        ("/ogcapi/api", format!("{base}/ogcapi")),
        ("/api", base.clone()),
    ] {
        let document = server().json(path);
        assert_eq!(document["servers"][0]["url"], url, "{path}");
    }
}

#[test]
fn what_there_is_instead_of_a_wrong_path_is_in_the_project() {
    for (path, kept) in [("/ogcapi-no?MAP=city", "MAP=city"), ("/city/ogcapi-no", "/city")] {
        let said = server().get(path).expect(404).json();
        let roots = hrefs(&said);
        assert!(roots.len() > 3 && roots.iter().all(|href| href.contains(kept)), "{path}: {roots:?}");
    }
}

#[test]
fn an_unknown_project_is_404_in_every_dialect() {
    let said = server().get("/ogcapi/collections?MAP=nope").expect(404).json();
    assert_eq!(said["title"], "Unknown project");
    for query in [
        "SERVICE=WMS&VERSION=1.3.0&REQUEST=GetMap",
        "SERVICE=WMS&VERSION=1.1.1&REQUEST=GetCapabilities",
        "SERVICE=WFS&VERSION=2.0.0&REQUEST=GetFeature",
        "SERVICE=WFS&VERSION=1.1.0&REQUEST=GetFeature",
        "SERVICE=WFS&VERSION=1.0.0&REQUEST=GetFeature",
        "SERVICE=WCS&VERSION=2.0.1&REQUEST=GetCoverage",
        "SERVICE=WCS&VERSION=1.0.0&REQUEST=GetCoverage",
        "REQUEST=Nothing",
    ] {
        let answer = server().get(&format!("/ows?{query}&MAP=nope")).expect(404);
        let text = answer.text();
        assert!(text.contains("ode=\"InvalidParameterValue\"") && text.contains("'nope'"), "{query}: {text}");
        // The DTD of WMS 1.1.1 knows no locator.
        assert!(query.contains("1.1.1") || text.contains("locator=\"MAP\""), "{query}: {text}");
    }
}

#[test]
fn an_alias_of_two_projects_is_a_fault() {
    let path = folder().join("aliases.toml");
    let check = |aliases: [&str; 3]| {
        let [root, one, two] = aliases;
        let settings = format!(
            "data = [\"{SAMPLE}\"]\naliases = [{root}]\n[projects.one]\ndata = [\"{SAMPLE}\"]\naliases = [{one}]\n\
             [projects.two]\ndata = [\"{SAMPLE}\"]\naliases = [{two}]\n"
        );
        std::fs::write(&path, settings).unwrap();
        let output = run(&["check", "--project", text(&path)]);
        (output.status.success(), format!("{}{}", stdout(&output), stderr(&output)))
    };
    for (aliases, told) in [
        (["", "'a', 'x'", "'b', 'x'"], "the alias 'x' of the project 'two' means the project 'one' already"),
        (["", "'two'", ""], "the alias 'two' of the project 'one' means the project 'two' already"),
        (["'x'", "", "'x'"], "the alias 'x' of the project 'two' means the project at the root already"),
    ] {
        let (is_fine, output) = check(aliases);
        assert!(!is_fine && output.contains(told), "{output}");
    }
    let (is_fine, output) = check(["'/srv/a.qgs'", "'one', 'b', 'b'", "'c'"]);
    assert!(is_fine, "{output}");
}
