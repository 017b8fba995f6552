//! FlatGeobuf, streamed: features go out as they come, in constant memory, which is why the file has neither an index nor a
//! count. Written from WKB straight to bytes; the layout is that of the format's schema (header.fbs, feature.fbs).

use crate::model::batch::{Batch, Cell, Row};
use crate::model::geometry::wkb::Shape;
use crate::model::schema::KeyKind;

use super::{Closing, Encoder, Opening, Part};
use buffer::{Buffer, Slot};
use geometry::{Parts, Taken};
use header::{Column, ColumnKind};

mod buffer;
mod geometry;
mod header;

/// Writes one file. The format has one feature type; of several, those after the first are left out.
#[derive(Debug, Default)]
pub struct FlatGeobuf {
    layer: Option<Layer>,
    has_header: bool,
}

#[derive(Debug)]
struct Layer {
    collection: String,
    /// The columns and the cell of each.
    columns: Vec<(Column, usize)>,
    geometry: bool,
    shape: Option<Shape>,
    has_z: bool,
    parts: Parts,
    malformed: u64,
    misfits: u64,
}

impl FlatGeobuf {
    /// An encoder for one file.
    pub fn new() -> Self {
        Self::default()
    }
}

impl Encoder for FlatGeobuf {
    fn open(&mut self, _: &Opening, _: &mut Vec<u8>) {}

    fn part(&mut self, part: &Part, out: &mut Vec<u8>) {
        if std::mem::replace(&mut self.has_header, true) {
            return;
        }
        let schema = &*part.schema;
        let cells = part.layout.first_property()..;
        let fields = part.layout.fields.iter().filter_map(|&field| schema.fields.get(field));
        let mut columns: Vec<(Column, usize)> = cells
            .zip(fields)
            .map(|(cell, field)| {
                let (title, description) = (field.title.clone(), field.description.clone());
                let kind = ColumnKind::of(field.kind);
                (Column { name: field.name.clone(), title, description, kind, is_key: false }, cell)
            })
            .collect();
        // A view may have its key among its properties.
        if !columns.iter().any(|(column, _)| column.name == schema.key.0) {
            let kind = if schema.key.1 == KeyKind::Integer { ColumnKind::Long } else { ColumnKind::String };
            let key = Column { name: schema.key.0.clone(), title: None, description: None, kind, is_key: true };
            columns.insert(0, (key, 0));
        }
        let field = schema.geometry.as_ref().filter(|_| part.layout.geometry);
        let shape = field.and_then(|field| geometry::shape_of(field.kind));
        let has_z = field.is_some_and(|field| field.has_z);
        let (columns, cells): (Vec<Column>, Vec<usize>) = columns.into_iter().unzip();
        header::write(&part.name, shape, has_z, field.map(|_| &part.crs), &columns, out);
        self.layer = Some(Layer {
            collection: part.name.clone(),
            columns: columns.into_iter().zip(cells).collect(),
            geometry: field.is_some(),
            shape,
            has_z,
            parts: Parts::default(),
            malformed: 0,
            misfits: 0,
        });
    }

    fn batch(&mut self, batch: &Batch, out: &mut Vec<u8>) {
        let Some(layer) = &mut self.layer else { return };
        batch.rows().for_each(|row| layer.write(row, out));
        layer.report();
    }

    fn end_part(&mut self, _: &mut Vec<u8>) {
        self.layer = None;
    }

    fn close(&mut self, _: &Closing, _: &mut Vec<u8>) {}
}

impl Layer {
    fn write(&mut self, row: Row<'_>, out: &mut Vec<u8>) {
        let wkb = if self.geometry { row.geometry() } else { None };
        let taken = wkb.map_or(Ok(Taken::Nothing), |wkb| self.parts.take(wkb, self.shape));
        self.malformed += u64::from(taken.is_err());
        self.misfits += u64::from(taken == Ok(Taken::Misfit));
        let has_geometry = taken == Ok(Taken::Whole);
        let mut buffer = Buffer::begin(out);
        let root = buffer.root();
        let geometry = if has_geometry { Slot::Reference } else { Slot::Absent };
        let places = buffer.table(root, &[geometry, Slot::Reference]);
        buffer.bytes(places[1], |out| {
            for (number, (column, cell)) in (0u16..).zip(&self.columns) {
                write_property(number, column.kind, row, row.cell(*cell), out);
            }
        });
        if has_geometry {
            self.parts.write(places[0], self.has_z, &mut buffer);
        }
        buffer.finish();
    }

    fn report(&mut self) {
        let (collection, malformed, misfits) = (&self.collection, self.malformed, self.misfits);
        if malformed > 0 {
            tracing::warn!(collection, features = malformed, "malformed geometry, left out");
        }
        if misfits > 0 {
            tracing::warn!(collection, features = misfits, "geometry of another kind than the layer's, left out");
        }
        (self.malformed, self.misfits) = (0, 0);
    }
}

/// Appends the number of the column and the value; nothing where there is none, or one that the column cannot hold.
#[allow(clippy::cast_possible_truncation, clippy::cast_precision_loss)] // only where the number stays the same
fn write_property(number: u16, kind: ColumnKind, row: Row<'_>, cell: Cell, out: &mut Vec<u8>) {
    if cell.is_nothing() {
        return;
    }
    let start = out.len();
    out.extend_from_slice(&number.to_le_bytes());
    match (kind, cell) {
        (ColumnKind::Bool, Cell::Bool(truth)) => out.push(u8::from(truth)),
        (ColumnKind::Long, Cell::Int(number)) => out.extend_from_slice(&number.to_le_bytes()),
        (ColumnKind::Long, Cell::Float(float)) if float.fract() == 0.0 && float.abs() < 9e15 => {
            out.extend_from_slice(&(float as i64).to_le_bytes());
        }
        (ColumnKind::Double, Cell::Float(float)) => out.extend_from_slice(&float.to_le_bytes()),
        (ColumnKind::Double, Cell::Int(number)) => out.extend_from_slice(&(number as f64).to_le_bytes()),
        (ColumnKind::Binary, Cell::Blob(..) | Cell::Text(..)) => {
            counted(out, |out| out.extend_from_slice(row.bytes(cell)));
        }
        (ColumnKind::String | ColumnKind::Json | ColumnKind::DateTime, cell) => match cell {
            Cell::Null | Cell::Blob(..) => out.truncate(start),
            Cell::Text(..) => counted(out, |out| out.extend_from_slice(row.bytes(cell))),
            Cell::Date(date) => counted(out, |out| date.write(out)),
            Cell::Instant(at) => counted(out, |out| at.write(out)),
            Cell::Int(number) => {
                counted(out, |out| out.extend_from_slice(itoa::Buffer::new().format(number).as_bytes()));
            }
            Cell::Float(number) => counted(out, |out| out.extend_from_slice(number.to_string().as_bytes())),
            Cell::Bool(truth) => counted(out, |out| out.extend_from_slice(if truth { b"true" } else { b"false" })),
        },
        _ => out.truncate(start),
    }
}

/// Appends bytes with their number before them.
fn counted(out: &mut Vec<u8>, write: impl FnOnce(&mut Vec<u8>)) {
    let start = out.len();
    out.extend_from_slice(&[0; 4]);
    write(out);
    let count = u32::try_from(out.len() - start - 4).unwrap_or(u32::MAX);
    out[start..start + 4].copy_from_slice(&count.to_le_bytes());
}

#[cfg(test)]
mod tests;
