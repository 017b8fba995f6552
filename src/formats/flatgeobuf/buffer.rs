//! FlatBuffers, written front to back: what a table refers to follows it, so nothing is built first and copied after.

/// What a field of a table holds.
#[derive(Clone, Copy)]
pub(super) enum Slot {
    /// Nothing: readers take the default.
    Absent,
    U8(u8),
    U16(u16),
    I32(i32),
    /// A place that [`Buffer::refer`] fills in.
    Reference,
}

impl Slot {
    fn size(self) -> usize {
        match self {
            Self::Absent => 0,
            Self::U8(_) => 1,
            Self::U16(_) => 2,
            Self::I32(_) | Self::Reference => 4,
        }
    }
}

/// One buffer with its size before it. Numbers are aligned from the size on, as FlatBuffers' own builder does.
pub(super) struct Buffer<'a> {
    out: &'a mut Vec<u8>,
    start: usize,
}

/// Most fields of a table in the schema of FlatGeobuf.
const FIELDS: usize = 14;

/// Where the references of a table stand, field by field.
pub(super) type Places = [usize; FIELDS];

impl<'a> Buffer<'a> {
    /// Starts a buffer behind what is there already; its root table must follow.
    pub(super) fn begin(out: &'a mut Vec<u8>) -> Self {
        let start = out.len();
        out.extend_from_slice(&[0; 8]);
        Self { out, start }
    }

    /// Writes the size before the buffer, which is at an end.
    pub(super) fn finish(self) {
        let size = u32::try_from(self.out.len() - self.start - 4).unwrap_or(u32::MAX);
        self.out[self.start..self.start + 4].copy_from_slice(&size.to_le_bytes());
    }

    /// Where the reference to the root table stands.
    pub(super) fn root(&self) -> usize {
        self.start + 4
    }

    /// Fills up so that what follows `ahead` bytes is aligned.
    fn align(&mut self, to: usize, ahead: usize) {
        let at = self.out.len() - self.start + ahead;
        self.out.resize(self.out.len() + at.next_multiple_of(to) - at, 0);
    }

    /// Makes the reference at a place lead to the next byte, or to another place after it.
    pub(super) fn refer(&mut self, place: usize, target: usize) {
        let distance = u32::try_from(target.saturating_sub(place)).unwrap_or(u32::MAX);
        self.out[place..place + 4].copy_from_slice(&distance.to_le_bytes());
    }

    /// Writes a table that the reference at `place` leads to.
    #[allow(clippy::cast_possible_truncation, clippy::cast_possible_wrap)] // a table has fourteen fields of at most four bytes
    pub(super) fn table(&mut self, place: usize, slots: &[Slot]) -> Places {
        let sizes = 4 + 2 * slots.len();
        self.align(4, sizes);
        let vtable = self.out.len();
        let table = vtable + sizes;
        self.out.resize(table, 0);
        self.refer(place, table);
        self.out.extend_from_slice(&(sizes as i32).to_le_bytes());
        let mut places = [0; FIELDS];
        // The widest first, so that each is aligned where it falls.
        for size in [4, 2, 1] {
            for (field, slot) in slots.iter().enumerate().filter(|(_, slot)| slot.size() == size) {
                let offset = (self.out.len() - table) as u16;
                self.out[vtable + 4 + 2 * field..vtable + 6 + 2 * field].copy_from_slice(&offset.to_le_bytes());
                if let Some(kept) = places.get_mut(field) {
                    *kept = self.out.len();
                }
                match slot {
                    Slot::U8(number) => self.out.push(*number),
                    Slot::U16(number) => self.out.extend_from_slice(&number.to_le_bytes()),
                    Slot::I32(number) => self.out.extend_from_slice(&number.to_le_bytes()),
                    Slot::Reference => self.out.extend_from_slice(&[0; 4]),
                    Slot::Absent => {}
                }
            }
        }
        let length = (self.out.len() - table) as u16;
        self.out[vtable..vtable + 2].copy_from_slice(&(sizes as u16).to_le_bytes());
        self.out[vtable + 2..vtable + 4].copy_from_slice(&length.to_le_bytes());
        places
    }

    /// Starts a vector of elements of this size that the reference at `place` leads to; the elements follow.
    pub(super) fn vector(&mut self, place: usize, count: usize, size: usize) {
        self.align(size.max(4), 4);
        self.refer(place, self.out.len());
        self.out.extend_from_slice(&u32::try_from(count).unwrap_or(u32::MAX).to_le_bytes());
    }

    pub(super) fn string(&mut self, place: usize, text: &str) {
        self.vector(place, text.len(), 1);
        self.out.extend_from_slice(text.as_bytes());
        self.out.push(0);
    }

    pub(super) fn doubles(&mut self, place: usize, numbers: &[f64]) {
        self.vector(place, numbers.len(), 8);
        self.out.extend(numbers.iter().flat_map(|number| number.to_le_bytes()));
    }

    pub(super) fn integers(&mut self, place: usize, numbers: &[u32]) {
        self.vector(place, numbers.len(), 4);
        self.out.extend(numbers.iter().flat_map(|number| number.to_le_bytes()));
    }

    /// A vector of references, each to be filled in; the first stands here, four bytes to each.
    pub(super) fn references(&mut self, place: usize, count: usize) -> usize {
        self.vector(place, count, 4);
        let first = self.out.len();
        self.out.resize(first + 4 * count, 0);
        first
    }

    /// A vector of bytes that `write` appends.
    pub(super) fn bytes(&mut self, place: usize, write: impl FnOnce(&mut Vec<u8>)) {
        self.vector(place, 0, 1);
        let start = self.out.len();
        write(self.out);
        let count = u32::try_from(self.out.len() - start).unwrap_or(u32::MAX);
        self.out[start - 4..start].copy_from_slice(&count.to_le_bytes());
    }
}
