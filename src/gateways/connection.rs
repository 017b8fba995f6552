//! One connection: a client that reads nothing is let go, and an answer that breaks off ends with a reset, for a mere
//! close looks whole over HTTP/1.0, which proxies speak to upstreams.

use std::io;
use std::os::fd::AsFd;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use http_body::{Frame, SizeHint};
use socket2::SockRef;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep};

use super::untaken::{Bearing, Piece, Pieces};
use super::waiting::InFlight;
use crate::error::Error;

/// Bytes that may wait in the socket before they are sent. Without a limit those are megabytes, of which a third must go before it
/// takes more: a client that reads steadily but slowly would seem to take nothing for half a minute. Of these it is the half, and a
/// page of usual size still goes at once.
const UNSENT: u32 = 256 * 1024;

/// Set when an answer of the connection broke off.
pub(crate) type Broken = Arc<AtomicBool>;

/// What a connection is made of.
pub(crate) trait Socket: AsyncRead + AsyncWrite + AsFd + Send + Unpin {}

impl<S: AsyncRead + AsyncWrite + AsFd + Send + Unpin> Socket for S {}

/// A stream whose writes must make progress.
pub(crate) struct Connection<S: Socket> {
    stream: S,
    broken: Broken,
    bearing: Bearing,
    /// Whether a write waits.
    blocked: Arc<AtomicBool>,
    since: Option<Instant>,
    timer: Option<Pin<Box<Sleep>>>,
}

impl<S: Socket> Connection<S> {
    /// Watches a stream; a write that waits for too long ends the connection.
    pub(super) fn new(stream: S, bearing: Bearing) -> (Self, Broken) {
        // Other sockets than those of TCP have no such limit, and need none.
        let _ = SockRef::from(&stream).set_tcp_notsent_lowat(UNSENT);
        let (broken, blocked) = (Broken::default(), Arc::default());
        (Self { stream, broken: broken.clone(), bearing, blocked, since: None, timer: None }, broken)
    }

    /// Whether the stream takes nothing at the moment.
    pub(super) fn blocked(&self) -> Arc<AtomicBool> {
        self.blocked.clone()
    }

    fn watch<T>(&mut self, cx: &mut Context<'_>, write: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        if write.is_ready() {
            if self.since.take().is_some() {
                self.blocked.store(false, Ordering::Relaxed);
            }
            return write;
        }
        let since = *self.since.get_or_insert_with(Instant::now);
        self.blocked.store(true, Ordering::Relaxed);
        ready!(self.bearing.poll_over(since, &mut self.timer, cx));
        self.broken.store(true, Ordering::Relaxed);
        Poll::Ready(Err(io::Error::new(io::ErrorKind::TimedOut, "the client reads nothing")))
    }
}

impl<S: Socket> Drop for Connection<S> {
    fn drop(&mut self) {
        if self.broken.load(Ordering::Relaxed) {
            // Without lingering, the close of a TCP stream is a reset.
            let _ = SockRef::from(&self.stream).set_linger(Some(Duration::ZERO));
        }
    }
}

impl<S: Socket> AsyncRead for Connection<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buffer)
    }
}

impl<S: Socket> AsyncWrite for Connection<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let write = Pin::new(&mut self.stream).poll_write(cx, bytes);
        self.watch(cx, write)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let write = Pin::new(&mut self.stream).poll_write_vectored(cx, slices);
        self.watch(cx, write)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.broken.load(Ordering::Relaxed) {
            return Poll::Ready(Ok(()));
        }
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

/// A body that says on its connection when it breaks off.
pub(crate) struct Watched {
    body: Pieces,
    broken: Broken,
    _in_flight: InFlight,
}

impl Watched {
    pub(super) fn new(body: Pieces, broken: Broken, in_flight: InFlight) -> Self {
        Self { body, broken, _in_flight: in_flight }
    }
}

impl http_body::Body for Watched {
    type Data = Piece;
    type Error = Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Piece>, Error>>> {
        let frame = ready!(Pin::new(&mut self.body).poll_frame(cx));
        if let Some(Err(error)) = &frame {
            // Told where the request is known.
            tracing::debug!(?error, "an answer broke off");
            self.broken.store(true, Ordering::Relaxed);
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::net::{TcpListener, TcpStream};

    #[tokio::test]
    async fn a_client_that_read_slowly_but_steadily_seemed_to_take_nothing() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let _client = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        let (stream, _) = listener.accept().await.unwrap();
        let bearing = Bearing { usual: Duration::from_secs(60), outgoing: Arc::default() };
        let (connection, _) = Connection::new(stream, bearing);
        assert_eq!(SockRef::from(&connection.stream).tcp_notsent_lowat().unwrap(), UNSENT);
    }
}
