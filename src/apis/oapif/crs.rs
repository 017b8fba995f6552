//! Reference systems by reference (Part 2): what a collection offers is what may be asked for.

use serde_json::json;

use crate::api::Param;
use crate::base::crs::Crs;
use crate::error::{Error, Kind, Result};
use crate::model::schema::Schema;
use crate::project::catalog::Layer;

/// The URIs of what a collection offers, the usual one first; none of what has no geometry.
pub(super) fn uris(layer: &Layer, schema: &Schema) -> Vec<String> {
    offered(layer, schema).iter().filter_map(Crs::uri).collect()
}

/// The URI of the system in which a collection is stored, where it is offered.
pub(super) fn storage(layer: &Layer, schema: &Schema) -> Option<String> {
    let stored = &schema.geometry.as_ref()?.crs;
    offered(layer, schema).contains(stored).then(|| stored.uri()).flatten()
}

/// The epoch of the stored coordinates, where it is known of which system it is.
pub(super) fn epoch(layer: &Layer, schema: &Schema) -> Option<f64> {
    storage(layer, schema).and_then(|_| schema.geometry.as_ref()?.epoch)
}

fn offered(layer: &Layer, schema: &Schema) -> Vec<Crs> {
    schema.geometry.as_ref().map(|geometry| layer.offered(geometry)).unwrap_or_default()
}

/// The parameter by which a system is chosen.
pub(super) fn param(name: &str, words: &str, layer: &Layer, schema: &Schema) -> Option<Param> {
    let uris = uris(layer, schema);
    let first = uris.first()?.clone();
    let schema = json!({ "type": "string", "format": "uri", "enum": uris, "default": first });
    Some(Param::query(name, words, schema))
}

/// The system that was chosen, else the usual one.
pub(super) fn chosen(name: &str, text: Option<&str>, layer: &Layer, schema: &Schema) -> Result<Crs> {
    let Some(text) = text else { return Ok(schema.geometry.as_ref().map(Layer::usual).unwrap_or_default()) };
    let found = offered(layer, schema).into_iter().find(|crs| crs.uri().as_deref() == Some(text));
    found.ok_or_else(|| {
        let list = uris(layer, schema).join(", ");
        let list = if list.is_empty() { "none: there is no geometry".to_owned() } else { list };
        Error::new(Kind::UnknownCrs, format!("parameter '{name}': this collection is offered in {list}")).at(name)
    })
}
