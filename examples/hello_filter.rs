//! An I/O filter that serves what no service does: any request with `SERVICE=HELLO` is answered with `HelloServer!`.
//!
//! `cargo run --example hello_filter`, then <http://127.0.0.1:8080/?SERVICE=HELLO>

use std::error::Error;

use bytes::Bytes;
use clap::Parser;
use graticule::exchange::{Chunk, Done, Filter, Flow, Sending};
use graticule::gateways::http::{Patience, serve, stopped};
use graticule::message::request::{self, Request};
use graticule::message::response::Response;
use graticule::project::open::open;
use graticule::project::settings::Project;
use graticule::{Result, standard};
use tokio::net::TcpListener;

struct HelloFilter;

impl Filter for HelloFilter {
    async fn request_ready(&self, _: &mut Request) -> Result<Flow> {
        tracing::info!("HelloFilter.request_ready");
        Ok(Flow::Continue)
    }

    fn send_response(&self, _: &mut Sending<'_>, chunk: Bytes) -> Result<Chunk> {
        tracing::info!("HelloFilter.send_response");
        Ok(Chunk::Pass(chunk))
    }

    // Dispatch has failed by now, for no service is called HELLO: the filter puts its answer in the place of the error.
    fn response_complete(&self, request: &request::Head, done: Done<'_>) -> Result<()> {
        tracing::info!("HelloFilter.response_complete");
        let service = request.parameters.value_of("SERVICE").unwrap_or_default();
        if let Done::Whole(response) = done
            && service.eq_ignore_ascii_case("HELLO")
        {
            *response = Response::ok("text/plain", "HelloServer!");
        }
        Ok(())
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
    let server = standard::server(opened.project).filter(HelloFilter, 100).build()?;
    let listener = TcpListener::bind(options.listen).await?;
    eprintln!("http://{}/?SERVICE=HELLO", listener.local_addr()?);
    Ok(serve(server, listener, Patience::default(), stopped()).await?)
}
