//! Encoders: rows to bytes, one file a format, used by APIs and services alike.

use std::sync::Arc;

use crate::base::crs::Crs;
use crate::base::datetime::Instant;
use crate::base::format::Format;
use crate::base::link::Link;
use crate::data::reference;
use crate::model::batch::{Batch, Layout};
use crate::model::schema::Schema;

pub mod coverage;
pub mod csv;
pub mod flatgeobuf;
pub mod geojson;
pub mod geojson_seq;
pub mod gml;

#[cfg(test)]
pub(crate) mod samples;

type Make = fn() -> Box<dyn Encoder>;

/// The formats of features and their encoders: a further one is a file, its row here, and its names in
/// [`crate::base::format`].
const ENCODERS: &[(Format, Make)] = &[
    (Format::GeoJson, || Box::new(geojson::GeoJson::new())),
    (Format::GeoJsonSeq, || Box::new(geojson_seq::GeoJsonSeq::new())),
    (Format::FlatGeobuf, || Box::new(flatgeobuf::FlatGeobuf::new())),
    (Format::Csv, || Box::new(csv::Csv::new())),
];

/// The formats that features can be written in, the usual one first.
pub fn of_features() -> impl Iterator<Item = Format> {
    ENCODERS.iter().map(|(format, _)| *format)
}

/// An encoder for one document in this format, where features can be written in it.
pub fn encoder(format: Format) -> Option<Box<dyn Encoder>> {
    ENCODERS.iter().find(|(other, _)| *other == format).map(|(_, make)| make())
}

/// What must be known before the first byte can be written.
#[derive(Clone, Copy, Debug, Default)]
pub struct Needs {
    /// The number of features that match.
    pub matched: bool,
    /// The number of features that follow.
    pub returned: bool,
}

/// What is told at the start of a document.
#[derive(Clone, Debug)]
pub struct Opening {
    /// When the answer was made.
    pub time_stamp: Instant,
    /// Features that match, where known by now.
    pub matched: Option<u64>,
}

/// One feature type of the document: WFS has several in one answer, OGC API Features always one.
#[derive(Clone, Debug)]
pub struct Part {
    /// Name of the feature type, or id of the collection.
    pub name: String,
    /// The schema of its rows.
    pub schema: Arc<Schema>,
    /// What the cells of its rows are.
    pub layout: Arc<Layout>,
    /// The system of the coordinates, which are x before y here.
    pub crs: Crs,
    /// Decimals of coordinates that somebody wished for.
    pub decimals: Option<u8>,
}

impl Part {
    /// Decimals with which coordinates are written; all that there are where `None`.
    pub fn written_decimals(&self) -> Option<u8> {
        reference::decimals(self.decimals, &self.schema, &self.crs)
    }
}

/// What is told at the end of a document.
#[derive(Clone, Debug)]
pub struct Closing {
    /// Links of the document, `next` among them.
    pub links: Vec<Link>,
    /// Features that match, where known.
    pub matched: Option<u64>,
    /// Features that were written.
    pub returned: u64,
}

/// Writes one document, batch by batch, in constant memory.
pub trait Encoder: Send + Sync {
    /// What must be known before [`Encoder::open`].
    fn needs(&self) -> Needs {
        Needs::default()
    }
    /// Starts the document.
    fn open(&mut self, opening: &Opening, out: &mut Vec<u8>);
    /// Starts a feature type.
    fn part(&mut self, part: &Part, out: &mut Vec<u8>);
    /// Writes rows of the feature type that was started last.
    fn batch(&mut self, batch: &Batch, out: &mut Vec<u8>);
    /// Ends the feature type.
    fn end_part(&mut self, out: &mut Vec<u8>);
    /// Ends the document.
    fn close(&mut self, closing: &Closing, out: &mut Vec<u8>);
}
