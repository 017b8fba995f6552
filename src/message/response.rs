//! A response: a head that filters may change until it is sent, and a body.

use std::ops::{Deref, DerefMut};

use http::StatusCode;
use http::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};

use crate::error::Kind;

use super::body::Body;

/// The header that names the request, as the log does.
pub const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// All of a response but its body.
#[derive(Clone, Debug)]
pub struct Head {
    /// The status.
    pub status: StatusCode,
    /// The headers; the gateway adds those of the transport.
    pub headers: HeaderMap,
    /// The kind of error that the response tells, where one was raised.
    pub raised: Option<Kind>,
    /// Whether the very same bytes were sent before and are at hand: their packed form is kept as well.
    pub is_kept: bool,
}

/// A response.
pub struct Response {
    /// Status and headers.
    pub head: Head,
    /// The body.
    pub body: Body,
}

impl Head {
    /// Sets a header.
    pub fn set(&mut self, name: HeaderName, value: HeaderValue) {
        self.headers.insert(name, value);
    }
}

impl Response {
    /// An empty response.
    pub fn new(status: StatusCode) -> Self {
        // Room for what nearly every answer has.
        Self {
            head: Head { status, headers: HeaderMap::with_capacity(16), raised: None, is_kept: false },
            body: Body::empty(),
        }
    }

    /// A response of 200 with this body.
    pub fn ok(content_type: &'static str, body: impl Into<Body>) -> Self {
        let mut response = Self::new(StatusCode::OK);
        response.body = body.into();
        response.set(CONTENT_TYPE, HeaderValue::from_static(content_type));
        response
    }

    /// The same with another status.
    #[must_use]
    pub fn with_status(mut self, status: StatusCode) -> Self {
        self.status = status;
        self
    }
}

impl Deref for Response {
    type Target = Head;

    fn deref(&self) -> &Head {
        &self.head
    }
}

impl DerefMut for Response {
    fn deref_mut(&mut self) -> &mut Head {
        &mut self.head
    }
}
