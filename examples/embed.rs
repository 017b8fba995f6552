//! The server without HTTP: a request goes in, a response comes out. Good for tests, and for gateways of one's own.
//!
//! `cargo run --example embed -- '/ogcapi/collections/cities/items?name=Berlin'`

use std::error::Error;
use std::io::Write;

use clap::Parser;
use graticule::gateways::http::{Patience, serve, stopped};
use graticule::message::request::Request;
use graticule::project::open::open;
use graticule::project::settings::Project;
use graticule::standard;
use tokio::net::TcpListener;

#[derive(Parser)]
struct Options {
    /// The request
    #[arg(default_value = "/ogcapi/collections")]
    url: String,
    /// Address and port to listen on, instead of answering one request
    #[arg(long)]
    listen: Option<String>,
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let sample = concat!(env!("CARGO_MANIFEST_DIR"), "/data/natural_earth.gpkg");
    let opened = open(&Project { data: vec![sample.into()], ..Project::default() }, None);
    let server = standard::server(opened.project).build()?;

    let options = Options::parse();
    if let Some(address) = options.listen {
        let listener = TcpListener::bind(address).await?;
        eprintln!("http://{}/ogcapi", listener.local_addr()?);
        return Ok(serve(server, listener, Patience::default(), stopped()).await?);
    }

    // All that a gateway does: method, URL, headers and body in; status, headers and body out.
    let response = server.handle(Request::get(&options.url)).await;
    eprintln!("{}", response.status);
    let body = response.body.collect(usize::MAX).await?;
    Ok(std::io::stdout().write_all(&body)?)
}
