//! The body of a request from a client that may dawdle: it is given up when nothing of it comes for a while.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;
use tokio::time::{Instant, Sleep, sleep};

use crate::error::{Error, Kind};

use super::waiting::Talk;

/// What reading a body may fail with.
type Fault = Box<dyn std::error::Error + Send + Sync>;

/// The body.
pub(super) struct Unhurried {
    body: Incoming,
    talk: Arc<Talk>,
    patience: Duration,
    timer: Option<Pin<Box<Sleep>>>,
}

impl Unhurried {
    pub(super) fn new(body: Incoming, talk: Arc<Talk>, patience: Duration) -> Self {
        Self { body, talk, patience, timer: None }
    }
}

impl Drop for Unhurried {
    fn drop(&mut self) {
        if !self.body.is_end_stream() {
            self.talk.leave_unread();
        }
    }
}

impl Body for Unhurried {
    type Data = Bytes;
    type Error = Fault;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Fault>>> {
        if let Poll::Ready(frame) = Pin::new(&mut self.body).poll_frame(cx) {
            self.timer = None;
            return Poll::Ready(frame.map(|frame| frame.map_err(Fault::from)));
        }
        let patience = self.patience;
        let timer = self.timer.get_or_insert_with(|| Box::pin(sleep(patience)));
        if timer.as_mut().poll(cx).is_pending() {
            return Poll::Pending;
        }
        timer.as_mut().reset(Instant::now() + patience);
        let told = format!("nothing of the body came for {} seconds", patience.as_secs());
        Poll::Ready(Some(Err(Error::new(Kind::SlowRequest, told).into())))
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
