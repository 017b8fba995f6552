//! An I/O filter that changes what is asked: it adds a parameter to every request and finds it again on the way out. For
//! `SERVICE=PARAMS` it answers which parameters there are.
//!
//! `cargo run --example params_filter`, then <http://127.0.0.1:8080/?SERVICE=PARAMS&Mixed=Case>

use std::error::Error;

use clap::Parser;
use graticule::exchange::{Done, Filter, Flow};
use graticule::gateways::http::{Patience, serve, stopped};
use graticule::message::request::{self, Request};
use graticule::message::response::Response;
use graticule::project::open::open;
use graticule::project::settings::Project;
use graticule::{Result, standard};
use tokio::net::TcpListener;

struct ParamsFilter;

impl Filter for ParamsFilter {
    async fn request_ready(&self, request: &mut Request) -> Result<Flow> {
        // Marked as a filter's: no API refuses it as unknown, and no link shows it.
        request.head_mut().parameters.set("TEST_NEW_PARAM", "ParamsFilter");
        Ok(Flow::Continue)
    }

    fn response_complete(&self, request: &request::Head, done: Done<'_>) -> Result<()> {
        let parameters = &request.parameters;
        if parameters.value_of("TEST_NEW_PARAM") == Some("ParamsFilter") {
            tracing::info!("SUCCESS - ParamsFilter.response_complete");
        } else {
            tracing::error!("FAIL    - ParamsFilter.response_complete");
        }
        if let Done::Whole(response) = done
            && parameters.value_of("SERVICE") == Some("PARAMS")
        {
            let line = |name: &str, value: Option<&str>| format!("{name}={}\n", value.unwrap_or("?"));
            let lines: String = parameters.iter().map(|it| line(&it.name, it.value.as_deref())).collect();
            *response = Response::ok("text/plain; charset=utf-8", lines);
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
    let server = standard::server(opened.project).filter(ParamsFilter, 100).build()?;
    let listener = TcpListener::bind(options.listen).await?;
    eprintln!("http://{}/?SERVICE=PARAMS&Mixed=Case", listener.local_addr()?);
    Ok(serve(server, listener, Patience::default(), stopped()).await?)
}
