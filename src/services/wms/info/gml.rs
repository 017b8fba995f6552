//! Feature information as GML, in QGIS Server's form: a WFS collection of the layers' features.

use crate::base::xml::{Writer, escaped_name};
use crate::error::Result;
use crate::model::batch::{Batch, Cell};
use crate::server::context::Context;

use super::{InfoPart, InfoWriter, words};

/// The edition of GML.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Edition {
    /// 2.1.2.
    Two,
    /// 3.1.1.
    Three,
}

/// The namespace of the features.
const NAMESPACE: &str = "http://www.qgis.org/gml";

pub(super) struct Gml {
    edition: Edition,
    xml: Writer,
    part: Option<InfoPart>,
    size: usize,
}

impl Gml {
    pub(super) fn new(edition: Edition) -> Self {
        let mut xml = Writer::document();
        xml.start(
            "wfs:FeatureCollection",
            &[
                ("xmlns:wfs", "http://www.opengis.net/wfs"),
                ("xmlns:gml", "http://www.opengis.net/gml"),
                ("xmlns:qgs", NAMESPACE),
            ],
        );
        Self { edition, xml, part: None, size: 0 }
    }
}

impl InfoWriter for Gml {
    fn layer(&mut self, part: &InfoPart) {
        self.part = Some(part.clone());
    }

    fn rows(&mut self, rows: &Batch) {
        let Some(part) = &self.part else { return };
        let type_name = format!("qgs:{}", escaped_name(&part.name));
        let id_name = if self.edition == Edition::Two { "fid" } else { "gml:id" };
        for row in rows.rows() {
            self.xml.start("gml:featureMember", &[]);
            let id = part.full_id(row);
            let id = if self.edition == Edition::Two { id } else { escaped_name(&id).into_owned() };
            self.xml.start(&type_name, &[(id_name, &id)]);
            for (cell, field) in part.fields().filter(|(cell, _)| row.cell(*cell) != Cell::Null) {
                let value = words(row, cell);
                self.size += value.len() + field.name.len() + 32;
                self.xml.element(&format!("qgs:{}", escaped_name(&field.name)), &value);
            }
            self.xml.end();
            self.xml.end();
        }
    }

    fn size(&self) -> usize {
        self.size
    }

    fn finish(self: Box<Self>, _: &Context) -> Result<Vec<u8>> {
        Ok(self.xml.finish())
    }
}
