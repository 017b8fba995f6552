//! WKB to well-known text in quotes, without a geometry object in between.

use std::ops::ControlFlow;

use crate::formats::geojson::number::write_coordinate;
use crate::model::geometry::points::{Points, Vertex};
use crate::model::geometry::wkb::{Shape, Sink, walk};
use crate::model::geometry::{Malformed, z_range};

/// Appends the geometry in quotes; nothing where it has coordinates that are no numbers, or is malformed (which the result
/// says).
pub fn write_wkt(wkb: &[u8], decimals: Option<u8>, out: &mut Vec<u8>) -> Result<(), Malformed> {
    let start = out.len();
    let has_z = z_range(wkb)?.is_some();
    let mut writer = Writer { out, decimals, has_z, open: 0, lacks_z: false, is_lost: false };
    writer.out.push(b'"');
    let mut result = walk(wkb, &mut writer);
    if writer.lacks_z {
        // Some vertices have a height and some have none: then nobody has.
        writer.out.truncate(start + 1);
        (writer.has_z, writer.lacks_z, writer.open) = (false, false, 0);
        result = walk(wkb, &mut writer);
    }
    writer.out.push(b'"');
    if writer.is_lost || result.is_err() {
        out.truncate(start);
    }
    result
}

struct Writer<'a> {
    out: &'a mut Vec<u8>,
    decimals: Option<u8>,
    has_z: bool,
    /// Brackets and names that wait for their first member.
    open: usize,
    lacks_z: bool,
    is_lost: bool,
}

fn name(shape: Shape) -> &'static str {
    match shape {
        Shape::Point => "POINT",
        Shape::LineString => "LINESTRING",
        Shape::Polygon => "POLYGON",
        Shape::MultiPoint => "MULTIPOINT",
        Shape::MultiLineString => "MULTILINESTRING",
        Shape::MultiPolygon => "MULTIPOLYGON",
        Shape::GeometryCollection => "GEOMETRYCOLLECTION",
    }
}

/// Whether the vertices of this shape stand within brackets of its own, in one run.
fn is_run(shape: Shape) -> bool {
    matches!(shape, Shape::Point | Shape::LineString)
}

impl Sink for Writer<'_> {
    fn begin(&mut self, shape: Shape, parent: Option<Shape>) -> ControlFlow<()> {
        if matches!(parent, None | Some(Shape::GeometryCollection)) {
            self.separate();
            self.out.extend_from_slice(name(shape).as_bytes());
            if self.has_z {
                self.out.extend_from_slice(b" Z");
            }
            self.out.push(b' ');
        } else if !is_run(shape) {
            self.separate();
        }
        if !is_run(shape) {
            self.out.push(b'(');
        }
        self.open = self.out.len();
        ControlFlow::Continue(())
    }

    fn points(&mut self, points: Points<'_>, of: Shape, _: usize) -> ControlFlow<()> {
        if !(is_run(of) && self.out.last() == Some(&b' ')) {
            self.separate();
        }
        let is_nothing = points.is_empty() || (of == Shape::Point && points.first().is_some_and(|it| it.is_nowhere()));
        if is_nothing {
            self.out.extend_from_slice(b"EMPTY");
            return ControlFlow::Continue(());
        }
        self.out.push(b'(');
        for (at, vertex) in points.iter().enumerate() {
            if at > 0 {
                self.out.extend_from_slice(b", ");
            }
            self.vertex(vertex)?;
        }
        self.out.push(b')');
        ControlFlow::Continue(())
    }

    fn end(&mut self, shape: Shape, _: Option<Shape>) -> ControlFlow<()> {
        if is_run(shape) {
            return ControlFlow::Continue(());
        }
        if self.out.last() == Some(&b'(') && self.out.len() == self.open {
            self.out.pop();
            self.out.extend_from_slice(b"EMPTY");
        } else {
            self.out.push(b')');
        }
        ControlFlow::Continue(())
    }
}

impl Writer<'_> {
    /// A comma, where a member stands before.
    fn separate(&mut self) {
        if matches!(self.out.last(), Some(b')' | b'Y')) {
            self.out.extend_from_slice(b", ");
        }
    }

    fn vertex(&mut self, vertex: Vertex) -> ControlFlow<()> {
        if !(vertex.x.is_finite() && vertex.y.is_finite()) {
            self.is_lost = true;
            return ControlFlow::Break(());
        }
        write_coordinate(vertex.x, self.decimals, self.out);
        self.out.push(b' ');
        write_coordinate(vertex.y, self.decimals, self.out);
        if self.has_z {
            if !vertex.z.is_finite() {
                self.lacks_z = true;
                return ControlFlow::Break(());
            }
            self.out.push(b' ');
            write_coordinate(vertex.z, self.decimals, self.out);
        }
        ControlFlow::Continue(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::model::geometry::samples::{Sample, Style, any_sample, any_style, wkb};

    fn written(sample: &Sample, style: Style) -> String {
        let mut out = Vec::new();
        let _ = write_wkt(&wkb(sample, style), None, &mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn each_shape_is_written() {
        let at = |x: f64, y: f64| [x, y, 9.0, 0.0];
        let ring = vec![at(0.0, 0.0), at(1.0, 0.0), at(1.0, 1.5), at(0.0, 0.0)];
        let (point, line) = (Sample::Point(at(1.0, -2.5)), Sample::Line(vec![at(1.0, 2.0), at(3.0, 4.0)]));
        let (polygon, nowhere) = (Sample::Polygon(vec![ring.clone(), ring.clone()]), Sample::Point([f64::NAN; 4]));
        let ring = "(0 0, 1 0, 1 1.5, 0 0)";
        for (sample, text) in [
            (point.clone(), "POINT (1 -2.5)".to_owned()),
            (nowhere.clone(), "POINT EMPTY".to_owned()),
            (line.clone(), "LINESTRING (1 2, 3 4)".to_owned()),
            (Sample::Line(Vec::new()), "LINESTRING EMPTY".to_owned()),
            (polygon.clone(), format!("POLYGON ({ring}, {ring})")),
            (Sample::Polygon(Vec::new()), "POLYGON EMPTY".to_owned()),
            (Sample::Members(4, vec![point.clone(), point.clone()]), "MULTIPOINT ((1 -2.5), (1 -2.5))".to_owned()),
            (Sample::Members(5, vec![line.clone(), line.clone()]), "MULTILINESTRING ((1 2, 3 4), (1 2, 3 4))".to_owned()),
            (
                Sample::Members(6, vec![polygon.clone(), polygon.clone()]),
                format!("MULTIPOLYGON (({ring}, {ring}), ({ring}, {ring}))"),
            ),
            (
                Sample::Members(7, vec![nowhere, line, Sample::Members(7, vec![]), Sample::Members(4, vec![point])]),
                "GEOMETRYCOLLECTION (POINT EMPTY, LINESTRING (1 2, 3 4), GEOMETRYCOLLECTION EMPTY, MULTIPOINT ((1 -2.5)))"
                    .to_owned(),
            ),
        ] {
            assert_eq!(written(&sample, Style::default()), format!("\"{text}\""));
        }
        let high = Style { z: true, ..Style::default() };
        assert_eq!(written(&Sample::Point(at(1.0, 2.0)), high), "\"POINT Z (1 2 9)\"");
    }

    #[test]
    fn coordinates_that_are_none_leave_nothing() {
        assert_eq!(written(&Sample::Line(vec![[0.0; 4], [f64::INFINITY; 4]]), Style::default()), "");
    }

    proptest! {
        #[test]
        fn gdal_reads_what_is_written(sample in any_sample(), style in any_style()) {
            let text = written(&sample, style);
            let text = text.trim_matches('"');
            prop_assert!(text.is_empty() || gdal::vector::Geometry::from_wkt(text).is_ok(), "{}", text);
        }
    }
}
