//! Errors as problem documents (RFC 9457).

use http::{HeaderValue, header};
use serde::Serialize;
use utoipa::ToSchema;

use crate::error::Error;
use crate::message::request::RequestId;
use crate::message::response::Response;

/// The media type of a problem document.
pub const MEDIA_TYPE: &str = "application/problem+json";

/// A problem document.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Problem {
    /// Kind of problem
    #[serde(rename = "type")]
    pub problem_type: &'static str,
    /// Title of this kind of problem
    pub title: &'static str,
    /// HTTP status code
    pub status: u16,
    /// What is wrong and how to mend it
    pub detail: String,
    /// The parameter that is at fault
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub parameter: Option<String>,
    /// Names the request in the server's log
    pub request_id: String,
    /// What there is instead
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub roots: Vec<Root>,
}

/// What there is instead: the root of an API or service, a collection of a like name.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Root {
    /// Title
    pub title: String,
    /// Where it is
    pub href: String,
}

impl Problem {
    /// What a client reads of an error.
    pub fn new(error: &Error, id: RequestId) -> Self {
        Self {
            problem_type: "about:blank",
            title: error.kind().title(),
            status: error.kind().status().as_u16(),
            detail: error.message().to_owned(),
            parameter: error.locator().map(str::to_owned),
            request_id: id.to_string(),
            roots: error.ways_out().iter().cloned().map(|(title, href)| Root { title, href }).collect(),
        }
    }

    /// The document.
    pub fn to_response(&self, error: &Error) -> Response {
        let mut response = Response::new(error.kind().status());
        // A struct of strings and numbers always serialises.
        response.body = serde_json::to_vec(self).unwrap_or_default().into();
        response.set(header::CONTENT_TYPE, HeaderValue::from_static(MEDIA_TYPE));
        response
    }
}
