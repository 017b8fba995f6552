//! GeoJSON (RFC 7946, as OGC API Features answers with it), straight from rows and WKB to bytes: most answers are
//! GeoJSON, so no value and no geometry object stands in between.

use crate::base::crs::Crs;
use crate::base::datetime::Instant;
use crate::model::batch::Batch;

use super::{Closing, Encoder, Opening, Part};

pub mod number;
pub mod text;

mod document;
mod feature;
mod geometry;
mod shown;

pub use feature::{FeatureWriter, write_value};
pub use geometry::{write_geometry, write_geometry_in_order};

/// Writes a `FeatureCollection`. What is only known at the end (links, counts) stands at the end.
#[derive(Debug, Default)]
#[allow(clippy::struct_excessive_bools)] // choices of the document, and whether it has begun
pub struct GeoJson {
    time_stamp: Option<Instant>,
    matched: Option<u64>,
    feature: Option<FeatureWriter>,
    begun: bool,
    /// Whether features are those of a WFS.
    typed: bool,
    /// The system of the first feature type.
    crs: Crs,
    /// Whether coordinates are in the order of their system's authority.
    in_order: bool,
    /// Whether people read it, in a page.
    is_page: bool,
}

impl GeoJson {
    /// An encoder for one document.
    pub fn new() -> Self {
        Self::default()
    }

    /// For a WFS: ids are `name.id`, for a document may have several feature types, and a system other than CRS84 is named,
    /// as GeoJSON of 2008 does.
    #[must_use]
    pub fn with_typed_ids(self) -> Self {
        Self { typed: true, ..self }
    }

    /// For an OGC API: coordinates are in the order of their system's authority.
    #[must_use]
    pub fn in_authority_order(self) -> Self {
        Self { in_order: true, ..self }
    }

    /// For a page: infinite numbers are told as texts.
    #[must_use]
    pub fn for_a_page(self) -> Self {
        Self { is_page: true, ..self }
    }
}

impl Encoder for GeoJson {
    fn open(&mut self, opening: &Opening, out: &mut Vec<u8>) {
        self.time_stamp = Some(opening.time_stamp);
        self.matched = opening.matched;
        self.begun = false;
        out.extend_from_slice(br#"{"type":"FeatureCollection","features":["#);
    }

    fn part(&mut self, part: &Part, _: &mut Vec<u8>) {
        let writer = FeatureWriter::new(part);
        let writer = if self.typed { writer.with_typed_ids() } else { writer };
        let writer = if self.is_page { writer.for_a_page() } else { writer };
        self.feature = Some(if self.in_order { writer.in_order_of(&part.crs) } else { writer });
        self.crs = part.crs.clone();
    }

    fn batch(&mut self, batch: &Batch, out: &mut Vec<u8>) {
        let Some(feature) = &mut self.feature else {
            return;
        };
        for row in batch.rows() {
            if self.begun {
                out.push(b',');
            }
            self.begun = true;
            feature.write(row, out);
        }
        feature.report();
    }

    fn end_part(&mut self, _: &mut Vec<u8>) {
        self.feature = None;
    }

    fn close(&mut self, closing: &Closing, out: &mut Vec<u8>) {
        out.push(b']');
        if let Some(matched) = closing.matched.or(self.matched) {
            out.extend_from_slice(br#","numberMatched":"#);
            number::write_integer(matched, out);
        }
        out.extend_from_slice(br#","numberReturned":"#);
        number::write_integer(closing.returned, out);
        if let Some(time_stamp) = self.time_stamp {
            out.extend_from_slice(br#","timeStamp":""#);
            time_stamp.write(out);
            out.push(b'"');
        }
        if let (true, Crs::Epsg(code)) = (self.typed && !self.crs.is_lon_lat_wgs84(), &self.crs) {
            out.extend_from_slice(br#","crs":{"type":"name","properties":{"name":"urn:ogc:def:crs:EPSG::"#);
            number::write_integer(*code, out);
            out.extend_from_slice(br#""}}"#);
        }
        feature::write_links(&closing.links, out);
        out.push(b'}');
    }
}

#[cfg(test)]
mod tests;
