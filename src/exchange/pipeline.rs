//! The life of a request, told once: the way in. The way out is in [`super::leaving`].

use std::future::{Future, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::Poll;

use http::HeaderValue;
use http::header::RETRY_AFTER;
use tokio::time::{Instant, timeout_at};

use crate::error::{Error, Kind, Result};
use crate::message::request::{self, Request};
use crate::message::response::Response;
use crate::project::catalog::Project;
use crate::project::limits::{Limits, seconds};

use super::filter::{Flow, Registered};
use super::leaving::{leave, told};
use super::sending::Outlet;

/// What stands behind the filters: implemented by the server, so that errors are told in a dialect that nobody here knows.
pub(crate) trait Target: Sync {
    /// The project that a request is about.
    fn project(&self, request: &request::Head) -> Result<Arc<Project>>;
    /// What the server bears.
    fn limits(&self) -> &Limits;
    /// A place among the requests that are answered at once; it ends with what is given.
    fn enter(&self, request: &request::Head) -> impl Future<Output = Result<impl Send>> + Send;
    /// Answers a request.
    fn dispatch(&self, request: &mut Request) -> impl Future<Output = Result<Response>> + Send;
    /// Tells an error.
    fn fault(&self, request: &request::Head, error: &Error) -> Response;
    /// Gives every answer the headers that all have.
    fn finish(&self, request: &request::Head, response: &mut Response);
    /// What becomes of an answer after the last filter: whether it is sent at all, and how it is packed.
    fn conclude(&self, request: &request::Head, response: &mut Response);
}

/// Answers a request through the filters.
pub(crate) async fn run(target: &impl Target, filters: &Registered, mut request: Request) -> Response {
    let limits = target.limits();
    let mut outlet = Outlet::new(filters.clone(), request.head().clone());
    let head = request.head().clone();
    let (place, entered) = match target.enter(&head).await {
        Ok(place) => (Some(place), Ok(())),
        Err(error) => (None, Err(error)),
    };
    let end = Instant::now() + seconds(limits.request_seconds);
    let read = match entered {
        // The body comes as fast as the client sends it, and has a time of its own.
        Ok(()) => caught(request.read_body(limits.body_bytes, limits.form_bytes)).await,
        Err(error) => Err(error),
    };
    let early = match read {
        Ok(()) => within(end, limits, arrive(target, filters, &mut request)).await,
        Err(error) => Err(error),
    };
    // The filters may have changed the request: those on the way out see it as it was dispatched.
    outlet.request = request.head().clone();
    let answered = match early {
        Ok(Some(response)) => Ok(response),
        Ok(None) => within(end, limits, caught(target.dispatch(&mut request))).await,
        Err(error) => Err(error),
    };
    let response = told(target, &outlet.request, answered);
    let response = leave(target, outlet, response, end).await;
    drop(place);
    response
}

/// Awaits until the deadline.
pub(super) async fn within<T>(end: Instant, limits: &Limits, future: impl Future<Output = Result<T>>) -> Result<T> {
    timeout_at(end, future).await.unwrap_or_else(|_| {
        let told = format!("there was no answer within {} seconds; ask for less, or again", limits.request_seconds);
        Err(Error::new(Kind::Timeout, told).with_header(RETRY_AFTER, HeaderValue::from_static("30")))
    })
}

/// The way in: an answer where a filter gave one.
async fn arrive(target: &impl Target, filters: &Registered, request: &mut Request) -> Result<Option<Response>> {
    for filter in filters.iter() {
        tracing::debug!(id = %request.head().id, filter = filter.name(), "request_ready");
        match caught(filter.request_ready(request)).await? {
            Flow::Continue => {}
            Flow::Stop => break,
            Flow::Respond(response) => return Ok(Some(response)),
        }
    }
    if filters.is_empty() {
        return Ok(None);
    }
    // A request of an unknown project is refused by dispatch, in its dialect.
    let Ok(project) = target.project(request.head()) else { return Ok(None) };
    for filter in filters.iter() {
        tracing::debug!(id = %request.head().id, filter = filter.name(), "project_ready");
        match caught(filter.project_ready(request, &project)).await? {
            Flow::Continue => {}
            Flow::Stop => break,
            Flow::Respond(response) => return Ok(Some(response)),
        }
    }
    Ok(None)
}

/// Awaits; a panic is an internal error of this request alone.
pub(crate) async fn caught<T>(future: impl Future<Output = Result<T>>) -> Result<T> {
    let mut future: Pin<&mut _> = pin!(future);
    poll_fn(|cx| match catch_unwind(AssertUnwindSafe(|| future.as_mut().poll(cx))) {
        Ok(poll) => poll,
        Err(panic) => Poll::Ready(Err(Error::panicked(&*panic))),
    })
    .await
}
