//! HTTP/1.1 and HTTP/2 by itself: hyper-util's connection under an accept loop of our own, because `axum::serve` leaves
//! Nagle's algorithm on (streams are 18 to 40 times slower with it) and waits for ever for half a request.

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::ConnectInfo;
use http::header::{CONNECTION, HOST, RETRY_AFTER};
use http::{HeaderValue, Version};
use hyper::body::Incoming;
use hyper::rt::Executor;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use tokio::net::{TcpListener, TcpStream, ToSocketAddrs};
use tokio::runtime::Handle;
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};
use tower_service::Service;

pub use crate::data::worker::Workers;
use crate::error::{Error, Kind};
use crate::project::limits::{LEAST_HEAD, Limits, seconds};
use crate::server::Server;

use super::cgi_response::refusal;
use super::connection::{Connection, Watched};
use super::tower::to_http;
use super::unhurried::Unhurried;
use super::untaken::{Bearing, Pieces, Shared};
use super::waiting::{Stopped, Talk, Waiting, refuse};

/// Requests that one HTTP/2 connection may have answered at once; a browser asks for fewer.
const STREAMS: u32 = 64;
/// Bytes that one answer of HTTP/2 may have on its way: enough for there to be some whenever the socket takes more.
const SENDING: usize = 128 * 1024;

/// What the gateways bear of a client.
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    /// For the head of a request.
    pub head: Duration,
    /// For the next request on an open connection.
    pub idle: Duration,
    /// For a client that neither takes its answer nor sends its body.
    pub write: Duration,
    /// For requests in flight when the server stops.
    pub shutdown: Duration,
    /// Largest head of a request, in bytes.
    pub head_bytes: usize,
    /// Most connections at once.
    pub connections: usize,
}

impl Default for Patience {
    fn default() -> Self {
        Self::from(&Limits::default())
    }
}

impl From<&Limits> for Patience {
    fn from(limits: &Limits) -> Self {
        let number = |number: u32| usize::try_from(number).unwrap_or(usize::MAX);
        Self {
            head: seconds(limits.head_seconds),
            idle: seconds(limits.idle_seconds),
            write: seconds(limits.stall_seconds),
            shutdown: seconds(limits.shutdown_seconds),
            head_bytes: number(limits.head_bytes.max(LEAST_HEAD)),
            connections: number(limits.connections),
        }
    }
}

/// Listens on an address such as `127.0.0.1:8080` and serves until the process is told to stop: all that a small program
/// needs.
pub async fn listen(server: Server, address: impl ToSocketAddrs) -> io::Result<()> {
    let patience = Patience::from(server.snapshot().limits());
    serve(server, TcpListener::bind(address).await?, patience, stopped()).await
}

/// Ready when the process is told to stop, by Ctrl+C or SIGTERM.
pub async fn stopped() {
    let interrupt = tokio::signal::ctrl_c();
    let terminate = async {
        match tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) {
            Ok(mut signal) => signal.recv().await,
            Err(_) => std::future::pending().await,
        }
    };
    tokio::select! {
        _ = interrupt => {}
        _ = terminate => {}
    }
    tracing::info!("stopping");
}

/// Serves until `stop` is ready; then lets requests in flight finish.
pub async fn serve(
    server: Server,
    listener: TcpListener,
    patience: Patience,
    stop: impl Future<Output = ()>,
) -> io::Result<()> {
    accept(server, listener, patience, stop, None).await
}

/// The same on threads of their own, each of which answers its connections by itself: many small answers cost least so. What a
/// handler does there must not block its thread (`spawn_blocking` does elsewhere what takes long), and
/// `tokio::task::block_in_place` panics.
pub async fn serve_on(
    workers: &Workers,
    server: Server,
    listener: TcpListener,
    patience: Patience,
    stop: impl Future<Output = ()>,
) -> io::Result<()> {
    accept(server, listener, patience, stop, Some(workers)).await
}

async fn accept(
    server: Server,
    listener: TcpListener,
    patience: Patience,
    stop: impl Future<Output = ()>,
    workers: Option<&Workers>,
) -> io::Result<()> {
    let graceful = GracefulShutdown::new();
    let tasks = Handle::current();
    let bearing = Bearing { usual: patience.write, outgoing: server.snapshot().outgoing().clone() };
    let places = Arc::new(Semaphore::new(patience.connections.min(Semaphore::MAX_PERMITS)));
    let stopped = Stopped::default();
    let mut stop = pin!(stop);
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = &mut stop => break,
        };
        match accepted {
            Ok((stream, peer)) => match places.clone().try_acquire_owned() {
                Ok(place) => {
                    let (tasks, bearing) = (tasks.clone(), bearing.clone());
                    let (server, watcher) = (server.clone(), graceful.watcher());
                    let stopped = stopped.clone();
                    let caller = Caller { tasks, bearing, server, watcher, stopped, peer, patience, _place: place };
                    match workers {
                        None => drop(tokio::spawn(caller.answer(stream))),
                        Some(workers) => workers.spawn(async move {
                            match stream.into_std().and_then(TcpStream::from_std) {
                                Ok(stream) => caller.answer(stream).await,
                                Err(error) => tracing::warn!(%error, "a connection was not taken over"),
                            }
                        }),
                    }
                }
                Err(_) => turn_away(&stream, patience),
            },
            Err(error) => {
                // Out of descriptors, say: others are being answered, and close theirs.
                tracing::warn!(%error, "a connection was not accepted");
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        }
    }
    drop(listener);
    // Nobody else sets it.
    let _ = stopped.set(tokio::time::Instant::now());
    if tokio::time::timeout(patience.shutdown, graceful.shutdown()).await.is_err() {
        tracing::warn!("some requests did not finish in time");
    }
    Ok(())
}

/// Tells one client too many that it is one, as far as it takes it at once.
fn turn_away(stream: &TcpStream, patience: Patience) {
    let error =
        Error::new(Kind::Unavailable, format!("the server has its {} connections; try again", patience.connections));
    let _ = stream.try_write(&refuse(&error.with_header(RETRY_AFTER, HeaderValue::from_static("10"))));
}

/// One who is connected.
struct Caller {
    tasks: Handle,
    bearing: Bearing,
    server: Server,
    watcher: Watcher,
    stopped: Stopped,
    peer: SocketAddr,
    patience: Patience,
    /// Among those who may be connected at once.
    _place: OwnedSemaphorePermit,
}

impl Caller {
    /// Answers until one of both ends it.
    async fn answer(self, stream: TcpStream) {
        let Self { tasks, bearing, server, watcher, stopped, peer, patience, .. } = self;
        let outgoing = bearing.outgoing.clone();
        // Only an answer in chunks suffers without it, and most are whole: not worth an end.
        let _ = stream.set_nodelay(true);
        let (connection, broken) = Connection::new(stream, bearing.clone());
        let cut = Arc::<Notify>::default();
        let shared = Shared { bearing, is_blocked: connection.blocked(), cut: cut.clone() };
        let talk = Arc::new(Talk::default());
        let connection = Waiting::new(connection, talk.clone(), patience, stopped);
        let service = service_fn(move |request: hyper::Request<Incoming>| {
            let in_flight = talk.begin();
            let is_alone = request.version() < Version::HTTP_2;
            let (mut request, left) = Unhurried::new(request, &talk, patience.write);
            request.extensions_mut().insert(ConnectInfo(peer));
            let answer = match misaddressed(&request) {
                None => Ok(server.clone().call(request)),
                Some(error) => Err(error),
            };
            let (broken, outgoing) = (broken.clone(), outgoing.clone());
            async move {
                let mut response = match answer {
                    Ok(answer) => answer.await?,
                    Err(error) => to_http(refusal(&error)),
                };
                if let Some(left) = left
                    && !left.read().await
                    && is_alone
                {
                    response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
                }
                Ok::<_, Infallible>(response.map(|body| Watched::new(Pieces::new(body, outgoing), broken, in_flight)))
            }
        });
        let builder = builder(patience, Elsewhere { tasks, shared });
        let conversation = builder.serve_connection_with_upgrades(TokioIo::new(connection), service).into_owned();
        tokio::select! {
            ended = watcher.watch(conversation) => if let Err(error) = ended {
                tracing::debug!(%peer, %error, "a connection ended");
            },
            () = cut.notified() => tracing::debug!(%peer, "a client took nothing, and its connection was ended"),
        }
    }
}

/// How connections are read and written.
fn builder(patience: Patience, elsewhere: Elsewhere) -> auto::Builder<Elsewhere> {
    let mut builder = auto::Builder::new(elsewhere);
    // The connection itself looks at the time, and says why it ends.
    // QGIS 3 looks for `Content-Type` in exactly this spelling.
    builder.http1().title_case_headers(true).header_read_timeout(None).max_buf_size(patience.head_bytes);
    builder.http2().timer(TokioTimer::new()).keep_alive_interval(patience.head);
    // One client must not take the turns of many, nor their memory.
    builder.http2().max_concurrent_streams(STREAMS).max_send_buf_size(SENDING);
    builder.http2().max_header_list_size(patience.head_bytes.try_into().unwrap_or(u32::MAX));
    builder
}

/// Where the requests of one HTTP/2 connection are answered: they are many at once, and go to all processors.
#[derive(Clone)]
struct Elsewhere {
    tasks: Handle,
    shared: Shared,
}

impl<F> Executor<F> for Elsewhere
where
    F: Future<Output: Send> + Send + 'static,
{
    fn execute(&self, task: F) {
        self.tasks.spawn(self.shared.clone().take(task));
    }
}

/// HTTP/1.1 wants one host, no less and no more (RFC 9112, 3.2): links are made from it.
fn misaddressed<B>(request: &hyper::Request<B>) -> Option<Error> {
    let hosts = request.headers().get_all(HOST).iter().count();
    let is_wrong = hosts > 1 || (request.version() == Version::HTTP_11 && hosts == 0);
    is_wrong.then(|| Error::new(Kind::BadRequest, "a request of HTTP/1.1 has one header 'Host'").at("Host"))
}
