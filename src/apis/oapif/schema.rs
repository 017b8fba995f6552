//! What properties the features of a collection have (Part 5), which of them can be asked for (Part 3, queryables), and by
//! which features can be sorted: three JSON Schemas of one layer.

use serde::Deserialize;
use serde_json::{Map, Value, json};
use utoipa::IntoParams;

use crate::api::{JsonSchema, Route, get};
use crate::base::format::Format;
use crate::error::Result;
use crate::model::schema::{Field, FieldKind, KeyKind, Schema};
use crate::server::context::Context;

use super::collection::ids;

#[derive(Deserialize, IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(rename_all = "camelCase")]
struct CollectionPath {
    /// Id of a collection
    collection_id: String,
}

/// The template of all three.
const PAGE: &str = "schema.html";

pub(super) fn schema_route() -> Route {
    get("/collections/(?P<collectionId>[^/]+)/schema", "getSchema", schema)
        .summary("Schema")
        .description("The properties that the features of the collection have, as a JSON Schema.")
        .tags(["Schemas"])
        .formats([Format::SchemaJson, Format::Html])
        .page(PAGE)
        .each("collectionId", ids, |_, _| Vec::new())
}

pub(super) fn queryables_route() -> Route {
    get("/collections/(?P<collectionId>[^/]+)/queryables", "getQueryables", queryables)
        .summary("Queryables")
        .description("The properties by which features can be chosen, as a JSON Schema.")
        .tags(["Schemas"])
        .formats([Format::SchemaJson, Format::Html])
        .page(PAGE)
        .each("collectionId", ids, |_, _| Vec::new())
}

pub(super) fn sortables_route() -> Route {
    get("/collections/(?P<collectionId>[^/]+)/sortables", "getSortables", sortables)
        .summary("Sortables")
        .description("The properties by which features can be sorted, as a JSON Schema.")
        .tags(["Schemas"])
        .formats([Format::SchemaJson, Format::Html])
        .page(PAGE)
        .each("collectionId", ids, |_, _| Vec::new())
}

async fn schema(cx: Context, path: CollectionPath) -> Result<JsonSchema> {
    let (layer, view) = cx.layer(&path.collection_id)?;
    let schema = view.schema();
    let mut properties = vec![key(schema)];
    properties.extend(geometry(schema));
    let dates = |field: usize| {
        schema.time.and_then(|time| match time {
            time if time.start == field && time.end.is_none() => Some("primary-instant"),
            time if time.start == field => Some("primary-interval-start"),
            time if time.end == Some(field) => Some("primary-interval-end"),
            _ => None,
        })
    };
    for (at, field) in schema.fields.iter().enumerate() {
        let mut words = described(field);
        words.extend(dates(at).map(|role| ("x-ogc-role".to_owned(), role.into())));
        properties.push((field.name.clone(), words));
    }
    Ok(object(&layer.title, properties, false))
}

async fn queryables(cx: Context, path: CollectionPath) -> Result<JsonSchema> {
    let (layer, view) = cx.layer(&path.collection_id)?;
    let schema = view.schema();
    // Documents as well: lists are compared with lists.
    let fields = schema.fields.iter().filter(|field| field.kind != FieldKind::Binary);
    let fields = fields.map(|field| (field.name.clone(), described(field)));
    let properties = std::iter::once(key(schema)).chain(geometry(schema)).chain(fields);
    Ok(object(&layer.title, properties, true))
}

async fn sortables(cx: Context, path: CollectionPath) -> Result<JsonSchema> {
    let (layer, view) = cx.layer(&path.collection_id)?;
    let schema = view.schema();
    let fields = schema.fields.iter().filter(|field| field.kind.is_comparable());
    let fields = fields.map(|field| (field.name.clone(), described(field)));
    Ok(object(&layer.title, std::iter::once(key(schema)).chain(fields), true))
}

/// The JSON Schema of a type that can be compared, in words that parameters of OpenAPI 3.0 have as well.
pub(super) fn scalar(kind: FieldKind) -> Option<Value> {
    Some(match kind {
        FieldKind::Integer => json!({ "type": "integer" }),
        FieldKind::Number => json!({ "type": "number" }),
        FieldKind::Boolean => json!({ "type": "boolean" }),
        FieldKind::String => json!({ "type": "string" }),
        FieldKind::Date => json!({ "type": "string", "format": "date" }),
        FieldKind::DateTime => json!({ "type": "string", "format": "date-time" }),
        FieldKind::Binary | FieldKind::Json => return None,
    })
}

fn object(
    title: &str,
    properties: impl IntoIterator<Item = (String, Map<String, Value>)>,
    is_closed: bool,
) -> JsonSchema {
    let mut named = Map::new();
    for (sequence, (name, mut words)) in (1_u32..).zip(properties) {
        words.insert("x-ogc-propertySeq".to_owned(), sequence.into());
        // A property may be called what the key is called: the first stands.
        named.entry(name).or_insert(Value::Object(words));
    }
    let mut schema = Map::new();
    schema.insert("type".to_owned(), "object".into());
    schema.insert("title".to_owned(), title.into());
    schema.insert("properties".to_owned(), Value::Object(named));
    if is_closed {
        schema.insert("additionalProperties".to_owned(), false.into());
    }
    JsonSchema { schema }
}

fn described(field: &Field) -> Map<String, Value> {
    let mut words = match scalar(field.kind) {
        Some(Value::Object(words)) => words,
        _ if field.kind == FieldKind::Binary => {
            Map::from_iter([("type".to_owned(), "string".into()), ("contentEncoding".to_owned(), "base64".into())])
        }
        // A document of any form; a list is what filters can compare.
        _ => Map::from_iter([("type".to_owned(), json!(["array", "object", "string", "number", "boolean"]))]),
    };
    words.insert("title".to_owned(), field.title.clone().unwrap_or_else(|| field.name.clone()).into());
    words.extend(field.description.clone().map(|text| ("description".to_owned(), text.into())));
    words
}

fn key(schema: &Schema) -> (String, Map<String, Value>) {
    let (name, kind) = &schema.key;
    let kind = if *kind == KeyKind::Integer { "integer" } else { "string" };
    let words = json!({ "type": kind, "title": name, "x-ogc-role": "id", "readOnly": true });
    (name.clone(), words.as_object().cloned().unwrap_or_default())
}

fn geometry(schema: &Schema) -> Option<(String, Map<String, Value>)> {
    let geometry = schema.geometry.as_ref()?;
    let format = format!("geometry-{}", geometry.kind.name().to_ascii_lowercase());
    let words = json!({ "title": geometry.name, "x-ogc-role": "primary-geometry", "format": format });
    Some((geometry.name.clone(), words.as_object().cloned().unwrap_or_default()))
}
