//! The server without HTTP: a request goes in, a response comes out. Good for tests, and for gateways of one's own.
//!
//! `cargo run --example embed -- '/ogcapi/collections/cities/items?name=Berlin'`

use std::error::Error;
use std::io::Write;

use graticule::message::request::Request;
use graticule::project::open::open;
use graticule::project::settings::Project;
use graticule::standard;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let sample = concat!(env!("CARGO_MANIFEST_DIR"), "/data/natural_earth.gpkg");
    let opened = open(&Project { data: vec![sample.into()], ..Project::default() }, None);
    let server = standard::server(opened.project).build()?;

    let url = std::env::args().nth(1).unwrap_or_else(|| "/ogcapi/collections".to_owned());
    let response = server.handle(Request::get(&url)).await;
    eprintln!("{}", response.status);
    let body = response.body.collect(usize::MAX).await?;
    Ok(std::io::stdout().write_all(&body)?)
}
