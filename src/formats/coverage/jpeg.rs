//! JPEG: one or three bands of bytes, a little changed; a pixel without a value is black. It is held as a whole.

use jpeg_encoder::{ColorType, Encoder};

use super::{Picture, PictureEncoder};
use crate::data::coverage::{SampleKind, Samples, Strip};
use crate::error::{Error, Kind, Result};

/// Most bytes of a picture, which is held as a whole.
const MOST: u64 = 128 * 1024 * 1024;

/// From 1 to 100.
const QUALITY: u8 = 90;

/// Writes one file.
pub struct Jpeg {
    width: u16,
    height: u16,
    colours: ColorType,
    pixels: Vec<u8>,
}

impl Jpeg {
    /// An encoder of a picture; an error where JPEG cannot have its bands, or its size.
    #[allow(clippy::needless_pass_by_value)] // as all the formats
    pub fn new(picture: Picture) -> Result<Self> {
        let colours = match picture.bands.len() {
            1 => ColorType::Luma,
            3 => ColorType::Rgb,
            _ => return Err(unfit()),
        };
        if picture.bands.iter().any(|band| band.kind != SampleKind::U8) {
            return Err(unfit());
        }
        let size = u16::try_from(picture.width).ok().zip(u16::try_from(picture.height).ok());
        let size = size.filter(|_| picture.bytes() <= MOST);
        let (width, height) = size.ok_or_else(|| {
            Error::new(Kind::TooLarge, format!("a JPEG has at most 65535 columns and rows and {MOST} bytes"))
                .at("FORMAT")
        })?;
        Ok(Self { width, height, colours, pixels: Vec::new() })
    }
}

fn unfit() -> Error {
    Error::new(Kind::NotAcceptable, "JPEG has one or three bands of 8 bits; name bands, or ask for GeoTIFF")
        .at("FORMAT")
}

impl PictureEncoder for Jpeg {
    fn open(&mut self, _: &mut Vec<u8>) -> Result<()> {
        Ok(())
    }

    fn strip(&mut self, strip: &Strip, _: &mut Vec<u8>) -> Result<()> {
        match &strip.bands[..] {
            [Samples::U8(grey)] => self.pixels.extend_from_slice(grey),
            [Samples::U8(red), Samples::U8(green), Samples::U8(blue)] => {
                let rest = green.iter().zip(blue);
                self.pixels.extend(red.iter().zip(rest).flat_map(|(&red, (&green, &blue))| [red, green, blue]));
            }
            _ => return Err(Error::internal("a JPEG got samples of another type")),
        }
        Ok(())
    }

    fn close(&mut self, out: &mut Vec<u8>) -> Result<()> {
        let encoder = Encoder::new(out, QUALITY);
        encoder.encode(&self.pixels, self.width, self.height, self.colours).map_err(Error::internal)
    }
}
