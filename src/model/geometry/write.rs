//! Writes flat WKB (little endian, x and y alone), while it is told piece by piece.

use super::wkb::Shape;

/// Appends a geometry to bytes. Counts are put in when a piece ends.
pub struct Writer<'a> {
    out: &'a mut Vec<u8>,
    /// Where the counts of the open geometries stand, and what they are so far; a point has none.
    open: Vec<Option<(usize, u32)>>,
}

impl<'a> Writer<'a> {
    /// A writer that appends.
    pub fn new(out: &'a mut Vec<u8>) -> Self {
        Self { out, open: Vec::new() }
    }

    /// Starts a geometry: the outermost, or a member of the one that is open.
    pub fn begin(&mut self, shape: Shape) {
        self.count(1);
        let code: u32 = match shape {
            Shape::Point => 1,
            Shape::LineString => 2,
            Shape::Polygon => 3,
            Shape::MultiPoint => 4,
            Shape::MultiLineString => 5,
            Shape::MultiPolygon => 6,
            Shape::GeometryCollection => 7,
        };
        self.out.push(1);
        self.out.extend(code.to_le_bytes());
        self.open.push((shape != Shape::Point).then_some((self.out.len(), 0)));
        if shape != Shape::Point {
            self.out.extend([0; 4]);
        }
    }

    /// The place of a point.
    pub fn point(&mut self, (x, y): (f64, f64)) {
        self.out.extend(x.to_le_bytes());
        self.out.extend(y.to_le_bytes());
    }

    /// The vertices of a line.
    pub fn run(&mut self, vertices: &[(f64, f64)]) {
        self.count(vertices.len());
        for &at in vertices {
            self.point(at);
        }
    }

    /// A ring of a polygon.
    pub fn ring(&mut self, vertices: &[(f64, f64)]) {
        self.count(1);
        let length = u32::try_from(vertices.len()).unwrap_or(u32::MAX);
        self.out.extend(length.to_le_bytes());
        for &at in vertices {
            self.point(at);
        }
    }

    /// Ends the geometry that is open.
    pub fn end(&mut self) {
        if let Some(Some((at, count))) = self.open.pop()
            && let Some(place) = self.out.get_mut(at..at + 4)
        {
            place.copy_from_slice(&count.to_le_bytes());
        }
    }

    fn count(&mut self, more: usize) {
        if let Some(Some((_, count))) = self.open.last_mut() {
            *count = count.saturating_add(u32::try_from(more).unwrap_or(u32::MAX));
        }
    }
}
