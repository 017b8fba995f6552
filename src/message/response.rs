//! A response.

use http::StatusCode;
use http::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};

use super::body::Body;

/// A response: status, headers and body.
pub struct Response {
    /// The status.
    pub status: StatusCode,
    /// The headers; the gateway adds those of the transport.
    pub headers: HeaderMap,
    /// The body.
    pub body: Body,
}

impl Response {
    /// An empty response.
    pub fn new(status: StatusCode) -> Self {
        Self { status, headers: HeaderMap::new(), body: Body::empty() }
    }

    /// A response of 200 with this body.
    pub fn ok(content_type: &'static str, body: impl Into<Body>) -> Self {
        let mut response = Self::new(StatusCode::OK);
        response.body = body.into();
        response.set(CONTENT_TYPE, HeaderValue::from_static(content_type));
        response
    }

    /// Sets a header.
    pub fn set(&mut self, name: HeaderName, value: HeaderValue) {
        self.headers.insert(name, value);
    }

    /// The same with another status.
    #[must_use]
    pub fn with_status(mut self, status: StatusCode) -> Self {
        self.status = status;
        self
    }
}
