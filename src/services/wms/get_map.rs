//! GetMap: layers, drawn.

use http::Method;
use http::header::WARNING;

use crate::error::Result;
use crate::message::response::Response;
use crate::server::context::Context;
use crate::services::ows::kvp::Kvp;

use super::drawing::{self, Work};
use super::image_request::Image;
use super::map_area::MapArea;
use super::version::Version;
use super::{map_request, time};

/// Answers the request.
pub(super) async fn answer(cx: &Context, kvp: Kvp<'_>, version: &'static Version) -> Result<Response> {
    // The standard wants it of every operation but GetCapabilities: a map in the other order of axes is a wrong one.
    if kvp.first(&["VERSION", "WMTVER"])?.is_none() {
        kvp.required("VERSION")?;
    }
    let image = Image::read(kvp)?;
    let layers = map_request::layers(cx, kvp)?;
    let area = MapArea::read(cx, kvp, version)?;
    if cx.head().method == Method::HEAD {
        return Ok(Response::ok(image.media_type, Vec::new()));
    }
    let defaults = time::defaults(kvp, &layers).await?;
    let work = Work { area, layers, image };
    let bytes = drawing::draw(work, cx.project().wms.deadline()).await?;
    let mut response = Response::ok(image.media_type, bytes);
    for warning in defaults {
        response.headers.append(WARNING, warning);
    }
    Ok(response)
}
