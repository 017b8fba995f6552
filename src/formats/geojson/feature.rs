//! One row as a GeoJSON feature.

use crate::base::crs::Crs;
use crate::base::link::Link;
use crate::model::batch::{Cell, Row};
use crate::model::schema::{Field, FieldKind};

use super::super::Part;
use super::document::is_json;
use super::geometry::write_geometry_in_order;
use super::number::{write_float, write_integer};
use super::shown::shortened;
use super::text::{write_base64, write_string};

/// What the properties begin with.
const BEGIN: &[u8] = br#","properties":{"#;

/// Writes the rows of one feature type, one feature at a time.
#[derive(Debug)]
pub struct FeatureWriter {
    collection: String,
    geometry: bool,
    decimals: Option<u8>,
    /// Whether coordinates have latitude or north first.
    is_lat_first: bool,
    properties: Vec<Property>,
    /// Features whose geometry could not be read, since the last report.
    malformed: u64,
    /// Whether a page is told: infinite numbers are texts, which people read, in the place of null, and no geometry is long.
    is_page: bool,
    /// What ids begin with, where they are text that no other feature type of the document has.
    id_prefix: Option<String>,
}

#[derive(Debug)]
struct Property {
    /// What stands between the value before and its own, the name in its quotes among it: escaped once, not once a row.
    lead: Lead,
    is_json: bool,
    cell: usize,
}

/// Bytes that are written again and again: a few are always as many, for that is two stores, and those that are too many are taken back.
#[derive(Debug)]
struct Lead {
    first: [u8; SHORT],
    length: usize,
    rest: Vec<u8>,
}

const SHORT: usize = 32;

impl Lead {
    fn new(mut bytes: Vec<u8>) -> Self {
        let rest = bytes.split_off(bytes.len().min(SHORT));
        let length = bytes.len();
        let mut first = [0; SHORT];
        first[..length].copy_from_slice(&bytes);
        Self { first, length, rest }
    }

    #[inline]
    fn write(&self, out: &mut Vec<u8>) {
        let length = out.len() + self.length;
        out.extend_from_slice(&self.first);
        out.truncate(length);
        if !self.rest.is_empty() {
            out.extend_from_slice(&self.rest);
        }
    }
}

impl FeatureWriter {
    /// A writer for rows of this feature type.
    pub fn new(part: &Part) -> Self {
        let fields = part.layout.fields.iter().map(|&field| part.schema.fields.get(field));
        let cells = (part.layout.first_property()..).zip(fields).filter_map(|(cell, field)| Some((cell, field?)));
        let property = |(at, (cell, field)): (usize, (usize, &Field))| {
            let mut lead = if at == 0 { BEGIN.to_vec() } else { b",".to_vec() };
            write_string(field.name.as_bytes(), &mut lead);
            lead.push(b':');
            Property { lead: Lead::new(lead), is_json: field.kind == FieldKind::Json, cell }
        };
        Self {
            collection: part.name.clone(),
            geometry: part.layout.geometry,
            decimals: part.written_decimals(),
            is_lat_first: false,
            properties: cells.enumerate().map(property).collect(),
            malformed: 0,
            is_page: false,
            id_prefix: None,
        }
    }

    /// For a page: infinite numbers are told as texts, for JSON has no such numbers, and long geometries by few vertices.
    #[must_use]
    pub fn for_a_page(self) -> Self {
        Self { is_page: true, ..self }
    }

    /// Ids become `name.id`, as features of a WFS have them.
    pub(super) fn with_typed_ids(self) -> Self {
        Self { id_prefix: Some(format!("{}.", self.collection)), ..self }
    }

    /// Coordinates in the authority's order (Part 2, 7.16) in the place of x before y.
    #[must_use]
    pub fn in_order_of(self, crs: &Crs) -> Self {
        Self { is_lat_first: crs.is_lat_first(), ..self }
    }

    /// Appends a feature as a member of a collection.
    pub fn write(&mut self, row: Row<'_>, out: &mut Vec<u8>) {
        self.write_open(row, out);
        out.push(b'}');
    }

    /// Appends a feature as a document of its own, with links.
    pub fn write_document(&mut self, row: Row<'_>, links: &[Link], out: &mut Vec<u8>) {
        self.write_open(row, out);
        write_links(links, out);
        out.push(b'}');
        self.report();
    }

    /// Tells the log of features whose geometry is written as `null` because it is malformed, once for all that there
    /// were since the last time.
    pub fn report(&mut self) {
        if self.malformed > 0 {
            tracing::warn!(
                collection = self.collection,
                features = self.malformed,
                "malformed geometry, written as null"
            );
            self.malformed = 0;
        }
    }

    fn write_open(&mut self, row: Row<'_>, out: &mut Vec<u8>) {
        const WITH_ID: &[u8] = br#"{"type":"Feature","id":"#;
        match (row.cell(0), &self.id_prefix) {
            (Cell::Int(id), None) => {
                out.extend_from_slice(WITH_ID);
                write_integer(id, out);
            }
            (id @ Cell::Text(..), None) => {
                out.extend_from_slice(WITH_ID);
                write_string(row.bytes(id), out);
            }
            (Cell::Int(id), Some(prefix)) => {
                out.extend_from_slice(WITH_ID);
                write_string(format!("{prefix}{id}").as_bytes(), out);
            }
            (id @ Cell::Text(..), Some(prefix)) => {
                out.extend_from_slice(WITH_ID);
                write_string(format!("{prefix}{}", row.text(id)).as_bytes(), out);
            }
            _ => out.extend_from_slice(br#"{"type":"Feature""#),
        }
        out.extend_from_slice(br#","geometry":"#);
        match if self.geometry { row.geometry() } else { None } {
            Some(wkb) => {
                let short = if self.is_page { shortened(wkb).unwrap_or_default() } else { None };
                let wkb = short.as_deref().unwrap_or(wkb);
                self.malformed +=
                    u64::from(write_geometry_in_order(wkb, self.decimals, self.is_lat_first, out).is_err());
            }
            None => out.extend_from_slice(b"null"),
        }
        if self.properties.is_empty() {
            out.extend_from_slice(BEGIN);
        }
        for property in &self.properties {
            property.lead.write(out);
            match row.cell(property.cell) {
                Cell::Float(number) if self.is_page && number.is_infinite() => {
                    write_string(if number > 0.0 { "∞" } else { "−∞" }.as_bytes(), out);
                }
                cell => write_value(row, cell, property.is_json, out),
            }
        }
        out.push(b'}');
    }
}

/// Appends the value of a cell; the text of a field of JSON is written as it is.
#[inline]
pub fn write_value(row: Row<'_>, cell: Cell, is_json_field: bool, out: &mut Vec<u8>) {
    match cell {
        Cell::Null => out.extend_from_slice(b"null"),
        Cell::Int(number) => write_integer(number, out),
        Cell::Float(number) => write_float(number, out),
        Cell::Bool(truth) => out.extend_from_slice(if truth { b"true" } else { b"false" }),
        Cell::Date(date) => {
            out.push(b'"');
            date.write(out);
            out.push(b'"');
        }
        Cell::Instant(instant) => {
            out.push(b'"');
            instant.write(out);
            out.push(b'"');
        }
        Cell::Text(..) if is_json_field && is_json(row.text(cell)) => out.extend_from_slice(row.bytes(cell)),
        Cell::Text(..) => write_string(row.bytes(cell), out),
        Cell::Blob(..) => write_base64(row.bytes(cell), out),
    }
}

/// Appends the `links` member, with the comma before it.
pub(super) fn write_links(links: &[Link], out: &mut Vec<u8>) {
    out.extend_from_slice(br#","links":["#);
    for (at, link) in links.iter().enumerate() {
        out.extend_from_slice(if at == 0 { br#"{"href":"# } else { br#",{"href":"# });
        write_string(link.href.as_bytes(), out);
        out.extend_from_slice(br#","rel":"#);
        write_string(link.rel.name().as_bytes(), out);
        if let Some(method) = link.method {
            out.extend_from_slice(b",\"method\":");
            write_string(method.as_bytes(), out);
        }
        if let Some(media_type) = &link.media_type {
            out.extend_from_slice(br#","type":"#);
            write_string(media_type.as_bytes(), out);
        }
        if let Some(title) = &link.title {
            out.extend_from_slice(br#","title":"#);
            write_string(title.as_bytes(), out);
        }
        out.push(b'}');
    }
    out.push(b']');
}
