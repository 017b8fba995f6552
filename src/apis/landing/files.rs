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
    let templates = cx.templates();
    let current = templates.current(&params.path);
    let path = current.unwrap_or_else(|| without_version(&params.path));
    let asset = templates.static_file(path);
    let asset = asset.ok_or_else(|| Error::new(Kind::UnknownPath, format!("there is no file '{}'", params.path)))?;
    let mut response = Response::ok(asset.content_type, asset.bytes);
    if let Ok(tag) = HeaderValue::try_from(asset.etag) {
        response.set(header::ETAG, tag);
    }
    // A page's address of it has the version, so the file never changes there. Any other is asked for again by its tag.
    let age = if current.is_some() { "public, max-age=31536000, immutable" } else { "public, no-cache" };
    response.set(header::CACHE_CONTROL, HeaderValue::from_static(age));
    Ok(response)
}

/// The path without the version of other files, which a page that was opened before may still ask for.
fn without_version(path: &str) -> &str {
    let rest = path.strip_prefix("v-").and_then(|rest| rest.split_once('/'));
    rest.filter(|(version, _)| version.len() == 16).map_or(path, |(_, rest)| rest)
}
