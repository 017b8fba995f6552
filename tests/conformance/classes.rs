//! The classes html, geojson and oas30 (Part 1, 8.2, 8.3 and 9).

use std::collections::BTreeSet;

use serde_json::Value;

use super::Check;
use super::kit::{Checked, GEOJSON, HTML, Kit, encoded, fail, features, id_of, referred, resolve, skip, with};
use crate::ensure;
use crate::harness::client::links;
use crate::harness::schema;

pub(crate) const CHECKS: &[Check] = &[
    ("/req/html/definition", "every resource is a page where text/html is asked for", html_definition),
    ("/req/html/content", "a page shows what the document has, escaped", html_content),
    ("/req/geojson/definition", "features are application/geo+json", geojson_definition),
    ("/req/geojson/content", "geometries are well-formed: rings closed and wound as RFC 7946 says", geojson_content),
    ("/req/oas30/oas-definition-1", "the link to the definition has the type of OpenAPI 3.0", oas_definition_1),
    (
        "/req/oas30/oas-definition-2",
        "it is an OpenAPI 3.0 document, every reference leads somewhere, every id is its own",
        oas_definition_2,
    ),
    ("/req/oas30/oas-impl", "its paths answer, below its server", oas_impl),
    (
        "/req/oas30/completeness",
        "answers of 200 are described with their media types and fit their schemas",
        completeness,
    ),
    ("/req/oas30/exceptions-codes", "errors are described: 400, 404 and 500", exceptions),
    ("/req/oas30/security", "a security scheme that is asked for is described", security),
];

fn need(kit: &Kit, class: &str) -> Checked {
    if kit.declares(&format!("ogcapi-features-1/1.0/conf/{class}"))? {
        Ok(())
    } else {
        skip(format!("the class {class} is not declared"))
    }
}

fn html_definition(kit: &Kit) -> Checked {
    need(kit, "html")?;
    let mut urls = vec![kit.root.clone(), kit.collections_url()?, kit.linked(&["conformance"])?];
    for collection in kit.collections()? {
        let page = kit.json(&with(&collection.items, "limit=1"), "")?;
        let first =
            features(&page).first().map(|feature| format!("{}/items/{}", collection.url, encoded(&id_of(feature))));
        urls.extend([collection.url.clone(), format!("{}/items", collection.url)].into_iter().chain(first));
    }
    for url in urls {
        let answer = kit.get(&url, "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8")?;
        ensure!(
            answer.status == 200 && answer.media_type() == HTML,
            "{url}: {} {}",
            answer.status,
            answer.media_type()
        );
    }
    Ok(())
}

fn html_content(kit: &Kit) -> Checked {
    need(kit, "html")?;
    for collection in kit.collections()? {
        let page = kit.get(&collection.url, HTML)?;
        let text = String::from_utf8_lossy(&page.body).into_owned();
        let title = collection.value["title"].as_str().unwrap_or(&collection.id);
        let plain = !title.contains(['<', '>', '&', '"', '\'', '/']);
        ensure!(!plain || text.contains(title), "{}: the page does not show the title '{title}'", collection.url);
        let items = kit.get(&collection.items.replace("f=geojson", "f=html"), HTML)?;
        let text = String::from_utf8_lossy(&items.body).into_owned();
        ensure!(
            !text.contains("</script></script>") && !text.contains("<b></b>"),
            "{}: a value is not escaped",
            items.url
        );
    }
    Ok(())
}

fn geojson_definition(kit: &Kit) -> Checked {
    need(kit, "geojson")?;
    for collection in kit.collections()? {
        let answer = kit.get(&collection.items, GEOJSON)?;
        ensure!(answer.media_type() == GEOJSON, "{}: {}", collection.items, answer.media_type());
    }
    Ok(())
}

fn geojson_content(kit: &Kit) -> Checked {
    need(kit, "geojson")?;
    for collection in kit.collections()? {
        for feature in features(&kit.json(&with(&collection.items, "limit=1000"), GEOJSON)?) {
            let at = format!("{}: feature {}", collection.items, id_of(&feature));
            check_geometry(&at, &feature["geometry"])?;
        }
    }
    Ok(())
}

fn check_geometry(at: &str, geometry: &Value) -> Checked {
    if geometry.is_null() {
        return Ok(());
    }
    let depth = match geometry["type"].as_str() {
        Some("Point") => 1,
        Some("LineString" | "MultiPoint") => 2,
        Some("Polygon" | "MultiLineString") => 3,
        Some("MultiPolygon") => 4,
        Some("GeometryCollection") => {
            return geometry["geometries"]
                .as_array()
                .into_iter()
                .flatten()
                .try_for_each(|part| check_geometry(at, part));
        }
        other => return fail(format!("{at}: a geometry of type {other:?}")),
    };
    let mut level = vec![&geometry["coordinates"]];
    for _ in 1..depth {
        ensure!(level.iter().all(|value| value.is_array()), "{at}: coordinates are not nested as the type says");
        level = level.into_iter().flat_map(|value| value.as_array().into_iter().flatten()).collect();
    }
    for position in level {
        let numbers = position.as_array().map(|numbers| (numbers.len(), numbers.iter().all(Value::is_number)));
        let empty = depth == 1 && numbers == Some((0, true));
        ensure!(empty || matches!(numbers, Some((2..=3, true))), "{at}: a position is {position}");
    }
    let coordinates = geometry["coordinates"].as_array();
    match depth {
        3 if geometry["type"] == "Polygon" => check_rings(at, coordinates),
        4 => coordinates.into_iter().flatten().try_for_each(|polygon| check_rings(at, polygon.as_array())),
        _ => Ok(()),
    }
}

fn check_rings(at: &str, rings: Option<&Vec<Value>>) -> Checked {
    for (number, ring) in rings.into_iter().flatten().enumerate() {
        let points: Vec<[f64; 2]> = ring
            .as_array()
            .into_iter()
            .flatten()
            .map(|it| [it[0].as_f64().unwrap_or_default(), it[1].as_f64().unwrap_or_default()])
            .collect();
        ensure!(
            points.len() >= 4 && points.first() == points.last(),
            "{at}: a ring of {} positions is not closed",
            points.len()
        );
        let twice: f64 = points
            .windows(2)
            .map(|pair| (pair[1][0] - pair[0][0]) * (pair[1][1] + pair[0][1] - 2.0 * points[0][1]))
            .sum();
        let clockwise = twice > 0.0;
        // A ring without an area has no sense.
        ensure!(twice.abs() < 1e-9 || clockwise == (number > 0), "{at}: ring {number} is wound the wrong way");
    }
    Ok(())
}

fn oas_definition_1(kit: &Kit) -> Checked {
    need(kit, "oas30")?;
    let all = links(kit.landing()?, "service-desc");
    let typed = all.iter().find(|link| {
        link["type"].as_str().is_some_and(|it| it.replace(' ', "") == "application/vnd.oai.openapi+json;version=3.0")
    });
    let Some(link) = typed else { return fail("no link with rel service-desc has the type of OpenAPI 3.0 as JSON") };
    let url = resolve(&kit.root, link["href"].as_str().unwrap_or_default());
    let answer = kit.get(&url, "application/vnd.oai.openapi+json;version=3.0")?;
    let media_type = answer.header("content-type").replace(' ', "");
    ensure!(media_type == "application/vnd.oai.openapi+json;version=3.0", "{url}: Content-Type {media_type}");
    ensure!(!links(kit.landing()?, "service-doc").is_empty(), "no link with rel service-doc");
    Ok(())
}

fn oas_definition_2(kit: &Kit) -> Checked {
    let api = kit.api()?;
    ensure!(
        api["openapi"].as_str().is_some_and(|version| version.starts_with("3.0.")),
        "openapi is {}",
        api["openapi"]
    );
    ensure!(api["info"]["title"].is_string() && api["info"]["version"].is_string(), "info is {}", api["info"]);
    let mut ids = BTreeSet::new();
    for (path, item) in api["paths"].as_object().into_iter().flatten() {
        ensure!(path.starts_with('/'), "the path {path} does not begin with a slash");
        for (method, operation) in item.as_object().into_iter().flatten().filter(|(key, _)| *key != "parameters") {
            let id = operation["operationId"].as_str().unwrap_or_default();
            ensure!(id.is_empty() || ids.insert(id.to_owned()), "two operations have the id {id}");
            let responses = operation["responses"].as_object();
            ensure!(responses.is_some_and(|responses| !responses.is_empty()), "{method} {path} has no responses");
            let open = path.matches('{').count();
            let parameters = operation["parameters"].as_array().into_iter().flatten().map(|it| referred(api, it));
            let parameters: Vec<&Value> = parameters.collect::<Checked<_>>()?;
            let in_path = parameters.iter().filter(|it| it["in"] == "path").count();
            ensure!(
                open == in_path || item["parameters"].is_array(),
                "{method} {path}: {in_path} parameters of the path"
            );
        }
    }
    for reference in references(api).iter().filter(|it| it.starts_with('#')) {
        ensure!(schema::resolve(api, reference).is_some(), "{reference} leads nowhere in the document");
    }
    whole(api)
}

/// Skips where the document refers to others, which are not followed.
fn whole(api: &Value) -> Checked {
    match references(api).into_iter().find(|it| !it.starts_with('#')) {
        Some(outside) => skip(format!("the API document refers to {outside}, which is not followed")),
        None => Ok(()),
    }
}

/// Every `$ref` of a document.
fn references(value: &Value) -> Vec<String> {
    match value {
        Value::Object(object) => {
            let own = object.get("$ref").and_then(Value::as_str).map(str::to_owned);
            own.into_iter().chain(object.values().flat_map(references)).collect()
        }
        Value::Array(items) => items.iter().flat_map(references).collect(),
        _ => Vec::new(),
    }
}

/// The address of a path of the document that has no parameters of the path.
fn plain_paths<'a>(kit: &Kit, api: &'a Value) -> Vec<(String, &'a Value)> {
    let server = resolve(&kit.root, api["servers"][0]["url"].as_str().unwrap_or("/"));
    let paths = api["paths"].as_object().into_iter().flatten();
    let plain = paths.filter(|(path, item)| !path.contains('{') && item["get"].is_object());
    plain.map(|(path, item)| (format!("{}{path}", server.trim_end_matches('/')), &item["get"])).collect()
}

fn oas_impl(kit: &Kit) -> Checked {
    let api = kit.api()?;
    let server = resolve(&kit.root, api["servers"][0]["url"].as_str().unwrap_or("/"));
    ensure!(kit.root.starts_with(server.trim_end_matches('/')), "the server {server} is no beginning of {}", kit.root);
    // What an API offers of other things, such as grids, is not for this kit to load.
    let (list, of_features) = (format!("{}/", kit.collections_url()?.trim_end_matches('/')), kit.collections()?);
    let is_other = |url: &str| {
        url.starts_with(&list)
            && !of_features.iter().any(|it| url == it.url || url.starts_with(&format!("{}/", it.url)))
    };
    for (url, _) in plain_paths(kit, api).into_iter().filter(|(url, _)| !is_other(url)) {
        let answer = kit.get(&url, "")?;
        ensure!(answer.status == 200, "{url}: status {}", answer.status);
    }
    Ok(())
}

fn completeness(kit: &Kit) -> Checked {
    let api = kit.api()?;
    for (url, operation) in plain_paths(kit, api) {
        let described = referred(api, &operation["responses"]["200"])?;
        let Some(content) = described["content"].as_object() else {
            return fail(format!("{url}: no media types for 200"));
        };
        for (media_type, described) in content {
            let answer = kit.get(&url, media_type)?;
            let essence = media_type.split(';').next().unwrap_or_default();
            ensure!(
                answer.status == 200 && answer.media_type() == essence,
                "{url}: {} {} for {media_type}",
                answer.status,
                answer.media_type()
            );
            if essence.ends_with("json") && whole(api).is_ok() {
                let faults = schema::faults(api, &described["schema"], &super::kit::parse(&answer)?);
                ensure!(faults.is_empty(), "{url} as {media_type}: {}", faults.join("; "));
            }
        }
    }
    whole(api)
}

fn exceptions(kit: &Kit) -> Checked {
    let api = kit.api()?;
    for (path, item) in api["paths"].as_object().into_iter().flatten() {
        let responses = &item["get"]["responses"];
        let described = |status: &str| {
            responses.get(status).is_some() || responses.get("default").is_some() || responses.get("4XX").is_some()
        };
        ensure!(
            item["get"].is_null() || ["400", "500"].iter().any(|status| described(status)),
            "{path}: no error is described"
        );
    }
    Ok(())
}

fn security(kit: &Kit) -> Checked {
    let api = kit.api()?;
    let asked = std::iter::once(&api["security"])
        .chain(api["paths"].as_object().into_iter().flatten().map(|(_, item)| &item["get"]["security"]));
    for scheme in
        asked.flat_map(|it| it.as_array().into_iter().flatten()).flat_map(|it| it.as_object().into_iter().flatten())
    {
        ensure!(
            api["components"]["securitySchemes"].get(scheme.0).is_some(),
            "the security scheme {} is not described",
            scheme.0
        );
    }
    Ok(())
}
