//! CGI (RFC 3875): one process, one request, from the environment and standard input to standard output.

use std::pin::Pin;

use futures_util::{StreamExt, stream};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

use crate::error::{Error, Kind, Result};
use crate::message::body::Body;
use crate::message::response::Response;
use crate::server::Server;

use super::cgi_response::{head, refusal};
use super::environ::Environ;

/// How much of a body is read at once.
const PIECE: usize = 64 * 1024;

/// Answers the one request. An error means that the answer is not whole.
pub async fn answer(
    server: &Server,
    environ: &Environ,
    input: impl AsyncRead + Send + 'static,
    output: impl AsyncWrite + Unpin,
) -> Result<()> {
    // Without a length there is no body: standard input may be open and never end.
    let request = environ.content_length().and_then(|length| environ.request(body(input, length.unwrap_or(0))));
    let method = request.as_ref().map(|request| request.head().method.clone()).unwrap_or_default();
    let response = match request {
        Ok(request) => server.handle(request).await,
        Err(error) => refusal(&error),
    };
    let head = head(&response, &method);
    write(head, response, output).await
}

/// Writes an answer; each chunk waits until the one before it is on its way.
pub(super) async fn write(head: Vec<u8>, response: Response, mut output: impl AsyncWrite + Unpin) -> Result<()> {
    let gone = |cause: std::io::Error| Error::cancelled().because(cause);
    match response.body {
        Body::Whole(bytes) if bytes.len() <= PIECE => {
            output.write_all(&[&head, &bytes[..]].concat()).await.map_err(gone)?;
        }
        Body::Whole(bytes) => {
            output.write_all(&head).await.map_err(gone)?;
            output.write_all(&bytes).await.map_err(gone)?;
        }
        Body::Stream(mut chunks) => {
            output.write_all(&head).await.map_err(gone)?;
            while let Some(chunk) = chunks.next().await {
                output.write_all(&chunk?).await.map_err(gone)?;
            }
        }
    }
    output.flush().await.map_err(gone)
}

/// So many bytes of the input.
fn body(input: impl AsyncRead + Send + 'static, length: u64) -> Body {
    if length == 0 {
        return Body::empty();
    }
    let input: Pin<Box<dyn AsyncRead + Send>> = Box::pin(input.take(length));
    let chunks = stream::unfold(Some((input, length)), |state| async move {
        let (mut input, left) = state.filter(|(_, left)| *left > 0)?;
        let mut piece = Vec::with_capacity(PIECE);
        let broke_off = || Error::new(Kind::BadRequest, "the body broke off");
        match input.read_buf(&mut piece).await {
            Ok(0) => Some((Err(broke_off()), None)),
            Ok(count) => Some((Ok(piece.into()), Some((input, left - count as u64)))),
            Err(cause) => Some((Err(broke_off().because(cause)), None)),
        }
    });
    Body::Stream(Box::pin(chunks))
}
