//! WKB to a GeoJSON geometry.

use std::ops::ControlFlow;

use crate::model::geometry::Malformed;
use crate::model::geometry::points::{Points, Vertex};
use crate::model::geometry::wkb::{Shape, Sink, walk};

use super::number::{write_coordinate, write_pair};

/// Appends the geometry, or `null` where it is an empty point, has coordinates that are no numbers, or is malformed
/// (which the result says). Rings run as RFC 7946 wants them: the exterior one counter-clockwise.
pub fn write_geometry(wkb: &[u8], decimals: Option<u8>, out: &mut Vec<u8>) -> Result<(), Malformed> {
    write_geometry_in_order(wkb, decimals, false, out)
}

/// The same with y (latitude, north) before x, for systems whose authority has it so.
pub fn write_geometry_in_order(
    wkb: &[u8],
    decimals: Option<u8>,
    is_lat_first: bool,
    out: &mut Vec<u8>,
) -> Result<(), Malformed> {
    let start = out.len();
    let mut writer = Writer { out, decimals, is_lat_first, parent: None, member: 0, null: false };
    let result = walk(wkb, &mut writer);
    if writer.null || result.is_err() {
        out.truncate(start);
        out.extend_from_slice(b"null");
    }
    result
}

struct Writer<'a> {
    out: &'a mut Vec<u8>,
    decimals: Option<u8>,
    is_lat_first: bool,
    /// What the geometry that began last is a member of.
    parent: Option<Shape>,
    /// Where that member starts.
    member: usize,
    null: bool,
}

impl Sink for Writer<'_> {
    #[inline]
    fn begin(&mut self, shape: Shape, parent: Option<Shape>) -> ControlFlow<()> {
        self.parent = parent;
        if is_object(parent) {
            if parent.is_some() {
                self.separate();
            }
            self.out.extend_from_slice(opening(shape));
        } else {
            self.member = self.out.len();
            if shape == Shape::Polygon {
                self.separate();
                self.out.push(b'[');
            }
        }
        ControlFlow::Continue(())
    }

    #[inline]
    fn points(&mut self, points: Points<'_>, of: Shape, ring: usize) -> ControlFlow<()> {
        match of {
            Shape::Point => self.point(points),
            Shape::Polygon => self.ring(points, ring == 0),
            _ => self.line(points),
        }
    }

    #[inline]
    fn end(&mut self, shape: Shape, parent: Option<Shape>) -> ControlFlow<()> {
        if is_object(parent) {
            self.out.extend_from_slice(closing(shape));
        } else if shape == Shape::Polygon {
            if self.out.last() == Some(&b'[') {
                // An empty member is left out: a position must follow each bracket.
                self.out.truncate(self.member);
            } else {
                self.out.push(b']');
            }
        }
        ControlFlow::Continue(())
    }
}

/// Whether a member of this is an object of its own; else it is an array of positions.
#[inline]
fn is_object(parent: Option<Shape>) -> bool {
    matches!(parent, None | Some(Shape::GeometryCollection))
}

fn opening(shape: Shape) -> &'static [u8] {
    match shape {
        Shape::Point => br#"{"type":"Point","coordinates":"#,
        // The brackets of a line are those of its vertices.
        Shape::LineString => br#"{"type":"LineString","coordinates":"#,
        Shape::Polygon => br#"{"type":"Polygon","coordinates":["#,
        Shape::MultiPoint => br#"{"type":"MultiPoint","coordinates":["#,
        Shape::MultiLineString => br#"{"type":"MultiLineString","coordinates":["#,
        Shape::MultiPolygon => br#"{"type":"MultiPolygon","coordinates":["#,
        Shape::GeometryCollection => br#"{"type":"GeometryCollection","geometries":["#,
    }
}

fn closing(shape: Shape) -> &'static [u8] {
    if matches!(shape, Shape::Point | Shape::LineString) { b"}" } else { b"]}" }
}

impl Writer<'_> {
    /// A comma, where something of the same kind stands before.
    #[inline]
    fn separate(&mut self) {
        if matches!(self.out.last(), Some(b']' | b'}')) {
            self.out.push(b',');
        }
    }

    fn point(&mut self, points: Points<'_>) -> ControlFlow<()> {
        let Some(vertex) = points.first() else { return ControlFlow::Continue(()) };
        if !(vertex.x.is_nan() && vertex.y.is_nan()) {
            if self.parent.is_some() {
                self.separate();
            }
            return self.position(vertex);
        }
        match self.parent {
            None => self.give_up(),
            Some(Shape::GeometryCollection) => {
                self.out.extend_from_slice(b"[]");
                ControlFlow::Continue(())
            }
            Some(_) => ControlFlow::Continue(()),
        }
    }

    fn line(&mut self, points: Points<'_>) -> ControlFlow<()> {
        // As for polygons: an empty line is left out of a set.
        if points.is_empty() && !is_object(self.parent) {
            return ControlFlow::Continue(());
        }
        self.positions(points.iter(), None)
    }

    fn ring(&mut self, points: Points<'_>, exterior: bool) -> ControlFlow<()> {
        let (Some(first), Some(last)) = (points.first(), points.last()) else {
            return ControlFlow::Continue(());
        };
        // A ring whose last vertex was forgotten is closed.
        let open = (first.x, first.y) != (last.x, last.y);
        if (points.twice_area() < 0.0) == exterior {
            self.positions(points.iter().rev(), open.then_some(last))
        } else {
            self.positions(points.iter(), open.then_some(first))
        }
    }

    fn positions(&mut self, vertices: impl Iterator<Item = Vertex>, end: Option<Vertex>) -> ControlFlow<()> {
        self.separate();
        self.out.push(b'[');
        for vertex in vertices.chain(end) {
            self.position(vertex)?;
            self.out.push(b',');
        }
        if self.out.last() == Some(&b',') {
            self.out.pop();
        }
        self.out.push(b']');
        ControlFlow::Continue(())
    }

    #[inline]
    fn position(&mut self, vertex: Vertex) -> ControlFlow<()> {
        if !(vertex.x.is_finite() && vertex.y.is_finite()) {
            return self.give_up();
        }
        self.out.push(b'[');
        let (x, y) = (within(vertex.x, 180.0), within(vertex.y, 90.0));
        let (first, second) = if self.is_lat_first { (y, x) } else { (x, y) };
        write_pair(first, second, self.decimals, self.out);
        // A height that is not known is no reason to lose the place.
        if vertex.z.is_finite() {
            self.out.push(b',');
            write_coordinate(vertex.z, self.decimals, self.out);
        }
        self.out.push(b']');
        ControlFlow::Continue(())
    }

    fn give_up(&mut self) -> ControlFlow<()> {
        self.null = true;
        ControlFlow::Break(())
    }
}

/// Arithmetic leaves 180.00000000000006 where 180 was meant, and a strict client finds that outside of the world. In a
/// system in metres the change is below an atom's size.
#[inline]
fn within(number: f64, edge: f64) -> f64 {
    let over = number.abs() - edge;
    if over > 0.0 && over < 1e-10 { edge.copysign(number) } else { number }
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_noise_of_arithmetic_stays_within_the_world() {
        let written = |number: f64| within(number, 180.0).to_string();
        assert_eq!([written(180.000_000_000_000_06), written(-180.000_000_000_01)], ["180", "-180"]);
        assert_eq!([written(180.001), written(-179.999_999)], ["180.001", "-179.999999"]);
    }

    use super::*;
    use crate::model::geometry::samples::{Ordinates, Sample, Style, any_curve, any_line, any_sample, any_style, wkb};
    use proptest::prelude::*;
    use serde_json::{Value, json};

    fn written(bytes: &[u8], decimals: Option<u8>) -> Value {
        let mut out = Vec::new();
        let _ = write_geometry(bytes, decimals, &mut out);
        serde_json::from_slice(&out).unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&out)))
    }

    fn plain(sample: &Sample) -> Value {
        written(&wkb(sample, Style::default()), None)
    }

    fn position(at: &Ordinates, z: bool) -> Value {
        // Numbers compare as floats: a whole coordinate is written without decimals.
        at.iter().take(2 + usize::from(z)).map(|&n| json!(n)).collect()
    }

    fn line(line: &[Ordinates], z: bool) -> Value {
        line.iter().map(|at| position(at, z)).collect()
    }

    fn rings(rings: &[Vec<Ordinates>], z: bool) -> Value {
        let area = |ring: &[Ordinates]| -> f64 {
            let [x, y, ..] = ring[0];
            ring.windows(2).map(|s| (s[0][0] - x) * (s[1][1] - y) - (s[1][0] - x) * (s[0][1] - y)).sum()
        };
        let oriented = |(at, ring): (usize, &Vec<Ordinates>)| {
            let mut ring = ring.clone();
            if (area(&ring) < 0.0) == (at == 0) {
                ring.reverse();
            }
            line(&ring, z)
        };
        rings.iter().enumerate().map(oriented).collect()
    }

    /// What a sample without arcs should become.
    fn expected(sample: &Sample, z: bool) -> Value {
        match sample {
            Sample::Point(at) if at[0].is_nan() => Value::Null,
            Sample::Point(at) => json!({"type": "Point", "coordinates": position(at, z)}),
            Sample::Line(of) | Sample::Arc(of) => json!({"type": "LineString", "coordinates": line(of, z)}),
            Sample::Polygon(of) | Sample::Triangle(of) => json!({"type": "Polygon", "coordinates": rings(of, z)}),
            Sample::Members(7, members) => {
                let empty = json!({"type": "Point", "coordinates": []});
                let member = |of| Some(expected(of, z)).filter(|value| !value.is_null()).unwrap_or(empty.clone());
                json!({"type": "GeometryCollection", "geometries": members.iter().map(member).collect::<Vec<_>>()})
            }
            Sample::Members(code, members) => {
                let name = match code {
                    4 => "MultiPoint",
                    5 | 11 => "MultiLineString",
                    _ => "MultiPolygon",
                };
                let members = members.iter().map(|of| expected(of, z)["coordinates"].take());
                json!({"type": name, "coordinates": members.filter(|of| !of.is_null()).collect::<Vec<_>>()})
            }
        }
    }

    /// As read from text: serde_json reads some floats one step off, so both sides must have gone through it.
    fn read(value: &Value) -> Value {
        floats(serde_json::from_str(&value.to_string()).unwrap())
    }

    /// All numbers as floats.
    fn floats(value: Value) -> Value {
        match value {
            Value::Number(number) => json!(number.as_f64()),
            Value::Array(items) => items.into_iter().map(floats).collect(),
            Value::Object(members) => members.into_iter().map(|(name, value)| (name, floats(value))).collect(),
            other => other,
        }
    }

    #[test]
    fn what_nobody_can_draw_is_null() {
        let nowhere = Sample::Point([f64::NAN; 4]);
        assert_eq!(plain(&nowhere), Value::Null);
        let broken = Sample::Line(vec![[0.0; 4], [f64::INFINITY, 0.0, 0.0, 0.0]]);
        assert_eq!(plain(&broken), Value::Null);
        assert_eq!(plain(&Sample::Members(7, vec![Sample::Point([1.0; 4]), broken])), Value::Null);
        let mut out = Vec::new();
        assert_eq!(write_geometry(&[1, 2, 0], None, &mut out), Err(Malformed));
        assert_eq!(out, b"null");
    }

    #[test]
    fn empty_members_are_left_out() {
        let nowhere = Sample::Point([f64::NAN; 4]);
        let points = Sample::Members(4, vec![nowhere.clone(), Sample::Point([1.0, 2.0, 3.0, 4.0]), nowhere]);
        assert_eq!(plain(&points), json!({"type": "MultiPoint", "coordinates": [[1, 2]]}));
        let triangle = vec![[0.0; 4], [1.0, 0.0, 0.0, 0.0], [0.0, 1.0, 0.0, 0.0], [0.0; 4]];
        let polygons = [vec![], vec![triangle], vec![vec![]]].map(Sample::Polygon);
        assert_eq!(
            plain(&Sample::Members(6, polygons.to_vec())),
            json!({"type": "MultiPolygon", "coordinates": [[[[0, 0], [1, 0], [0, 1], [0, 0]]]]})
        );
        let lines = [vec![], vec![[5.0; 4], [6.0; 4]], vec![]].map(Sample::Line);
        assert_eq!(
            plain(&Sample::Members(5, lines.to_vec())),
            json!({"type": "MultiLineString", "coordinates": [[[5, 5], [6, 6]]]})
        );
        assert_eq!(plain(&Sample::Polygon(vec![])), json!({"type": "Polygon", "coordinates": []}));
        assert_eq!(plain(&Sample::Line(vec![])), json!({"type": "LineString", "coordinates": []}));
    }

    #[test]
    fn rings_are_turned_and_closed() {
        let clockwise = [[0.0; 4], [0.0, 9.0, 0.0, 0.0], [9.0, 9.0, 0.0, 0.0], [9.0, 0.0, 0.0, 0.0]];
        let polygon = Sample::Polygon(vec![clockwise.to_vec(), clockwise.to_vec()]);
        let value = plain(&polygon);
        assert_eq!(value["coordinates"][0], json!([[9, 0], [9, 9], [0, 9], [0, 0], [9, 0]]));
        assert_eq!(value["coordinates"][1], json!([[0, 0], [0, 9], [9, 9], [9, 0], [0, 0]]));
    }

    #[test]
    fn heights_are_kept_where_they_are_known() {
        let line = Sample::Line(vec![[1.0, 2.0, 3.5, 9.0], [4.0, 5.0, f64::NAN, 9.0]]);
        let bytes = wkb(&line, Style { z: true, m: true, ..Style::default() });
        assert_eq!(written(&bytes, None)["coordinates"], json!([[1, 2, 3.5], [4, 5]]));
        let bytes = wkb(&line, Style { m: true, ..Style::default() });
        assert_eq!(written(&bytes, None)["coordinates"], json!([[1, 2], [4, 5]]));
    }

    #[test]
    fn curves_are_straightened_and_joined() {
        let at = |x: f64, y: f64| [x, y, 0.0, 0.0];
        let arc = Sample::Arc(vec![at(1.0, 0.0), at(0.0, 1.0), at(-1.0, 0.0)]);
        let base = Sample::Line(vec![at(-1.0, 0.0), at(1.0, 0.0)]);
        let half = Sample::Members(10, vec![Sample::Members(9, vec![arc.clone(), base.clone()])]);
        let value = plain(&Sample::Members(12, vec![half]));
        assert_eq!(value["type"], "MultiPolygon");
        let ring = value["coordinates"][0][0].as_array().unwrap();
        assert!((46..50).contains(&ring.len()), "{}", ring.len());
        assert_eq!([&ring[0], ring.last().unwrap()], [&json!([1, 0]), &json!([1, 0])]);
        assert!(ring.contains(&json!([0, 1])) && ring.contains(&json!([-1, 0])));
        assert!(ring.windows(2).all(|pair| pair[0] != pair[1]), "shared ends are written once");
        let value = plain(&Sample::Members(11, vec![arc, base]));
        assert_eq!(value["type"], "MultiLineString");
        assert_eq!(value["coordinates"][1], json!([[-1, 0], [1, 0]]));
    }

    proptest! {
        #[test]
        fn every_sample_is_written_as_it_is(sample in any_sample(), style in any_style()) {
            prop_assert_eq!(floats(written(&wkb(&sample, style), None)), read(&expected(&sample, style.z)));
        }

        #[test]
        fn coordinates_are_rounded(vertices in any_line(), style in any_style(), decimals in 0u8..9) {
            let mut sample = Sample::Line(vertices);
            let value = written(&wkb(&sample, style), Some(decimals));
            sample.change(&|at| at.map(|n| format!("{n:.*}", usize::from(decimals)).parse::<f64>().unwrap() + 0.0));
            prop_assert_eq!(floats(value), read(&expected(&sample, style.z)));
        }

        #[test]
        fn no_bytes_make_broken_json(
            sample in prop_oneof![any_sample(), any_curve()], style in any_style(),
            harm in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..4), cut: prop::sample::Index,
        ) {
            let mut bytes = wkb(&sample, style);
            for (place, value) in harm {
                let place = place.index(bytes.len());
                bytes[place] = value;
            }
            written(&bytes, Some(6));
            bytes.truncate(cut.index(bytes.len()));
            written(&bytes, None);
        }

        #[test]
        fn random_bytes_make_no_broken_json(bytes in prop::collection::vec(any::<u8>(), 0..100)) {
            written(&bytes, None);
        }
    }
}
