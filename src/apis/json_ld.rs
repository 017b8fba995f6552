//! What search engines read of a page: schema.org's words in JSON-LD, made from the very value that the page shows.

use serde_json::{Map, Value, json};

use crate::project::catalog::{Layer, Project};
use crate::server::context::Context;

/// Data sets that a catalogue lists, and properties that a place has, at most: nobody reads more of them.
const MOST: usize = 500;

/// Characters of a description, at most: search engines refuse longer ones.
const LONG: usize = 5000;

/// The word by which a page's frame finds it.
pub(super) fn words(document: Value) -> Map<String, Value> {
    Map::from_iter([("json_ld".to_owned(), document)])
}

/// A collection or a coverage at this address.
pub(super) fn dataset(cx: &Context, layer: &Layer, place: &str, data: &Value) -> Value {
    let project = cx.project();
    let title = data["title"].as_str().unwrap_or(&layer.id);
    let told = data["description"].as_str();
    let description =
        told.map_or_else(|| format!("{title}, of {}", project.title), |text| text.chars().take(LONG).collect());
    let mut words = json!({
        "@context": "https://schema.org/", "@type": "Dataset", "@id": place, "url": place,
        "identifier": data["id"], "name": title, "description": description,
        "includedInDataCatalog": { "@type": "DataCatalog", "name": project.title, "url": cx.url("/") },
    });
    let keywords: Vec<&String> = layer.keywords.iter().chain(&project.keywords).collect();
    if !keywords.is_empty() {
        words["keywords"] = json!(keywords);
    }
    if let Some(boxes) = data["extent"]["spatial"]["bbox"].as_array() {
        let places = boxes.iter().filter_map(Value::as_array).filter_map(|numbers| shape(numbers));
        words["spatialCoverage"] = places.map(|shape| json!({ "@type": "Place", "geo": shape })).collect();
    }
    if let Some(interval) = data["extent"]["temporal"]["interval"][0].as_array() {
        let ends: Vec<&str> = interval.iter().map(|end| end.as_str().unwrap_or("..")).collect();
        words["temporalCoverage"] = ends.join("/").into();
    }
    let is_file = |link: &&Value| link["rel"] == "items" || (link["rel"] == "item" && link["type"] != "text/html");
    let links = data["links"].as_array().map(Vec::as_slice).unwrap_or_default();
    let files = links.iter().filter(is_file).filter(|link| link["type"] != "text/html").map(|link| {
        json!({ "@type": "DataDownload", "name": link["title"], "contentUrl": link["href"], "encodingFormat": link["type"] })
    });
    words["distribution"] = files.collect();
    if let Some(attribution) = &layer.attribution
        && let Some(name) = &attribution.title
    {
        words["creator"] = named("Organization", name, attribution.url.as_deref());
    }
    tell(&mut words, project);
    words
}

/// The catalogue of all that a project publishes.
pub(super) fn catalogue(cx: &Context, data: &Value) -> Value {
    let project = cx.project();
    let home = cx.url("/");
    let mut words = json!({
        "@context": "https://schema.org/", "@type": "DataCatalog", "@id": home, "url": home, "name": data["title"],
    });
    if let Some(description) = &project.description {
        words["description"] = description.as_str().into();
    }
    if !project.keywords.is_empty() {
        words["keywords"] = json!(project.keywords);
    }
    let members = ["collections", "coverages"].iter().filter_map(|name| data[name].as_array()).flatten();
    let members = members.take(MOST).map(|member| {
        let title = &member["title"];
        let description = member["description"].as_str().map_or_else(|| title.clone(), Value::from);
        let url = &member["links"][0]["href"];
        json!({ "@type": "Dataset", "@id": url, "url": url, "name": title, "description": description })
    });
    let members: Vec<Value> = members.collect();
    if !members.is_empty() {
        words["dataset"] = members.into();
    }
    tell(&mut words, project);
    words
}

/// A feature at this address, which is one of a data set; its place is told where it is in longitude and latitude.
pub(super) fn place(at: &str, dataset: &str, is_degrees: bool, feature: &Value) -> Value {
    let mut words = json!({
        "@context": "https://schema.org/", "@type": "Place", "@id": at, "url": at, "identifier": feature["id"],
        "subjectOf": { "@type": "Dataset", "@id": dataset, "url": dataset },
    });
    let properties = feature["properties"].as_object();
    let name = properties.and_then(|properties| {
        let is_name = |name: &&String| name.eq_ignore_ascii_case("name") || name.eq_ignore_ascii_case("title");
        properties.keys().find(is_name).and_then(|name| properties[name].as_str()).filter(|name| !name.is_empty())
    });
    words["name"] = name.map_or_else(|| feature["id"].to_string().trim_matches('"').into(), Value::from);
    if is_degrees && let Some(geo) = geo(&feature["geometry"]) {
        words["geo"] = geo;
    }
    let plain = properties
        .into_iter()
        .flatten()
        .filter(|(_, value)| !value.is_null() && !value.is_object() && !value.is_array());
    let plain = plain.take(MOST).map(|(name, value)| json!({ "@type": "PropertyValue", "name": name, "value": value }));
    words["additionalProperty"] = plain.collect();
    words
}

/// Licence and provider, which are the project's.
fn tell(words: &mut Value, project: &Project) {
    if let Some(license) = &project.license {
        words["license"] = license.url.as_ref().unwrap_or(&license.name).as_str().into();
    }
    if let Some(contact) = &project.contact
        && let Some(name) = contact.name.as_ref().or(contact.email.as_ref())
    {
        words["provider"] = named("Organization", name, contact.url.as_deref());
        if let Some(email) = &contact.email {
            words["provider"]["email"] = email.as_str().into();
        }
    }
}

fn named(kind: &str, name: &str, url: Option<&str>) -> Value {
    let mut words = json!({ "@type": kind, "name": name });
    if let Some(url) = url {
        words["url"] = url.into();
    }
    words
}

/// A point, or the box around a geometry, as schema.org has them: latitude first.
fn geo(geometry: &Value) -> Option<Value> {
    let coordinates = &geometry["coordinates"];
    if geometry["type"] == "Point" {
        let (longitude, latitude) = (coordinates[0].as_f64()?, coordinates[1].as_f64()?);
        return Some(json!({ "@type": "GeoCoordinates", "longitude": longitude, "latitude": latitude }));
    }
    let mut around = [f64::INFINITY, f64::INFINITY, f64::NEG_INFINITY, f64::NEG_INFINITY];
    let parts = geometry["geometries"].as_array().map(Vec::as_slice).unwrap_or_default();
    std::iter::once(coordinates)
        .chain(parts.iter().map(|part| &part["coordinates"]))
        .for_each(|it| widen(&mut around, it));
    let numbers: Vec<Value> = around.iter().map(|number| json!(number)).collect();
    shape(&numbers)
}

/// Widens a box by the positions in nested lists of numbers.
fn widen(around: &mut [f64; 4], coordinates: &Value) {
    let Some(list) = coordinates.as_array() else { return };
    if let (Some(x), Some(y)) = (list.first().and_then(Value::as_f64), list.get(1).and_then(Value::as_f64)) {
        *around = [around[0].min(x), around[1].min(y), around[2].max(x), around[3].max(y)];
        return;
    }
    for part in list {
        widen(around, part);
    }
}

/// A box of four or six numbers: south and west, north and east.
fn shape(numbers: &[Value]) -> Option<Value> {
    let half = numbers.len() / 2;
    let number = |at: usize| numbers.get(at).and_then(Value::as_f64);
    let (west, south, east, north) = (number(0)?, number(1)?, number(half)?, number(half + 1)?);
    Some(json!({ "@type": "GeoShape", "box": format!("{south} {west} {north} {east}") }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_has_its_point_or_its_box() {
        let point = json!({ "id": 7, "geometry": { "type": "Point", "coordinates": [8.5, 47.4] }, "properties": { "name": "Zürich", "none": null } });
        let told = place("http://h/a/items/7", "http://h/a", true, &point);
        assert_eq!((&told["geo"]["latitude"], &told["geo"]["longitude"]), (&json!(47.4), &json!(8.5)));
        assert_eq!(told["name"], "Zürich");
        assert_eq!(told["additionalProperty"].as_array().unwrap().len(), 1);

        let line = json!({ "id": "x", "geometry": { "type": "LineString", "coordinates": [[1, 2], [3.5, -4]] }, "properties": {} });
        assert_eq!(place("u", "d", true, &line)["geo"]["box"], "-4 1 2 3.5");
        assert_eq!(place("u", "d", true, &line)["name"], "x");
        assert!(place("u", "d", false, &line).get("geo").is_none());
        let nowhere = json!({ "id": 1, "geometry": null, "properties": null });
        assert!(place("u", "d", true, &nowhere).get("geo").is_none());
    }
}
