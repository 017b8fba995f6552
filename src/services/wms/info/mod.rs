//! What GetFeatureInfo found, in each of its formats.

use std::sync::Arc;

use crate::error::Result;
use crate::formats::gml::{Srs, Version};
use crate::model::batch::{Batch, Cell, Layout, Row};
use crate::model::schema::{Field, Schema};
use crate::server::context::Context;

use super::formats::InfoFormat;

mod gml;
mod html;
mod json;
mod text;
mod xml;

/// What a writer is told of a layer before its rows.
#[derive(Clone)]
pub(super) struct InfoPart {
    /// The layer's name.
    pub(super) name: String,
    /// Its title.
    pub(super) title: String,
    /// What its rows look like.
    pub(super) schema: Arc<Schema>,
    /// What the cells of its rows are.
    pub(super) layout: Arc<Layout>,
    /// Whether geometries are told, and not only there.
    pub(super) geometry: bool,
    /// How coordinates are written in GML.
    pub(super) srs: Srs,
}

impl InfoPart {
    /// The property cells, each with its field.
    fn fields(&self) -> impl Iterator<Item = (usize, &Field)> {
        let cells = self.layout.first_property()..;
        cells.zip(&self.layout.fields).filter_map(|(cell, &field)| Some((cell, self.schema.fields.get(field)?)))
    }

    /// The id of a row, alone; none for the values of a coverage.
    fn id(row: Row<'_>) -> Option<String> {
        match row.cell(0) {
            Cell::Int(id) => Some(id.to_string()),
            text @ Cell::Text(..) => Some(row.text(text).to_owned()),
            _ => None,
        }
    }

    /// The id of a row among the features of all layers: `countries.115`.
    fn full_id(&self, row: Row<'_>) -> String {
        Self::id(row).map_or_else(|| self.name.clone(), |id| format!("{}.{id}", self.name))
    }
}

/// Writes what was found, layer by layer.
pub(super) trait InfoWriter: Send {
    /// A layer begins.
    fn layer(&mut self, part: &InfoPart);
    /// Rows of that layer.
    fn rows(&mut self, rows: &Batch);
    /// Bytes that were written so far, or will be.
    fn size(&self) -> usize;
    /// The document.
    fn finish(self: Box<Self>, cx: &Context) -> Result<Vec<u8>>;
}

/// The writer of a format.
pub(super) fn writer(format: InfoFormat) -> Box<dyn InfoWriter> {
    match format {
        InfoFormat::Text => Box::new(text::Text::new()),
        InfoFormat::Html => Box::new(html::Html::default()),
        InfoFormat::Xml => Box::new(xml::Xml::new()),
        InfoFormat::Gml2 => Box::new(gml::Gml::new(Version::V2)),
        InfoFormat::Gml3 => Box::new(gml::Gml::new(Version::V31)),
        InfoFormat::Json | InfoFormat::GeoJson => Box::new(json::Json::new()),
    }
}

/// A cell as people read it; nothing for null, and a word for bytes.
fn words(row: Row<'_>, cell: usize) -> String {
    match row.cell(cell) {
        Cell::Null => String::new(),
        Cell::Float(number) if number.is_nan() => String::new(),
        Cell::Int(number) => number.to_string(),
        Cell::Float(number) => number.to_string(),
        Cell::Bool(truth) => truth.to_string(),
        Cell::Date(date) => date.to_string(),
        Cell::Instant(at) => at.to_string(),
        text @ Cell::Text(..) => row.text(text).to_owned(),
        Cell::Blob(start, end) => format!("({} bytes)", end - start),
    }
}
