//! The body of a request on its way from a connection to the handler: a few pieces at most, so that a fast client waits
//! for a slow handler.

use bytes::Bytes;
use futures_util::stream;
use tokio::sync::mpsc;

use crate::error::{Error, Kind};
use crate::message::body::Body;

/// How many pieces may wait.
const WAITING: usize = 2;

/// The connection's end.
pub(super) struct Intake {
    /// `None` as a message is the body's end: where none comes, the body broke off.
    sender: Option<mpsc::Sender<Option<Bytes>>>,
    /// What is still to come, where the length is known.
    left: Option<u64>,
}

/// Both ends of a body that is so long; without a length it goes on until [`Intake::end`].
pub(super) fn intake(length: Option<u64>) -> (Intake, Body) {
    if length == Some(0) {
        return (Intake { sender: None, left: length }, Body::empty());
    }
    let (sender, receiver) = mpsc::channel(WAITING);
    let chunks = stream::unfold(Some(receiver), |receiver| async move {
        let mut receiver: mpsc::Receiver<Option<Bytes>> = receiver?;
        match receiver.recv().await {
            Some(Some(bytes)) => Some((Ok(bytes), Some(receiver))),
            Some(None) => None,
            None => Some((Err(Error::new(Kind::BadRequest, "the body broke off")), None)),
        }
    });
    (Intake { sender: Some(sender), left: length }, Body::Stream(Box::pin(chunks)))
}

impl Intake {
    /// Whether more is expected, and wanted.
    pub(super) fn is_open(&self) -> bool {
        self.sender.is_some()
    }

    /// Passes a piece on and waits where the handler is behind; what goes past the length is dropped.
    pub(super) async fn give(&mut self, mut bytes: Bytes) {
        let Some(sender) = &self.sender else { return };
        if let Some(left) = &mut self.left {
            bytes.truncate(usize::try_from(*left).unwrap_or(usize::MAX));
            *left -= bytes.len() as u64;
        }
        if !bytes.is_empty() && sender.send(Some(bytes)).await.is_err() {
            // The handler wants no more of it.
            self.sender = None;
        }
        if self.left == Some(0) {
            self.end().await;
        }
    }

    /// The client sent all that it has.
    pub(super) async fn end(&mut self) {
        if let Some(sender) = self.sender.take().filter(|_| self.left.is_none_or(|left| left == 0)) {
            let _ = sender.send(None).await;
        }
    }

    /// The client sends no more, though it should.
    pub(super) fn cut(&mut self) {
        self.sender = None;
    }
}
