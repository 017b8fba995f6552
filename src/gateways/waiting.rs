//! A connection of HTTP that waits no longer than it must, and says why it ends: hyper closes one that is slow without a
//! word, and refuses a head that it cannot read without a reason.

use std::io;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, LazyLock, OnceLock};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::{Buf, Bytes};
use http::Method;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep, sleep_until};

use crate::error::{Error, Kind};

use super::cgi_response::refusal;
use super::connection::{Connection, Socket};
use super::http::Patience;

/// How a connection of HTTP/2 begins.
const HTTP2: &[u8] = b"PRI ";
/// How long the other side may take to read why it was refused.
const PARTING: Duration = Duration::from_secs(2);

/// How long a head that has begun, or a refusal that is being read, holds a server that stops.
const LAST: Duration = Duration::from_millis(100);

/// When the server was told to stop.
pub(super) type Stopped = Arc<OnceLock<Instant>>;

/// What the connection, its requests and their bodies know of each other.
#[derive(Default)]
pub(super) struct Talk {
    /// Requests that are being answered.
    in_flight: AtomicUsize,
    /// Whether a request was read whose answer may still be on its way.
    answering: AtomicBool,
    /// Whether a body was left unread: a close over it is a reset, which may overtake the answer.
    unread: AtomicBool,
    /// When the last answer ended, in milliseconds since `EPOCH`.
    ended: AtomicU64,
}

/// Instants as numbers.
static EPOCH: LazyLock<Instant> = LazyLock::new(Instant::now);

/// One request in flight; it ends with this.
pub(super) struct InFlight(Arc<Talk>);

impl Talk {
    pub(super) fn begin(self: &Arc<Self>) -> InFlight {
        self.in_flight.fetch_add(1, Ordering::Relaxed);
        self.answering.store(true, Ordering::Relaxed);
        InFlight(self.clone())
    }

    pub(super) fn leave_unread(&self) {
        self.unread.store(true, Ordering::Relaxed);
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        let millis = u64::try_from(EPOCH.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.0.ended.store(millis, Ordering::Relaxed);
        self.0.in_flight.fetch_sub(1, Ordering::Relaxed);
    }
}

/// The connection.
pub(super) struct Waiting<S: Socket> {
    stream: Connection<S>,
    talk: Arc<Talk>,
    patience: Patience,
    stopped: Stopped,
    began: Instant,
    /// Since when a part of a head is there.
    head: Option<Instant>,
    /// Since when the other side is waited for to close.
    parting: Option<Instant>,
    /// Set once and looked at when it rings: not each request sets it anew.
    timer: Option<Pin<Box<Sleep>>>,
    is_http2: bool,
    /// A refusal of ours on its way, in place of one of hyper's.
    refusal: Option<Bytes>,
}

impl<S: Socket> Waiting<S> {
    pub(super) fn new(stream: Connection<S>, talk: Arc<Talk>, patience: Patience, stopped: Stopped) -> Self {
        let began = Instant::now();
        LazyLock::force(&EPOCH);
        let (head, parting, timer, refusal) = (None, None, None, None);
        Self { stream, talk, patience, stopped, began, head, parting, timer, is_http2: false, refusal }
    }

    /// When what is waited for must have come; none while a request is answered.
    fn end(&self) -> Option<Instant> {
        let last = self.stopped.get().map(|stopped| *stopped + LAST);
        let no_later = |end: Instant| last.map_or(end, |last| last.min(end));
        if let Some(parting) = self.parting {
            return Some(no_later(parting + PARTING));
        }
        if self.talk.in_flight.load(Ordering::Relaxed) > 0 {
            return None;
        }
        let rested = *EPOCH + Duration::from_millis(self.talk.ended.load(Ordering::Relaxed));
        let rest = self.began.max(rested) + self.patience.idle;
        Some(self.head.map_or(rest, |head| no_later(head + self.patience.head)))
    }

    /// Whether it did not come in time; else the task is called when it is to be looked at again.
    fn is_over(&mut self, cx: &mut Context<'_>) -> bool {
        loop {
            let now = Instant::now();
            let next = self.end();
            if next.is_some_and(|end| end <= now) {
                return true;
            }
            let end = next.unwrap_or(now + self.patience.idle);
            let timer = self.timer.get_or_insert_with(|| Box::pin(sleep_until(end)));
            if timer.deadline() > end {
                timer.as_mut().reset(end);
            }
            if timer.as_mut().poll(cx).is_pending() {
                return false;
            }
            timer.as_mut().reset(end);
        }
    }

    /// Writes what is left of a refusal.
    fn poll_refuse(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        while let Some(left) = &mut self.refusal {
            let count = ready!(Pin::new(&mut self.stream).poll_write(cx, left))?;
            left.advance(count);
            if left.is_empty() || count == 0 {
                self.refusal = None;
            }
        }
        Poll::Ready(Ok(()))
    }
}

/// Why hyper refuses, by the status that it would answer with.
fn why(patience: &Patience, head: &[u8]) -> Option<Error> {
    match head.strip_prefix(b"HTTP/1.1 ")?.get(..3)? {
        b"400" => Some(Error::new(
            Kind::BadRequest,
            "this is no well-formed request of HTTP/1.1: look at its URL (blanks and signs such as \" < > must be percent-encoded), its \
             version, and its headers (one line each, one length of the body); TLS is not spoken here",
        )),
        b"414" | b"431" => Some(Error::new(
            Kind::HeadTooLarge,
            format!("URL and headers may have {} bytes and a hundred headers", patience.head_bytes),
        )),
        _ => None,
    }
}

/// A refusal as bytes, after which the connection ends.
pub(super) fn refuse(error: &Error) -> Bytes {
    let response = refusal(error);
    let mut out = format!(
        "HTTP/1.1 {} {}\r\nconnection: close\r\n",
        response.status.as_str(),
        response.status.canonical_reason().unwrap_or("Unknown")
    )
    .into_bytes();
    let head = super::cgi_response::head(&response, &Method::GET);
    // All of CGI's head but its first line.
    let rest = head.iter().position(|byte| *byte == b'\n').map_or(0, |at| at + 1);
    out.extend_from_slice(&head[rest..]);
    if let crate::message::body::Body::Whole(body) = &response.body {
        out.extend_from_slice(body);
    }
    out.into()
}

impl<S: Socket> AsyncRead for Waiting<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let read = Pin::new(&mut self.stream).poll_read(cx, buffer);
        if read.is_ready() {
            let new = &buffer.filled()[before..];
            if self.talk.in_flight.load(Ordering::Relaxed) == 0 && !new.is_empty() && !self.is_http2 {
                self.is_http2 = new.starts_with(HTTP2);
                let is_next = self.talk.answering.swap(false, Ordering::Relaxed);
                if is_next || self.head.is_none() {
                    self.head = (!self.is_http2).then(Instant::now);
                }
            }
            return read;
        }
        if self.head.is_some() && self.talk.answering.load(Ordering::Relaxed) {
            // That head was read.
            self.head = None;
        }
        if !self.is_over(cx) {
            return Poll::Pending;
        }
        if self.head.is_some() && self.stopped.get().is_none() {
            let seconds = self.patience.head.as_secs();
            let error =
                Error::new(Kind::SlowRequest, format!("the head of the request did not come within {seconds} seconds"));
            self.refusal = Some(refuse(&error));
            // A client that takes none of it is gone.
            let _ = self.poll_refuse(cx);
        }
        // As if the client had closed: hyper ends the connection in order.
        Poll::Ready(Ok(()))
    }
}

impl<S: Socket> AsyncWrite for Waiting<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        if self.refusal.is_none() && !self.is_http2 && !self.talk.answering.load(Ordering::Relaxed) {
            self.refusal = why(&self.patience, bytes).map(|error| refuse(&error));
            if self.refusal.is_some() {
                self.talk.leave_unread();
            }
        }
        if self.refusal.is_some() {
            ready!(self.poll_refuse(cx))?;
            return Poll::Ready(Ok(bytes.len()));
        }
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        if self.talk.answering.load(Ordering::Relaxed) || self.is_http2 {
            return Pin::new(&mut self.stream).poll_write_vectored(cx, slices);
        }
        let first = slices.iter().find(|slice| !slice.is_empty()).map_or(&[][..], |slice| slice);
        self.poll_write(cx, first)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(Pin::new(&mut self.stream).poll_shutdown(cx))?;
        if !self.talk.unread.load(Ordering::Relaxed) {
            return Poll::Ready(Ok(()));
        }
        // What the other side still sends is read, for a close over it is a reset.
        self.parting.get_or_insert_with(Instant::now);
        let mut some = [0; 4096];
        loop {
            if self.is_over(cx) {
                return Poll::Ready(Ok(()));
            }
            let mut buffer = ReadBuf::new(&mut some);
            ready!(Pin::new(&mut self.stream).poll_read(cx, &mut buffer))?;
            if buffer.filled().is_empty() {
                return Poll::Ready(Ok(()));
            }
        }
    }
}
