//! PNG: the samples as they are, where they are bytes or words without a sign; a pixel without a value is transparent.

use std::io::Write;
use std::sync::{Arc, Mutex, PoisonError};

use png::{BitDepth, ColorType, Compression, Encoder, StreamWriter};

use super::{Picture, PictureEncoder};
use crate::data::coverage::{Colour, SampleKind, Samples, Strip};
use crate::error::{Error, Kind, Result};

/// Writes one file.
pub struct Png {
    picture: Picture,
    colours: ColorType,
    /// Whether opacity comes from the mask.
    masked: bool,
    made: Made,
    writer: Option<StreamWriter<'static, Made>>,
    line: Vec<u8>,
}

/// What the encoder has made so far.
#[derive(Clone, Default)]
struct Made(Arc<Mutex<Vec<u8>>>);

impl Write for Made {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl Made {
    fn move_to(&self, out: &mut Vec<u8>) {
        out.append(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner));
    }
}

impl Png {
    /// An encoder of a picture; an error where PNG cannot have its bands.
    pub fn new(picture: Picture) -> Result<Self> {
        let kind = picture.bands.first().map(|band| band.kind);
        let is_one_kind = picture.bands.iter().all(|band| Some(band.kind) == kind);
        let has_alpha = picture.bands.last().is_some_and(|band| band.colour == Colour::Alpha);
        let masked = picture.may_lack;
        let is_indexed = picture.bands.len() == 1 && picture.bands[0].palette.is_some() && kind == Some(SampleKind::U8);
        let colours = match (picture.bands.len(), masked) {
            (1, false) if is_indexed => ColorType::Indexed,
            (1, false) => ColorType::Grayscale,
            (1, true) => ColorType::GrayscaleAlpha,
            (2, _) if has_alpha => ColorType::GrayscaleAlpha,
            (3, false) => ColorType::Rgb,
            (3, true) | (4, _) => ColorType::Rgba,
            _ => return Err(unfit()),
        };
        if !is_one_kind || !matches!(kind, Some(SampleKind::U8 | SampleKind::U16)) {
            return Err(unfit());
        }
        let masked = masked && matches!(picture.bands.len(), 1 | 3);
        Ok(Self { picture, colours, masked, made: Made::default(), writer: None, line: Vec::new() })
    }
}

fn unfit() -> Error {
    Error::new(
        Kind::NotAcceptable,
        "PNG has one, three or four bands of 8 or 16 bits without a sign; name bands, or ask for GeoTIFF",
    )
    .at("FORMAT")
}

impl PictureEncoder for Png {
    fn open(&mut self, out: &mut Vec<u8>) -> Result<()> {
        let mut encoder = Encoder::new(self.made.clone(), self.picture.width, self.picture.height);
        encoder.set_color(self.colours);
        let is_wide = self.picture.bands[0].kind == SampleKind::U16;
        encoder.set_depth(if is_wide { BitDepth::Sixteen } else { BitDepth::Eight });
        encoder.set_compression(Compression::Fast);
        if let (ColorType::Indexed, Some(palette)) = (self.colours, &self.picture.bands[0].palette) {
            let palette = &palette[..palette.len().min(256)];
            encoder.set_palette(palette.iter().flat_map(|[r, g, b, _]| [*r, *g, *b]).collect::<Vec<u8>>());
            encoder.set_trns(palette.iter().map(|colour| colour[3]).collect::<Vec<u8>>());
        }
        let writer = encoder.write_header().and_then(png::Writer::into_stream_writer);
        self.writer = Some(writer.map_err(Error::internal)?);
        self.made.move_to(out);
        Ok(())
    }

    fn strip(&mut self, strip: &Strip, out: &mut Vec<u8>) -> Result<()> {
        let Some(writer) = &mut self.writer else { return Err(Error::internal("a PNG was not opened")) };
        let width = strip.width as usize;
        for row in 0..strip.rows as usize {
            self.line.clear();
            for at in row * width..(row + 1) * width {
                let is_there = strip.mask.as_ref().is_none_or(|mask| mask[at] != 0);
                for band in &strip.bands {
                    match band {
                        Samples::U8(values) => self.line.push(values[at]),
                        Samples::U16(values) => self.line.extend(values[at].to_be_bytes()),
                        _ => return Err(Error::internal("a PNG got samples of another type")),
                    }
                }
                if self.masked {
                    let opacity = if is_there { u8::MAX } else { 0 };
                    let bytes = strip.bands[0].kind().bytes();
                    self.line.extend(std::iter::repeat_n(opacity, bytes));
                }
            }
            writer.write_all(&self.line).map_err(Error::internal)?;
        }
        self.made.move_to(out);
        Ok(())
    }

    fn close(&mut self, out: &mut Vec<u8>) -> Result<()> {
        if let Some(writer) = self.writer.take() {
            writer.finish().map_err(Error::internal)?;
        }
        self.made.move_to(out);
        Ok(())
    }
}
