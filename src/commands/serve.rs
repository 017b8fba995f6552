//! `graticule serve`.

use clap::Args;
use graticule::gateways::http::{Patience, Workers, serve_on, stopped};
use tokio::net::TcpListener;

use super::Done;
use super::publish::Publish;
use super::reload::keep_up;
use super::running::{Running, address, announce, published, runtime};

/// Options of `serve`.
#[derive(Args)]
pub(crate) struct Options {
    #[command(flatten)]
    publish: Publish,
    /// Address and port to listen on; port 0 takes a free one [default: 127.0.0.1:8080]
    #[arg(long, short, value_name = "ADDRESS:PORT", value_parser = address, env = "GRATICULE_LISTEN")]
    listen: Option<String>,
    #[command(flatten)]
    running: Running,
}

const LISTEN: &str = "127.0.0.1:8080";

pub(crate) fn run(options: &Options) -> Done {
    options.running.start_log()?;
    let published = published(&options.publish)?;
    // Before anybody is told that it runs: from then on each change counts, however long measuring takes.
    let seen = published.watched.fingerprint();
    let listen = options.listen.clone().or_else(|| published.listen.clone()).unwrap_or_else(|| LISTEN.to_owned());
    runtime()?.block_on(async {
        let listener =
            TcpListener::bind(&listen).await.map_err(|cause| format!("cannot listen on {listen}: {cause}"))?;
        let address = listener.local_addr().map_err(|cause| cause.to_string())?;
        announce(&published.server.snapshot(), "", &format!("http://{address}"))?;
        let server = published.server.clone();
        let patience = Patience::from(server.snapshot().limits());
        tokio::spawn(keep_up(options.publish.clone(), published, seen, options.running.watch));
        let workers = Workers::start().map_err(|cause| cause.to_string())?;
        serve_on(&workers, server, listener, patience, stopped()).await.map_err(|cause| cause.to_string())
    })
}
