//! The header: name, kind of geometries, columns and reference system. No index and no count, for neither is known when
//! the first feature goes out.

use super::buffer::{Buffer, Slot};
use super::geometry::header_code;
use crate::base::crs::Crs;
use crate::model::geometry::wkb::Shape;
use crate::model::schema::FieldKind;

/// Version 3 of the format.
const MAGIC: [u8; 8] = *b"fgb\x03fgb\x00";

/// A column.
#[derive(Debug)]
pub(super) struct Column {
    pub(super) name: String,
    pub(super) title: Option<String>,
    pub(super) description: Option<String>,
    pub(super) kind: ColumnKind,
    pub(super) is_key: bool,
}

/// The types of columns that are written, by their codes in the schema of FlatGeobuf.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ColumnKind {
    Bool = 2,
    Long = 7,
    Double = 10,
    String = 11,
    Json = 12,
    DateTime = 13,
    Binary = 14,
}

impl ColumnKind {
    pub(super) fn of(kind: FieldKind) -> Self {
        match kind {
            FieldKind::Integer => Self::Long,
            FieldKind::Number => Self::Double,
            FieldKind::Boolean => Self::Bool,
            FieldKind::String => Self::String,
            FieldKind::Date | FieldKind::DateTime => Self::DateTime,
            FieldKind::Binary => Self::Binary,
            FieldKind::Json => Self::Json,
        }
    }
}

/// Appends magic bytes and header.
pub(super) fn write(
    name: &str,
    shape: Option<Shape>,
    has_z: bool,
    crs: Option<&Crs>,
    columns: &[Column],
    out: &mut Vec<u8>,
) {
    out.extend_from_slice(&MAGIC);
    let mut buffer = Buffer::begin(out);
    let root = buffer.root();
    let reference = |is_there: bool| if is_there { Slot::Reference } else { Slot::Absent };
    let slots = [
        Slot::Reference,
        Slot::Absent,
        Slot::U8(header_code(shape)),
        Slot::U8(u8::from(has_z)),
        Slot::Absent,
        Slot::Absent,
        Slot::Absent,
        reference(!columns.is_empty()),
        Slot::Absent,
        // Left out, it would mean an index of sixteen.
        Slot::U16(0),
        reference(crs.is_some()),
    ];
    let places = buffer.table(root, &slots);
    buffer.string(places[0], name);
    if let Some(crs) = crs {
        write_crs(crs, places[10], &mut buffer);
    }
    if !columns.is_empty() {
        let first = buffer.references(places[7], columns.len());
        for (number, column) in columns.iter().enumerate() {
            write_column(column, first + 4 * number, &mut buffer);
        }
    }
    buffer.finish();
}

fn write_column(column: &Column, place: usize, buffer: &mut Buffer<'_>) {
    let reference = |text: &Option<String>| if text.is_some() { Slot::Reference } else { Slot::Absent };
    let slots = [
        Slot::Reference,
        Slot::U8(column.kind as u8),
        reference(&column.title),
        reference(&column.description),
        Slot::Absent,
        Slot::Absent,
        Slot::Absent,
        Slot::U8(u8::from(!column.is_key)),
        Slot::U8(u8::from(column.is_key)),
        Slot::U8(u8::from(column.is_key)),
    ];
    let places = buffer.table(place, &slots);
    buffer.string(places[0], &column.name);
    for (place, text) in [(places[2], &column.title), (places[3], &column.description)] {
        if let Some(text) = text {
            buffer.string(place, text);
        }
    }
}

/// The system by its code. Coordinates in FlatGeobuf are always x before y, so that CRS84 and EPSG:4326 are the same here,
/// and every reader knows the latter.
fn write_crs(crs: &Crs, place: usize, buffer: &mut Buffer<'_>) {
    let code = match crs {
        Crs::Crs84 => Some(4326),
        Crs::Crs84h => Some(4979),
        Crs::Epsg(code) => i32::try_from(*code).ok(),
        Crs::Definition(_) => None,
    };
    match (code, crs) {
        (Some(code), _) => {
            let places = buffer.table(place, &[Slot::Reference, Slot::I32(code)]);
            buffer.string(places[0], "EPSG");
        }
        (None, Crs::Definition(text)) => {
            let slots = [Slot::Absent, Slot::Absent, Slot::Absent, Slot::Absent, Slot::Reference];
            let places = buffer.table(place, &slots);
            buffer.string(places[4], text);
        }
        (None, _) => drop(buffer.table(place, &[])),
    }
}
