//! The life of a request, told once.

use std::future::{Future, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::Poll;

use bytes::Bytes;
use futures_util::stream;

use crate::error::{Error, Result};
use crate::message::body::{Body, Chunks};
use crate::message::request::{self, Request};
use crate::message::response::{self, Response};
use crate::project::catalog::Project;

use super::filter::{Done, Flow, Registered};
use super::sending::{Outlet, guarded};

/// What stands behind the filters: implemented by the server, so that errors are told in a dialect that nobody here knows.
pub(crate) trait Target: Sync {
    /// The project that a request is about.
    fn project(&self, request: &request::Head) -> Result<Arc<Project>>;
    /// Answers a request.
    fn dispatch(&self, request: &mut Request) -> impl Future<Output = Result<Response>> + Send;
    /// Tells an error.
    fn fault(&self, request: &request::Head, error: &Error) -> Response;
    /// Gives every answer the headers that all have.
    fn finish(&self, request: &request::Head, response: &mut Response);
}

/// The largest answer that is collected for a filter that wants the whole.
const WHOLE: usize = 256 * 1024 * 1024;

/// Answers a request through the filters.
pub(crate) async fn run(target: &impl Target, filters: &Registered, mut request: Request) -> Response {
    let read = caught(request.read_body_parameters()).await;
    if filters.is_empty() {
        let answered = match read {
            Ok(()) => caught(target.dispatch(&mut request)).await,
            Err(error) => Err(error),
        };
        return told(target, request.head(), answered);
    }
    let mut outlet = Outlet::new(filters.clone(), request.head().clone());
    let early = match read {
        Ok(()) => arrive(target, filters, &mut request).await,
        Err(error) => Err(error),
    };
    // The filters may have changed the request: those on the way out see it as it was dispatched.
    outlet.request = request.head().clone();
    let answered = match early {
        Ok(Some(response)) => Ok(response),
        Ok(None) => caught(target.dispatch(&mut request)).await,
        Err(error) => Err(error),
    };
    let response = told(target, &outlet.request, answered);
    leave(target, outlet, response).await
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

/// An answer or an error as a response with all its headers.
fn told(target: &impl Target, request: &request::Head, answered: Result<Response>) -> Response {
    let mut response = answered.unwrap_or_else(|error| {
        let mut response = target.fault(request, &error);
        response.raised = Some(error.kind());
        response
    });
    target.finish(request, &mut response);
    response
}

/// The way out.
async fn leave(target: &impl Target, mut outlet: Outlet, mut response: Response) -> Response {
    let wants_whole = |head: &response::Head| outlet.filters.iter().any(|filter| filter.wants_whole(head));
    if matches!(response.body, Body::Stream(_)) && wants_whole(&response) {
        let body = std::mem::replace(&mut response.body, Body::empty());
        match body.collect(WHOLE).await {
            Ok(bytes) => response.body = bytes.into(),
            Err(error) => response = told(target, &outlet.request, Err(error)),
        }
    }
    for filter in outlet.filters.clone().iter() {
        tracing::debug!(id = %outlet.request.id, filter = filter.name(), "response_ready");
        if let Err(error) = guarded(|| filter.response_ready(&outlet.request, &mut response.head)) {
            response = told(target, &outlet.request, Err(error));
        }
    }
    match std::mem::replace(&mut response.body, Body::empty()) {
        Body::Whole(bytes) => {
            response.body = bytes.into();
            if let Err(error) = send_whole(&mut outlet, &mut response) {
                response = told(target, &outlet.request, Err(error));
            }
        }
        Body::Stream(chunks) => response.body = Body::Stream(send_chunks(outlet, response.head.clone(), chunks)),
    }
    response
}

/// A whole body is filtered at once: a gateway need not look at a body past its length.
fn send_whole(outlet: &mut Outlet, response: &mut Response) -> Result<()> {
    outlet.complete(Done::Whole(response))?;
    let body = std::mem::replace(&mut response.body, Body::empty());
    let Body::Whole(bytes) = body else {
        return Err(Error::internal("a filter made a stream of a whole answer"));
    };
    let length = bytes.len();
    let sent = outlet.send(&response.head, bytes, true)?;
    if sent.len() != length {
        response.headers.remove(http::header::CONTENT_LENGTH);
    }
    response.body = sent.into();
    Ok(())
}

/// The chunks of a stream through the filters, then the end.
fn send_chunks(outlet: Outlet, head: response::Head, chunks: Chunks) -> Chunks {
    let state = Some((outlet, head, chunks));
    Box::pin(stream::try_unfold(state, |state| async move {
        let Some((mut outlet, head, mut chunks)) = state else { return Ok(None) };
        while let Some(chunk) = poll_fn(|cx| chunks.as_mut().poll_next(cx)).await.transpose()? {
            let sent = outlet.send(&head, chunk, false)?;
            if !sent.is_empty() {
                return Ok(Some((sent, Some((outlet, head, chunks)))));
            }
        }
        let mut tail = Vec::new();
        outlet.complete(Done::Streamed { head: &head, tail: &mut tail })?;
        let sent = outlet.send(&head, Bytes::from(tail), true)?;
        Ok((!sent.is_empty()).then_some((sent, None)))
    }))
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
