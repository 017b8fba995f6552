//! The one error of the house: what went wrong in the field's terms, what the client may read, and what only the log may.
//!
//! A handler, source or service returns [`Error`]; nobody but `web` turns one into bytes, so that the same fault is a
//! problem document for an API, a page for a browser and an exception report for a service.

use std::borrow::Cow;
use std::fmt;

use http::{HeaderName, HeaderValue, StatusCode};

/// The result of everything that can fail here.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What kind of fault it is. Closed, because every kind has a row in the table below and in the services' code tables.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// No API, service or route answers at this path.
    UnknownPath,
    /// `MAP=` names a project that is not published.
    UnknownProject,
    /// The path names a collection or layer that is not published (or that the client may not know of).
    UnknownLayer,
    /// The path names a feature that the collection does not have.
    UnknownFeature,
    /// The path exists, but not for this method.
    MethodNotAllowed,
    /// A required parameter is not there.
    MissingParameter,
    /// A parameter is there that the operation does not know.
    UnknownParameter,
    /// A parameter's value does not read as its type.
    InvalidParameter,
    /// A parameter's value reads, but lies outside of what is allowed.
    OutOfRange,
    /// A coordinate reference system that is not known or not offered.
    UnknownCrs,
    /// The request itself cannot be read.
    BadRequest,
    /// No format that the client accepts is offered.
    NotAcceptable,
    /// The body's media type is not understood.
    UnsupportedMediaType,
    /// The body or the answer is larger than allowed.
    TooLarge,
    /// URL and headers of the request are larger than allowed.
    HeadTooLarge,
    /// The client does not send the rest of its request.
    SlowRequest,
    /// Nobody is logged on, and somebody must be.
    Unauthorized,
    /// The client may not do this.
    Forbidden,
    /// What was asked for is not implemented.
    Unsupported,
    /// The deadline passed.
    Timeout,
    /// A source or the server cannot answer now, but may later.
    Unavailable,
    /// Ours, and the client cannot mend it.
    Internal,
    /// The client left; nothing is sent.
    Cancelled,
}

impl Kind {
    /// Status code and title of this kind: the one table.
    const fn row(self) -> (StatusCode, &'static str) {
        use StatusCode as S;
        match self {
            Self::UnknownPath => (S::NOT_FOUND, "Nothing here"),
            Self::UnknownProject => (S::NOT_FOUND, "Unknown project"),
            Self::UnknownLayer => (S::NOT_FOUND, "Unknown collection"),
            Self::UnknownFeature => (S::NOT_FOUND, "Unknown feature"),
            Self::MethodNotAllowed => (S::METHOD_NOT_ALLOWED, "Method not allowed"),
            Self::MissingParameter => (S::BAD_REQUEST, "Missing parameter"),
            Self::UnknownParameter => (S::BAD_REQUEST, "Unknown parameter"),
            Self::InvalidParameter => (S::BAD_REQUEST, "Invalid parameter"),
            Self::OutOfRange => (S::BAD_REQUEST, "Parameter out of range"),
            Self::UnknownCrs => (S::BAD_REQUEST, "Unknown coordinate reference system"),
            Self::BadRequest => (S::BAD_REQUEST, "Bad request"),
            Self::NotAcceptable => (S::NOT_ACCEPTABLE, "Not acceptable"),
            Self::UnsupportedMediaType => (S::UNSUPPORTED_MEDIA_TYPE, "Unsupported media type"),
            Self::TooLarge => (S::PAYLOAD_TOO_LARGE, "Too large"),
            Self::HeadTooLarge => (S::REQUEST_HEADER_FIELDS_TOO_LARGE, "Head too large"),
            Self::SlowRequest => (S::REQUEST_TIMEOUT, "The request came too slowly"),
            Self::Unauthorized => (S::UNAUTHORIZED, "Unauthorized"),
            Self::Forbidden => (S::FORBIDDEN, "Forbidden"),
            Self::Unsupported => (S::NOT_IMPLEMENTED, "Not implemented"),
            Self::Timeout => (S::SERVICE_UNAVAILABLE, "The request took too long"),
            Self::Unavailable => (S::SERVICE_UNAVAILABLE, "Unavailable"),
            Self::Internal | Self::Cancelled => (S::INTERNAL_SERVER_ERROR, "Internal server error"),
        }
    }

    /// The HTTP status that an API answers with.
    pub const fn status(self) -> StatusCode {
        self.row().0
    }

    /// A short human title, the same for every error of this kind.
    pub const fn title(self) -> &'static str {
        self.row().1
    }
}

/// A fault: its kind, a message for the client, and a cause for the log alone.
pub struct Error(Box<Inner>);

struct Inner {
    kind: Kind,
    message: Cow<'static, str>,
    code: Option<&'static str>,
    locator: Option<String>,
    headers: Vec<(HeaderName, HeaderValue)>,
    instead: Vec<(String, String)>,
    cause: Option<Box<dyn std::error::Error + Send + Sync>>,
}

impl Error {
    /// An error with a message that the client reads: name the parameter and the way out, in lower case, without a full stop.
    pub fn new(kind: Kind, message: impl Into<Cow<'static, str>>) -> Self {
        Self(Box::new(Inner {
            kind,
            message: message.into(),
            code: None,
            locator: None,
            headers: Vec::new(),
            instead: Vec::new(),
            cause: None,
        }))
    }

    /// A fault of ours: the client is told nothing but the request id; `cause` goes to the log.
    pub fn internal(cause: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self::new(Kind::Internal, "the server failed; its log has the cause under this request id").because(cause)
    }

    /// Code panicked: an internal error, whose message is the cause.
    pub fn panicked(panic: &(dyn std::any::Any + Send)) -> Self {
        let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
        let text = text.or_else(|| panic.downcast_ref::<String>().cloned());
        Self::internal(text.unwrap_or_else(|| "a panic without a message".to_owned()))
    }

    /// The client left before the answer was complete.
    pub fn cancelled() -> Self {
        Self::new(Kind::Cancelled, "the client left")
    }

    /// Names the parameter (or other place in the request) that is at fault.
    #[must_use]
    pub fn at(mut self, locator: impl Into<String>) -> Self {
        self.0.locator = Some(locator.into());
        self
    }

    /// Names the exception code that only one operation of a service knows, such as `StyleNotDefined`; the codes of kinds
    /// stand in the tables of the services.
    #[must_use]
    pub fn coded(mut self, code: &'static str) -> Self {
        self.0.code = Some(code);
        self
    }

    /// Adds the cause, for the log alone.
    #[must_use]
    pub fn because(mut self, cause: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        self.0.cause = Some(cause.into());
        self
    }

    /// Adds a header to the answer: `Allow`, `Retry-After`, `WWW-Authenticate`.
    #[must_use]
    pub fn with_header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.0.headers.push((name, value));
        self
    }

    /// Tells what there is instead, by title and absolute URL: what the client may see, never more.
    #[must_use]
    pub fn instead(mut self, title: impl Into<String>, href: impl Into<String>) -> Self {
        self.0.instead.push((title.into(), href.into()));
        self
    }

    /// What there is instead: titles and URLs.
    pub fn ways_out(&self) -> &[(String, String)] {
        &self.0.instead
    }

    /// The kind of fault.
    pub fn kind(&self) -> Kind {
        self.0.kind
    }

    /// What the client reads.
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// The parameter or other place that is at fault.
    pub fn locator(&self) -> Option<&str> {
        self.0.locator.as_deref()
    }

    /// The exception code of a service that the error names itself.
    pub fn code(&self) -> Option<&'static str> {
        self.0.code
    }

    /// Headers that the answer must have.
    pub fn headers(&self) -> &[(HeaderName, HeaderValue)] {
        &self.0.headers
    }

    /// The cause, for the log.
    pub fn cause(&self) -> Option<&(dyn std::error::Error + Send + Sync + 'static)> {
        self.0.cause.as_deref()
    }
}

impl fmt::Display for Error {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0.message)
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{:?}: {}", self.0.kind, self.0.message)?;
        if let Some(locator) = &self.0.locator {
            write!(out, " (at {locator})")?;
        }
        if let Some(cause) = &self.0.cause {
            write!(out, " because {cause}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.0.cause.as_deref().map(|cause| cause as _)
    }
}
