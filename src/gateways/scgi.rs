//! SCGI: the variables as one netstring, then the body; the answer is CGI's, and its end is the connection's.
//!
//! Over TCP, an answer that breaks off ends with a reset. Over a Unix socket there are no resets, and nothing in SCGI tells
//! such an end from a good one: FastCGI does.

use std::io::{self, ErrorKind};
use std::sync::atomic::Ordering;

use bytes::{Buf, Bytes, BytesMut};
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::time::timeout;

use crate::error::{Error, Kind};
use crate::server::Server;

use super::accept::{Caller, accept, part};
use super::cgi::write;
use super::cgi_response::{MOST_SKIPPED, head, refusal, too_large};
use super::environ::Environ;
use super::http::Patience;
use super::intake::{Intake, intake};
use super::listener::Listener;

/// Serves until `stop` is ready; then lets requests in flight finish.
pub async fn serve(server: Server, listener: Listener, patience: Patience, stop: impl Future<Output = ()>) {
    let outgoing = server.snapshot().outgoing().clone();
    accept(listener, patience, outgoing, stop, |caller| converse(server.clone(), caller, patience)).await;
}

/// One connection, one request.
async fn converse(server: Server, mut caller: Caller, patience: Patience) -> io::Result<()> {
    let (mut reader, mut writer) = tokio::io::split(caller.stream);
    let mut buffer = BytesMut::new();
    let variables = tokio::select! {
        read = timeout(patience.head, netstring(&mut reader, &mut buffer, patience.head_bytes)) => read??,
        _ = caller.stopping.wait_for(|stopping| *stopping) => return Ok(()),
    };
    let environ = variables.and_then(|variables| environ(&variables));
    let made = environ.and_then(|environ| {
        let (intake, body) = intake(Some(environ.content_length()?.unwrap_or(0)));
        Ok((environ.request(body)?, intake))
    });
    let answered = match made {
        Ok((request, intake)) => {
            let answering = async {
                let method = request.head().method.clone();
                let response = server.handle(request).await;
                write(head(&response, &method), response, &mut writer).await
            };
            // A client that leaves ends the answer, and with it the query.
            tokio::select! {
                answered = answering => answered,
                gone = feed(&mut reader, &mut buffer, intake, patience) => return gone,
            }
        }
        Err(error) => {
            let response = refusal(&error);
            write(head(&response, &http::Method::GET), response, &mut writer).await
        }
    };
    if let Err(error) = answered {
        if error.kind() != Kind::Cancelled {
            tracing::warn!(?error, "an answer broke off");
        }
        caller.broken.store(true, Ordering::Relaxed);
        return Ok(());
    }
    part(reader, writer).await
}

/// The variables; an error of ours is one that the client is told.
async fn netstring(
    reader: &mut (impl AsyncRead + Unpin),
    buffer: &mut BytesMut,
    most: usize,
) -> io::Result<crate::Result<Bytes>> {
    let wrong = || io::Error::new(ErrorKind::InvalidData, "no netstring");
    let colon = loop {
        if let Some(at) = buffer.iter().take(8).position(|byte| *byte == b':') {
            break at;
        }
        if buffer.len() >= 8 {
            return Err(wrong());
        }
        more(reader, buffer).await?;
    };
    let length: usize = std::str::from_utf8(&buffer[..colon]).ok().and_then(|it| it.parse().ok()).ok_or_else(wrong)?;
    buffer.advance(colon + 1);
    if length > MOST_SKIPPED.max(most) {
        return Err(wrong());
    }
    while buffer.len() <= length {
        more(reader, buffer).await?;
    }
    let variables = buffer.split_to(length).freeze();
    if buffer.get_u8() != b',' {
        return Err(wrong());
    }
    if length > most {
        return Ok(Err(too_large(most)));
    }
    Ok(Ok(variables))
}

async fn more(reader: &mut (impl AsyncRead + Unpin), buffer: &mut BytesMut) -> io::Result<()> {
    buffer.reserve(16 * 1024);
    if reader.read_buf(buffer).await? == 0 { Err(ErrorKind::UnexpectedEof.into()) } else { Ok(()) }
}

/// Names and values, each with a zero after it.
fn environ(variables: &[u8]) -> crate::Result<Environ> {
    let wrong = || Error::new(Kind::BadRequest, "the variables are not pairs of SCGI");
    let mut parts = variables.strip_suffix(&[0]).ok_or_else(wrong)?.split(|byte| *byte == 0);
    let mut pairs = Vec::new();
    while let Some(name) = parts.next() {
        let value = parts.next().ok_or_else(wrong)?;
        pairs.push((String::from_utf8(name.to_vec()).map_err(|_| wrong())?, value));
    }
    Ok(pairs.into_iter().collect())
}

/// Passes the body on; ends when the client leaves.
async fn feed(
    reader: &mut (impl AsyncRead + Unpin),
    buffer: &mut BytesMut,
    mut intake: Intake,
    patience: Patience,
) -> io::Result<()> {
    loop {
        intake.give(buffer.split().freeze()).await;
        buffer.clear();
        let next = more(reader, buffer);
        if intake.is_open() {
            match timeout(patience.write, next).await {
                Ok(read) => read?,
                Err(_) => intake.cut(),
            }
        } else {
            next.await?;
        }
    }
}
