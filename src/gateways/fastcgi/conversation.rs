//! One connection of FastCGI: requests one after the other.

use std::io::{self, ErrorKind};
use std::sync::atomic::Ordering;
use std::time::Duration;

use bytes::{Buf, BytesMut};
use futures_util::StreamExt;
use http::Method;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt};
use tokio::sync::Mutex;
use tokio::time::timeout;

use crate::error::{Error, Kind, Result};
use crate::gateways::accept::{Caller, part};
use crate::gateways::cgi_response::{MOST_SKIPPED, head, refusal, too_large};
use crate::gateways::environ::Environ;
use crate::gateways::http::Patience;
use crate::gateways::intake::{Intake, intake};
use crate::message::body::Body;
use crate::message::request::Request;
use crate::message::response::Response;
use crate::server::Server;

use super::record::{
    ABORT_REQUEST, BEGIN_REQUEST, CANT_MPX_CONN, GET_VALUES, GET_VALUES_RESULT, NO_RECORD, PARAMS, REQUEST_COMPLETE,
    Record, Records, STDIN, STDOUT, UNKNOWN_ROLE, UNKNOWN_TYPE, pairs, put, put_end,
};

/// How long a connection may rest between two requests: longer than web servers keep one, so that they close first.
const IDLE: Duration = Duration::from_secs(600);
/// How much of a large body goes out at once.
const PIECE: usize = 256 * 1024;

pub(crate) async fn converse(server: Server, mut caller: Caller, patience: Patience) -> io::Result<()> {
    let (reader, writer) = tokio::io::split(caller.stream);
    let mut records = Records::new(reader);
    // The answer and what is said to other requests meanwhile: a record is written by one of them at a time.
    let writer = Mutex::new(writer);
    let mut rest = patience.head;
    loop {
        let begin = tokio::select! {
            begin = begin(&mut records, &writer, rest, patience) => begin?,
            _ = caller.stopping.wait_for(|stopping| *stopping) => None,
        };
        let Some((id, keep)) = begin else { return Ok(()) };
        rest = IDLE;
        let Some(variables) =
            timeout(patience.head, variables(&mut records, &writer, id, patience.head_bytes)).await??
        else {
            continue;
        };
        if !answer(&server, id, variables, &mut records, &writer, patience).await? {
            caller.broken.store(true, Ordering::Relaxed);
            return Ok(());
        }
        if !keep {
            return part(records.into_reader(), writer.into_inner()).await;
        }
    }
}

/// The beginning of the next request: its id, and whether the connection goes on after it.
async fn begin<R, W>(
    records: &mut Records<R>,
    writer: &Mutex<W>,
    rest: Duration,
    patience: Patience,
) -> io::Result<Option<(u16, bool)>>
where
    R: AsyncRead + Unpin,
    W: AsyncWrite + Unpin,
{
    loop {
        if !timeout(rest, records.wait()).await?? {
            return Ok(None);
        }
        let Some(record) = timeout(patience.head, records.next()).await?? else { return Ok(None) };
        if record.kind != BEGIN_REQUEST {
            aside(&record, writer).await?;
            continue;
        }
        match *record.content {
            [0, 1, flags, ..] => return Ok(Some((record.id, flags & 1 == 1))),
            _ => refuse(writer, record.id, UNKNOWN_ROLE).await?,
        }
    }
}

/// The variables; none where the web server took the request back.
async fn variables<R, W>(
    records: &mut Records<R>,
    writer: &Mutex<W>,
    id: u16,
    most: usize,
) -> io::Result<Option<Result<Environ>>>
where
    R: AsyncRead + Unpin,
    W: AsyncWrite + Unpin,
{
    let (mut bytes, mut length) = (BytesMut::new(), 0);
    loop {
        let record = records.next().await?.ok_or(ErrorKind::UnexpectedEof)?;
        match record.kind {
            PARAMS if record.id == id && record.content.is_empty() => break,
            PARAMS if record.id == id => {
                length += record.content.len();
                if length > MOST_SKIPPED.max(most) {
                    return Err(io::Error::new(ErrorKind::InvalidData, "too many variables"));
                }
                if length <= most {
                    bytes.extend_from_slice(&record.content);
                }
            }
            ABORT_REQUEST if record.id == id => {
                refuse(writer, id, REQUEST_COMPLETE).await?;
                return Ok(None);
            }
            BEGIN_REQUEST => refuse(writer, record.id, CANT_MPX_CONN).await?,
            _ => aside(&record, writer).await?,
        }
    }
    if length > most {
        return Ok(Some(Err(too_large(most))));
    }
    let wrong = || Error::new(Kind::BadRequest, "the variables are not pairs of FastCGI");
    let environ = pairs(&bytes).ok_or_else(wrong).and_then(|pairs| {
        let pairs =
            pairs.into_iter().map(|(name, value)| Ok((String::from_utf8(name.to_vec()).map_err(|_| wrong())?, value)));
        pairs.collect::<Result<Vec<_>>>().map(Environ::from_iter)
    });
    Ok(Some(environ))
}

/// Answers one request; false where the answer broke off.
async fn answer<R, W>(
    server: &Server,
    id: u16,
    variables: Result<Environ>,
    records: &mut Records<R>,
    writer: &Mutex<W>,
    patience: Patience,
) -> io::Result<bool>
where
    R: AsyncRead + Unpin,
    W: AsyncWrite + Unpin,
{
    let made = variables.and_then(|environ| {
        let (intake, body) = intake(environ.content_length()?);
        Ok((environ.request(body)?, intake))
    });
    let (request, intake) = match made {
        Ok(made) => made,
        Err(error) => return send(refusal(&error), &Method::GET, id, writer).await,
    };
    // A client that leaves ends the answer, and with it the query.
    tokio::select! {
        sent = respond(server, request, id, writer) => sent,
        gone = feed(records, writer, id, intake, patience) => gone.map(|()| false),
    }
}

async fn respond(
    server: &Server,
    request: Request,
    id: u16,
    writer: &Mutex<impl AsyncWrite + Unpin>,
) -> io::Result<bool> {
    let method = request.head().method.clone();
    send(server.handle(request).await, &method, id, writer).await
}

/// Sends an answer; each chunk waits until the one before it is on its way.
async fn send(
    response: Response,
    method: &Method,
    id: u16,
    writer: &Mutex<impl AsyncWrite + Unpin>,
) -> io::Result<bool> {
    let mut out = Vec::new();
    put(&mut out, STDOUT, id, &head(&response, method));
    match response.body {
        Body::Whole(bytes) => {
            for piece in bytes.chunks(PIECE) {
                if out.len() >= PIECE {
                    flush(&mut out, writer).await?;
                }
                put(&mut out, STDOUT, id, piece);
            }
        }
        Body::Stream(mut chunks) => {
            while let Some(chunk) = chunks.next().await {
                match chunk {
                    Ok(chunk) if chunk.has_remaining() => put(&mut out, STDOUT, id, &chunk),
                    // An empty record would be the end.
                    Ok(_) => continue,
                    Err(error) => {
                        // Told where the request is known.
                        tracing::debug!(?error, "an answer broke off");
                        if out.is_empty() {
                            out.extend_from_slice(&NO_RECORD);
                            flush(&mut out, writer).await?;
                        }
                        return Ok(false);
                    }
                }
                flush(&mut out, writer).await?;
            }
        }
    }
    put(&mut out, STDOUT, id, &[]);
    put_end(&mut out, id, REQUEST_COMPLETE);
    flush(&mut out, writer).await?;
    Ok(true)
}

async fn flush(out: &mut Vec<u8>, writer: &Mutex<impl AsyncWrite + Unpin>) -> io::Result<()> {
    writer.lock().await.write_all(out).await?;
    out.clear();
    Ok(())
}

/// Passes the body on while the request is answered; ends when the client leaves.
async fn feed<R, W>(
    records: &mut Records<R>,
    writer: &Mutex<W>,
    id: u16,
    mut intake: Intake,
    patience: Patience,
) -> io::Result<()>
where
    R: AsyncRead + Unpin,
    W: AsyncWrite + Unpin,
{
    loop {
        let next = records.next();
        let record = if intake.is_open() {
            let Ok(record) = timeout(patience.write, next).await else {
                intake.cut();
                continue;
            };
            record?
        } else {
            next.await?
        };
        let Some(record) = record else { return Ok(()) };
        match record.kind {
            STDIN if record.id == id && record.content.is_empty() => intake.end().await,
            STDIN if record.id == id => intake.give(record.content).await,
            // The connection ends with it: half a record may be on its way.
            ABORT_REQUEST if record.id == id => return Ok(()),
            BEGIN_REQUEST => refuse(writer, record.id, CANT_MPX_CONN).await?,
            _ => aside(&record, writer).await?,
        }
    }
}

/// Ends a request that is not answered.
async fn refuse(writer: &Mutex<impl AsyncWrite + Unpin>, id: u16, how: u8) -> io::Result<()> {
    let mut out = Vec::new();
    put_end(&mut out, id, how);
    flush(&mut out, writer).await
}

/// Answers a record that belongs to no request; one that belongs to a request which is over is passed over.
async fn aside(record: &Record, writer: &Mutex<impl AsyncWrite + Unpin>) -> io::Result<()> {
    let mut out = Vec::new();
    match record.kind {
        _ if record.id != 0 => return Ok(()),
        GET_VALUES => {
            let mut values = Vec::new();
            for (name, _) in pairs(&record.content).unwrap_or_default() {
                if name == b"FCGI_MPXS_CONNS" {
                    values.extend_from_slice(b"\x0f\x01FCGI_MPXS_CONNS0");
                }
            }
            put(&mut out, GET_VALUES_RESULT, 0, &values);
        }
        kind => put(&mut out, UNKNOWN_TYPE, 0, &[kind, 0, 0, 0, 0, 0, 0, 0]),
    }
    flush(&mut out, writer).await
}
