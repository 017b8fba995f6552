//! Geometries as GeoPackages store them.

/// A geometry: its kind (1 point, 2 line, 3 polygon, 4 to 6 sets of them) and its rings, lines or points.
#[derive(Clone, Debug)]
pub(crate) struct Shape {
    kind: u32,
    rings: Vec<Vec<Vec<f64>>>,
    /// 0, 1000 (Z), 2000 (M) or 3000 (ZM).
    dimension: u32,
}

impl Shape {
    pub(crate) fn point(position: &[f64]) -> Self {
        Self::new(1, vec![vec![position.to_vec()]])
    }

    pub(crate) fn line(positions: &[[f64; 2]]) -> Self {
        Self::new(2, vec![positions.iter().map(|position| position.to_vec()).collect()])
    }

    pub(crate) fn polygon(rings: &[&[[f64; 2]]]) -> Self {
        Self::new(3, rings.iter().map(|ring| ring.iter().map(|position| position.to_vec()).collect()).collect())
    }

    /// A set of polygons without holes.
    pub(crate) fn polygons(outer: &[&[[f64; 2]]]) -> Self {
        Self { kind: 6, ..Self::polygon(outer) }
    }

    /// A rectangle, its ring counter-clockwise.
    pub(crate) fn rectangle(west: f64, south: f64, east: f64, north: f64) -> Self {
        Self::polygon(&[&[[west, south], [east, south], [east, north], [west, north], [west, south]]])
    }

    fn new(kind: u32, rings: Vec<Vec<Vec<f64>>>) -> Self {
        let dimension = if rings[0][0].len() > 2 { (rings[0][0].len() as u32 - 2) * 1000 } else { 0 };
        // Four numbers are x, y, z, m: 3000.
        Self { kind, rings, dimension: if dimension == 2000 { 3000 } else { dimension } }
    }

    /// Says that the third number is a measure, not a height.
    pub(crate) fn measured(self) -> Self {
        Self { dimension: 2000, ..self }
    }

    /// West, south, east, north.
    pub(crate) fn envelope(&self) -> [f64; 4] {
        let mut envelope = [f64::INFINITY, f64::INFINITY, f64::NEG_INFINITY, f64::NEG_INFINITY];
        for position in self.rings.iter().flatten() {
            for axis in 0..2 {
                envelope[axis] = envelope[axis].min(position[axis]);
                envelope[axis + 2] = envelope[axis + 2].max(position[axis]);
            }
        }
        envelope
    }

    /// The stored form: a header with an envelope, then WKB.
    pub(crate) fn blob(&self, srs: i32) -> Vec<u8> {
        let [west, south, east, north] = self.envelope();
        let mut out = b"GP\0\x03".to_vec();
        out.extend(srs.to_le_bytes());
        for number in [west, east, south, north] {
            out.extend(number.to_le_bytes());
        }
        match self.kind {
            6 => {
                head(&mut out, 6 + self.dimension, self.rings.len());
                for ring in &self.rings {
                    head(&mut out, 3 + self.dimension, 1);
                    positions(&mut out, ring);
                }
            }
            3 => {
                head(&mut out, 3 + self.dimension, self.rings.len());
                for ring in &self.rings {
                    positions(&mut out, ring);
                }
            }
            2 => {
                out.push(1);
                out.extend((2 + self.dimension).to_le_bytes());
                positions(&mut out, &self.rings[0]);
            }
            _ => {
                out.push(1);
                out.extend((1 + self.dimension).to_le_bytes());
                numbers(&mut out, &self.rings[0][0]);
            }
        }
        out
    }
}

fn head(out: &mut Vec<u8>, kind: u32, count: usize) {
    out.push(1);
    out.extend(kind.to_le_bytes());
    out.extend(u32::try_from(count).unwrap().to_le_bytes());
}

fn positions(out: &mut Vec<u8>, ring: &[Vec<f64>]) {
    out.extend(u32::try_from(ring.len()).unwrap().to_le_bytes());
    for position in ring {
        numbers(out, position);
    }
}

fn numbers(out: &mut Vec<u8>, position: &[f64]) {
    for number in position {
        out.extend(number.to_le_bytes());
    }
}
