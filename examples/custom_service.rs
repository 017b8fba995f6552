//! A service of one's own: `SERVICE=CUSTOM` answers `Custom service executeRequest`.
//!
//! `cargo run --example custom_service`, then <http://127.0.0.1:8080/ows?SERVICE=CUSTOM>

use std::error::Error;

use clap::Parser;
use graticule::gateways::http::{Patience, serve, stopped};
use graticule::message::request::Request;
use graticule::message::response::Response;
use graticule::project::open::open;
use graticule::project::settings::Project;
use graticule::server::service::{Dialect, Service};
use graticule::{Context, Result, standard};
use tokio::net::TcpListener;

struct CustomService;

static VERSIONS: [Dialect; 1] = [Dialect::new("1.0.0")];

impl Service for CustomService {
    fn name(&self) -> &'static str {
        "CUSTOM"
    }

    fn dialects(&self) -> &'static [Dialect] {
        &VERSIONS
    }

    async fn execute(&self, _: Context, _: &mut Request, _: &'static Dialect) -> Result<Response> {
        tracing::info!("Custom service executeRequest");
        Ok(Response::ok("text/plain", "Custom service executeRequest"))
    }
}

#[derive(Parser)]
struct Options {
    /// Address and port to listen on
    #[arg(long, default_value = "127.0.0.1:8080")]
    listen: String,
}

#[tokio::main]
async fn main() -> std::result::Result<(), Box<dyn Error>> {
    let options = Options::parse();
    tracing_subscriber::fmt().with_writer(std::io::stderr).init();
    let sample = concat!(env!("CARGO_MANIFEST_DIR"), "/data/natural_earth.gpkg");
    let opened = open(&Project { data: vec![sample.into()], ..Project::default() }, None);
    let server = standard::server(opened.project).service(CustomService).build()?;
    let listener = TcpListener::bind(options.listen).await?;
    eprintln!("http://{}/ows?SERVICE=CUSTOM", listener.local_addr()?);
    Ok(serve(server, listener, Patience::default(), stopped()).await?)
}
