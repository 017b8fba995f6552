//! One row as a GML feature.

use crate::base::xml::{escaped_name, push_text};
use crate::formats::geojson::number::write_integer;
use crate::model::batch::{Batch, Cell, Row};

use super::geometry::{GeometryWriter, Written};
use super::{FeatureType, Version};

/// Writes the rows of one feature type, one feature at a time.
#[derive(Debug)]
pub struct FeatureWriter {
    /// For the log.
    name: String,
    /// All up to the key of the id.
    before: Vec<u8>,
    after: Vec<u8>,
    /// The beginning of ids.
    id_prefix: Vec<u8>,
    geometry: Option<Tagged<GeometryWriter>>,
    properties: Vec<Tagged<usize>>,
    /// The id of the row that is written.
    id: Vec<u8>,
    /// Features whose geometry could not be read, since the last report.
    malformed: u64,
}

/// Something in its tags, which are made once.
#[derive(Debug)]
struct Tagged<T> {
    open: Vec<u8>,
    close: Vec<u8>,
    inner: T,
}

impl<T> Tagged<T> {
    fn new(name: &str, inner: T) -> Self {
        Self { open: format!("<{name}>").into_bytes(), close: format!("</{name}>").into_bytes(), inner }
    }
}

impl FeatureWriter {
    /// A writer for rows of this feature type. Each feature is put into `member`, and alone where that is empty; `root` are
    /// attributes of the feature's element, with a blank before each.
    pub fn new(version: Version, of: &FeatureType, member: &str, root: &str) -> Self {
        let (prefix, name) = (&of.prefix, &of.name);
        let id = if version == Version::V2 { "fid" } else { "gml:id" };
        let (mut open, mut close) = (String::new(), String::new());
        if !member.is_empty() {
            open = format!("<{member}>");
            close = format!("</{member}>\n");
        }
        let properties = of.layout.fields.iter().zip(of.layout.first_property()..);
        let properties = properties.filter_map(|(&field, cell)| {
            let name = escaped_name(&of.schema.fields.get(field)?.name).into_owned();
            Some(Tagged::new(&format!("{prefix}:{name}"), cell))
        });
        let geometry = of.schema.geometry.as_ref().filter(|_| of.geometry && of.layout.geometry).map(|geometry| {
            let writer = GeometryWriter::new(version, &of.srs, geometry.kind);
            Tagged::new(&format!("{prefix}:{}", escaped_name(&geometry.name)), writer)
        });
        Self {
            name: name.clone(),
            before: format!("{open}<{prefix}:{name}{root} {id}=\"").into_bytes(),
            after: format!("</{prefix}:{name}>{close}").into_bytes(),
            id_prefix: format!("{name}.").into_bytes(),
            geometry,
            properties: properties.collect(),
            id: Vec::new(),
            malformed: 0,
        }
    }

    /// Appends the features of a batch.
    pub fn write_all(&mut self, batch: &Batch, out: &mut Vec<u8>) {
        for row in batch.rows() {
            self.write(row, out);
        }
        self.report();
    }

    /// Appends a feature.
    pub fn write(&mut self, row: Row<'_>, out: &mut Vec<u8>) {
        self.make_id(row);
        out.extend_from_slice(&self.before);
        out.extend_from_slice(&self.id);
        out.extend_from_slice(b"\">");
        self.write_geometry(row, out);
        for property in &self.properties {
            write_property(property, row, out);
        }
        out.extend_from_slice(&self.after);
    }

    /// Appends the geometry of a row in its property; false where it has none.
    pub fn write_geometry(&mut self, row: Row<'_>, out: &mut Vec<u8>) -> bool {
        let (Some(geometry), true) = (&self.geometry, row.width() > 1) else { return false };
        let Some(wkb) = row.geometry() else { return false };
        let start = out.len();
        out.extend_from_slice(&geometry.open);
        match geometry.inner.write(wkb, &self.id, out) {
            Ok(Written::Whole) => {
                out.extend_from_slice(&geometry.close);
                return true;
            }
            Ok(Written::Nowhere) => {}
            Err(_) => self.malformed += 1,
        }
        out.truncate(start);
        false
    }

    /// Appends the property at a place of the layout; false where it is null.
    pub fn write_value(&self, at: usize, row: Row<'_>, out: &mut Vec<u8>) -> bool {
        self.properties.get(at).is_some_and(|property| write_property(property, row, out))
    }

    /// The id of a row, as features have it.
    pub fn make_id(&mut self, row: Row<'_>) -> &[u8] {
        self.id.clear();
        self.id.extend_from_slice(&self.id_prefix);
        match row.cell(0) {
            Cell::Int(number) => write_integer(number, &mut self.id),
            text @ Cell::Text(..) => push_key(row.text(text), &mut self.id),
            _ => {}
        }
        &self.id
    }

    /// Tells the log of features whose geometry was left out because it is malformed.
    fn report(&mut self) {
        if self.malformed > 0 {
            tracing::warn!(collection = self.name, features = self.malformed, "malformed geometry, left out");
            self.malformed = 0;
        }
    }
}

/// A key as a part of an id: what a name cannot have is escaped.
fn push_key(key: &str, out: &mut Vec<u8>) {
    // Behind a letter, so that a digit may begin it.
    let name = format!("a{key}");
    out.extend_from_slice(&escaped_name(&name).as_bytes()[1..]);
}

fn write_property(property: &Tagged<usize>, row: Row<'_>, out: &mut Vec<u8>) -> bool {
    let cell = row.cell(property.inner);
    if cell.is_nothing() {
        return false;
    }
    out.extend_from_slice(&property.open);
    match cell {
        Cell::Null => {}
        Cell::Int(number) => write_integer(number, out),
        Cell::Float(number) => write_double(number, out),
        Cell::Bool(truth) => out.extend_from_slice(if truth { b"true" } else { b"false" }),
        Cell::Date(date) => date.write(out),
        Cell::Instant(instant) => instant.write(out),
        Cell::Text(..) => push_text(row.text(cell), out),
        Cell::Blob(..) => write_hex(row.bytes(cell), out),
    }
    out.extend_from_slice(&property.close);
    true
}

/// Bytes as `xsd:hexBinary` has them.
fn write_hex(bytes: &[u8], out: &mut Vec<u8>) {
    const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
    out.extend(bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]).map(|digit| DIGITS[usize::from(digit)]));
}

/// A number as `xsd:double` has it.
fn write_double(number: f64, out: &mut Vec<u8>) {
    if number.is_infinite() {
        out.extend_from_slice(if number > 0.0 { b"INF" } else { b"-INF" });
    } else {
        crate::formats::geojson::number::write_float(number, out);
    }
}
