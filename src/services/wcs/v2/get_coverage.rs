//! GetCoverage of WCS 2.0.1: what a request says, by keys or by XML, made a piece.

use crate::base::crs::Crs;
use crate::base::xml::Limits;
use crate::data::coverage::Resampling;
use crate::error::{Error, Kind, Result};
use crate::message::request::Request;
use crate::message::response::Response;
use crate::server::context::Context;
use crate::services::wcs::area::{Scaling, Subset, region};
use crate::services::wcs::bands::{self, Wanted};
use crate::services::wcs::formats;
use crate::services::wcs::frame::Frame;
use crate::services::wcs::interpolation;
use crate::services::wcs::offered::find;
use crate::services::wcs::piece::Piece;

use super::{keys, post};

/// What a request says.
#[derive(Debug, Default)]
pub(super) struct Asked {
    pub(super) id: String,
    pub(super) subsets: Vec<Subset>,
    pub(super) subsetting: Option<String>,
    pub(super) output: Option<String>,
    pub(super) scaling: Scaling,
    pub(super) bands: Option<Vec<Wanted>>,
    pub(super) interpolation: Option<String>,
    pub(super) format: Option<String>,
    pub(super) media_type: Option<String>,
}

pub(in crate::services::wcs) async fn get_coverage(cx: &Context, request: &mut Request) -> Result<Response> {
    let asked = match request.take_xml(&Limits::default()).await? {
        Some(root) => post::read(&root)?,
        None => keys::read(cx.head())?,
    };
    if let Some(media_type) = asked.media_type.as_deref() {
        // A coverage in GML with its samples beside it.
        let message = format!("MEDIATYPE is '{media_type}'; coverages come as files alone");
        return Err(Error::new(Kind::InvalidParameter, message).at("MEDIATYPE"));
    }
    let (layer, view) = find(cx, &asked.id, "coverageId")?;
    let format = asked.format.as_deref().map_or_else(|| Ok(&formats::all()[0]), formats::find)?;
    let subsetting = system(asked.subsetting.as_deref(), "SUBSETTINGCRS", "SubsettingCrs-NotSupported")?;
    let output = system(asked.output.as_deref(), "OUTPUTCRS", "OutputCrs-NotSupported")?;
    let frame = Frame::of(view.grid())?;
    let region = region(&frame, &asked.subsets, subsetting.as_ref(), output.as_ref(), &asked.scaling)?;
    let resampling = match asked.interpolation.as_deref() {
        None => Resampling::Nearest,
        Some(name) => interpolation::read(name).ok_or_else(|| {
            let all = interpolation::uris().collect::<Vec<_>>().join(", ");
            Error::new(Kind::OutOfRange, format!("INTERPOLATION is '{name}', expected one of: {all}"))
                .at("INTERPOLATION")
                .coded("InterpolationMethodNotSupported")
        })?,
    };
    let bands = asked.bands.map(|wanted| bands::find(&wanted, view.grid(), "RANGESUBSET")).transpose()?;
    let id = layer.id.clone();
    Piece { id, view, region, bands, resampling, format }.answer(&cx.project().wcs).await
}

fn system(text: Option<&str>, parameter: &'static str, code: &'static str) -> Result<Option<Crs>> {
    let Some(text) = text else { return Ok(None) };
    let wrong = |fault: String| Error::new(Kind::UnknownCrs, fault).at(parameter).coded(code);
    let crs: Crs = text.trim().parse().map_err(|fault| wrong(format!("{parameter} is '{text}': {fault}")))?;
    crate::data::reference::of_places(&crs).map_err(|error| wrong(error.message().to_owned()))?;
    Ok(Some(crs))
}
