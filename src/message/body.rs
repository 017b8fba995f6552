//! Bodies: whole where they are small, else a stream of chunks.

use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use futures_util::{Stream, stream};
use http_body::{Frame, SizeHint};

use crate::error::{Error, Kind, Result};

/// A stream of chunks; after an error nothing follows, and the gateway breaks the connection off so that the client sees it.
pub type Chunks = Pin<Box<dyn Stream<Item = Result<Bytes>> + Send>>;

/// The body of a request or of a response.
pub enum Body {
    /// All of it, its length known.
    Whole(Bytes),
    /// Chunk by chunk.
    Stream(Chunks),
}

impl Body {
    /// No body.
    pub const fn empty() -> Self {
        Self::Whole(Bytes::new())
    }

    /// The length, where it is known.
    pub fn len(&self) -> Option<u64> {
        match self {
            Self::Whole(bytes) => Some(bytes.len() as u64),
            Self::Stream(_) => None,
        }
    }

    /// Whether the body is known to be empty.
    pub fn is_empty(&self) -> bool {
        self.len() == Some(0)
    }

    /// The first bytes, at least `count` of them where there are so many; they stay in the body.
    pub async fn peek(&mut self, count: usize) -> Result<Bytes> {
        let mut chunks = match std::mem::replace(self, Self::empty()) {
            Self::Whole(bytes) => {
                *self = Self::Whole(bytes.clone());
                return Ok(bytes);
            }
            Self::Stream(chunks) => chunks,
        };
        let mut seen = Vec::new();
        while seen.len() < count {
            let Some(chunk) = poll_fn(|cx| chunks.as_mut().poll_next(cx)).await.transpose()? else {
                let whole = Bytes::from(seen);
                *self = Self::Whole(whole.clone());
                return Ok(whole);
            };
            seen.extend_from_slice(&chunk);
        }
        let seen = Bytes::from(seen);
        let first = stream::iter([Ok(seen.clone())]);
        *self = Self::Stream(Box::pin(futures_util::StreamExt::chain(first, chunks)));
        Ok(seen)
    }

    /// The same, which fails with this error where it goes on past so many bytes.
    #[must_use]
    pub(crate) fn limited(self, most: u64, error: Error) -> Self {
        let chunks = match self {
            Self::Whole(bytes) if bytes.len() as u64 <= most => return Self::Whole(bytes),
            Self::Whole(_) => return Self::Stream(Box::pin(stream::once(async move { Err(error) }))),
            Self::Stream(chunks) => chunks,
        };
        let limited = stream::unfold(Some((chunks, most, error)), |state| async move {
            let (mut chunks, left, error) = state?;
            Some(match poll_fn(|cx| chunks.as_mut().poll_next(cx)).await? {
                Ok(chunk) => match left.checked_sub(chunk.len() as u64) {
                    Some(left) => (Ok(chunk), Some((chunks, left, error))),
                    None => (Err(error), None),
                },
                Err(broken) => (Err(broken), None),
            })
        });
        Self::Stream(Box::pin(limited))
    }

    /// Reads all of it, at most `limit` bytes.
    pub async fn collect(self, limit: usize) -> Result<Bytes> {
        let mut chunks = match self {
            Self::Whole(bytes) => return Ok(bytes),
            Self::Stream(chunks) => chunks,
        };
        let mut all = Vec::new();
        while let Some(chunk) = poll_fn(|cx| chunks.as_mut().poll_next(cx)).await {
            let chunk = chunk?;
            if all.len() + chunk.len() > limit {
                return Err(too_large(limit as u64));
            }
            all.extend_from_slice(&chunk);
        }
        Ok(all.into())
    }
}

/// What is told of a body that is larger than so many bytes.
pub(crate) fn too_large(most: u64) -> Error {
    Error::new(Kind::TooLarge, format!("the body is larger than {most} bytes"))
}

impl<T: Into<Bytes>> From<T> for Body {
    fn from(bytes: T) -> Self {
        Self::Whole(bytes.into())
    }
}

impl http_body::Body for Body {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        match &mut *self {
            Self::Whole(bytes) if bytes.is_empty() => Poll::Ready(None),
            Self::Whole(bytes) => Poll::Ready(Some(Ok(Frame::data(std::mem::take(bytes))))),
            Self::Stream(chunks) => chunks.as_mut().poll_next(cx).map(|next| next.map(|chunk| chunk.map(Frame::data))),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        self.len().map_or_else(SizeHint::default, SizeHint::with_exact)
    }
}
