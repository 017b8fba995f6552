//! Files of pixels: PNG, PNG with a palette, JPEG, WebP.
//!
//! ```
//! use graticule::render::canvas::{Canvas, Colour};
//! use graticule::render::picture::{PictureFormat, encode};
//!
//! let mut canvas = Canvas::new(16, 16);
//! canvas.clear(Colour::rgb(200, 220, 240));
//! let png = encode(&canvas.finish(), PictureFormat::Png).unwrap();
//! assert!(png.starts_with(b"\x89PNG"));
//! ```

mod palette;
mod png;
mod quantise;

use image_webp::{ColorType, WebPEncoder};

use super::canvas::{Colour, Rgba};
use crate::error::{Error, Result};

/// A format of pictures.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PictureFormat {
    /// PNG with every colour as it is.
    Png,
    /// PNG with at most 256 colours: the picture's own where it has no more, else those nearest to them.
    Png8,
    /// JPEG.
    Jpeg {
        /// From 1 to 100.
        quality: u8,
        /// What is behind transparent pixels, for JPEG has none; its own opacity does not count.
        background: Colour,
    },
    /// WebP without loss.
    WebP,
}

impl PictureFormat {
    /// The usual quality of a JPEG.
    pub const USUAL_QUALITY: u8 = 85;
}

/// The bytes of a file.
pub fn encode(picture: &Rgba, format: PictureFormat) -> Result<Vec<u8>> {
    match format {
        PictureFormat::Png => png::encode(picture),
        PictureFormat::Png8 => png::encode_indexed(picture),
        PictureFormat::Jpeg { quality, background } => jpeg(picture, quality, background),
        PictureFormat::WebP => webp(picture),
    }
}

fn jpeg(picture: &Rgba, quality: u8, background: Colour) -> Result<Vec<u8>> {
    let side = |it: u32| u16::try_from(it).map_err(|_| Error::internal("a JPEG has at most 65535 rows and columns"));
    let (width, height) = (side(picture.width)?, side(picture.height)?);
    let rgb = flattened(picture, background);
    let mut out = Vec::with_capacity(rgb.len() / 8);
    let encoder = jpeg_encoder::Encoder::new(&mut out, quality.clamp(1, 100));
    encoder
        .encode(&rgb, width, height, jpeg_encoder::ColorType::Rgb)
        .map_err(|cause| Error::internal(cause.to_string()))?;
    Ok(out)
}

fn webp(picture: &Rgba) -> Result<Vec<u8>> {
    let mut out = Vec::new();
    let encoder = WebPEncoder::new(&mut out);
    let done = if picture.is_opaque() {
        encoder.encode(&without_alpha(picture), picture.width, picture.height, ColorType::Rgb8)
    } else {
        encoder.encode(&picture.data, picture.width, picture.height, ColorType::Rgba8)
    };
    done.map_err(|cause| Error::internal(cause.to_string()))?;
    Ok(out)
}

impl Rgba {
    /// Whether no pixel lets anything through.
    pub fn is_opaque(&self) -> bool {
        // Block by block, so that a transparent picture is known by its first pixels.
        self.pixels()
            .chunks(1024)
            .all(|block| block.iter().fold(u32::MAX, |bits, pixel| bits & u32::from_le_bytes(*pixel)) >> 24 == 255)
    }
}

/// Red, green and blue alone, of a picture that is opaque.
fn without_alpha(picture: &Rgba) -> Vec<u8> {
    let mut rgb = vec![0; picture.pixels().len() * 3];
    let (places, _) = rgb.as_chunks_mut::<3>();
    for (place, &[red, green, blue, _]) in places.iter_mut().zip(picture.pixels()) {
        *place = [red, green, blue];
    }
    rgb
}

/// Red, green and blue over a background.
fn flattened(picture: &Rgba, background: Colour) -> Vec<u8> {
    let behind = [background.red, background.green, background.blue].map(u32::from);
    let mut rgb = vec![0; picture.pixels().len() * 3];
    let (places, _) = rgb.as_chunks_mut::<3>();
    for (place, pixel) in places.iter_mut().zip(picture.pixels()) {
        let alpha = u32::from(pixel[3]);
        for channel in 0..3 {
            let mixed = u32::from(pixel[channel]) * alpha + behind[channel] * (255 - alpha);
            place[channel] = ((mixed + 127) / 255) as u8;
        }
    }
    rgb
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::canvas::{Canvas, FillRule, Path};
    use proptest::prelude::*;

    /// A picture as PNG files have it.
    pub(super) fn decoded(png: &[u8]) -> Rgba {
        let mut decoder = ::png::Decoder::new(std::io::Cursor::new(png));
        decoder.set_transformations(::png::Transformations::ALPHA | ::png::Transformations::EXPAND);
        let mut reader = decoder.read_info().unwrap();
        let mut data = vec![0; reader.output_buffer_size().unwrap()];
        let info = reader.next_frame(&mut data).unwrap();
        if info.color_type == ::png::ColorType::GrayscaleAlpha {
            data = data.chunks(2).flat_map(|it| [it[0], it[0], it[0], it[1]]).collect();
        }
        Rgba { width: info.width, height: info.height, data }
    }

    fn drawing(opaque: bool) -> Rgba {
        let mut canvas = Canvas::new(200, 100);
        if opaque {
            canvas.clear(Colour::WHITE);
        }
        for step in 0..60 {
            let mut path = Path::new();
            path.circle(f64::from(step) * 3.3, 50.0, 20.0);
            let colour = Colour { alpha: 90, ..Colour::rgb(step * 4, 255 - step * 4, 60) };
            canvas.fill(&path, FillRule::NonZero, colour);
        }
        canvas.finish()
    }

    #[test]
    fn a_png_is_the_picture() {
        for opaque in [true, false] {
            let picture = drawing(opaque);
            assert_eq!(decoded(&encode(&picture, PictureFormat::Png).unwrap()), picture);
        }
    }

    #[test]
    fn a_palette_is_near_the_picture() {
        for opaque in [true, false] {
            let picture = drawing(opaque);
            let indexed = decoded(&encode(&picture, PictureFormat::Png8).unwrap());
            let worst = picture.data.iter().zip(&indexed.data).map(|(a, b)| a.abs_diff(*b));
            let mean = worst.map(f64::from).sum::<f64>() / picture.data.len() as f64;
            assert!(mean < 3.0, "{mean}");
            // What is transparent stays so.
            assert_eq!(indexed.pixel(0, 0), picture.pixel(0, 0));
        }
    }

    #[test]
    fn a_jpeg_has_the_background() {
        let background = Colour::rgb(10, 20, 200);
        let jpeg = encode(&drawing(false), PictureFormat::Jpeg { quality: 90, background }).unwrap();
        let mut decoder = jpeg_decoder::Decoder::new(&jpeg[..]);
        let pixels = decoder.decode().unwrap();
        assert!(pixels[0].abs_diff(10) < 8 && pixels[1].abs_diff(20) < 8 && pixels[2].abs_diff(200) < 8);
    }

    #[test]
    fn a_webp_is_the_picture() {
        for opaque in [true, false] {
            let picture = drawing(opaque);
            let webp = encode(&picture, PictureFormat::WebP).unwrap();
            let mut decoder = image_webp::WebPDecoder::new(std::io::Cursor::new(webp)).unwrap();
            let mut data = vec![0; decoder.output_buffer_size().unwrap()];
            decoder.read_image(&mut data).unwrap();
            assert_eq!(data, if opaque { without_alpha(&picture) } else { picture.data });
        }
    }

    proptest! {
        #[test]
        fn every_picture_survives_png(width in 1u32..40, height in 1u32..20, colours in 1usize..400, seed: u64) {
            let mut state = seed | 1;
            let mut next = || { state ^= state << 13; state ^= state >> 7; state ^= state << 17; state };
            let colours: Vec<[u8; 4]> = (0..colours).map(|_| {
                let [a, b, c, d, ..] = next().to_le_bytes();
                if d == 0 { [0; 4] } else { [a, b, c, if d < 128 { 255 } else { d }] }
            }).collect();
            let data = (0..width * height).flat_map(|_| colours[next() as usize % colours.len()]).collect();
            let picture = Rgba { width, height, data };
            prop_assert_eq!(&decoded(&encode(&picture, PictureFormat::Png).unwrap()), &picture);
            let indexed = decoded(&encode(&picture, PictureFormat::Png8).unwrap());
            if colours.len() <= 256 {
                prop_assert_eq!(indexed, picture);
            }
        }
    }
}
