//! The files of the pages, out of the binary: no page ever loads anything from another host.

use http::{HeaderValue, header};
use serde::Deserialize;
use utoipa::IntoParams;

use crate::api::{Route, get};
use crate::error::{Error, Kind, Result};
use crate::message::response::Response;
use crate::server::context::Context;

#[derive(Deserialize, IntoParams)]
struct StaticFile {
    /// Name of a file
    path: String,
}

pub(super) fn route() -> Route {
    get("/static/(?P<path>.+)", "getStaticFile", file)
        .summary("A file of the pages")
        .template("/static/{path}")
        .hidden()
}

async fn file(cx: Context, params: StaticFile) -> Result<Response> {
    let asset = cx.templates().static_file(&params.path);
    let asset = asset.ok_or_else(|| Error::new(Kind::UnknownPath, format!("there is no file '{}'", params.path)))?;
    let mut response = Response::ok(asset.content_type, asset.bytes);
    if let Ok(tag) = HeaderValue::try_from(asset.etag) {
        response.set(header::ETAG, tag);
    }
    // Asked for again by its tag: a page of a newer version must not meet the stylesheet of an older one.
    response.set(header::CACHE_CONTROL, HeaderValue::from_static("public, no-cache"));
    Ok(response)
}
