//! Feature information as a page, through the template `getFeatureInfo.html`.

use serde_json::{Value, json};

use crate::error::Result;
use crate::model::batch::{Batch, Cell, Row};
use crate::server::context::Context;
use crate::web::page::{Page, page_urls};

use super::{InfoPart, InfoWriter, words};

/// The template.
const TEMPLATE: &str = "getFeatureInfo.html";

/// A cell for the template, which shows numbers as all pages do.
fn value(row: Row<'_>, cell: usize) -> Value {
    match row.cell(cell) {
        cell if cell.is_nothing() => Value::Null,
        Cell::Int(number) => number.into(),
        Cell::Float(number) if number.is_finite() => number.into(),
        Cell::Bool(truth) => truth.into(),
        _ => words(row, cell).into(),
    }
}

#[derive(Default)]
pub(super) struct Html {
    layers: Vec<Value>,
    part: Option<InfoPart>,
    size: usize,
}

impl InfoWriter for Html {
    fn layer(&mut self, part: &InfoPart) {
        self.layers.push(json!({ "name": part.name, "title": part.title, "features": [] }));
        self.part = Some(part.clone());
    }

    fn rows(&mut self, rows: &Batch) {
        let Some(part) = &self.part else { return };
        let features = self.layers.last_mut().and_then(|layer| layer["features"].as_array_mut());
        let Some(features) = features else { return };
        for row in rows.rows() {
            let attributes = part.fields().map(|(cell, field)| {
                let value = value(row, cell);
                self.size += value.as_str().map_or(16, str::len) + field.name.len() + 32;
                json!({ "name": field.name, "title": field.title, "value": value })
            });
            features.push(json!({ "id": InfoPart::id(row), "attributes": attributes.collect::<Vec<_>>() }));
        }
    }

    fn size(&self) -> usize {
        self.size
    }

    fn finish(self: Box<Self>, cx: &Context) -> Result<Vec<u8>> {
        let page = Page::new("Features at a point", cx.project(), cx.base(), cx.head());
        let context = json!({ "data": { "layers": self.layers }, "page": page, "links": [], "operation": null, "params": {}, "error": null });
        let html = cx.templates().render(TEMPLATE, &context, &page_urls(cx.base(), cx.head()))?;
        Ok(html.into_bytes())
    }
}
