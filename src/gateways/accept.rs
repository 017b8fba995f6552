//! The accept loop of the gateways that web servers connect to.

use std::io;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::server::outgoing::Outgoing;

use super::connection::{Broken, Connection, Socket};
use super::http::Patience;
use super::listener::Listener;
use super::untaken::Bearing;

/// How long the other side may take to close after the last answer.
const PARTING: Duration = Duration::from_secs(2);

/// A connection and what belongs to it.
pub(super) struct Caller {
    pub(super) stream: Connection<Box<dyn Socket>>,
    /// Set before the stream is dropped, it makes the end one that cannot be taken for a good one.
    pub(super) broken: Broken,
    /// True as soon as the server stops.
    pub(super) stopping: watch::Receiver<bool>,
}

/// Accepts until `stop` is ready; then lets requests in flight finish.
pub(super) async fn accept<C>(
    listener: Listener,
    patience: Patience,
    outgoing: Arc<Outgoing>,
    stop: impl Future<Output = ()>,
    converse: impl Fn(Caller) -> C,
) where
    C: Future<Output = io::Result<()>> + Send + 'static,
{
    let bearing = Bearing { usual: patience.write, outgoing };
    let (stopper, stopping) = watch::channel(false);
    let mut conversations = JoinSet::new();
    let mut stop = pin!(stop);
    loop {
        // One too many waits in the web server's queue.
        let is_full = conversations.len() >= patience.connections;
        tokio::select! {
            accepted = listener.accept(), if !is_full => match accepted {
                Ok(stream) => {
                    let (stream, broken) = Connection::new(stream, bearing.clone());
                    let conversation = converse(Caller { stream, broken, stopping: stopping.clone() });
                    conversations.spawn(async move {
                        if let Err(error) = conversation.await {
                            tracing::debug!(%error, "a connection ended");
                        }
                    });
                }
                Err(error) => {
                    // Out of descriptors, say: others are being answered, and close theirs.
                    tracing::warn!(%error, "a connection was not accepted");
                    tokio::time::sleep(Duration::from_millis(50)).await;
                }
            },
            Some(_) = conversations.join_next() => {}
            () = &mut stop => break,
        }
    }
    drop(listener);
    let _ = stopper.send(true);
    let finished = async { while conversations.join_next().await.is_some() {} };
    if tokio::time::timeout(patience.shutdown, finished).await.is_err() {
        tracing::warn!("some requests did not finish in time");
    }
}

/// Ends a connection after its last answer. What the other side still sends is read, for a close over unread bytes is a
/// reset, which may overtake the answer.
pub(super) async fn part(mut reader: impl AsyncRead + Unpin, mut writer: impl AsyncWrite + Unpin) -> io::Result<()> {
    writer.shutdown().await?;
    let mut unread = [0; 4096];
    let rest = async {
        while reader.read(&mut unread).await? > 0 {}
        io::Result::Ok(())
    };
    tokio::time::timeout(PARTING, rest).await.unwrap_or(Ok(()))
}
