//! What a service is: chosen by `SERVICE=` at `/ows`, in one of the versions that it speaks.

use std::future::Future;
use std::pin::Pin;

use crate::error::{Error, Kind, Result};
use crate::message::request::{Head, Request};
use crate::message::response::Response;
use crate::web::ows_error::Report;

use super::context::Context;

/// A version of a service: what differs between versions is data.
#[derive(Debug)]
pub struct Dialect {
    /// The version, such as `1.3.0`.
    pub version: &'static str,
    /// The form of its exception reports.
    pub report: Report,
    /// Its code for a kind of error, where it has one of its own.
    pub code: fn(Kind) -> Option<&'static str>,
}

impl Dialect {
    /// A version that tells errors as OWS Common 1.1 does, with its codes.
    pub const fn new(version: &'static str) -> Self {
        Self { version, report: Report::Ows, code: |_| None }
    }
}

/// A service.
pub trait Service: Send + Sync + 'static {
    /// Its name, as in `SERVICE=`.
    fn name(&self) -> &'static str;

    /// The versions that it speaks. Of all that are registered under a name, the first is the default.
    fn dialects(&self) -> &'static [Dialect];

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
