//! HTTP/1.1 and HTTP/2 by itself: hyper-util's connection under an accept loop of our own, because `axum::serve` leaves
//! Nagle's algorithm on (streams are 18 to 40 times slower with it) and waits for ever for half a request.

use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::time::Duration;

use axum::extract::ConnectInfo;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use hyper_util::server::graceful::GracefulShutdown;
use tokio::net::{TcpListener, TcpStream, ToSocketAddrs};
use tower_service::Service;

use crate::server::Server;

use super::connection::{Connection, Watched};

/// Limits of time.
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    /// For the head of a request, and for the next request on an open connection.
    pub head: Duration,
    /// For a client that reads nothing of its answer.
    pub write: Duration,
    /// For requests in flight when the server stops.
    pub shutdown: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self { head: Duration::from_secs(30), write: Duration::from_secs(60), shutdown: Duration::from_secs(30) }
    }
}

/// Listens on an address such as `127.0.0.1:8080` and serves until the process is told to stop: all that a small program
/// needs.
pub async fn listen(server: Server, address: impl ToSocketAddrs) -> io::Result<()> {
    serve(server, TcpListener::bind(address).await?, Patience::default(), stopped()).await
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
    let graceful = GracefulShutdown::new();
    let mut builder = auto::Builder::new(TokioExecutor::new());
    builder.http1().timer(TokioTimer::new()).header_read_timeout(patience.head);
    builder.http2().timer(TokioTimer::new()).keep_alive_interval(patience.head);
    let mut stop = pin!(stop);
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = &mut stop => break,
        };
        match accepted {
            Ok((stream, peer)) => answer(&builder, &graceful, server.clone(), stream, peer, patience),
            Err(error) => {
                // Out of descriptors, say: others are being answered, and close theirs.
                tracing::warn!(%error, "a connection was not accepted");
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        }
    }
    drop(listener);
    if tokio::time::timeout(patience.shutdown, graceful.shutdown()).await.is_err() {
        tracing::warn!("some requests did not finish in time");
    }
    Ok(())
}

fn answer(
    builder: &auto::Builder<TokioExecutor>,
    graceful: &GracefulShutdown,
    server: Server,
    stream: TcpStream,
    peer: SocketAddr,
    patience: Patience,
) {
    // Only an answer in chunks suffers without it, and most are whole: not worth an end.
    let _ = stream.set_nodelay(true);
    let (connection, broken) = Connection::new(stream, patience.write);
    let service = service_fn(move |mut request: hyper::Request<Incoming>| {
        request.extensions_mut().insert(ConnectInfo(peer));
        let (answer, broken) = (server.clone().call(request), broken.clone());
        async move { answer.await.map(|response| response.map(|body| Watched::new(body, broken))) }
    });
    let conversation =
        graceful.watch(builder.serve_connection_with_upgrades(TokioIo::new(connection), service).into_owned());
    tokio::spawn(async move {
        if let Err(error) = conversation.await {
            tracing::debug!(%peer, %error, "a connection ended");
        }
    });
}
