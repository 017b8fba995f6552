//! GetCoverage of WCS 1.0.0.

use crate::base::bbox::{Bbox, Rect};
use crate::base::crs::Crs;
use crate::data::coverage::Resampling;
use crate::data::{bounds, reference};
use crate::error::{Error, Kind, Result};
use crate::message::response::Response;
use crate::server::context::Context;
use crate::services::ows::kvp::{Kvp, invalid};
use crate::services::wcs::bands::{self, Wanted};
use crate::services::wcs::frame::Frame;
use crate::services::wcs::offered::find;
use crate::services::wcs::piece::Piece;
use crate::services::wcs::{formats, interpolation};

pub(in crate::services::wcs) async fn get_coverage(cx: &Context) -> Result<Response> {
    let kvp = Kvp::new(cx.head());
    let id = kvp.required("COVERAGE")?;
    let (layer, view) = find(cx, id, "COVERAGE")?;
    let format = formats::find(kvp.required("FORMAT")?)?;
    let frame = Frame::of(view.grid())?;
    let crs = system(kvp, "CRS")?.ok_or_else(|| Error::new(Kind::MissingParameter, "CRS is missing").at("CRS"))?;
    let answer = system(kvp, "RESPONSE_CRS")?.unwrap_or_else(|| crs.clone());
    let area = area(kvp, &crs, &frame.crs)?;
    let edges = if answer.is_same_plane(&crs) {
        area
    } else {
        bounds::around(&area, &crs, &answer).map_err(|error| error.at("RESPONSE_CRS"))?
    };
    let region = Frame::new(answer, edges, size(kvp, &area)?);
    meets(&region, &frame)?;
    let resampling = match kvp.text("INTERPOLATION")? {
        None => Resampling::Nearest,
        Some(name) => interpolation::read(name)
            .ok_or_else(|| invalid("INTERPOLATION", name, &interpolation::names().collect::<Vec<_>>().join(", ")))?,
    };
    // Of the range set's one axis; `band` is what some clients call it.
    let bands =
        kvp.first(&["BANDS", "BAND"])?.map(|(name, text)| bands::find(&Wanted::read_v1(text)?, view.grid(), name));
    let (id, bands) = (layer.id.clone(), bands.transpose()?);
    Piece { id, view, region, bands, resampling, format }.answer(&cx.project().wcs).await
}

fn system(kvp: Kvp<'_>, name: &str) -> Result<Option<Crs>> {
    let Some(text) = kvp.text(name)? else { return Ok(None) };
    let crs: Crs = text.parse().map_err(|fault: String| Error::new(Kind::UnknownCrs, fault).at(name.to_owned()))?;
    reference::of_places(&crs).map_err(|error| error.at(name.to_owned()))?;
    Ok(Some(crs))
}

/// The box, x before y whatever the authority says; over a grid of degrees it may cross the date line.
fn area(kvp: Kvp<'_>, crs: &Crs, stored: &Crs) -> Result<Rect> {
    let text = kvp.required("BBOX")?;
    let bbox: Bbox = text
        .parse()
        .map_err(|fault: String| Error::new(Kind::InvalidParameter, format!("BBOX is '{text}': {fault}")).at("BBOX"))?;
    let mut area = Rect { min_x: bbox.min_x, min_y: bbox.min_y, max_x: bbox.max_x, max_y: bbox.max_y };
    let is_geographic = |crs: &Crs| reference::of(crs).is_ok_and(|reference| reference.is_geographic);
    // The standard knows no box over the date line: it is one where nothing else can be meant.
    let is_narrow = area.min_x <= 180.0 && area.max_x >= -180.0 && area.min_x - area.max_x > 180.0;
    if is_narrow && is_geographic(crs) && is_geographic(stored) {
        area.max_x += 360.0;
    }
    if area.min_x >= area.max_x || area.min_y >= area.max_y {
        return Err(invalid("BBOX", text, "a box with an area: minx,miny,maxx,maxy"));
    }
    Ok(area)
}

/// Whether the coverage has anything there.
fn meets(region: &Frame, frame: &Frame) -> Result<()> {
    let turned = |by: f64| Rect { min_x: frame.area.min_x + by, max_x: frame.area.max_x + by, ..frame.area };
    let is_there = if region.crs.is_same_plane(&frame.crs) {
        let turns: &[f64] = if frame.is_geographic() { &[0.0, 360.0, -360.0] } else { &[0.0] };
        turns.iter().any(|turn| turned(*turn).intersects(&region.area))
    } else {
        // Where the coverage has no place in that system at all, the read says so.
        let runs_on = |area: &Rect| region.is_geographic() && area.max_x > 180.0;
        bounds::furthest(&frame.area, &frame.crs, &region.crs)
            .map_or(true, |around| around.intersects(&region.area) || runs_on(&around) || runs_on(&region.area))
    };
    if is_there {
        return Ok(());
    }
    Err(Error::new(Kind::OutOfRange, "the coverage has nothing within the box").at("BBOX"))
}

/// Width and height, or the size of a pixel in the system of the request.
fn size(kvp: Kvp<'_>, area: &Rect) -> Result<(u32, u32)> {
    let pixels = |name: &str| kvp.parsed::<u32>(name, "a number of pixels");
    let side = |name: &str| -> Result<Option<f64>> {
        let Some(side) = kvp.number(name)? else { return Ok(None) };
        if side > 0.0 { Ok(Some(side)) } else { Err(invalid(name, &side.to_string(), "a number above 0")) }
    };
    if let (Some(width), Some(height)) = (pixels("WIDTH")?, pixels("HEIGHT")?) {
        if width == 0 || height == 0 {
            return Err(Error::new(Kind::OutOfRange, "WIDTH and HEIGHT must be at least 1").at("WIDTH"));
        }
        return Ok((width, height));
    }
    if let (Some(x), Some(y)) = (side("RESX")?, side("RESY")?) {
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // within the range of the type
        let count = |length: f64, side: f64| (length / side).round().clamp(1.0, f64::from(u32::MAX)) as u32;
        return Ok((count(area.max_x - area.min_x, x), count(area.max_y - area.min_y, y)));
    }
    let message = "the size is missing: WIDTH and HEIGHT, or RESX and RESY";
    Err(Error::new(Kind::MissingParameter, message).at("WIDTH"))
}
