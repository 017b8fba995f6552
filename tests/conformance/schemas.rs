//! Schemas (Part 5): what features have, what filters may name, by what is sorted; and that they are true.

use chrono::{DateTime, NaiveDate};
use serde_json::Value;

use super::Check;
use super::kit::{Checked, Collection, GEOJSON, Kit, encoded, fail, skip, with};
use super::known::{Type, type_of};
use crate::ensure;

pub(crate) const CHECKS: &[Check] = &[
    ("/req/schemas/json-schema", "a schema says that it is one, of an object, and where it is", |kit| {
        each(kit, json_schema)
    }),
    ("/req/schemas/properties", "each property has a type, each geometry a format and no type", |kit| {
        each(kit, properties)
    }),
    ("/req/schemas/keywords", "roles and places in the order are of their types, each once", |kit| each(kit, keywords)),
    ("/req/returnables-and-receivables/response", "features are as the schema says", returnables),
    ("/req/queryables/response", "what is no queryable is 400 where nothing more is allowed", queryables),
    ("/req/sortables/response", "sortables are plain; what is none is 400", sortables),
];

const SCHEMA: &str = "application/schema+json";

/// The schemas that the server declares, of each collection: name and class.
const SCHEMAS: [(&str, &[&str]); 3] = [
    ("schema", &["ogcapi-features-5/1.0/conf/returnables-and-receivables"]),
    ("queryables", &["ogcapi-features-5/1.0/conf/queryables", "ogcapi-features-3/1.0/conf/queryables"]),
    ("sortables", &["ogcapi-features-5/1.0/conf/sortables"]),
];

fn declares(kit: &Kit, name: &str) -> Checked<bool> {
    for (_, classes) in SCHEMAS.iter().filter(|(other, _)| *other == name) {
        for class in *classes {
            if kit.declares(class)? {
                return Ok(true);
            }
        }
    }
    Ok(false)
}

/// Looks at each schema: its address, its document.
fn each(kit: &Kit, look: fn(&str, &Value) -> Checked) -> Checked {
    let mut seen = false;
    for (name, _) in SCHEMAS {
        if declares(kit, name)? {
            for collection in kit.collections()? {
                let url = kit.schema_url(collection, name)?;
                let answer = kit.get(&url, SCHEMA)?;
                ensure!(answer.status == 200 && answer.media_type() == SCHEMA, "{url}: {}", answer.media_type());
                look(&url, &super::kit::parse(&answer)?)?;
                seen = true;
            }
        }
    }
    if seen { Ok(()) } else { skip("no schema is declared") }
}

fn json_schema(url: &str, schema: &Value) -> Checked {
    ensure!(
        schema["$schema"] == "https://json-schema.org/draft/2020-12/schema",
        "{url}: $schema is {}",
        schema["$schema"]
    );
    ensure!(schema["type"] == "object" && schema["properties"].is_object(), "{url}: no object");
    let Some(id) = schema["$id"].as_str() else { return fail(format!("{url}: there is no $id")) };
    let is_plain = id.starts_with("http") && !id.contains('?');
    ensure!(is_plain, "{url}: $id is {id}");
    if url.contains('?') {
        return Ok(());
    }
    let answer = super::kit::send("GET", id, &[("Accept", SCHEMA)])?;
    ensure!(answer.status == 200 && answer.media_type() == SCHEMA, "{id}: {} {}", answer.status, answer.media_type());
    Ok(())
}

fn named(schema: &Value) -> Vec<(String, Value)> {
    let all = schema["properties"].as_object().into_iter().flatten();
    all.map(|(name, property)| (name.clone(), property.clone())).collect()
}

fn properties(url: &str, schema: &Value) -> Checked {
    for (name, property) in named(schema) {
        if type_of(&property) == Type::Geometry {
            let is_bare = property.get("type").is_none() && property.get("$ref").is_none();
            ensure!(is_bare, "{url}: the geometry {name} has a type: {property}");
            continue;
        }
        let known = ["string", "number", "integer", "boolean", "object", "array", "null"];
        let is_one = |kind: &Value| kind.as_str().is_some_and(|kind| known.contains(&kind));
        let kind = &property["type"];
        let is_type = is_one(kind) || kind.as_array().is_some_and(|all| !all.is_empty() && all.iter().all(is_one));
        ensure!(is_type, "{url}: {name} has no type: {property}");
        let is_time = matches!(property["format"].as_str(), Some("date" | "date-time"));
        ensure!(!is_time || kind == "string", "{url}: the time {name} is no string: {property}");
    }
    Ok(())
}

fn keywords(url: &str, schema: &Value) -> Checked {
    let (mut roles, mut places) = (Vec::new(), Vec::new());
    for (name, property) in named(schema) {
        for (keyword, value) in property.as_object().into_iter().flatten() {
            match keyword.as_str() {
                "x-ogc-role" => {
                    let Some(role) = value.as_str() else { return fail(format!("{url}: {name}: role {value}")) };
                    let kind = type_of(&property);
                    let fits = match role {
                        "id" => property["type"] == "string" || property["type"] == "integer",
                        "primary-geometry" => kind == Type::Geometry,
                        "primary-instant" | "primary-interval-start" | "primary-interval-end" => {
                            matches!(kind, Type::Date | Type::Instant)
                        }
                        _ => true,
                    };
                    ensure!(fits, "{url}: {name} cannot be {role}: {property}");
                    ensure!(
                        role.starts_with("secondary") || !roles.contains(&role.to_owned()),
                        "{url}: two with role {role}"
                    );
                    roles.push(role.to_owned());
                }
                "x-ogc-propertySeq" => {
                    let is_new = value.is_i64() && !places.contains(value);
                    ensure!(is_new, "{url}: {name} has the place {value}, as another has");
                    places.push(value.clone());
                }
                _ => {}
            }
        }
    }
    let has = |role: &str| roles.iter().any(|other| other == role);
    let both = has("primary-instant") && (has("primary-interval-start") || has("primary-interval-end"));
    ensure!(!both, "{url}: a primary instant and an interval");
    Ok(())
}

/// Whether a value is what its schema says; null is always allowed: it is no value.
fn fits(schema: &Value, value: &Value) -> bool {
    let one = |kind: &str| match kind {
        "string" => value.is_string(),
        "integer" => value.as_f64().is_some_and(|number| number.fract() == 0.0),
        "number" => value.is_number(),
        "boolean" => value.is_boolean(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        _ => value.is_null(),
    };
    let kinds = match &schema["type"] {
        Value::String(kind) => vec![kind.as_str()],
        Value::Array(kinds) => kinds.iter().filter_map(Value::as_str).collect(),
        _ => return true,
    };
    let text = value.as_str().unwrap_or_default();
    let of_format = match schema["format"].as_str() {
        Some("date") => text.parse::<NaiveDate>().is_ok(),
        Some("date-time") => DateTime::parse_from_rfc3339(text).is_ok(),
        _ => true,
    };
    value.is_null() || (kinds.into_iter().any(one) && of_format)
}

fn returnables(kit: &Kit) -> Checked {
    kit.needs("ogcapi-features-5/1.0/conf/returnables-and-receivables")?;
    for collection in kit.collections()? {
        let url = kit.schema_url(collection, "schema")?;
        let schema = kit.json(&url, SCHEMA)?;
        let known = kit.known(collection)?;
        let by_role = |role: &str| named(&schema).into_iter().find(|(_, it)| it["x-ogc-role"] == role);
        for feature in &known.features {
            for (name, value) in feature["properties"].as_object().into_iter().flatten() {
                let Some(property) = schema["properties"].get(name) else {
                    return fail(format!("{url}: features have '{name}', the schema has not"));
                };
                ensure!(fits(property, value), "{url}: {name} is {value}, the schema says {property}");
                ensure!(property["writeOnly"] != true, "{url}: {name} is written only, and was read");
            }
            if let Some((_, id)) = by_role("id") {
                let is_whole = feature["id"].is_number() && id["type"] == "integer";
                ensure!(is_whole || feature["id"].is_string(), "{url}: the id {} is no {id}", feature["id"]);
            }
            let (Some((_, geometry)), Some(kind)) = (by_role("primary-geometry"), feature["geometry"]["type"].as_str())
            else {
                continue;
            };
            let format = geometry["format"].as_str().unwrap_or_default().trim_start_matches("geometry-");
            let kind = kind.to_lowercase();
            let fits = format == "any" || format.split("-or-").any(|one| one == kind);
            // A table may say polygons and hold those of several parts.
            let is_part = kind.trim_start_matches("multi") == format.trim_start_matches("multi");
            ensure!(fits || is_part, "{url}: a {kind}, where the schema says {format}");
        }
    }
    Ok(())
}

fn queryables(kit: &Kit) -> Checked {
    if !declares(kit, "queryables")? || !kit.declares("ogcapi-features-3/1.0/conf/features-filter")? {
        return skip("filters and queryables are not declared");
    }
    for collection in kit.collections()? {
        let url = kit.schema_url(collection, "queryables")?;
        let schema = kit.json(&url, SCHEMA)?;
        let is_closed = schema["additionalProperties"] == false;
        let known = kit.known(collection)?;
        let ask = |name: &str| {
            let name = super::cql2::condition::name(name);
            kit.get(
                &with(&collection.items, &format!("limit=1&filter={}", encoded(&format!("{name} IS NULL")))),
                GEOJSON,
            )
        };
        let status = ask("no_such_property_of_any")?.status;
        ensure!(status == if is_closed { 400 } else { 200 }, "{url}: an unknown name gives {status}");
        let own = known.features.first().and_then(|feature| feature["properties"].as_object()).cloned();
        for name in own.unwrap_or_default().keys().filter(|name| is_closed && !name.contains('"')) {
            if schema["properties"].get(name).is_none() {
                let answer = ask(name)?;
                ensure!(answer.status == 400, "{}: {}, but {name} is no queryable", answer.url, answer.status);
            }
        }
        for (name, kind) in known.of(&[Type::Number, Type::Truth, Type::Text, Type::Date, Type::Instant, Type::List]) {
            let answer = ask(name)?;
            ensure!(answer.status == 200, "{}: {}, but {name} is a queryable ({kind:?})", answer.url, answer.status);
        }
    }
    Ok(())
}

fn sortables(kit: &Kit) -> Checked {
    if !declares(kit, "sortables")? {
        return skip("sortables are not declared");
    }
    for collection in kit.collections()? {
        let url = kit.schema_url(collection, "sortables")?;
        let schema = kit.json(&url, SCHEMA)?;
        for (name, property) in named(&schema) {
            let kind = type_of(&property);
            let is_plain = !matches!(kind, Type::Geometry | Type::List) && property["type"] != "object";
            ensure!(is_plain, "{url}: nothing can be sorted by {name}: {property}");
        }
        check_closed(kit, collection, &schema)?;
    }
    Ok(())
}

fn check_closed(kit: &Kit, collection: &Collection, schema: &Value) -> Checked {
    let url = with(&collection.items, "limit=1&sortby=no_such_property_of_any");
    let status = kit.get(&url, GEOJSON)?.status;
    let is_closed = schema["additionalProperties"] == false;
    ensure!(status == if is_closed { 400 } else { 200 }, "{url}: {status}");
    Ok(())
}
