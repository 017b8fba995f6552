//! The colours of a picture that has few.

use super::super::canvas::Rgba;

/// The colours of a picture and, for each pixel, which it has.
pub(super) struct Indexed {
    /// At most 256 colours; those with some transparency come first.
    pub(super) colours: Vec<[u8; 4]>,
    /// An index for each pixel.
    pub(super) indices: Vec<u8>,
}

/// Colours by their value: an open table with room for 256 and quick misses.
struct Table {
    slots: Box<[(u32, u16); Table::SLOTS]>,
    colours: Vec<u32>,
}

impl Table {
    const SLOTS: usize = 1024;
    const FREE: u16 = u16::MAX;

    fn new() -> Self {
        Self { slots: Box::new([(0, Self::FREE); Self::SLOTS]), colours: Vec::with_capacity(256) }
    }

    /// The place of a colour; `None` where there are 256 others.
    #[inline]
    fn place(&mut self, colour: u32) -> Option<u16> {
        let mut at = (colour.wrapping_mul(0x9e37_79b1) >> 22) as usize;
        loop {
            let (known, place) = self.slots[at];
            if place == Self::FREE {
                let place = self.colours.len() as u16;
                if place == 256 {
                    return None;
                }
                self.slots[at] = (colour, place);
                self.colours.push(colour);
                return Some(place);
            }
            if known == colour {
                return Some(place);
            }
            at = (at + 1) % Self::SLOTS;
        }
    }
}

/// The picture with a palette, where it has at most 256 colours.
pub(super) fn exact(picture: &Rgba) -> Option<Indexed> {
    let mut table = Table::new();
    let mut indices = Vec::with_capacity(picture.pixels().len());
    let mut last = None;
    for &pixel in picture.pixels() {
        let colour = u32::from_le_bytes(pixel);
        let index = match last {
            Some((known, index)) if known == colour => index,
            _ => table.place(colour)? as u8,
        };
        last = Some((colour, index));
        indices.push(index);
    }
    let colours = table.colours.into_iter().map(u32::to_le_bytes).collect();
    Some(Indexed { colours, indices }.transparent_first())
}

impl Indexed {
    /// The opacities in a PNG end with the last colour that is not opaque: few bytes where those come first.
    pub(super) fn transparent_first(mut self) -> Self {
        let mut order: Vec<u8> = (0..self.colours.len()).map(|index| index as u8).collect();
        order.sort_by_key(|&index| self.colours[usize::from(index)][3] == 255);
        if order.is_sorted() {
            return self;
        }
        let mut places = [0; 256];
        for (place, &index) in order.iter().enumerate() {
            places[usize::from(index)] = place as u8;
        }
        self.colours = order.iter().map(|&index| self.colours[usize::from(index)]).collect();
        self.indices.iter_mut().for_each(|index| *index = places[usize::from(*index)]);
        self
    }
}
