//! A server in the test's own process that tells what a gateway made of a request, and answers in awkward ways.

use std::collections::BTreeMap;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Mutex, OnceLock};

use bytes::Bytes;
use futures_util::stream;
use graticule::exchange::{Filter, Flow};
use graticule::gateways::http::Patience;
use graticule::gateways::listener::Listener;
use graticule::gateways::{fastcgi, scgi};
use graticule::message::body::{Body, Chunks};
use graticule::message::request::Request;
use graticule::message::response::Response;
use graticule::project::catalog::Project;
use graticule::{Error, Kind, Server};
use tokio::runtime::Runtime;
use tokio::sync::{Barrier, oneshot};

/// How many must meet at `/meet`.
pub(crate) const MEETING: usize = 16;

/// A gateway in this process.
pub(crate) struct Echo {
    pub(crate) protocol: &'static str,
    pub(crate) address: String,
    /// Told when an endless answer is dropped.
    pub(crate) left: Receiver<()>,
    stop: Option<oneshot::Sender<()>>,
    stopped: Receiver<()>,
}

struct Awkward {
    left: Mutex<Sender<()>>,
    meeting: Barrier,
}

/// Tells when it is dropped.
struct Leaving(Sender<()>);

impl Drop for Leaving {
    fn drop(&mut self) {
        let _ = self.0.send(());
    }
}

impl Filter for Awkward {
    async fn request_ready(&self, request: &mut Request) -> graticule::Result<Flow> {
        let path = request.head().path.clone();
        let last = path.rsplit('/').next().unwrap_or_default();
        Ok(Flow::Respond(match last {
            "breaks" => streamed(Box::pin(stream::iter(
                (0..64).map(|_| Ok(Bytes::from(vec![b'x'; 4096]))).chain([Err(Error::new(Kind::Internal, "broken"))]),
            ))),
            "endless" => {
                let leaving = Leaving(self.left.lock().unwrap().clone());
                streamed(Box::pin(stream::repeat_with(move || {
                    let _ = &leaving;
                    Ok(Bytes::from(vec![b'x'; 4096]))
                })))
            }
            "meet" => {
                self.meeting.wait().await;
                Response::ok("text/plain", "met")
            }
            "length" => {
                let body = std::mem::replace(&mut request.body, Body::empty()).collect(usize::MAX).await?;
                let sum = body.iter().map(|byte| u64::from(*byte)).sum::<u64>();
                Response::ok("text/plain", format!("{} {sum}", body.len()))
            }
            _ => Response::ok("application/json", tell(request)),
        }))
    }
}

fn streamed(chunks: Chunks) -> Response {
    Response::ok("text/plain", Body::Stream(chunks))
}

/// What came, as JSON.
fn tell(request: &Request) -> Vec<u8> {
    let head = request.head();
    let headers: BTreeMap<_, _> =
        head.headers.iter().map(|(name, value)| (name.as_str(), value.to_str().unwrap())).collect();
    let told = serde_json::json!({
        "method": head.method.as_str(), "scheme": head.scheme, "authority": head.authority, "prefix": head.prefix,
        "path": head.path, "query": head.parameters.query(&[], &[]), "headers": headers, "peer": head.peer,
        "principal": head.principal.as_ref().map(|principal| &principal.name),
    });
    serde_json::to_vec(&told).unwrap()
}

pub(crate) fn runtime() -> &'static Runtime {
    static RUNTIME: OnceLock<Runtime> = OnceLock::new();
    RUNTIME.get_or_init(|| Runtime::new().unwrap())
}

/// The server that echoes.
pub(crate) fn server() -> (Server, Receiver<()>) {
    let (sender, left) = channel();
    let awkward = Awkward { left: Mutex::new(sender), meeting: Barrier::new(MEETING) };
    (Server::builder(Project::default()).filter(awkward, 0).build().unwrap(), left)
}

impl Echo {
    /// Behind `fastcgi` or `scgi`, on a free port.
    pub(crate) fn start(protocol: &'static str, patience: Patience) -> Self {
        let listener = runtime().block_on(Listener::tcp("127.0.0.1:0")).unwrap();
        Self::on(listener, protocol, patience)
    }

    pub(crate) fn on(listener: Listener, protocol: &'static str, patience: Patience) -> Self {
        let address = listener.to_string();
        let (server, left) = server();
        let (stop, stopping) = oneshot::channel::<()>();
        let (done, stopped) = channel();
        runtime().spawn(async move {
            let stopping = async { drop(stopping.await) };
            match protocol {
                "fastcgi" => fastcgi::serve(server, listener, patience, stopping).await,
                _ => scgi::serve(server, listener, patience, stopping).await,
            }
            let _ = done.send(());
        });
        Self { protocol, address, left, stop: Some(stop), stopped }
    }

    /// Tells it to stop, and does not wait.
    pub(crate) fn stop(&mut self) {
        self.stop = None;
    }

    /// Waits until it has stopped.
    pub(crate) fn wait(&self) {
        self.stopped.recv_timeout(crate::PATIENCE).unwrap();
    }
}
