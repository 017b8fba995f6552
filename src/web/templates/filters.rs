//! Functions and filters of templates, under QGIS Server's names where it has them.

use std::collections::BTreeMap;

use minijinja::value::{Value, ValueKind};
use minijinja::{Environment, HtmlEscape};

use super::cell;
use super::urls::plain;
use crate::base::format::Format;
use crate::base::names;

pub(super) fn register(environment: &mut Environment<'static>) {
    environment.add_function("json_dump", json_dump);
    environment.add_filter("json_dump", json_dump);
    environment.add_function("content_type_name", content_type_name);
    environment.add_filter("content_type_name", content_type_name);
    environment.add_function("nl2br", nl2br);
    environment.add_filter("nl2br", nl2br);
    environment.add_function("starts_with", starts_with);
    environment.add_filter("starts_with", starts_with);
    environment.add_filter("cell", cell::cell);
    environment.add_filter("number", cell::number);
    environment.add_filter("quantity", cell::quantity);
    environment.add_filter("instant", cell::instant);
    environment.add_filter("integer", integer);
    environment.add_filter("length", length);
    environment.add_filter("degrees", degrees);
    environment.add_filter("crs_name", crs_name);
    environment.add_filter("geometry_name", geometry_name);
    environment.add_filter("without", without);
    environment.add_filter("shell", shell);
    // Lists of names, as `sortby` and `properties` have them.
    environment.add_filter("names", |text: &Value| {
        names::split(&plain(text)).into_iter().map(|name| name.trim().to_owned()).collect::<Vec<_>>()
    });
    environment.add_filter("written_name", |name: &Value| names::written(&plain(name)).into_owned());
    environment.add_filter("plain_name", |name: &Value| names::plain(&plain(name)).into_owned());
    environment.add_filter("feature_title", feature_title);
}

/// The value as indented JSON; the engine escapes it like any text.
fn json_dump(value: &Value) -> String {
    serde_json::to_string_pretty(value).unwrap_or_default()
}

/// What people call a media type.
fn content_type_name(media_type: &Value) -> String {
    let media_type = plain(media_type);
    let essence = media_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    if let Some(format) = Format::all().find(|format| format.is_called(&essence)) {
        return format.label().to_owned();
    }
    let name = match essence.as_str() {
        "text/csv" => "CSV",
        "application/flatgeobuf" | "application/vnd.flatgeobuf" => "FlatGeobuf",
        "application/gml+xml" => "GML",
        "application/xml" | "text/xml" => "XML",
        "application/geopackage+sqlite3" => "GeoPackage",
        "application/problem+json" => "problem document",
        "image/png" => "PNG",
        "image/jpeg" => "JPEG",
        "image/tiff" => "TIFF",
        "text/plain" => "plain text",
        _ => return media_type,
    };
    name.to_owned()
}

/// A text's line breaks as HTML's. The text itself is escaped first: it is data.
fn nl2br(text: &Value) -> Value {
    Value::from_safe_string(HtmlEscape(&plain(text)).to_string().replace("\r\n", "\n").replace('\n', "<br>\n"))
}

fn starts_with(text: &Value, prefix: &str) -> bool {
    plain(text).starts_with(prefix)
}

/// A number that a client typed, or `otherwise` if it is none: the engine's own `int` would fail the page.
fn integer(value: &Value, otherwise: Option<i64>) -> i64 {
    plain(value).parse().ok().or(otherwise).unwrap_or_default()
}

/// How many a list has; one that is not there has none, where the engine's own would fail the page.
fn length(value: &Value) -> usize {
    value.len().unwrap_or_default()
}

/// A longitude (`"lon"`) or latitude (`"lat"`) for people: `12.4° W`.
fn degrees(value: &Value, axis: &str, digits: Option<i32>) -> String {
    let Ok(degrees) = f64::try_from(value.clone()) else { return value.to_string() };
    let side = match axis {
        "lat" if degrees > 0.0 => " N",
        "lat" if degrees < 0.0 => " S",
        "lon" if degrees > 0.0 => " E",
        "lon" if degrees < 0.0 => " W",
        _ => "",
    };
    // Four digits are some ten metres: enough for people, who find all of them in the JSON.
    let scale = 10_f64.powi(digits.unwrap_or(4));
    format!("{}°{side}", (degrees.abs() * scale).round() / scale)
}

/// The short name of a CRS's URI: `EPSG:3857`, `CRS84`.
fn crs_name(uri: &Value) -> String {
    let uri = plain(uri);
    let parts: Vec<&str> = uri.split_once("/def/crs/").map(|(_, rest)| rest.split('/').collect()).unwrap_or_default();
    match parts.as_slice() {
        ["OGC", _, code] => (*code).to_owned(),
        [authority, _, code] => format!("{authority}:{code}"),
        _ => uri,
    }
}

/// What people call a type of geometry, by GeoJSON's name or by that of a schema's format.
fn geometry_name(kind: &Value) -> String {
    let kind = plain(kind);
    let name = match kind.trim_start_matches("geometry-").to_ascii_lowercase().as_str() {
        "" => "no geometry",
        "point" => "point",
        "multipoint" => "several points",
        "linestring" => "line",
        "multilinestring" => "line of several parts",
        "polygon" => "area",
        "multipolygon" => "area of several parts",
        "geometrycollection" => "geometries of several kinds",
        "any" => "geometry of any kind",
        _ => return kind,
    };
    name.to_owned()
}

/// A mapping, such as the page's parameters, without some names: `query(params|without(["bbox", "offset"]))`.
fn without(map: &Value, names: &Value) -> Value {
    let gone: Vec<String> = match names.as_str() {
        Some(name) => vec![name.to_owned()],
        None => names.try_iter().map(|names| names.map(|name| plain(&name)).collect()).unwrap_or_default(),
    };
    let kept = map.try_iter().into_iter().flatten().filter(|name| !gone.contains(&plain(name)));
    let kept: BTreeMap<String, Value> =
        kept.map(|name| (plain(&name), map.get_item(&name).unwrap_or_default())).collect();
    Value::from(kept)
}

/// A text as one word of a shell's command, which reads nothing into it.
fn shell(text: &Value) -> String {
    let text = plain(text);
    if !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._/:=".contains(&b)) {
        return text;
    }
    format!("'{}'", text.replace('\'', "'\\''"))
}

/// Properties that are likely to name a feature, best first.
const NAMING: &[&str] = &["name", "title", "label", "name_en", "nom"];

/// What to call a feature: the value of a property that names it, else its id.
fn feature_title(feature: &Value) -> String {
    let properties = feature.get_attr("properties").unwrap_or_default();
    let names: Vec<Value> = properties.try_iter().map(Iterator::collect).unwrap_or_default();
    for naming in NAMING {
        for name in names.iter().filter(|name| name.as_str().is_some_and(|name| name.eq_ignore_ascii_case(naming))) {
            let value = properties.get_item(name).unwrap_or_default();
            if let Some(text) = value.as_str().map(str::trim).filter(|text| !text.is_empty()) {
                return text.to_owned();
            }
        }
    }
    match feature.get_attr("id") {
        Ok(id) if matches!(id.kind(), ValueKind::String | ValueKind::Number) => id.to_string(),
        _ => String::from("feature"),
    }
}

#[cfg(test)]
mod tests {
    use minijinja::value::Serde;

    use super::*;

    #[test]
    fn line_breaks_come_after_escaping() {
        assert_eq!(nl2br(&Value::from("<b>\r\n&")).to_string(), "&lt;b&gt;<br>\n&amp;");
    }

    #[test]
    fn media_types_have_names() {
        assert_eq!(content_type_name(&Value::from("application/geo+json")), "GeoJSON");
        assert_eq!(content_type_name(&Value::from("text/html; charset=utf-8")), "HTML");
        assert_eq!(content_type_name(&Value::from("application/x-new")), "application/x-new");
    }

    #[test]
    fn degrees_have_a_side() {
        assert_eq!(degrees(&Value::from(-12.34567), "lon", None), "12.3457° W");
        assert_eq!(degrees(&Value::from(83.64513), "lat", Some(1)), "83.6° N");
        assert_eq!(degrees(&Value::from(0), "lat", None), "0°");
    }

    #[test]
    fn a_shell_reads_a_text_as_one_word() {
        assert_eq!(shell(&Value::from("http://h/a?b=c&d")), "'http://h/a?b=c&d'");
        assert_eq!(shell(&Value::from("it's $(x)")), r"'it'\''s $(x)'");
        assert_eq!(shell(&Value::from("plain.gpkg")), "plain.gpkg");
    }

    #[test]
    fn parameters_can_be_left_out() {
        let map = Value::from(Serde(serde_json::json!({ "a": "1", "b": "2", "c": "3" })));
        let names = |map: Value| map.try_iter().unwrap().map(|name| name.to_string()).collect::<Vec<_>>();
        assert_eq!(names(without(&map, &Value::from("b"))), ["a", "c"]);
        assert_eq!(names(without(&map, &Value::from(vec!["a", "c"]))), ["b"]);
        assert_eq!(without(&map, &Value::from("b")).get_attr("c").unwrap().as_str(), Some("3"));
        assert!(names(without(&Value::UNDEFINED, &Value::from("b"))).is_empty());
    }

    #[test]
    fn types_of_geometries_have_names() {
        assert_eq!(geometry_name(&Value::from("geometry-multipolygon")), "area of several parts");
        assert_eq!(geometry_name(&Value::from("LineString")), "line");
        assert_eq!(geometry_name(&Value::from("Solid")), "Solid");
    }

    #[test]
    fn crs_have_short_names() {
        assert_eq!(crs_name(&Value::from("http://www.opengis.net/def/crs/OGC/1.3/CRS84")), "CRS84");
        assert_eq!(crs_name(&Value::from("http://www.opengis.net/def/crs/EPSG/0/3857")), "EPSG:3857");
        assert_eq!(crs_name(&Value::from("urn:x")), "urn:x");
    }
}
