//! What a service is: chosen by `SERVICE=` at `/ows`, in one of the versions that it speaks.

use std::future::Future;
use std::pin::Pin;

use http::Method;

use crate::error::{Error, Kind, Result};
use crate::message::request::{Head, Request};
use crate::message::response::Response;
use crate::web::ows_error::{Code, Report};

use super::context::Context;

/// A version of a service: what differs between versions is data.
#[derive(Debug)]
pub struct Dialect {
    /// The version, such as `1.3.0`.
    pub version: &'static str,
    /// The form of its exception reports.
    pub report: Report,
    /// Its codes and statuses for kinds of errors, where they are not those of OWS Common and of HTTP.
    pub codes: &'static [Code],
    /// Its operations; empty where it takes any `REQUEST`.
    pub operations: &'static [Operation],
}

/// An operation of a version, as its capabilities tell it.
#[derive(Debug)]
pub struct Operation {
    /// Its name, as in `REQUEST=`.
    pub name: &'static str,
    /// Names that older clients have for it; empty where there is none.
    pub also: &'static [&'static str],
    /// Whether it may be asked by POST with an XML body.
    pub post: bool,
    /// Parameters whose values are told, and those values.
    pub parameters: &'static [(&'static str, &'static [&'static str])],
}

impl Operation {
    /// Whether a client means it by this name.
    pub(super) fn is_called(&self, name: &str) -> bool {
        self.name.eq_ignore_ascii_case(name) || self.also.iter().any(|also| also.eq_ignore_ascii_case(name))
    }
}

/// How the version of an answer is found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Negotiation {
    /// `VERSION=`; one that is not spoken is answered in the version that was registered first.
    Lenient,
    /// As OWS Common has it: `ACCEPTVERSIONS` of `GetCapabilities` by the client's preference; `VERSION` of any other
    /// operation must be spoken.
    Ows,
    /// As WMS 1.3.0 (6.2.4) has it: one that is not spoken is answered in the next lower, else in the lowest.
    Wms,
}

impl Dialect {
    /// A version that tells errors as OWS Common 1.1 does, with its codes, and takes any operation.
    pub const fn new(version: &'static str) -> Self {
        Self { version, report: Report::Ows11, codes: &[], operations: &[] }
    }

    /// The operation that a request asks for, of those of this version.
    pub fn operation(&self, head: &Head) -> Result<&'static Operation> {
        let names = || self.operations.iter().map(|operation| operation.name).collect::<Vec<_>>().join(", ");
        let name = head.parameters.value_of("REQUEST").filter(|name| !name.is_empty()).ok_or_else(|| {
            Error::new(Kind::MissingParameter, format!("REQUEST is missing, expected one of: {}", names()))
                .at("REQUEST")
        })?;
        self.operations.iter().find(|operation| operation.is_called(name)).ok_or_else(|| {
            Error::new(Kind::Unsupported, format!("REQUEST is '{name}', expected one of: {}", names())).at("REQUEST")
        })
    }
}

/// The methods of a service that says nothing else.
pub(super) static METHODS: [Method; 3] = [Method::GET, Method::HEAD, Method::POST];

/// A service.
pub trait Service: Send + Sync + 'static {
    /// Its name, as in `SERVICE=`.
    fn name(&self) -> &'static str;

    /// The versions that it speaks. Of all that are registered under a name, the first is the default.
    fn dialects(&self) -> &'static [Dialect];

    /// How the version of an answer is found; of all that are registered under a name, the first says so.
    fn negotiation(&self) -> Negotiation {
        Negotiation::Lenient
    }

    /// The methods that it takes; others are 405, and OPTIONS tells these.
    fn methods(&self) -> &'static [Method] {
        &METHODS
    }

    /// Answers a request in a dialect.
    fn execute(
        &self,
        cx: Context,
        request: &mut Request,
        dialect: &'static Dialect,
    ) -> impl Future<Output = Result<Response>> + Send;

    /// Tells an error in a way of its own (in an image, say); none for an exception report of the dialect.
    fn fault(&self, head: &Head, dialect: &'static Dialect, error: &Error) -> Option<Response> {
        let _ = (head, dialect, error);
        None
    }
}

/// A service as the registry keeps it.
pub(crate) trait DynService: Send + Sync {
    fn name(&self) -> &'static str;
    fn dialects(&self) -> &'static [Dialect];
    fn negotiation(&self) -> Negotiation;
    fn methods(&self) -> &'static [Method];
    fn execute<'a>(
        &'a self,
        cx: Context,
        request: &'a mut Request,
        dialect: &'static Dialect,
    ) -> Pin<Box<dyn Future<Output = Result<Response>> + Send + 'a>>;
    fn fault(&self, head: &Head, dialect: &'static Dialect, error: &Error) -> Option<Response>;
}

impl<S: Service> DynService for S {
    fn name(&self) -> &'static str {
        Service::name(self)
    }

    fn dialects(&self) -> &'static [Dialect] {
        Service::dialects(self)
    }

    fn negotiation(&self) -> Negotiation {
        Service::negotiation(self)
    }

    fn methods(&self) -> &'static [Method] {
        Service::methods(self)
    }

    fn execute<'a>(
        &'a self,
        cx: Context,
        request: &'a mut Request,
        dialect: &'static Dialect,
    ) -> Pin<Box<dyn Future<Output = Result<Response>> + Send + 'a>> {
        Box::pin(Service::execute(self, cx, request, dialect))
    }

    fn fault(&self, head: &Head, dialect: &'static Dialect, error: &Error) -> Option<Response> {
        Service::fault(self, head, dialect, error)
    }
}
