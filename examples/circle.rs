//! An API of one's own beside OGC API Features: a circle around a point.
//!
//! `cargo run --example circle`, then <http://127.0.0.1:8080/customapi?x=8&y=45&r=2>

use std::error::Error;
use std::f64::consts::TAU;

use clap::Parser;
use geo_types::Polygon;
use geojson::{Feature, Geometry};
use graticule::api::{GeoJson, OgcApi, get};
use graticule::base::format::Format;
use graticule::base::link::Rel;
use graticule::gateways::http::{Patience, serve, stopped};
use graticule::project::open::open;
use graticule::project::settings::Project;
use graticule::{Context, Result, standard};
use serde::Deserialize;
use tokio::net::TcpListener;
use utoipa::IntoParams;

#[derive(Deserialize, IntoParams)]
struct Circle {
    /// X coordinate of the centre
    x: f64,
    /// Y coordinate of the centre
    y: f64,
    /// Radius
    #[param(exclusive_minimum = 0.0)]
    r: f64,
    /// Number of segments
    #[param(minimum = 3, maximum = 10_000, default = 360)]
    segments: u32,
}

async fn circle(_: Context, c: Circle) -> Result<GeoJson> {
    let ring = (0..=c.segments).map(|i| {
        let (sin, cos) = (TAU * f64::from(i % c.segments) / f64::from(c.segments)).sin_cos();
        (c.x + c.r * cos, c.y + c.r * sin)
    });
    let mut feature = Feature::from(Geometry::from(&Polygon::new(ring.collect(), vec![])));
    feature.properties = serde_json::json!({ "x": c.x, "y": c.y, "r": c.r }).as_object().cloned();
    Ok(GeoJson(feature))
}

fn api() -> OgcApi {
    OgcApi::new("/customapi", "custom api").description("a custom api").version("1.1").route(
        get("", "CustomApiXYCircle", circle)
            .summary("Creates a circle around a point")
            .link("Custom Api XY Circle", Rel::Data)
            .formats([Format::GeoJson, Format::Html]),
    )
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
    let sample = concat!(env!("CARGO_MANIFEST_DIR"), "/data/natural_earth.gpkg");
    let opened = open(&Project { data: vec![sample.into()], ..Project::default() }, None);
    let server = standard::server(opened.project).api(api()).build()?;
    let listener = TcpListener::bind(options.listen).await?;
    eprintln!("http://{}/customapi?x=8&y=45&r=2", listener.local_addr()?);
    Ok(serve(server, listener, Patience::default(), stopped()).await?)
}
