//! `graticule serve`.

use clap::Args;
use graticule::gateways::http::{Patience, serve, stopped};
use tokio::net::TcpListener;

use super::Done;
use super::publish::Publish;
use super::running::{Log, announce, measure, published, runtime};

/// Options of `serve`.
#[derive(Args)]
pub(crate) struct Options {
    #[command(flatten)]
    publish: Publish,
    /// Address and port to listen on; port 0 takes a free one [default: 127.0.0.1:8080]
    #[arg(long, short, value_name = "ADDRESS:PORT", env = "GRATICULE_LISTEN")]
    listen: Option<String>,
    #[command(flatten)]
    log: Log,
}

const LISTEN: &str = "127.0.0.1:8080";

pub(crate) fn run(options: &Options) -> Done {
    options.log.start()?;
    let published = published(&options.publish)?;
    let listen = options.listen.as_ref().or(published.listen.as_ref()).map_or(LISTEN, String::as_str);
    runtime()?.block_on(async {
        let listener =
            TcpListener::bind(listen).await.map_err(|cause| format!("cannot listen on {listen}: {cause}"))?;
        let address = listener.local_addr().map_err(|cause| cause.to_string())?;
        announce(&published.server, "", &format!("http://{address}"))?;
        measure(&published.server);
        serve(published.server.clone(), listener, Patience::default(), stopped())
            .await
            .map_err(|cause| cause.to_string())
    })
}
