//! A piece of a coverage, and its way out: read and written on the raster's own threads, within the limits of the project.

use bytes::Bytes;
use futures_util::stream;
use http::{HeaderValue, header};

use crate::base::bbox::Rect;
use crate::data::coverage::{CoverageQuery, Parts, Resampling};
use crate::data::coverage_gate::CoverageView;
use crate::error::{Error, Kind, Result};
use crate::formats::coverage::Picture;
use crate::message::body::Body;
use crate::message::response::Response;
use crate::project::coverage_settings::Wcs;

use super::formats::PictureFormat;
use super::frame::Frame;

/// Bytes that are sent on together, about.
const CHUNK: usize = 256 * 1024;

/// What is to be sent.
pub(super) struct Piece {
    pub(super) id: String,
    pub(super) view: CoverageView,
    pub(super) region: Frame,
    /// Places of the bands; all where `None`.
    pub(super) bands: Option<Vec<usize>>,
    pub(super) resampling: Resampling,
    pub(super) format: &'static PictureFormat,
}

impl Piece {
    /// The answer. Nothing is sent before the first part is there: an early fault still has a status.
    pub(super) async fn answer(self, limits: &Wcs) -> Result<Response> {
        let (picture, query) = self.picture()?;
        within(&picture, limits)?;
        let mut encoder = self.format.encoder(picture)?;
        let (mut out, mut is_open) = (Vec::new(), false);
        let mut parts = self.view.read_as(&query, move |strip| {
            if !is_open {
                encoder.open(&mut out)?;
                is_open = true;
            }
            match &strip {
                Some(strip) => encoder.strip(strip, &mut out)?,
                None => encoder.close(&mut out)?,
            }
            let is_ready = !out.is_empty() && (strip.is_none() || out.len() >= CHUNK);
            Ok(is_ready.then(|| Bytes::from(std::mem::take(&mut out))))
        })?;
        let deadline = limits.deadline();
        let first = next(&mut parts, deadline).await?.unwrap_or_default();
        let body = match next(&mut parts, deadline).await? {
            None => Body::Whole(first),
            Some(second) => {
                let rest = stream::unfold(Some(parts), move |parts| async move {
                    let mut parts = parts?;
                    match next(&mut parts, deadline).await {
                        Ok(part) => part.map(|part| (Ok(part), Some(parts))),
                        Err(error) => Some((Err(error), None)),
                    }
                });
                let start = stream::iter([Ok(first), Ok(second)]);
                Body::Stream(Box::pin(futures_util::StreamExt::chain(start, rest)))
            }
        };
        let mut response = Response::ok(self.format.media_type, body);
        let plain: String = self.id.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect();
        let name = format!("inline; filename=\"{plain}.{}\"", self.format.extension);
        if let Ok(name) = HeaderValue::try_from(name) {
            response.set(header::CONTENT_DISPOSITION, name);
        }
        Ok(response)
    }

    fn picture(&self) -> Result<(Picture, CoverageQuery)> {
        let (grid, region) = (self.view.grid(), &self.region);
        let all = 0..grid.bands.len();
        let places: Vec<usize> = self.bands.clone().unwrap_or_else(|| all.collect());
        let bands: Option<Vec<_>> = places.iter().map(|&band| grid.bands.get(band).cloned()).collect();
        let bands = bands.ok_or_else(|| Error::new(Kind::OutOfRange, "there is no such band"))?;
        let Frame { width, height, area, pixel, .. } = *region;
        // In the raster's own spelling of its system nothing is moved.
        let is_same = region.crs.is_same_plane(&grid.crs);
        let crs = if is_same { grid.crs.clone() } else { region.crs.clone() };
        let is_inside = is_same && grid.affine.is_upright() && grown(&grid.extent()).contains(&area);
        let is_whole = is_inside && !grid.has_mask && !self.view.is_limited();
        let may_lack = !is_whole && bands.iter().all(|band| band.nodata.is_none());
        let query =
            CoverageQuery { area, crs, width, height, bands: Some(places), resampling: self.resampling, opacity: None };
        let crs = region.crs.clone();
        Ok((Picture { width, height, area, pixel, crs, bands: bands.into(), may_lack }, query))
    }
}

/// A rectangle with room for the noise of arithmetic.
fn grown(rect: &Rect) -> Rect {
    let (x, y) = ((rect.max_x - rect.min_x) * 1e-9, (rect.max_y - rect.min_y) * 1e-9);
    Rect { min_x: rect.min_x - x, min_y: rect.min_y - y, max_x: rect.max_x + x, max_y: rect.max_y + y }
}

/// Whether a picture is no larger than the project lets it be.
fn within(picture: &Picture, limits: &Wcs) -> Result<()> {
    let pixels = u64::from(picture.width) * u64::from(picture.height);
    let asked = format!("{} x {} pixels of {} bands", picture.width, picture.height, picture.bands.len());
    if pixels > limits.max_pixels {
        let message = format!("{asked} are asked for; the limit is {} pixels", limits.max_pixels);
        return Err(Error::new(Kind::TooLarge, message));
    }
    if picture.bytes() > limits.max_bytes {
        let message = format!("{asked} are {} bytes; the limit is {}", picture.bytes(), limits.max_bytes);
        return Err(Error::new(Kind::TooLarge, message));
    }
    Ok(())
}

async fn next(parts: &mut Parts<Bytes>, deadline: std::time::Duration) -> Result<Option<Bytes>> {
    if let Ok(part) = tokio::time::timeout(deadline, parts.next()).await {
        part.transpose()
    } else {
        let message = format!("the coverage took longer than {} s", deadline.as_secs());
        Err(Error::new(Kind::Timeout, message))
    }
}
