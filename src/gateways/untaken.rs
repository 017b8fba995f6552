//! What of its answer a client has yet to take, and how long it may leave it: a connection of HTTP/1.1 by what its socket
//! takes, an answer of HTTP/2 by its own bytes, for a client may shut the window of one and read all others.

use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::{Buf, Bytes};
use futures_util::task::AtomicWaker;
use http_body::Frame;
use tokio::sync::Notify;
use tokio::time::{Instant, Sleep, sleep_until};

use crate::data::rows::SLOW;
use crate::error::Error;
use crate::message::body::Body;
use crate::server::outgoing::{Held, Outgoing};

/// The end of a whole answer of HTTP/2, which is handed out when the rest was taken: until then its stream can be reset. More
/// pieces would cost more than they are good for, as the answer is in memory anyhow.
const TAIL: usize = 16 * 1024;
/// Answers up to this size are handed out at once.
const SMALL: usize = 64 * 1024;

/// Bytes of an answer that are something: who takes them one by one, to hold the rest for ever, takes nothing.
const LEAST: usize = 4096;

/// How long clients may take nothing.
#[derive(Clone)]
pub(super) struct Bearing {
    pub(super) usual: Duration,
    pub(super) outgoing: Arc<Outgoing>,
}

impl Bearing {
    /// Ready when what has stood still since then has done so for too long; else the task is called to look again.
    pub(super) fn poll_over(
        &self,
        since: Instant,
        timer: &mut Option<Pin<Box<Sleep>>>,
        cx: &mut Context<'_>,
    ) -> Poll<()> {
        loop {
            let (now, end) = (Instant::now(), since + self.outgoing.patience(self.usual));
            if end <= now {
                return Poll::Ready(());
            }
            // There may be less patience by then. Whoever is called takes another chunk: later than those who read rows for a
            // slow client give way to others.
            let next = end.min(now + SLOW * 3 / 2);
            let timer = timer.get_or_insert_with(|| Box::pin(sleep_until(next)));
            ready!(timer.as_mut().poll(cx));
            timer.as_mut().reset(next);
        }
    }
}

tokio::task_local! {
    /// That of the answer which this task makes.
    static UNTAKEN: Arc<Untaken>;
}

/// What of one answer is on its way.
#[derive(Default)]
struct Untaken {
    pieces: AtomicUsize,
    /// Bytes that were taken; a piece counts as something, however small.
    bytes: AtomicUsize,
    taken: AtomicWaker,
}

impl Untaken {
    /// Whether something was taken since so many bytes were, which is told anew then.
    fn moved(&self, since: &mut usize) -> bool {
        let now = self.bytes.load(Ordering::Relaxed);
        let has = now.wrapping_sub(*since) >= LEAST;
        if has {
            *since = now;
        }
        has
    }
}

/// A connection of HTTP/2 as its answers see it.
#[derive(Clone)]
pub(super) struct Shared {
    pub(super) bearing: Bearing,
    /// Whether the socket takes nothing: that is nobody's fault but the connection's, which has a clock of its own.
    pub(super) is_blocked: Arc<AtomicBool>,
    /// Told when the connection must end.
    pub(super) cut: Arc<Notify>,
}

impl Shared {
    /// Runs what answers one request, until the client has taken all of it or nothing for too long.
    pub(super) async fn take(self, answering: impl Future) {
        let untaken = Arc::<Untaken>::default();
        UNTAKEN.scope(untaken.clone(), self.watch(answering, &untaken)).await;
    }

    async fn watch(&self, answering: impl Future, untaken: &Untaken) {
        let mut answering = pin!(Some(answering));
        let (mut seen, mut since, mut timer) = (0, None, None);
        let is_over = poll_fn(|cx| {
            if answering.as_mut().as_pin_mut().is_some_and(|answering| answering.poll(cx).is_ready()) {
                answering.set(None);
            }
            let is_answered = answering.is_none();
            if is_answered {
                untaken.taken.register(cx.waker());
            }
            if untaken.pieces.load(Ordering::Acquire) == 0 {
                since = None;
                return if is_answered { Poll::Ready(false) } else { Poll::Pending };
            }
            if untaken.moved(&mut seen) || self.is_blocked.load(Ordering::Relaxed) {
                since = None;
            }
            let begun = *since.get_or_insert_with(Instant::now);
            self.bearing.poll_over(begun, &mut timer, cx).map(|()| true)
        })
        .await;
        if is_over && answering.is_none() {
            // Nobody has a handle on what is left of it.
            self.cut.notify_one();
        }
        // Else the client is told that its stream was reset.
    }
}

/// A part of an answer that is to be sent.
pub(crate) struct Piece {
    bytes: Bytes,
    untaken: Option<Arc<Untaken>>,
    _held: Option<Arc<Held>>,
}

impl Buf for Piece {
    fn remaining(&self) -> usize {
        self.bytes.len()
    }

    fn chunk(&self) -> &[u8] {
        &self.bytes
    }

    fn advance(&mut self, count: usize) {
        self.bytes.advance(count);
        if let Some(untaken) = &self.untaken {
            untaken.bytes.fetch_add(count, Ordering::Relaxed);
        }
    }
}

impl Drop for Piece {
    fn drop(&mut self) {
        if let Some(untaken) = &self.untaken {
            untaken.bytes.fetch_add(LEAST, Ordering::Relaxed);
            if untaken.pieces.fetch_sub(1, Ordering::AcqRel) == 1 {
                untaken.taken.wake();
            }
        }
    }
}

/// A body whose bytes are counted until they are taken.
pub(super) struct Pieces {
    body: Body,
    outgoing: Arc<Outgoing>,
    _under_way: Option<Held>,
    untaken: Option<Arc<Untaken>>,
    /// Of a chunk that is handed out in two.
    rest: Bytes,
    held: Option<Arc<Held>>,
}

impl Pieces {
    pub(super) fn new(body: Body, outgoing: Arc<Outgoing>) -> Self {
        let untaken = UNTAKEN.try_with(Clone::clone).ok();
        let under_way = matches!(body, Body::Stream(_)).then(|| outgoing.hold_stream());
        Self { body, outgoing, _under_way: under_way, untaken, rest: Bytes::new(), held: None }
    }
}

impl http_body::Body for Pieces {
    type Data = Piece;
    type Error = Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Piece>, Error>>> {
        while self.rest.is_empty() {
            match ready!(Pin::new(&mut self.body).poll_frame(cx)).map(|frame| frame.map(Frame::into_data)) {
                Some(Ok(Ok(bytes))) => {
                    self.held = Some(Arc::new(self.outgoing.hold(&bytes)));
                    self.rest = bytes;
                }
                // There are no trailers.
                Some(Ok(Err(_))) => {}
                Some(Err(error)) => return Poll::Ready(Some(Err(error))),
                None => return Poll::Ready(None),
            }
        }
        let is_last_chunk = self.untaken.is_some() && self.body.is_end_stream();
        let tail = if is_last_chunk && self.rest.len() > SMALL { TAIL } else { 0 };
        let length = self.rest.len() - tail;
        let bytes = self.rest.split_to(length);
        let held = if self.rest.is_empty() { self.held.take() } else { self.held.clone() };
        let untaken = self.untaken.clone();
        if let Some(untaken) = &untaken {
            untaken.pieces.fetch_add(1, Ordering::Relaxed);
        }
        Poll::Ready(Some(Ok(Frame::data(Piece { bytes, untaken, _held: held }))))
    }

    fn is_end_stream(&self) -> bool {
        self.rest.is_empty() && self.body.is_end_stream()
    }

    fn size_hint(&self) -> http_body::SizeHint {
        let rest = self.rest.len() as u64;
        self.body.len().map_or_else(http_body::SizeHint::default, |body| http_body::SizeHint::with_exact(rest + body))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_that_was_taken_byte_by_byte_was_held_for_ever() {
        let (untaken, mut since) = (Arc::<Untaken>::default(), 0);
        let piece = |length| {
            untaken.pieces.fetch_add(1, Ordering::Relaxed);
            Piece { bytes: vec![0; length].into(), untaken: Some(untaken.clone()), _held: None }
        };
        let mut large = piece(2 * LEAST);
        large.advance(1);
        assert!(!untaken.moved(&mut since));
        large.advance(LEAST - 1);
        assert!(untaken.moved(&mut since) && !untaken.moved(&mut since));
        drop(piece(1));
        assert!(untaken.moved(&mut since));
    }
}
