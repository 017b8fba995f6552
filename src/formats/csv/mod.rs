//! Comma-separated values (RFC 4180). Points have columns `x` and `y`, other geometries one of well-known text; x
//! (longitude) is always before y.

use crate::model::batch::{Batch, Cell, Row};
use crate::model::geometry::points::{Points, Vertex};
use crate::model::geometry::wkb::{Shape, Sink, walk};
use crate::model::schema::{GeometryKind, Schema};

use super::geojson::number::{write_coordinate, write_float, write_integer};
use super::geojson::text::write_base64_digits;
use super::{Closing, Encoder, Opening, Part};

mod wkt;

pub use wkt::write_wkt;

/// Writes one table. Of several feature types each has a header of its own.
///
/// Text always stands in quotes, so that readers tell `"007"` from a number and `""` from nothing. What a spreadsheet
/// might take for a formula stays as it is: whoever changes it changes the data.
#[derive(Debug, Default)]
pub struct Csv {
    columns: Option<Columns>,
}

/// What the columns of a table are.
#[derive(Debug)]
struct Columns {
    collection: String,
    id: bool,
    /// The cells of the properties.
    cells: std::ops::Range<usize>,
    geometry: Geometry,
    decimals: Option<u8>,
    malformed: u64,
}

/// How a geometry is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Geometry {
    None,
    Point { has_z: bool },
    Text,
}

impl Csv {
    /// An encoder for one document.
    pub fn new() -> Self {
        Self::default()
    }
}

impl Encoder for Csv {
    fn open(&mut self, _: &Opening, _: &mut Vec<u8>) {}

    fn part(&mut self, part: &Part, out: &mut Vec<u8>) {
        let schema = &*part.schema;
        let mut names: Vec<&str> = Vec::new();
        names.extend(part.layout.fields.iter().filter_map(|&field| Some(schema.fields.get(field)?.name.as_str())));
        let cells = part.layout.first_property()..part.layout.first_property() + names.len();
        // A view may have its key among its properties.
        let id = !names.contains(&schema.key.0.as_str());
        if id {
            names.insert(0, &schema.key.0);
        }
        let geometry = if part.layout.geometry { geometry(schema, &names) } else { Geometry::None };
        let mut own: Vec<String> = Vec::new();
        match geometry {
            Geometry::None => {}
            Geometry::Point { has_z } => {
                own.extend(["x", "y", "z"].map(str::to_owned).into_iter().take(2 + usize::from(has_z)));
            }
            // Readers know a column of geometry by this name.
            Geometry::Text => own.push(free("WKT", &names)),
        }
        for (at, name) in names.iter().copied().chain(own.iter().map(String::as_str)).enumerate() {
            if at > 0 {
                out.push(b',');
            }
            write_text(name.as_bytes(), out);
        }
        out.extend_from_slice(b"\r\n");
        let (collection, decimals) = (part.name.clone(), part.written_decimals());
        self.columns = Some(Columns { collection, id, cells, geometry, decimals, malformed: 0 });
    }

    fn batch(&mut self, batch: &Batch, out: &mut Vec<u8>) {
        let Some(columns) = &mut self.columns else { return };
        batch.rows().for_each(|row| columns.write(row, out));
        columns.report();
    }

    fn end_part(&mut self, _: &mut Vec<u8>) {
        self.columns = None;
    }

    fn close(&mut self, _: &Closing, _: &mut Vec<u8>) {}
}

fn geometry(schema: &Schema, names: &[&str]) -> Geometry {
    let Some(field) = &schema.geometry else { return Geometry::None };
    let is_taken = names.iter().any(|name| ["x", "y", "z"].iter().any(|own| name.eq_ignore_ascii_case(own)));
    if field.kind == GeometryKind::Point && !is_taken { Geometry::Point { has_z: field.has_z } } else { Geometry::Text }
}

/// A name that no other column has, whatever the case of its letters.
fn free(name: &str, others: &[&str]) -> String {
    let numbered = (2..).map(|number| format!("{name}_{number}"));
    let is_free = |name: &String| !others.iter().any(|other| other.eq_ignore_ascii_case(name));
    std::iter::once(name.to_owned()).chain(numbered).find(is_free).unwrap_or_default()
}

impl Columns {
    fn write(&mut self, row: Row<'_>, out: &mut Vec<u8>) {
        let start = out.len();
        if self.id {
            write_cell(row, row.cell(0), out);
            out.push(b',');
        }
        for cell in self.cells.clone() {
            write_cell(row, row.cell(cell), out);
            out.push(b',');
        }
        let wkb = if self.geometry == Geometry::None { None } else { row.geometry() };
        match self.geometry {
            // The comma after the last column is one too many.
            Geometry::None => out.truncate(out.len().saturating_sub(1).max(start)),
            Geometry::Text => {
                if let Some(wkb) = wkb {
                    self.malformed += u64::from(write_wkt(wkb, self.decimals, out).is_err());
                }
            }
            Geometry::Point { has_z } => {
                let mut point = FirstPoint(None);
                self.malformed += u64::from(wkb.is_some_and(|wkb| walk(wkb, &mut point).is_err()));
                write_point(point.0, has_z, self.decimals, out);
            }
        }
        out.extend_from_slice(b"\r\n");
    }

    fn report(&mut self) {
        if self.malformed > 0 {
            let (collection, features) = (&self.collection, self.malformed);
            tracing::warn!(collection, features, "malformed geometry, left empty");
            self.malformed = 0;
        }
    }
}

/// Takes the point of a point.
struct FirstPoint(Option<Vertex>);

impl Sink for FirstPoint {
    fn points(&mut self, points: Points<'_>, _: Shape, _: usize) -> std::ops::ControlFlow<()> {
        self.0 = points.first();
        std::ops::ControlFlow::Break(())
    }
}

fn write_point(vertex: Option<Vertex>, has_z: bool, decimals: Option<u8>, out: &mut Vec<u8>) {
    let place = vertex.filter(|vertex| vertex.x.is_finite() && vertex.y.is_finite());
    if let Some(Vertex { x, .. }) = place {
        write_coordinate(x, decimals, out);
    }
    out.push(b',');
    if let Some(Vertex { y, .. }) = place {
        write_coordinate(y, decimals, out);
    }
    if has_z {
        out.push(b',');
        if let Some(Vertex { z, .. }) = place.filter(|vertex| vertex.z.is_finite()) {
            write_coordinate(z, decimals, out);
        }
    }
}

fn write_cell(row: Row<'_>, cell: Cell, out: &mut Vec<u8>) {
    match cell {
        Cell::Int(number) => write_integer(number, out),
        Cell::Float(number) if number.is_finite() => write_float(number, out),
        Cell::Null => {}
        Cell::Float(number) if number.is_nan() => {}
        // As XML Schema writes them, and most readers take them.
        Cell::Float(number) => out.extend_from_slice(if number > 0.0 { b"INF" } else { b"-INF" }),
        Cell::Bool(truth) => out.extend_from_slice(if truth { b"true" } else { b"false" }),
        Cell::Date(date) => date.write(out),
        Cell::Instant(at) => at.write(out),
        Cell::Text(..) => write_text(row.bytes(cell), out),
        Cell::Blob(..) => {
            out.push(b'"');
            write_base64_digits(row.bytes(cell), out);
            out.push(b'"');
        }
    }
}

/// Appends text in quotes; one within is doubled.
fn write_text(text: &[u8], out: &mut Vec<u8>) {
    out.push(b'"');
    for (at, run) in text.split(|&byte| byte == b'"').enumerate() {
        if at > 0 {
            out.extend_from_slice(b"\"\"");
        }
        out.extend_from_slice(run);
    }
    out.push(b'"');
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::formats::samples::{closing, opening, places};

    fn written(part: &Part, batch: &Batch) -> String {
        let (mut encoder, mut out) = (Csv::new(), Vec::new());
        encoder.open(&opening(), &mut out);
        encoder.part(part, &mut out);
        encoder.batch(batch, &mut out);
        encoder.end_part(&mut out);
        encoder.close(&closing(batch), &mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn every_kind_of_cell_has_its_column() {
        let (part, batch) = places();
        let text = written(&part, &batch);
        let lines: Vec<&str> = text.split("\r\n").collect();
        assert_eq!(lines[0], r#""fid","a ""name""","int","float","bool","date","instant","json","bytes","WKT""#);
        assert_eq!(
            lines[1],
            "1,\"x,\"\"y\"\"\nz\",-7,0.1,true,2024-02-29,2024-02-29T12:00:00.5Z,\"{\"\"a\"\":1}\",\"AP8=\",\"POINT (7.5 46.25)\""
        );
        assert_eq!(lines[2], "2,\"\",,,,,,,,");
        assert_eq!(lines[4], "");
    }

    #[test]
    fn infinite_numbers_are_told_and_what_is_no_number_is_nothing() {
        let written = |number: f64| {
            let mut batch = Batch::new(2);
            batch.push(Cell::Null);
            batch.push(Cell::Float(number));
            let (row, mut out) = (batch.row(0), Vec::new());
            write_cell(row, row.cell(1), &mut out);
            String::from_utf8(out).unwrap()
        };
        assert_eq!([f64::INFINITY, f64::NEG_INFINITY, f64::NAN, -0.5].map(written), ["INF", "-INF", "", "-0.5"]);
    }

    #[test]
    fn points_have_columns_of_their_own_unless_a_property_has_the_name() {
        let (mut part, batch) = places();
        let mut schema = (*part.schema).clone();
        if let Some(geometry) = &mut schema.geometry {
            geometry.kind = GeometryKind::Point;
        }
        part.schema = schema.clone().into();
        let text = written(&part, &batch);
        assert!(text.lines().next().unwrap().ends_with(r#""bytes","x","y""#), "{text}");
        assert!(text.contains(",7.5,46.25\r\n"), "{text}");
        schema.fields[1].name = "X".to_owned();
        schema.fields[2].name = "wkt".to_owned();
        part.schema = schema.into();
        assert!(written(&part, &batch).lines().next().unwrap().ends_with(r#""bytes","WKT_2""#));
    }
}
