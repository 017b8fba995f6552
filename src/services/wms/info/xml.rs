//! Feature information as layers, features and attributes, in QGIS Server's form.

use crate::base::xml::Writer;
use crate::error::Result;
use crate::model::batch::Batch;
use crate::server::context::Context;

use super::{InfoPart, InfoWriter, words};

pub(super) struct Xml {
    out: Writer,
    part: Option<InfoPart>,
    size: usize,
}

impl Xml {
    pub(super) fn new() -> Self {
        let mut xml = Writer::document();
        xml.start("GetFeatureInfoResponse", &[]);
        Self { out: xml, part: None, size: 0 }
    }
}

impl InfoWriter for Xml {
    fn layer(&mut self, part: &InfoPart) {
        if self.part.is_some() {
            self.out.end();
        }
        self.out.start("Layer", &[("name", &part.name)]);
        self.part = Some(part.clone());
    }

    fn rows(&mut self, rows: &Batch) {
        let Some(part) = &self.part else { return };
        for row in rows.rows() {
            let id = InfoPart::id(row);
            if let Some(id) = &id {
                self.out.start("Feature", &[("id", id)]);
            }
            for (cell, field) in part.fields() {
                let value = words(row, cell);
                self.size += value.len() + field.name.len() + 32;
                self.out.empty("Attribute", &[("name", &field.name), ("value", &value)]);
            }
            if id.is_some() {
                self.out.end();
            }
        }
    }

    fn size(&self) -> usize {
        self.size
    }

    fn finish(self: Box<Self>, _: &Context) -> Result<Vec<u8>> {
        Ok(self.out.finish())
    }
}
