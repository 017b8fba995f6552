//! The body of a request from a client that may dawdle: it is given up when nothing of it comes for a while. What nobody
//! read of it is read before the answer goes, so that the connection stays for the next request.

use std::future::poll_fn;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http::Version;
use http::header::EXPECT;
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;
use tokio::time::{Instant, Sleep, sleep, timeout};

use crate::error::{Error, Kind};

use super::waiting::Talk;

/// What reading a body may fail with.
type Fault = Box<dyn std::error::Error + Send + Sync>;

/// Bytes that are read of a body which nobody wants, and how long they may take.
const LEFT: usize = 64 * 1024;
const MOMENT: Duration = Duration::from_millis(50);

/// The body.
pub(super) struct Unhurried {
    /// There until it is dropped.
    body: Option<Incoming>,
    left: Option<Arc<Left>>,
    patience: Duration,
    timer: Option<Pin<Box<Sleep>>>,
}

/// What was left of the body of a request.
pub(super) struct Left {
    body: Mutex<Option<Incoming>>,
    talk: Arc<Talk>,
    /// Who waits to be told that the body is wanted sends none where it is not; and in HTTP/2 a body holds up no other.
    is_in_the_way: bool,
}

impl Unhurried {
    /// The body, and what will be left of it, where it is more than nothing.
    pub(super) fn new(
        request: hyper::Request<Incoming>,
        talk: &Arc<Talk>,
        patience: Duration,
    ) -> (hyper::Request<Self>, Option<Arc<Left>>) {
        let is_in_the_way = request.version() < Version::HTTP_2 && !request.headers().contains_key(EXPECT);
        let left = || Arc::new(Left { body: Mutex::default(), talk: talk.clone(), is_in_the_way });
        let left = (!request.body().is_end_stream()).then(left);
        let body = |body| Self { body: Some(body), left: left.clone(), patience, timer: None };
        (request.map(body), left)
    }
}

impl Drop for Unhurried {
    fn drop(&mut self) {
        if let (Some(body), Some(left)) = (self.body.take(), &self.left)
            && !body.is_end_stream()
        {
            *left.body.lock().unwrap_or_else(PoisonError::into_inner) = Some(body);
        }
    }
}

impl Left {
    /// Reads what is left, where it is little and there. Otherwise the connection ends with this answer, which is to say so:
    /// whoever sends the next request on it would have none.
    pub(super) async fn read(&self) -> bool {
        let Some(body) = self.body.lock().unwrap_or_else(PoisonError::into_inner).take() else { return true };
        let is_little = body.size_hint().lower() <= LEFT as u64;
        if is_little && self.is_in_the_way && timeout(MOMENT, pass(body)).await.is_ok_and(|all| all.is_some()) {
            return true;
        }
        self.talk.leave_unread();
        false
    }
}

/// Reads to the end of what is little.
async fn pass(mut body: Incoming) -> Option<()> {
    let mut room = LEFT;
    while let Some(frame) = poll_fn(|cx| Pin::new(&mut body).poll_frame(cx)).await {
        room = room.checked_sub(frame.ok()?.data_ref().map_or(0, Bytes::len))?;
    }
    Some(())
}

impl Body for Unhurried {
    type Data = Bytes;
    type Error = Fault;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Fault>>> {
        let Some(body) = &mut self.body else { return Poll::Ready(None) };
        if let Poll::Ready(frame) = Pin::new(body).poll_frame(cx) {
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
        self.body.as_ref().is_none_or(Body::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        self.body.as_ref().map_or_else(|| SizeHint::with_exact(0), Body::size_hint)
    }
}
