//! Feature information as GML, in QGIS Server's form: a WFS collection of the layers' features.

use crate::base::xml::escaped_name;
use crate::error::Result;
use crate::formats::gml::{FeatureType, FeatureWriter, Version};
use crate::model::batch::Batch;
use crate::server::context::Context;

use super::{InfoPart, InfoWriter};

/// The prefix of the features' namespace, as QGIS Server's clients know it.
const PREFIX: &str = "qgs";

pub(super) struct Gml {
    version: Version,
    out: Vec<u8>,
    writer: Option<FeatureWriter>,
}

impl Gml {
    pub(super) fn new(version: Version) -> Self {
        let out = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
                   <wfs:FeatureCollection xmlns:wfs=\"http://www.opengis.net/wfs\" xmlns:gml=\"http://www.opengis.net/gml\" \
                   xmlns:qgs=\"http://www.qgis.org/gml\">\n";
        Self { version, out: out.into(), writer: None }
    }
}

impl InfoWriter for Gml {
    fn layer(&mut self, part: &InfoPart) {
        let of = FeatureType {
            prefix: PREFIX.to_owned(),
            name: escaped_name(&part.name).into_owned(),
            schema: part.schema.clone(),
            layout: part.layout.clone(),
            geometry: part.geometry,
            srs: part.srs.clone(),
        };
        self.writer = Some(FeatureWriter::new(self.version, &of, "gml:featureMember", ""));
    }

    fn rows(&mut self, rows: &Batch) {
        if let Some(writer) = &mut self.writer {
            writer.write_all(rows, &mut self.out);
        }
    }

    fn size(&self) -> usize {
        self.out.len()
    }

    fn finish(mut self: Box<Self>, _: &Context) -> Result<Vec<u8>> {
        self.out.extend_from_slice(b"</wfs:FeatureCollection>\n");
        Ok(self.out)
    }
}
