//! The demo's own API, and the example of the guide: a circle around a point.

use std::f64::consts::TAU;

use geo_types::{LineString, Polygon};
use geojson::{Feature, Geometry};
use serde::Deserialize;
use utoipa::IntoParams;

use crate::api::{GeoJson, OgcApi, get};
use crate::base::format::Format;
use crate::base::link::Rel;
use crate::error::Result;
use crate::server::context::Context;

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
    let ring: LineString = (0..=c.segments)
        .map(|i| {
            let (sin, cos) = (TAU * f64::from(i % c.segments) / f64::from(c.segments)).sin_cos();
            (c.x + c.r * cos, c.y + c.r * sin)
        })
        .collect();
    let mut feature = Feature::from(Geometry::from(&Polygon::new(ring, vec![])));
    for (name, value) in [("x", c.x), ("y", c.y), ("r", c.r)] {
        feature.set_property(name, value);
    }
    Ok(GeoJson(feature))
}

/// The API at `/customapi`.
pub fn api() -> OgcApi {
    OgcApi::new("/customapi", "custom api").description("a custom api").version("1.1").route(
        get("", "CustomApiXYCircle", circle)
            .summary("Creates a circle around a point")
            .link("Custom Api XY Circle", Rel::Data)
            .formats([Format::GeoJson, Format::Html]),
    )
}
