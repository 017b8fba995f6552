//! Encoders of coverages: strips to bytes, one file a format. They run on the thread that reads.

use std::sync::Arc;

use crate::base::bbox::Rect;
use crate::base::crs::Crs;
use crate::data::coverage::{Band, SampleKind, Strip};
use crate::error::Result;

pub mod ascii_grid;
pub mod geotiff;
pub mod jpeg;
pub mod png;
mod skeleton;
mod tiff;

/// What is told of a picture before its first strip.
#[derive(Clone, Debug)]
pub struct Picture {
    /// Columns.
    pub width: u32,
    /// Rows.
    pub height: u32,
    /// Its edges, x before y.
    pub area: Rect,
    /// The width and height of a pixel.
    pub pixel: (f64, f64),
    /// The system of those.
    pub crs: Crs,
    /// The bands, in the order of the strips.
    pub bands: Arc<[Band]>,
    /// Whether there may be pixels without a value although no band has a nodata value.
    pub may_lack: bool,
}

/// Writes one picture.
pub trait PictureEncoder: Send {
    /// The bytes before the first strip.
    fn open(&mut self, out: &mut Vec<u8>) -> Result<()>;

    /// The bytes of a strip.
    fn strip(&mut self, strip: &Strip, out: &mut Vec<u8>) -> Result<()>;

    /// The bytes after the last.
    fn close(&mut self, out: &mut Vec<u8>) -> Result<()>;
}

impl Picture {
    /// Bytes of all samples.
    pub fn bytes(&self) -> u64 {
        let pixel: usize = self.bands.iter().map(|band| band.kind.bytes()).sum();
        u64::from(self.width) * u64::from(self.height) * pixel as u64
    }

    /// The type that holds the samples of every band: formats with one type for all have it.
    pub fn common_kind(&self) -> SampleKind {
        self.bands.iter().map(|band| band.kind).reduce(wider).unwrap_or(SampleKind::U8)
    }
}

/// The smallest type that has the values of both.
fn wider(a: SampleKind, b: SampleKind) -> SampleKind {
    let holds = |kind: SampleKind, of: SampleKind| match (kind, of) {
        (kind, of) if kind == of => true,
        (SampleKind::F64, _) => true,
        // 24 bits are exact.
        (SampleKind::F32, of) => matches!(of, SampleKind::U8 | SampleKind::I16 | SampleKind::U16),
        (_, of) if of.is_float() => false,
        (kind, of) => kind.range().0 <= of.range().0 && kind.range().1 >= of.range().1,
    };
    let all = [
        SampleKind::U8,
        SampleKind::I16,
        SampleKind::U16,
        SampleKind::I32,
        SampleKind::U32,
        SampleKind::F32,
        SampleKind::F64,
    ];
    all.into_iter().find(|&kind| holds(kind, a) && holds(kind, b)).unwrap_or(SampleKind::F64)
}
