//! What `graticule fcgi` and `graticule scgi` share: where the web server in front finds them.

use std::path::PathBuf;

use clap::Args;
use graticule::Server;
use graticule::gateways::http::Patience;
use graticule::gateways::listener::Listener;

use super::Done;
use super::publish::Publish;
use super::reload::keep_up;
use super::running::{Running, address, announce, published, runtime};

/// Options of a gateway behind a web server.
#[derive(Args)]
pub(crate) struct Options {
    #[command(flatten)]
    publish: Publish,
    /// Address and port to listen on; port 0 takes a free one. With no --listen and no --socket, the listening socket that
    /// spawn-fcgi or systemd passes as standard input, else port 9000 (fcgi) or 4000 (scgi) of this machine
    #[arg(long, short, value_name = "ADDRESS:PORT", value_parser = address, env = "GRATICULE_LISTEN", conflicts_with = "socket")]
    listen: Option<String>,
    /// Unix socket to listen on
    #[arg(long, value_name = "PATH", env = "GRATICULE_SOCKET")]
    socket: Option<PathBuf>,
    /// Permissions of the Unix socket, in octal digits: the web server must be allowed to write
    #[arg(long, value_name = "MODE", default_value = "660", value_parser = mode, env = "GRATICULE_SOCKET_MODE")]
    socket_mode: u32,
    #[command(flatten)]
    running: Running,
}

fn mode(text: &str) -> Result<u32, String> {
    let mode = u32::from_str_radix(text, 8).ok().filter(|mode| *mode <= 0o777);
    mode.ok_or_else(|| "expected octal digits such as 660".to_owned())
}

impl Options {
    async fn listener(&self, configured: Option<&str>, default: &str) -> Result<Listener, String> {
        let wrong = |place: &str, cause: std::io::Error| format!("cannot listen on {place}: {cause}");
        if let Some(path) = &self.socket {
            return Listener::unix(path, self.socket_mode).map_err(|cause| wrong(&path.display().to_string(), cause));
        }
        let told = self.listen.as_deref();
        if told.is_none()
            && let Some(inherited) = Listener::inherited().map_err(|cause| wrong("standard input", cause))?
        {
            return Ok(inherited);
        }
        let address = told.or(configured).unwrap_or(default);
        Listener::tcp(address).await.map_err(|cause| wrong(address, cause))
    }
}

/// Publishes what the options name and hands it to a gateway.
pub(crate) fn run<F: Future<Output = ()>>(
    options: &Options,
    protocol: &str,
    default: &str,
    serve: impl FnOnce(Server, Listener, Patience) -> F,
) -> Done {
    options.running.start_log()?;
    let published = published(&options.publish)?;
    runtime()?.block_on(async {
        let listener = options.listener(published.listen.as_deref(), default).await?;
        announce(&published.server.snapshot(), &format!(" by {protocol} on {listener}"), "")?;
        let server = published.server.clone();
        let patience = Patience::from(server.snapshot().limits());
        let seen = published.watched.fingerprint();
        tokio::spawn(keep_up(options.publish.clone(), published, seen, options.running.watch));
        serve(server, listener, patience).await;
        Ok(())
    })
}
