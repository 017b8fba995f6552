//! The ASCII grid of ESRI's: one band as text, from the top.

use std::io::Write as _;

use super::{Picture, PictureEncoder};
use crate::data::coverage::{SampleKind, Samples, Strip};
use crate::error::{Error, Kind, Result};

/// Writes one file.
pub struct AsciiGrid {
    picture: Picture,
    nodata: f64,
}

impl AsciiGrid {
    /// An encoder of a picture of one band.
    pub fn new(picture: Picture) -> Result<Self> {
        let [band] = &*picture.bands else {
            return Err(Error::new(Kind::InvalidParameter, "an ASCII grid has one band; name one"));
        };
        // Where the band has none: a number that its samples cannot be.
        let nodata = band.nodata.filter(|nodata| nodata.is_finite()).unwrap_or(match band.kind {
            SampleKind::U8 | SampleKind::U16 | SampleKind::U32 => -9999.0,
            SampleKind::I16 => -99_999.0,
            SampleKind::I32 => f64::from(i32::MIN) - 1.0,
            SampleKind::F32 | SampleKind::F64 => f64::from(f32::MIN),
        });
        Ok(Self { picture, nodata })
    }
}

impl PictureEncoder for AsciiGrid {
    #[allow(clippy::float_cmp)] // squares that are squares
    fn open(&mut self, out: &mut Vec<u8>) -> Result<()> {
        let Picture { width, height, area, pixel: (dx, dy), .. } = &self.picture;
        writeln!(out, "ncols        {width}\nnrows        {height}").map_err(Error::internal)?;
        writeln!(out, "xllcorner    {:?}\nyllcorner    {:?}", area.min_x, area.min_y).map_err(Error::internal)?;
        if (dx - dy).abs() <= dx * 1e-9 {
            writeln!(out, "cellsize     {dx:?}")
        } else {
            writeln!(out, "dx           {dx:?}\ndy           {dy:?}")
        }
        .map_err(Error::internal)?;
        writeln!(out, "NODATA_value {}", self.nodata).map_err(Error::internal)
    }

    fn strip(&mut self, strip: &Strip, out: &mut Vec<u8>) -> Result<()> {
        let width = strip.width as usize;
        let Some(samples) = strip.bands.first() else { return Ok(()) };
        for row in 0..strip.rows as usize {
            for at in row * width..(row + 1) * width {
                out.push(b' ');
                let is_there = strip.mask.as_ref().is_none_or(|mask| mask[at] != 0);
                let mut number = itoa::Buffer::new();
                match samples {
                    _ if !is_there => write!(out, "{}", self.nodata).map_err(Error::internal)?,
                    Samples::U8(values) => out.extend(number.format(values[at]).bytes()),
                    Samples::I16(values) => out.extend(number.format(values[at]).bytes()),
                    Samples::U16(values) => out.extend(number.format(values[at]).bytes()),
                    Samples::I32(values) => out.extend(number.format(values[at]).bytes()),
                    Samples::U32(values) => out.extend(number.format(values[at]).bytes()),
                    Samples::F32(values) => write!(out, "{:?}", values[at]).map_err(Error::internal)?,
                    Samples::F64(values) => write!(out, "{:?}", values[at]).map_err(Error::internal)?,
                }
            }
            out.push(b'\n');
        }
        Ok(())
    }

    fn close(&mut self, _: &mut Vec<u8>) -> Result<()> {
        Ok(())
    }
}
