//! PNG.

use png::{BitDepth, ColorType, Compression, Encoder, Filter};

use super::palette::{Indexed, exact};
use super::{quantise, without_alpha};
use crate::error::{Error, Result};
use crate::render::canvas::Rgba;

/// The smallest of a palette, red, green and blue, and all four channels that has every colour as it is.
pub(super) fn encode(picture: &Rgba) -> Result<Vec<u8>> {
    if let Some(indexed) = exact(picture) {
        return write_indexed(picture, &indexed);
    }
    if picture.is_opaque() {
        write(picture, ColorType::Rgb, &without_alpha(picture))
    } else {
        write(picture, ColorType::Rgba, &picture.data)
    }
}

/// With a palette, where the picture has more colours of the nearest.
pub(super) fn encode_indexed(picture: &Rgba) -> Result<Vec<u8>> {
    let indexed = exact(picture).unwrap_or_else(|| quantise::nearest(picture));
    write_indexed(picture, &indexed)
}

fn write(picture: &Rgba, colours: ColorType, data: &[u8]) -> Result<Vec<u8>> {
    let mut out = Vec::with_capacity(picture.data.len() / 8 + 1024);
    let mut encoder = Encoder::new(&mut out, picture.width, picture.height);
    encoder.set_color(colours);
    encoder.set_depth(BitDepth::Eight);
    encoder.set_compression(Compression::Fast);
    finish(encoder, data)?;
    Ok(out)
}

fn write_indexed(picture: &Rgba, indexed: &Indexed) -> Result<Vec<u8>> {
    let mut out = Vec::with_capacity(picture.data.len() / 16 + 1024);
    let mut encoder = Encoder::new(&mut out, picture.width, picture.height);
    encoder.set_color(ColorType::Indexed);
    encoder
        .set_palette(indexed.colours.iter().flat_map(|&[red, green, blue, _]| [red, green, blue]).collect::<Vec<_>>());
    let opacities: Vec<u8> = indexed.colours.iter().map(|colour| colour[3]).take_while(|&alpha| alpha < 255).collect();
    if !opacities.is_empty() {
        encoder.set_trns(opacities);
    }
    let (depth, bits) = match indexed.colours.len() {
        0..=2 => (BitDepth::One, 1),
        3..=4 => (BitDepth::Two, 2),
        5..=16 => (BitDepth::Four, 4),
        _ => (BitDepth::Eight, 8),
    };
    encoder.set_depth(depth);
    encoder.set_compression(Compression::Fast);
    encoder.set_filter(Filter::Up);
    if bits == 8 {
        finish(encoder, &indexed.indices)?;
    } else {
        finish(encoder, &packed(&indexed.indices, picture.width as usize, bits))?;
    }
    Ok(out)
}

/// Several indices in a byte, the first in the highest bits; rows start with a byte.
fn packed(indices: &[u8], width: usize, bits: usize) -> Vec<u8> {
    let rows = indices.chunks(width.max(1));
    let bytes = rows.flat_map(|row| {
        row.chunks(8 / bits)
            .map(move |part| part.iter().enumerate().fold(0, |byte, (at, index)| byte | index << (8 - bits * (at + 1))))
    });
    bytes.collect()
}

fn finish(encoder: Encoder<'_, &mut Vec<u8>>, data: &[u8]) -> Result<()> {
    let write = || {
        let mut writer = encoder.write_header()?;
        writer.write_image_data(data)?;
        writer.finish()
    };
    write().map_err(|cause: png::EncodingError| Error::internal(cause.to_string()))
}
