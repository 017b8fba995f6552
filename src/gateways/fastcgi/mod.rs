//! FastCGI, as a responder: a web server's connections carry one request after the other, each with its variables, its
//! body and its answer in records.
//!
//! Requests of different connections are answered at the same time; a second one on a connection that is busy is refused
//! (`FCGI_CANT_MPX_CONN`), as the protocol allows: no web server in use sends one. An answer that breaks off ends with
//! bytes that are no record and a reset, so that the web server does not take it for whole.
//!
//! Behind nginx, at the root and below a prefix:
//!
//! ```nginx
//! location / {
//!     include fastcgi_params;
//!     fastcgi_pass 127.0.0.1:9000;
//! }
//! location /gis {
//!     include fastcgi_params;
//!     fastcgi_param SCRIPT_NAME /gis;
//!     fastcgi_pass unix:/run/graticule.sock;
//! }
//! ```

mod conversation;
mod record;

use crate::server::Server;

use super::accept::accept;
use super::http::Patience;
use super::listener::Listener;

/// Serves until `stop` is ready; then lets requests in flight finish.
pub async fn serve(server: Server, listener: Listener, patience: Patience, stop: impl Future<Output = ()>) {
    let outgoing = server.snapshot().outgoing().clone();
    accept(listener, patience, outgoing, stop, |caller| conversation::converse(server.clone(), caller, patience)).await;
}
