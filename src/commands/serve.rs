//! `graticule serve`.

use std::io::IsTerminal;
use std::net::SocketAddr;

use clap::{Args, ValueEnum};
use graticule::Server;
use graticule::gateways::http::{Patience, serve, stopped};
use tokio::net::TcpListener;
use tracing_subscriber::EnvFilter;

use super::Done;
use super::publish::Publish;

/// Options of `serve`.
#[derive(Args)]
pub(crate) struct Options {
    #[command(flatten)]
    publish: Publish,
    /// Address and port to listen on; port 0 takes a free one [default: 127.0.0.1:8080]
    #[arg(long, short, value_name = "ADDRESS:PORT", env = "GRATICULE_LISTEN")]
    listen: Option<String>,
    /// How the log is written
    #[arg(long, value_enum, default_value_t = LogFormat::Text, env = "GRATICULE_LOG_FORMAT")]
    log_format: LogFormat,
    /// What is logged: error, warn, info, debug, trace, or directives such as graticule=debug
    #[arg(long, value_name = "LEVEL", default_value = "info", env = "GRATICULE_LOG")]
    log: String,
}

#[derive(Clone, Copy, ValueEnum)]
enum LogFormat {
    /// For people
    Text,
    /// One JSON object a line
    Json,
}

const LISTEN: &str = "127.0.0.1:8080";

pub(crate) fn run(options: &Options) -> Done {
    start_log(options)?;
    let published = options.publish.build()?;
    for fault in &published.faults {
        tracing::error!("{fault}");
    }
    let collections: usize = published.server.projects().map(|project| project.layers().len()).sum();
    if collections == 0 && !published.faults.is_empty() {
        return Err(published.faults.join("\n"));
    }
    let listen = options.listen.as_ref().or(published.listen.as_ref()).map_or(LISTEN, String::as_str);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let runtime = runtime.map_err(|cause| format!("the runtime does not start: {cause}"))?;
    runtime.block_on(async {
        let listener =
            TcpListener::bind(listen).await.map_err(|cause| format!("cannot listen on {listen}: {cause}"))?;
        let address = listener.local_addr().map_err(|cause| cause.to_string())?;
        announce(&published.server, address);
        let measured = published.server.clone();
        tokio::spawn(async move { measured.measure().await });
        serve(published.server.clone(), listener, Patience::default(), stopped())
            .await
            .map_err(|cause| cause.to_string())
    })
}

fn start_log(options: &Options) -> Done {
    let filter = EnvFilter::try_new(&options.log).map_err(|cause| format!("--log '{}': {cause}", options.log))?;
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    match options.log_format {
        LogFormat::Text => log.with_ansi(std::io::stderr().is_terminal()).init(),
        LogFormat::Json => log.json().flatten_event(true).init(),
    }
    Ok(())
}

/// Tells every mounted URL.
fn announce(server: &Server, address: SocketAddr) {
    let base = format!("http://{address}");
    let projects: Vec<_> = server.projects().collect();
    let collections: usize = projects.iter().map(|project| project.layers().len()).sum();
    println!("Graticule {} serves {collections} collections", env!("CARGO_PKG_VERSION"));
    for project in projects {
        let mount = project.name.as_ref().map(|name| format!("/{name}")).unwrap_or_default();
        println!("\n  {}", project.title);
        for info in server.registry().infos() {
            let path = if info.root.is_empty() { "/" } else { &info.root };
            println!("    {:<50} {}", format!("{base}{mount}{path}"), info.title);
        }
        println!("    {:<50} API definition", format!("{base}{mount}/api.html"));
    }
    println!("\nPress Ctrl+C to stop.");
}
