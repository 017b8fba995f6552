//! Features: the operation, its parameters, its answer (Part 1, 7.15).

use serde_json::Value;

use super::Check;
use super::collections::{check_own_links, has_zone};
use super::geometry::positions;
use super::kit::{
    Checked, Collection, GEOJSON, JSON, Kit, encoded, fail, features, parse, referred, resolve, skip, with,
};
use crate::ensure;

pub(crate) const CHECKS: &[Check] = &[
    ("/req/core/fc-op", "the items of every collection answer", fc_op),
    ("/req/core/fc-response", "with 200 and a GeoJSON FeatureCollection, also where JSON is asked for", fc_response),
    ("/req/core/crs84", "coordinates are longitude and latitude", crs84),
    ("/req/core/fc-links", "links to itself and to its other formats", fc_links),
    ("/req/core/fc-rel-type", "every link has rel, type and an address that answers with that type", fc_rel_type),
    ("/req/core/fc-timeStamp", "timeStamp is near now and has a zone", fc_time_stamp),
    ("/req/core/fc-limit-definition", "limit is declared as the standard has it", fc_limit_definition),
    ("/req/core/fc-limit-response-1", "no page is longer than limit, the default or the maximum", fc_limit_response),
    ("/req/core/query-param-invalid", "every value that is not as declared is 400", query_param_invalid),
    ("/rec/core/fc-filters", "a property is a filter: its value, never an expression", fc_filters),
];

fn fc_op(kit: &Kit) -> Checked {
    for collection in kit.collections()? {
        let own = super::kit::with_query_of(
            &format!("{}/items", collection.url.split('?').next().unwrap_or_default()),
            &collection.url,
        );
        for url in [&collection.items, &own] {
            let answer = kit.get(url, GEOJSON)?;
            ensure!(answer.status == 200, "{url}: status {}: {}", answer.status, answer.excerpt());
        }
    }
    Ok(())
}

fn fc_response(kit: &Kit) -> Checked {
    for collection in kit.collections()? {
        for accept in [GEOJSON, JSON, "*/*", ""] {
            let answer = kit.get(&collection.items, accept)?;
            ensure!(
                answer.media_type() == GEOJSON,
                "{} with Accept '{accept}': {}",
                collection.items,
                answer.media_type()
            );
            let page = parse(&answer)?;
            ensure!(
                page["type"] == "FeatureCollection" && page["features"].is_array(),
                "{}: no FeatureCollection",
                collection.items
            );
            for feature in features(&page) {
                let whole = feature["type"] == "Feature"
                    && feature.get("geometry").is_some()
                    && feature["properties"].is_object();
                ensure!(whole, "{}: no feature: {feature}", collection.items);
                let id = &feature["id"];
                ensure!(id.is_string() || id.is_number(), "{}: a feature without id", collection.items);
            }
        }
    }
    Ok(())
}

fn crs84(kit: &Kit) -> Checked {
    for collection in kit.collections()? {
        for feature in features(&kit.json(&with(&collection.items, "limit=1000"), "")?) {
            for [x, y] in positions(&feature["geometry"]) {
                // What crosses the date line may be written past 180.
                ensure!(
                    x.abs() <= 360.0 && y.abs() <= 90.0,
                    "{}: {x} {y} is no longitude and latitude",
                    collection.items
                );
            }
        }
    }
    Ok(())
}

fn fc_links(kit: &Kit) -> Checked {
    for collection in kit.collections()? {
        check_own_links(kit, &collection.items, &kit.json(&collection.items, GEOJSON)?, GEOJSON)?;
    }
    Ok(())
}

fn fc_rel_type(kit: &Kit) -> Checked {
    for collection in kit.collections()? {
        let url = with(&collection.items, "limit=1");
        for link in kit.json(&url, GEOJSON)?["links"].as_array().into_iter().flatten() {
            let (Some(href), Some(_), Some(media_type)) =
                (link["href"].as_str(), link["rel"].as_str(), link["type"].as_str())
            else {
                return fail(format!("{url}: a link lacks href, rel or type: {link}"));
            };
            let answer = kit.get(&resolve(&url, href), media_type)?;
            let wanted = media_type.split(';').next().unwrap_or_default();
            ensure!(
                answer.status == 200 && answer.media_type() == wanted,
                "{href}: {} {}, the link says {media_type}",
                answer.status,
                answer.media_type()
            );
        }
    }
    Ok(())
}

fn fc_time_stamp(kit: &Kit) -> Checked {
    let page = kit.json(&kit.collections()?[0].items, GEOJSON)?;
    let Some(stamp) = page["timeStamp"].as_str() else { return skip("there is no timeStamp") };
    ensure!(has_zone(stamp), "timeStamp {stamp} is no date-time with a zone");
    let Some(at) = graticule::base::datetime::Instant::parse(stamp) else { return Ok(()) };
    let seconds = (at.0 - graticule::base::datetime::Instant::now().0) / 1_000_000;
    // A clock may be wrong by seconds, but not by the hours of a zone.
    ensure!(seconds.abs() < 300, "timeStamp {stamp} is {seconds} seconds from now");
    Ok(())
}

/// The declarations of a parameter of items, one for each path of the document.
pub(crate) fn declared(kit: &Kit, name: &str) -> Checked<Vec<(String, Value)>> {
    let api = kit.api()?;
    let mut found = Vec::new();
    for (path, item) in api["paths"].as_object().into_iter().flatten().filter(|(path, _)| path.ends_with("/items")) {
        let shared = item["parameters"].as_array().into_iter().flatten();
        let own = item["get"]["parameters"].as_array().into_iter().flatten();
        let all: Vec<Checked<&Value>> = own.chain(shared).map(|parameter| referred(api, parameter)).collect();
        let wanted = all.iter().flatten().find(|parameter| parameter["name"] == name);
        match wanted {
            Some(parameter) => found.push((path.clone(), (*parameter).clone())),
            // It may be one of those that are described elsewhere.
            None => match all.into_iter().find_map(Result::err) {
                Some(elsewhere) => return Err(elsewhere),
                None => return fail(format!("{path}: {name} is not declared")),
            },
        }
    }
    ensure!(!found.is_empty(), "the document has no path that ends with /items");
    Ok(found)
}

/// Whether a parameter is declared as the standard's fragments have it.
pub(crate) fn check_form(path: &str, parameter: &Value) -> Checked {
    let name = &parameter["name"];
    ensure!(parameter["in"] == "query", "{path}: {name} is not in the query");
    ensure!(parameter["required"] != true, "{path}: {name} is required");
    ensure!(
        parameter["style"] == "form" || parameter["style"].is_null(),
        "{path}: {name} has style {}",
        parameter["style"]
    );
    ensure!(parameter["explode"] == false, "{path}: {name} is exploded");
    Ok(())
}

fn fc_limit_definition(kit: &Kit) -> Checked {
    for (path, parameter) in declared(kit, "limit")? {
        check_form(&path, &parameter)?;
        let schema = &parameter["schema"];
        ensure!(schema["type"] == "integer", "{path}: limit has type {}", schema["type"]);
        let number = |key: &str| schema[key].as_i64();
        let (Some(minimum), Some(maximum), Some(default)) = (number("minimum"), number("maximum"), number("default"))
        else {
            return fail(format!("{path}: limit lacks minimum, maximum or default: {schema}"));
        };
        ensure!(minimum >= 0 && minimum <= default && default <= maximum, "{path}: limit {schema}");
    }
    Ok(())
}

fn fc_limit_response(kit: &Kit) -> Checked {
    for collection in kit.collections()? {
        for limit in [1usize, 2, 7, 10, 1000] {
            let url = with(&collection.items, &format!("limit={limit}"));
            let count = features(&kit.json(&url, "")?).len();
            ensure!(count <= limit, "{url}: {count} features");
        }
        // Larger than the maximum is lowered to it (7.15.2), however large.
        for limit in ["1000001", "99999999999999999999999999"] {
            let url = with(&collection.items, &format!("limit={limit}"));
            let answer = kit.get(&url, "")?;
            ensure!(answer.status == 200, "{url}: status {}", answer.status);
        }
    }
    for (path, parameter) in declared(kit, "limit")? {
        let Some(collection) = kit.collections()?.iter().find(|it| path.contains(&format!("/{}/", encoded(&it.id))))
        else {
            continue;
        };
        let number =
            |key: &str| parameter["schema"][key].as_u64().and_then(|it| usize::try_from(it).ok()).unwrap_or(usize::MAX);
        let count = |query: &str| kit.json(&with(&collection.items, query), "").map(|page| features(&page).len());
        let (whole, most) = (count("")?, count("limit=99999999")?);
        ensure!(whole <= number("default"), "{path}: {whole} features, the default is {}", number("default"));
        ensure!(most <= number("maximum"), "{path}: {most} features, the maximum is {}", number("maximum"));
    }
    Ok(())
}

fn query_param_invalid(kit: &Kit) -> Checked {
    let wrong = [
        "limit=0",
        "limit=-1",
        "limit=",
        "limit",
        "limit=1.5",
        "limit=unlimited",
        "limit=1e2",
        "limit=0x10",
        "limit=%31%20",
        "limit=1&limit=2",
        "Limit=1",
        "bbox=",
        "bbox=1,2,3",
        "bbox=1,2,3,4,5",
        "bbox=1,2,3,4,5,6,7",
        "bbox=a,b,c,d",
        "bbox=1,2,3,",
        "bbox=1,,2,3",
        "bbox=0,10,10,0",
        "bbox=nan,0,1,1",
        "bbox=0,0,inf,1",
        "bbox=0,0,1e999,1",
        "bbox=0,0,1,1&bbox=0,0,1,1",
        "bbox=0%3B0%3B1%3B1",
        "BBOX=0,0,1,1",
        "datetime=",
        "datetime=yesterday",
        "datetime=2018-13-01",
        "datetime=2018-02-30T00:00:00Z",
        "datetime=2018-02-12T25:00:00Z",
        "datetime=2019-01-01T00:00:00Z/2018-01-01T00:00:00Z",
        "datetime=2018-01-01T00:00:00Z/2018-01-02T00:00:00Z/2018-01-03T00:00:00Z",
        "datetime=//",
        "datetime=2018",
        "DateTime=..%2F..",
        "datetime=2018-01-01T00:00:00Z&datetime=2018-01-01T00:00:00Z",
        "limit=%FF",
        "limit=%00",
    ];
    let few = kit.collections()?.iter().take(3);
    for collection in few {
        for query in wrong {
            let url = with(&collection.items, query);
            let answer = kit.get(&url, "")?;
            ensure!(answer.status == 400, "{url}: status {}", answer.status);
        }
    }
    Ok(())
}

/// The properties of a collection that can be asked for, with a value that a feature has.
pub(crate) fn property_values(kit: &Kit, collection: &Collection) -> Checked<Vec<(String, Value)>> {
    let page = kit.json(&with(&collection.items, "limit=3"), "")?;
    let parameters: Vec<String> = match declared_names(kit, collection) {
        Ok(names) => names,
        Err(_) => return Ok(Vec::new()),
    };
    let mut found: Vec<(String, Value)> = Vec::new();
    for feature in features(&page) {
        for (name, value) in feature["properties"].as_object().into_iter().flatten() {
            let plain = value.is_string() || value.is_number() || value.is_boolean();
            if plain && value != "" && parameters.contains(name) && !found.iter().any(|(known, _)| known == name) {
                found.push((name.clone(), value.clone()));
            }
        }
    }
    Ok(found)
}

fn declared_names(kit: &Kit, collection: &Collection) -> Checked<Vec<String>> {
    let api = kit.api()?;
    let end = format!("/{}/items", encoded(&collection.id));
    let paths = api["paths"].as_object().into_iter().flatten();
    let item = paths.into_iter().find(|(path, _)| path.ends_with(&end) || path.ends_with("}/items"));
    let Some((_, item)) = item else { return skip("no path of the items") };
    let all = item["get"]["parameters"].as_array().into_iter().flatten().flat_map(|it| referred(api, it));
    let reserved = [
        "limit",
        "offset",
        "bbox",
        "datetime",
        "f",
        "crs",
        "bbox-crs",
        "filter",
        "filter-lang",
        "sortby",
        "properties",
    ];
    Ok(all.filter_map(|it| it["name"].as_str()).filter(|name| !reserved.contains(name)).map(str::to_owned).collect())
}

fn fc_filters(kit: &Kit) -> Checked {
    let mut seen = false;
    for collection in kit.collections()? {
        for (name, value) in property_values(kit, collection)? {
            seen = true;
            let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            let ask = |text: &str| {
                kit.get(&with(&collection.items, &format!("limit=1000&{}={}", encoded(&name), encoded(text))), "")
            };
            let answer = ask(&text)?;
            ensure!(answer.status == 200, "{}: status {}: {}", answer.url, answer.status, answer.excerpt());
            let found = features(&parse(&answer)?);
            ensure!(!found.is_empty(), "{}: no feature, but one has this value", answer.url);
            for feature in &found {
                ensure!(
                    feature["properties"][&name] == value,
                    "{}: {} is {}",
                    answer.url,
                    name,
                    feature["properties"][&name]
                );
            }
            if value.is_string() {
                let injected = ask(&format!("{text}' OR '1'='1"))?;
                let none = injected.status == 400 || features(&parse(&injected)?).is_empty();
                ensure!(none, "{}: a value is read as an expression", injected.url);
            }
        }
    }
    if seen { Ok(()) } else { skip("no collection declares a property as a parameter") }
}
