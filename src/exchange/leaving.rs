//! The way out: `response_ready`, the chunks, `response_complete`, the last `send_response`.

use std::future::poll_fn;

use bytes::Bytes;
use futures_util::stream;
use http::{HeaderValue, Method, header};
use tokio::time::Instant;

use crate::error::{Error, Kind, Result};
use crate::message::body::{Body, Chunks};
use crate::message::request;
use crate::message::response::{self, Response};
use crate::project::limits::Limits;

use super::filter::{Done, Registered};
use super::pipeline::{Target, caught, within};
use super::sending::{Outlet, guarded};

/// The largest answer that is collected for a filter that wants the whole.
const WHOLE: usize = 256 * 1024 * 1024;

/// An answer or an error as a response with all its headers.
pub(super) fn told(target: &impl Target, request: &request::Head, answered: Result<Response>) -> Response {
    let mut response = answered.unwrap_or_else(|error| {
        let mut response = target.fault(request, &error);
        response.raised = Some(error.kind());
        response
    });
    target.finish(request, &mut response);
    response
}

/// Takes an answer through the filters.
pub(super) async fn leave(target: &impl Target, outlet: Outlet, mut response: Response, end: Instant) -> Response {
    let limits = target.limits();
    let request = outlet.request.clone();
    let is_head = request.method == Method::HEAD;
    if is_head && matches!(response.body, Body::Stream(_)) {
        // A head never drives a query; the filters see an empty body.
        response.body = Body::empty();
    }
    if let Err(error) = within(end, limits, collect_where_wanted(&outlet.filters, &mut response)).await {
        response = told(target, &outlet.request, Err(error));
    }
    for filter in outlet.filters.clone().iter() {
        tracing::debug!(id = %outlet.request.id, filter = filter.name(), "response_ready");
        if let Err(error) = guarded(|| filter.response_ready(&outlet.request, &mut response.head)) {
            response = told(target, &outlet.request, Err(error));
        }
    }
    let mut response = match std::mem::replace(&mut response.body, Body::empty()) {
        Body::Whole(bytes) => whole(target, outlet, response, bytes),
        Body::Stream(chunks) => streamed(target, outlet, response, chunks, end).await,
    };
    if response.body.len().is_some_and(|length| length > limits.answer_bytes) {
        response = told(target, &request, Err(too_long(limits)));
    } else if matches!(response.body, Body::Stream(_)) {
        let body = std::mem::replace(&mut response.body, Body::empty());
        response.body = body.limited(limits.answer_bytes, too_long(limits));
    }
    target.conclude(&request, &mut response);
    if is_head { headed(response) } else { response }
}

/// What is told of an answer that is longer than any may be.
fn too_long(limits: &Limits) -> Error {
    let told = format!("the answer is larger than {} bytes; ask for less", limits.answer_bytes);
    Error::new(Kind::TooLarge, told)
}

/// The stream as a whole, where a filter asks for it.
async fn collect_where_wanted(filters: &Registered, response: &mut Response) -> Result<()> {
    if !matches!(response.body, Body::Stream(_)) {
        return Ok(());
    }
    let head = &response.head;
    if guarded(|| Ok(filters.iter().any(|filter| filter.wants_whole(head))))? {
        let body = std::mem::replace(&mut response.body, Body::empty());
        response.body = caught(body.collect(WHOLE)).await?.into();
    }
    Ok(())
}

/// A whole body is filtered at once: a gateway need not look at a body past its length.
fn whole(target: &impl Target, mut outlet: Outlet, mut response: Response, bytes: Bytes) -> Response {
    let length = bytes.len();
    response.body = bytes.into();
    outlet.completed = true;
    for filter in outlet.filters.clone().iter() {
        tracing::debug!(id = %outlet.request.id, filter = filter.name(), "response_complete");
        if let Err(error) = guarded(|| filter.response_complete(&outlet.request, Done::Whole(&mut response))) {
            // The filters after it see the error, and may replace it.
            response = told(target, &outlet.request, Err(error));
        }
    }
    if !response.headers.contains_key(response::REQUEST_ID) {
        // A filter put an answer of its own in place of this one.
        target.finish(&outlet.request, &mut response);
    }
    match std::mem::replace(&mut response.body, Body::empty()) {
        Body::Whole(bytes) => match outlet.send(&response.head, bytes, true) {
            Ok(sent) => {
                measure(&mut response.head, length, sent.len());
                response.body = sent.into();
            }
            // This one goes out as it is: whoever could not send the answer cannot be asked to send the error.
            Err(error) => response = told(target, &outlet.request, Err(error)),
        },
        Body::Stream(chunks) => {
            response.headers.remove(header::CONTENT_LENGTH);
            response.body = Body::Stream(rest(outlet, response.head.clone(), chunks, None));
        }
    }
    response
}

/// Keeps a `Content-Length` right that was told before the filters; the gateway tells it where nobody did. A body that
/// was empty and stays so may be that of a HEAD, whose length only its handler knows.
fn measure(head: &mut response::Head, before: usize, after: usize) {
    if (before, after) == (0, 0) {
        return;
    }
    if head.headers.contains_key(header::CONTENT_LENGTH) {
        head.set(header::CONTENT_LENGTH, HeaderValue::from(after));
    }
}

/// A stream stays a stream. Its first chunk is awaited before the head is sent, so that an early fault still has a status.
async fn streamed(
    target: &impl Target,
    mut outlet: Outlet,
    mut response: Response,
    mut chunks: Chunks,
    end: Instant,
) -> Response {
    if !outlet.filters.is_empty() {
        // What the filters will make of it is not known.
        response.headers.remove(header::CONTENT_LENGTH);
    }
    match within(end, target.limits(), caught(next(&mut outlet, &response.head, &mut chunks))).await {
        Ok(first) => {
            if first.is_none() {
                // A stream that has ended must not be asked again.
                chunks = Box::pin(stream::empty());
            }
            response.body = Body::Stream(rest(outlet, response.head.clone(), chunks, first));
            response
        }
        Err(error) => {
            let mut response = told(target, &outlet.request, Err(error));
            match std::mem::replace(&mut response.body, Body::empty()) {
                Body::Whole(bytes) => whole(target, outlet, response, bytes),
                // No error is told in a stream; if one were, it would go out unseen.
                Body::Stream(_) => response,
            }
        }
    }
}

/// The next chunk that the filters let through; none at the end.
async fn next(outlet: &mut Outlet, head: &response::Head, chunks: &mut Chunks) -> Result<Option<Bytes>> {
    while let Some(chunk) = poll_fn(|cx| chunks.as_mut().poll_next(cx)).await.transpose()? {
        let sent = outlet.send(head, chunk, false)?;
        if !sent.is_empty() {
            return Ok(Some(sent));
        }
    }
    Ok(None)
}

/// The chunks of a stream through the filters, then the end. A stream that breaks off drops the outlet, which tells the
/// filters.
fn rest(outlet: Outlet, head: response::Head, chunks: Chunks, first: Option<Bytes>) -> Chunks {
    let state = Some((outlet, head, chunks, first));
    Box::pin(stream::try_unfold(state, |state| async move {
        let Some((mut outlet, head, mut chunks, first)) = state else { return Ok(None) };
        let chunk = match first {
            Some(first) => Some(first),
            None => caught(next(&mut outlet, &head, &mut chunks)).await?,
        };
        if let Some(chunk) = chunk {
            return Ok(Some((chunk, Some((outlet, head, chunks, None)))));
        }
        let mut tail = Vec::new();
        outlet.complete(Done::Streamed { head: &head, tail: &mut tail })?;
        let sent = outlet.send(&head, Bytes::from(tail), true)?;
        Ok((!sent.is_empty()).then_some((sent, None)))
    }))
}

/// The answer to a HEAD: what a GET would have, without the body.
fn headed(mut response: Response) -> Response {
    if let Some(length) = response.body.len().filter(|length| *length > 0) {
        response.set(header::CONTENT_LENGTH, length.into());
    }
    response.body = Body::empty();
    response
}

impl Outlet {
    /// Tells each filter that the answer is complete; once. The others are told after an error all the same; the first
    /// counts.
    fn complete(&mut self, mut done: Done<'_>) -> Result<()> {
        if std::mem::replace(&mut self.completed, true) {
            return Ok(());
        }
        let mut first = Ok(());
        for filter in self.filters.iter() {
            tracing::debug!(id = %self.request.id, filter = filter.name(), "response_complete");
            first = first.and(guarded(|| filter.response_complete(&self.request, done.reborrow())));
        }
        first
    }
}

impl Drop for Outlet {
    fn drop(&mut self) {
        // Nobody is left to be told of an error.
        let _ = self.complete(Done::Cancelled);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_length_that_was_told_stays_right() {
        let mut head = Response::ok("text/plain", "").head;
        measure(&mut head, 1, 2);
        assert!(!head.headers.contains_key(header::CONTENT_LENGTH));
        head.set(header::CONTENT_LENGTH, 7.into());
        measure(&mut head, 0, 0);
        assert_eq!(head.headers[header::CONTENT_LENGTH], "7");
        measure(&mut head, 7, 7);
        assert_eq!(head.headers[header::CONTENT_LENGTH], "7");
        measure(&mut head, 7, 9);
        assert_eq!(head.headers[header::CONTENT_LENGTH], "9");
    }
}
