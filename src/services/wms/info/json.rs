//! Feature information as GeoJSON. The id tells the layer as well, for features of several stand in one collection.

use crate::error::Result;
use crate::formats::geojson::text::write_string;
use crate::formats::geojson::{write_geometry, write_value};
use crate::model::batch::Batch;
use crate::model::schema::FieldKind;
use crate::server::context::Context;

use super::{InfoPart, InfoWriter};

pub(super) struct Json {
    out: Vec<u8>,
    part: Option<InfoPart>,
    begun: bool,
}

impl Json {
    pub(super) fn new() -> Self {
        Self { out: br#"{"type":"FeatureCollection","features":["#.to_vec(), part: None, begun: false }
    }
}

impl InfoWriter for Json {
    fn layer(&mut self, part: &InfoPart) {
        self.part = Some(part.clone());
    }

    fn rows(&mut self, rows: &Batch) {
        let (Some(part), out) = (&self.part, &mut self.out) else { return };
        for row in rows.rows() {
            if std::mem::replace(&mut self.begun, true) {
                out.push(b',');
            }
            out.extend_from_slice(br#"{"type":"Feature","id":"#);
            write_string(part.full_id(row).as_bytes(), out);
            out.extend_from_slice(br#","geometry":"#);
            let wkb = if part.geometry && part.layout.geometry { row.geometry() } else { None };
            match wkb {
                // What is malformed is written as null.
                Some(wkb) => drop(write_geometry(wkb, part.srs.decimals, out)),
                None => out.extend_from_slice(b"null"),
            }
            out.extend_from_slice(br#","properties":{"#);
            for (at, (cell, field)) in part.fields().enumerate() {
                if at > 0 {
                    out.push(b',');
                }
                write_string(field.name.as_bytes(), out);
                out.push(b':');
                write_value(row, row.cell(cell), field.kind == FieldKind::Json, out);
            }
            out.extend_from_slice(b"}}");
        }
    }

    fn size(&self) -> usize {
        self.out.len()
    }

    fn finish(mut self: Box<Self>, _: &Context) -> Result<Vec<u8>> {
        self.out.extend_from_slice(b"]}");
        Ok(self.out)
    }
}
