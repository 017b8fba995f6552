//! GeoTIFF: samples of all bands pixel by pixel, in strips, not compressed, so that their places are known before the
//! first is read and the answer is streamed.

use super::tiff::{self, Entry};
use super::{Picture, PictureEncoder, skeleton};
use crate::data::coverage::{SampleKind, Samples, Strip};
use crate::error::{Error, Kind, Result};

/// Bytes of a strip of the file, about.
const STRIP: usize = 128 * 1024;

/// Most bytes of a file: places in it are told by 32 bits.
const MOST: u64 = u32::MAX as u64 - (1 << 24);

/// Writes one file.
pub struct GeoTiff {
    picture: Picture,
    kind: SampleKind,
    rows_per_strip: u32,
    /// Rows written so far.
    rows: u32,
    /// Rows of the mask that belong to the strip that is being written.
    mask: Vec<u8>,
}

impl GeoTiff {
    /// An encoder of a picture; the error is that of one too large.
    pub fn new(picture: Picture) -> Result<Self> {
        let kind = picture.common_kind();
        if picture.width == 0 || picture.height == 0 || picture.bands.is_empty() || bytes_of(&picture, kind) > MOST {
            return Err(Error::new(Kind::TooLarge, "the picture is too large for a TIFF file; ask for a part of it"));
        }
        let row = row_bytes(&picture, kind);
        let rows_per_strip = u32::try_from(STRIP / row).unwrap_or(u32::MAX).clamp(1, picture.height);
        Ok(Self { picture, kind, rows_per_strip, rows: 0, mask: Vec::new() })
    }

    /// Bytes of a row of the mask: a bit for each pixel.
    fn mask_row(&self) -> usize {
        (self.picture.width as usize).div_ceil(8)
    }

    /// Rows of each strip of the file.
    fn strips(&self) -> impl Iterator<Item = usize> {
        let (height, rows) = (self.picture.height, self.rows_per_strip);
        (0..height.div_ceil(rows)).map(move |strip| (height - strip * rows).min(rows) as usize)
    }

    fn entries(&self) -> Result<Vec<Entry>> {
        let Picture { width, height, area, pixel: (dx, dy), .. } = &self.picture;
        let mut entries = skeleton::of(&self.picture)?.to_vec();
        entries.extend([
            Entry::long(256, *width),
            Entry::long(257, *height),
            Entry::short(259, 1),
            Entry::long(278, self.rows_per_strip),
            Entry::short(284, 1),
            Entry::doubles(33550, &[*dx, *dy, 0.0]),
            Entry::doubles(33922, &[0.0, 0.0, 0.0, area.min_x, area.max_y, 0.0]),
        ]);
        Ok(entries)
    }

    fn mask_entries(&self) -> Vec<Entry> {
        vec![
            // A reduced mask of the picture before it.
            Entry::long(254, 4),
            Entry::long(256, self.picture.width),
            Entry::long(257, self.picture.height),
            Entry::short(258, 1),
            Entry::short(259, 1),
            Entry::short(262, 4),
            Entry::short(277, 1),
            Entry::long(278, self.rows_per_strip),
            Entry::short(284, 1),
        ]
    }
}

fn row_bytes(picture: &Picture, kind: SampleKind) -> usize {
    picture.width as usize * picture.bands.len() * kind.bytes()
}

fn bytes_of(picture: &Picture, kind: SampleKind) -> u64 {
    u64::from(picture.height) * (row_bytes(picture, kind) as u64 + u64::from(picture.width))
}

impl PictureEncoder for GeoTiff {
    fn open(&mut self, out: &mut Vec<u8>) -> Result<()> {
        let mut entries = self.entries()?;
        let mut masks = if self.picture.may_lack { self.mask_entries() } else { Vec::new() };
        let count = self.strips().count();
        let places = |tag| Entry::longs(tag, &vec![0; count]);
        entries.extend([places(273), places(279)]);
        let after_first = 8 + tiff::length(&entries);
        if !masks.is_empty() {
            masks.extend([places(273), places(279)]);
        }
        let start = after_first + if masks.is_empty() { 0 } else { tiff::length(&masks) };
        // The strips of picture and mask take turns, as their rows come.
        let (row, mask_row) = (row_bytes(&self.picture, self.kind), self.mask_row());
        let (mut offsets, mut lengths, mut mask_offsets, mut mask_lengths) = (vec![], vec![], vec![], vec![]);
        let mut at = start as u64;
        // What is larger was refused.
        let as_long = |number: u64| u32::try_from(number).unwrap_or(u32::MAX);
        for rows in self.strips() {
            offsets.push(as_long(at));
            lengths.push(as_long((rows * row) as u64));
            at += (rows * row) as u64;
            if !masks.is_empty() {
                mask_offsets.push(as_long(at));
                mask_lengths.push(as_long((rows * mask_row) as u64));
                at += (rows * mask_row) as u64;
            }
        }
        let set = |entries: &mut Vec<Entry>, offsets: &[u32], lengths: &[u32]| {
            entries.retain(|entry| !matches!(entry.tag, 273 | 279));
            entries.extend([Entry::longs(273, offsets), Entry::longs(279, lengths)]);
        };
        set(&mut entries, &offsets, &lengths);
        out.extend(b"II*\0");
        out.extend(8_u32.to_le_bytes());
        let next = if masks.is_empty() { 0 } else { as_long(after_first as u64) };
        tiff::write(&mut entries, 8, next, out)?;
        if !masks.is_empty() {
            set(&mut masks, &mask_offsets, &mask_lengths);
            tiff::write(&mut masks, after_first, 0, out)?;
        }
        Ok(())
    }

    fn strip(&mut self, strip: &Strip, out: &mut Vec<u8>) -> Result<()> {
        let width = self.picture.width as usize;
        if strip.first_row != self.rows || strip.width != self.picture.width {
            return Err(Error::internal("the strips of a picture came in another order"));
        }
        out.reserve(strip.rows as usize * row_bytes(&self.picture, self.kind));
        if !self.picture.may_lack {
            self.rows += strip.rows;
            samples(strip, 0..strip.rows as usize * width, self.kind, out);
            return Ok(());
        }
        for row in 0..strip.rows as usize {
            let pixels = row * width..(row + 1) * width;
            samples(strip, pixels.clone(), self.kind, out);
            match &strip.mask {
                None => self.mask.extend(std::iter::repeat_n(u8::MAX, self.mask_row())),
                Some(mask) => self.mask.extend(mask[pixels].chunks(8).map(|pixels| {
                    pixels.iter().enumerate().fold(0, |bits, (at, pixel)| bits | (u8::from(*pixel != 0) << (7 - at)))
                })),
            }
            self.rows += 1;
            if self.rows.is_multiple_of(self.rows_per_strip) || self.rows == self.picture.height {
                out.append(&mut self.mask);
            }
        }
        Ok(())
    }

    fn close(&mut self, _: &mut Vec<u8>) -> Result<()> {
        if self.rows == self.picture.height { Ok(()) } else { Err(Error::internal("a picture lacks rows")) }
    }
}

/// Appends the samples of some pixels, band after band for each.
fn samples(strip: &Strip, pixels: std::ops::Range<usize>, kind: SampleKind, out: &mut Vec<u8>) {
    macro_rules! append {
        ($(($name:ident, $type:ty)),*) => {
            match &strip.bands[..] {
                $([Samples::$name(one)] if kind == SampleKind::$name => {
                    out.extend(one[pixels].iter().flat_map(|sample| sample.to_le_bytes()));
                })*
                bands => {
                    for at in pixels {
                        for band in bands {
                            match (band, kind) {
                                $((Samples::$name(values), SampleKind::$name) => {
                                    out.extend_from_slice(&values[at].to_le_bytes());
                                })*
                                (band, kind) => convert(band.get(at).unwrap_or_default(), kind, out),
                            }
                        }
                    }
                }
            }
        };
    }
    // A vector of bytes needs no turning at all.
    if let ([Samples::U8(one)], SampleKind::U8) = (&strip.bands[..], kind) {
        return out.extend_from_slice(&one[pixels]);
    }
    if let ([Samples::U8(red), Samples::U8(green), Samples::U8(blue)], SampleKind::U8) = (&strip.bands[..], kind) {
        let rest = green[pixels.clone()].iter().zip(&blue[pixels.clone()]);
        return out.extend(red[pixels].iter().zip(rest).flat_map(|(&red, (&green, &blue))| [red, green, blue]));
    }
    append!((U8, u8), (I16, i16), (U16, u16), (I32, i32), (U32, u32), (F32, f32), (F64, f64));
}

/// A sample of a narrower band, in the type of all.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // the type was chosen to hold it
fn convert(value: f64, kind: SampleKind, out: &mut Vec<u8>) {
    match kind {
        SampleKind::U8 => out.extend((value as u8).to_le_bytes()),
        SampleKind::I16 => out.extend((value as i16).to_le_bytes()),
        SampleKind::U16 => out.extend((value as u16).to_le_bytes()),
        SampleKind::I32 => out.extend((value as i32).to_le_bytes()),
        SampleKind::U32 => out.extend((value as u32).to_le_bytes()),
        SampleKind::F32 => out.extend((value as f32).to_le_bytes()),
        SampleKind::F64 => out.extend(value.to_le_bytes()),
    }
}
