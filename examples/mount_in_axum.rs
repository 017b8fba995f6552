//! The server inside an axum application, under a prefix: every link leads to the right place.
//!
//! `cargo run --example mount_in_axum`, then <http://127.0.0.1:8080/gis>

use std::error::Error;
use std::net::SocketAddr;

use axum::Router;
use axum::routing::get;
use clap::Parser;
use graticule::project::open::open;
use graticule::project::settings::Project;
use graticule::standard;
use tokio::net::TcpListener;

#[derive(Parser)]
struct Options {
    /// Address and port to listen on
    #[arg(long, default_value = "127.0.0.1:8080")]
    listen: String,
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let options = Options::parse();
    let sample = concat!(env!("CARGO_MANIFEST_DIR"), "/data/natural_earth.gpkg");
    let opened = open(&Project { data: vec![sample.into()], ..Project::default() }, None);
    let server = standard::server(opened.project).build()?;

    let app = Router::new()
        .route("/", get(|| async { "The application's own page; the geodata is at /gis\n" }))
        .nest_service("/gis", server)
        // With the client's address, forwarded headers are believed where its proxy is trusted.
        .into_make_service_with_connect_info::<SocketAddr>();

    let listener = TcpListener::bind(options.listen).await?;
    eprintln!("http://{}/gis", listener.local_addr()?);
    Ok(axum::serve(listener, app).await?)
}
