//! What the kit finds out of a collection before it asks in other ways: its features without a filter, and what its
//! queryables say of their properties.

use serde_json::Value;

use super::kit::{Checked, Collection, GEOJSON, Kit, features, resolve, with};
use super::projection::CRS84;
use crate::harness::client::links;

/// Most features that are taken for a start; of larger collections, only these are known.
const MOST_FEATURES: usize = 2000;

/// What a property is, by its schema.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Type {
    Number,
    Truth,
    Text,
    Date,
    Instant,
    List,
    Geometry,
    Other,
}

/// A collection as it is without any filter.
pub(crate) struct Known {
    /// With the id among the properties as well, where it is a queryable under a name of its own.
    pub(crate) features: Vec<Value>,
    /// Names that stand so among the properties.
    ids: Vec<String>,
    /// Whether these are all that there are.
    pub(crate) is_whole: bool,
    /// Whether the server says that it stores longitudes and latitudes of WGS 84.
    pub(crate) is_stored_in_degrees: bool,
    /// What filters may name.
    pub(crate) queryables: Vec<(String, Type)>,
}

/// The type that a JSON Schema of a property tells.
pub(crate) fn type_of(schema: &Value) -> Type {
    let format = schema["format"].as_str().unwrap_or_default();
    let named = |name: &str| {
        schema["type"] == name || schema["type"].as_array().is_some_and(|all| all.iter().any(|one| one == name))
    };
    match format {
        "date" => Type::Date,
        "date-time" => Type::Instant,
        _ if format.starts_with("geometry-") => Type::Geometry,
        _ if named("array") => Type::List,
        _ if named("object") => Type::Other,
        _ if named("number") || named("integer") => Type::Number,
        _ if named("boolean") => Type::Truth,
        _ if named("string") => Type::Text,
        _ => Type::Other,
    }
}

/// The features of pages, from the first to the last or until there are enough; and whether that is all.
pub(crate) fn read(kit: &Kit, first: &str, most: usize) -> Checked<(Vec<Value>, bool)> {
    let mut all = Vec::new();
    let mut url = first.to_owned();
    loop {
        let page = kit.json(&url, GEOJSON)?;
        let found = features(&page);
        let is_empty = found.is_empty();
        all.extend(found);
        let next = links(&page, "next").first().and_then(|link| link["href"].as_str()).map(str::to_owned);
        match next {
            None => return Ok((all, true)),
            Some(_) if is_empty || all.len() >= most => return Ok((all, false)),
            Some(next) => url = resolve(&url, &next),
        }
    }
}

impl Known {
    pub(crate) fn read(kit: &Kit, collection: &Collection) -> Checked<Self> {
        let (mut features, is_whole) = read(kit, &with(&collection.items, "limit=1000"), MOST_FEATURES)?;
        let schemas = match kit.schema_url(collection, "queryables") {
            Ok(url) => kit.json(&url, "application/schema+json")?["properties"].clone(),
            Err(_) => Value::Null,
        };
        let named = || schemas.as_object().into_iter().flatten();
        let has = |name: &str| features.iter().any(|feature| feature["properties"].get(name).is_some());
        let ids = named().filter(|(name, schema)| schema["x-ogc-role"] == "id" && !has(name));
        let ids: Vec<String> = ids.map(|(name, _)| name.clone()).collect();
        for feature in &mut features {
            for name in &ids {
                feature["properties"][name] = feature["id"].clone();
            }
        }
        let queryables = named().map(|(name, schema)| (name.clone(), type_of(schema))).collect();
        let storage = collection.value["storageCrs"].as_str().unwrap_or_default();
        let is_stored_in_degrees = storage == CRS84 || storage.ends_with("/EPSG/0/4326");
        Ok(Self { features, ids, is_whole, is_stored_in_degrees, queryables })
    }

    /// The features as the server gave them.
    pub(crate) fn plain(&self) -> Vec<Value> {
        let mut features = self.features.clone();
        for properties in features.iter_mut().filter_map(|feature| feature["properties"].as_object_mut()) {
            properties.retain(|name, _| !self.ids.contains(name));
        }
        features
    }

    /// The properties of these types that a filter can name without escapes that the language lacks.
    pub(crate) fn of(&self, types: &[Type]) -> Vec<(&str, Type)> {
        let fitting = self.queryables.iter().filter(|(name, kind)| types.contains(kind) && !name.contains('"'));
        fitting.map(|(name, kind)| (name.as_str(), *kind)).collect()
    }

    /// The name of the geometry.
    pub(crate) fn geometry(&self) -> Option<&str> {
        self.of(&[Type::Geometry]).first().map(|(name, _)| *name)
    }

    /// Some different values of a property: the first and the last, and one between them.
    pub(crate) fn samples(&self, name: &str) -> Vec<Value> {
        let mut all: Vec<&Value> = Vec::new();
        for value in self.features.iter().map(|feature| &feature["properties"][name]) {
            if !value.is_null() && !all.contains(&value) && all.len() < 100 {
                all.push(value);
            }
        }
        let mut picked: Vec<Value> = Vec::new();
        for at in [0, all.len() / 2, all.len().saturating_sub(1)] {
            if let Some(value) = all.get(at).filter(|value| !picked.contains(value)) {
                picked.push((*value).clone());
            }
        }
        picked
    }
}
