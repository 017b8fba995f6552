//! Colours, and how one is laid over another.

/// A colour with its opacity; not premultiplied.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Colour {
    /// Red.
    pub red: u8,
    /// Green.
    pub green: u8,
    /// Blue.
    pub blue: u8,
    /// 0 is invisible, 255 hides what is behind.
    pub alpha: u8,
}

impl Colour {
    /// Nothing.
    pub const TRANSPARENT: Self = Self { red: 0, green: 0, blue: 0, alpha: 0 };
    /// White.
    pub const WHITE: Self = Self::rgb(255, 255, 255);
    /// Black.
    pub const BLACK: Self = Self::rgb(0, 0, 0);

    /// An opaque colour.
    pub const fn rgb(red: u8, green: u8, blue: u8) -> Self {
        Self { red, green, blue, alpha: 255 }
    }

    /// The colour with this share (0 to 1) of its opacity.
    #[must_use]
    pub fn faded(self, opacity: f64) -> Self {
        let alpha = (f64::from(self.alpha) * opacity.clamp(0.0, 1.0)).round() as u8;
        Self { alpha, ..self }
    }

    /// As pixels are kept: red, green and blue multiplied by the opacity.
    pub(super) fn premultiplied(self) -> Pixel {
        let part = |it: u8| divide_by_255(u32::from(it) * u32::from(self.alpha)) as u8;
        [part(self.red), part(self.green), part(self.blue), self.alpha]
    }
}

/// Red, green, blue (multiplied by alpha) and alpha.
pub(crate) type Pixel = [u8; 4];

#[inline]
fn divide_by_255(value: u32) -> u32 {
    (value + 128 + ((value + 128) >> 8)) >> 8
}

/// A pixel with `part` (of 255) of what it has.
#[inline]
pub(super) fn scaled(pixel: Pixel, part: u8) -> Pixel {
    // Two channels at once, in the halves of 32 bits; the division by 255 is exact.
    let (value, part) = (u32::from_le_bytes(pixel), u32::from(part));
    let even = (value & 0x00ff_00ff) * part + 0x0080_0080;
    let odd = (value >> 8 & 0x00ff_00ff) * part + 0x0080_0080;
    let even = (even + (even >> 8 & 0x00ff_00ff)) >> 8 & 0x00ff_00ff;
    let odd = (odd + (odd >> 8 & 0x00ff_00ff)) & 0xff00_ff00;
    (even | odd).to_le_bytes()
}

/// Lays a pixel over another.
#[inline]
pub(super) fn over(below: &mut Pixel, above: Pixel) {
    let kept = scaled(*below, 255 - above[3]);
    // No channel overflows, for each is at most its alpha.
    *below = u32::from_le_bytes(kept).wrapping_add(u32::from_le_bytes(above)).to_le_bytes();
}

/// Lays a colour over four pixels, of each pixel as much as it is covered (of 255).
#[inline]
pub(super) fn cover_four(below: &mut [Pixel; 4], colour: Pixel, covers: [u8; 4]) {
    // Sixteen channels side by side in 16 bits each, for which processors have instructions.
    let above: [u16; 16] = std::array::from_fn(|at| exact(u16::from(colour[at % 4]) * u16::from(covers[at / 4])));
    let kept: [u16; 4] = std::array::from_fn(|at| 255 - above[at * 4 + 3]);
    let flat = below.as_flattened_mut();
    for at in 0..16 {
        flat[at] = (above[at] + exact(u16::from(flat[at]) * kept[at / 4])) as u8;
    }
}

/// A product of two bytes, divided by 255 and rounded.
#[inline]
fn exact(product: u16) -> u16 {
    let sum = product + 128;
    (sum + (sum >> 8)) >> 8
}

/// Makes kept pixels what files have: colours not multiplied by their opacity.
pub(super) fn unpremultiply(pixels: &mut [Pixel]) {
    let (blocks, rest) = pixels.as_chunks_mut::<16>();
    for block in blocks {
        // Most pixels are wholly opaque or wholly transparent, and those are what they should be.
        // One more than 0 or 255 has none of these bits.
        let partial = block.iter().fold(0, |bits, pixel| bits | (((u32::from_le_bytes(*pixel) >> 24) + 1) & 0xfe));
        if partial != 0 {
            for pixel in block {
                *pixel = unpremultiplied(*pixel);
            }
        }
    }
    for pixel in rest {
        *pixel = unpremultiplied(*pixel);
    }
}

/// 255 divided by an opacity, with 16 binary places.
const INVERSE: [u32; 256] = {
    let mut table = [0; 256];
    let mut alpha = 1;
    while alpha < 256 {
        table[alpha] = ((255 << 16) + alpha as u32 / 2) / alpha as u32;
        alpha += 1;
    }
    table
};

#[inline]
fn unpremultiplied(pixel: Pixel) -> Pixel {
    let inverse = INVERSE[usize::from(pixel[3])];
    let whole = |it: u8| ((u32::from(it) * inverse + 0x8000) >> 16).min(255) as u8;
    [whole(pixel[0]), whole(pixel[1]), whole(pixel[2]), pixel[3]]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scaling_is_rounded_division() {
        for value in 0..=255_u8 {
            for part in 0..=255_u8 {
                let exact = (f64::from(value) * f64::from(part) / 255.0).round() as u8;
                assert_eq!(scaled([value; 4], part), [exact; 4], "{value} {part}");
            }
        }
    }

    #[test]
    fn a_colour_survives_being_kept() {
        for alpha in [255, 254, 128, 17] {
            let colour = Colour { red: 200, green: 100, blue: 3, alpha };
            let [red, green, blue, kept] = unpremultiplied(colour.premultiplied());
            assert_eq!(kept, alpha);
            let tolerance = 255 / alpha + 1;
            assert!(
                red.abs_diff(200) <= tolerance && green.abs_diff(100) <= tolerance && blue.abs_diff(3) <= tolerance
            );
        }
        assert_eq!(unpremultiplied(Colour { red: 9, green: 9, blue: 9, alpha: 0 }.premultiplied()), [0; 4]);
    }

    #[test]
    fn four_at_once_are_like_one_by_one() {
        let colour = Colour { red: 200, green: 90, blue: 7, alpha: 180 }.premultiplied();
        for cover in 0..=255 {
            let mut four = [[10, 20, 30, 40], [0; 4], [255; 4], [90, 100, 0, 128]];
            let mut single = four;
            for pixel in &mut single {
                over(pixel, scaled(colour, cover));
            }
            cover_four(&mut four, colour, [cover; 4]);
            assert_eq!(four, single, "{cover}");
        }
    }

    #[test]
    fn over_keeps_channels_below_alpha() {
        for alpha in 0..=255 {
            let mut below = Colour { red: 255, green: 128, blue: 1, alpha: 77 }.premultiplied();
            over(&mut below, Colour { red: 255, green: 255, blue: 255, alpha }.premultiplied());
            assert!(below[..3].iter().all(|&it| it <= below[3]));
        }
    }
}
