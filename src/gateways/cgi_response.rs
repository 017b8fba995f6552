//! A response as CGI has it: a `Status:` line, headers, an empty line, the body.

use http::header::{CONNECTION, CONTENT_LENGTH, HeaderName, TRANSFER_ENCODING};
use http::{HeaderValue, Method, StatusCode};

use crate::error::{Error, Kind};
use crate::message::request::RequestId;
use crate::message::response::{REQUEST_ID, Response};
use crate::web::problem::Problem;

/// The most that is read of variables that are too many, so that the answer is not lost in a reset.
pub(super) const MOST_SKIPPED: usize = 1024 * 1024;

/// Headers that are the web server's to set, and one that would be read as the status.
const NOT_OURS: [HeaderName; 3] = [CONNECTION, TRANSFER_ENCODING, HeaderName::from_static("status")];

/// The head.
pub(super) fn head(response: &Response, method: &Method) -> Vec<u8> {
    let status = response.status;
    let mut out =
        format!("Status: {} {}\r\n", status.as_str(), status.canonical_reason().unwrap_or("Unknown")).into_bytes();
    for (name, value) in response.headers.iter().filter(|(name, _)| !NOT_OURS.contains(name)) {
        out.extend_from_slice(name.as_str().as_bytes());
        out.extend_from_slice(b": ");
        out.extend_from_slice(value.as_bytes());
        out.extend_from_slice(b"\r\n");
    }
    // An answer to HEAD or of 304 has lost its body, and with it the length.
    let bodiless = method == Method::HEAD || matches!(status, StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED);
    if let Some(length) = response.body.len().filter(|_| !bodiless && !response.headers.contains_key(CONTENT_LENGTH)) {
        out.extend_from_slice(format!("content-length: {length}\r\n").as_bytes());
    }
    out.extend_from_slice(b"\r\n");
    out
}

/// The answer to a request that could not be made from its variables.
pub(super) fn refusal(error: &Error) -> Response {
    let id = RequestId::next();
    tracing::info!(%id, ?error, "refused");
    let mut response = Problem::new(error, id).to_response(error);
    for (name, value) in error.headers() {
        response.headers.append(name.clone(), value.clone());
    }
    if let Ok(id) = HeaderValue::from_str(id.as_str()) {
        response.set(REQUEST_ID, id);
    }
    response
}

/// What a request is told whose variables are too many.
pub(super) fn too_large(most: usize) -> Error {
    Error::new(Kind::HeadTooLarge, format!("URL and headers are larger than {most} bytes"))
}
