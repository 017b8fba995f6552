//! Rows for the tests of encoders.

use super::{Closing, Opening, Part};
use crate::base::crs::Crs;
use crate::base::datetime::{Date, Instant};
use crate::model::batch::{Batch, Cell, Layout};
use crate::model::geometry::samples::{Sample, Style, wkb};
use crate::model::schema::{Field, FieldKind, GeometryField, GeometryKind, KeyKind, Schema};

pub(crate) fn opening() -> Opening {
    Opening { time_stamp: Instant(1_500_000), matched: None }
}

pub(crate) fn closing(batch: &Batch) -> Closing {
    Closing { links: Vec::new(), matched: None, returned: batch.len() as u64 }
}

/// The fields of [`places`].
pub(crate) const KINDS: [(&str, FieldKind); 8] = [
    ("a \"name\"", FieldKind::String),
    ("int", FieldKind::Integer),
    ("float", FieldKind::Number),
    ("bool", FieldKind::Boolean),
    ("date", FieldKind::Date),
    ("instant", FieldKind::DateTime),
    ("json", FieldKind::Json),
    ("bytes", FieldKind::Binary),
];

/// A layer of any geometries.
pub(crate) fn part() -> Part {
    let geometry =
        GeometryField { name: "geom".to_owned(), kind: GeometryKind::Any, crs: Crs::Crs84, epoch: None, has_z: false };
    let schema = Schema {
        fields: KINDS.iter().map(|(name, kind)| Field::new(*name, *kind)).collect(),
        key: ("fid".to_owned(), KeyKind::Integer),
        geometry: Some(geometry),
        time: None,
    };
    let layout = Layout { geometry: true, fields: (0..KINDS.len()).collect() };
    Part { name: "places".to_owned(), schema: schema.into(), layout: layout.into(), crs: Crs::Crs84, decimals: None }
}

/// One row with everything, one with next to nothing, one that is as far as can be.
pub(crate) fn places() -> (Part, Batch) {
    let part = part();
    let mut batch = Batch::new(part.layout.width());
    batch.push(Cell::Int(1));
    batch.push_blob(&wkb(&Sample::Point([7.5, 46.25, 0.0, 0.0]), Style::default()));
    batch.push_text("x,\"y\"\nz");
    batch.push(Cell::Int(-7));
    batch.push(Cell::Float(0.1));
    batch.push(Cell::Bool(true));
    batch.push(Cell::Date(Date::parse("2024-02-29").unwrap()));
    batch.push(Cell::Instant(Instant::parse("2024-02-29T12:00:00.5Z").unwrap()));
    batch.push_text("{\"a\":1}");
    batch.push_blob(&[0, 255]);
    batch.push(Cell::Int(2));
    batch.push(Cell::Null);
    batch.push_text("");
    (0..7).for_each(|_| batch.push(Cell::Null));
    batch.push(Cell::Int(i64::MAX));
    batch.push_blob(&wkb(&Sample::Point([-180.0, -90.0, 0.0, 0.0]), Style::default()));
    batch.push_text("Zürich 東京 😀");
    batch.push(Cell::Int(i64::MIN));
    batch.push(Cell::Float(-1e300));
    batch.push(Cell::Bool(false));
    batch.push(Cell::Date(Date::parse("1969-12-31").unwrap()));
    batch.push(Cell::Instant(Instant(-1)));
    batch.push_text("null");
    batch.push_blob(&[]);
    (part, batch)
}
