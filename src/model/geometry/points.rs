//! A run of vertices as WKB stores them, decoded one by one while somebody looks.

/// A vertex. Measures are not read; nothing that is served today carries them.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Vertex {
    /// X.
    pub x: f64,
    /// Y.
    pub y: f64,
    /// Z; not a number where there is none.
    pub z: f64,
}

impl Vertex {
    /// Whether this stands for an empty point, or for a place that nobody knows.
    pub fn is_nowhere(&self) -> bool {
        self.x.is_nan() || self.y.is_nan()
    }
}

/// What each vertex of a geometry consists of, and in which byte order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ordinates {
    /// Whether the least significant byte comes first.
    pub little_endian: bool,
    /// Whether there is a Z.
    pub z: bool,
    /// Whether there is a measure.
    pub m: bool,
}

impl Ordinates {
    /// Numbers in a vertex.
    pub fn count(self) -> usize {
        2 + usize::from(self.z) + usize::from(self.m)
    }

    /// Decodes a number.
    #[inline]
    pub fn decode(self, bytes: [u8; 8]) -> f64 {
        let bits = u64::from_le_bytes(bytes);
        f64::from_bits(if self.little_endian { bits } else { bits.swap_bytes() })
    }

    /// Encodes a number.
    #[inline]
    pub fn encode(self, number: f64) -> [u8; 8] {
        if self.little_endian { number.to_le_bytes() } else { number.to_be_bytes() }
    }
}

/// The vertices of a point, a line or a ring.
#[derive(Clone, Copy, Debug)]
pub struct Points<'a> {
    pub(super) numbers: &'a [[u8; 8]],
    pub(super) ordinates: Ordinates,
    /// Where the numbers start in the WKB; without meaning for vertices that were made from arcs.
    pub(super) start: usize,
}

impl<'a> Points<'a> {
    /// The number of vertices.
    pub fn len(&self) -> usize {
        self.numbers.len() / self.ordinates.count()
    }

    /// Whether there is no vertex.
    pub fn is_empty(&self) -> bool {
        self.numbers.is_empty()
    }

    /// What each vertex consists of.
    pub fn ordinates(&self) -> Ordinates {
        self.ordinates
    }

    /// Where the numbers stand in the WKB; their count stands in the four bytes before them, but for a point. Without meaning
    /// for vertices that were made from arcs.
    pub fn place(&self) -> std::ops::Range<usize> {
        self.start..self.start + self.numbers.len() * 8
    }

    /// The vertices in order, or in reverse.
    #[inline]
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = Vertex> + ExactSizeIterator + use<'a> {
        let ordinates = self.ordinates;
        self.numbers.chunks_exact(ordinates.count()).map(move |numbers| decode(ordinates, numbers))
    }

    /// The first vertex.
    pub fn first(&self) -> Option<Vertex> {
        self.iter().next()
    }

    /// The last vertex.
    pub fn last(&self) -> Option<Vertex> {
        self.iter().next_back()
    }

    /// Twice the area that the ring encloses; positive where it runs counter-clockwise.
    pub fn twice_area(&self) -> f64 {
        let Some(origin) = self.first() else {
            return 0.0;
        };
        // Relative to the first vertex: with projected coordinates the products would lose the digits that matter.
        let (mut area, mut last_x, mut last_y) = (0.0, 0.0, 0.0);
        for vertex in self.iter() {
            let (x, y) = (vertex.x - origin.x, vertex.y - origin.y);
            area += last_x * y - x * last_y;
            (last_x, last_y) = (x, y);
        }
        area
    }
}

#[inline]
fn decode(ordinates: Ordinates, numbers: &[[u8; 8]]) -> Vertex {
    let [x, y, rest @ ..] = numbers else {
        return Vertex { x: f64::NAN, y: f64::NAN, z: f64::NAN };
    };
    let z = if ordinates.z { rest.first().map_or(f64::NAN, |&z| ordinates.decode(z)) } else { f64::NAN };
    Vertex { x: ordinates.decode(*x), y: ordinates.decode(*y), z }
}
