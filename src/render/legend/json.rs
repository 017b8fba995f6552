//! A legend as JSON, in the form of QGIS Server's GetLegendGraphic: nodes with pictures in base64.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::{LegendEntry, LegendLayer, LegendLook, swatch};
use crate::error::Result;
use crate::render::picture::{PictureFormat, encode};

/// The whole document.
pub fn json(title: &str, layers: &[LegendLayer], look: &LegendLook) -> Result<Value> {
    let nodes = layers.iter().map(|layer| node(layer, look)).collect::<Result<Vec<_>>>()?;
    Ok(json!({ "nodes": nodes, "title": title }))
}

/// A layer: with its one picture, or with a list of symbols.
pub fn node(layer: &LegendLayer, look: &LegendLook) -> Result<Value> {
    if let [entry] = layer.entries.as_slice()
        && entry.title.is_empty()
    {
        return Ok(json!({ "icon": icon(entry, look)?, "title": layer.title, "type": "layer" }));
    }
    let symbol = |entry: &LegendEntry| Ok(json!({ "icon": icon(entry, look)?, "title": entry.title }));
    let symbols = layer.entries.iter().map(symbol).collect::<Result<Vec<_>>>()?;
    Ok(json!({ "symbols": symbols, "title": layer.title, "type": "layer" }))
}

fn icon(entry: &LegendEntry, look: &LegendLook) -> Result<String> {
    Ok(STANDARD.encode(encode(&swatch(&entry.sample, look), PictureFormat::Png)?))
}
