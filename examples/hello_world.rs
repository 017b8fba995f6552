//! Hello, world: what `application(environ, start_response)` is to WSGI. A request goes in as CGI's variables, status,
//! headers and body come out; every gateway does no more than this.
//!
//! `cargo run --example hello_world`, or `cargo run --example hello_world -- --listen 127.0.0.1:8080`, then
//! <http://127.0.0.1:8080/ows?SERVICE=HELLO>

use std::error::Error;
use std::io::Write;

use clap::Parser;
use graticule::gateways::environ::Environ;
use graticule::gateways::http::{Patience, serve, stopped};
use graticule::message::body::Body;
use graticule::message::request::Request;
use graticule::message::response::{Head, Response};
use graticule::project::open::open;
use graticule::project::settings::Project;
use graticule::server::service::{Dialect, Service};
use graticule::{Context, Server, standard};
use tokio::net::TcpListener;

struct Hello;

impl Service for Hello {
    fn name(&self) -> &'static str {
        "HELLO"
    }

    fn dialects(&self) -> &'static [Dialect] {
        const { &[Dialect::new("1.0.0")] }
    }

    async fn execute(&self, _: Context, _: &mut Request, _: &'static Dialect) -> graticule::Result<Response> {
        Ok(Response::ok("text/plain; charset=utf-8", "Hello, world!\n"))
    }
}

async fn application(
    server: &Server,
    environ: Environ,
    start_response: impl FnOnce(&Head),
) -> graticule::Result<Vec<u8>> {
    let response = server.handle(environ.request(Body::empty())?).await;
    start_response(&response.head);
    Ok(response.body.collect(usize::MAX).await?.into())
}

#[derive(Parser)]
struct Options {
    /// Address and port to listen on, instead of answering one request
    #[arg(long)]
    listen: Option<String>,
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let sample = concat!(env!("CARGO_MANIFEST_DIR"), "/data/natural_earth.gpkg");
    let opened = open(&Project { data: vec![sample.into()], ..Project::default() }, None);
    let server = standard::server(opened.project).service(Hello).build()?;
    if let Some(address) = Options::parse().listen {
        let listener = TcpListener::bind(address).await?;
        eprintln!("http://{}/ows?SERVICE=HELLO", listener.local_addr()?);
        return Ok(serve(server, listener, Patience::default(), stopped()).await?);
    }

    let environ = [("REQUEST_METHOD", "GET"), ("PATH_INFO", "/ows"), ("QUERY_STRING", "SERVICE=HELLO")];
    let body =
        application(&server, environ.into_iter().collect(), |head| eprintln!("{} {:?}", head.status, head.headers));
    Ok(std::io::stdout().write_all(&body.await?)?)
}
