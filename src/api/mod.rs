//! The OGC API framework: an API is a root and routes, a route is a described handler. It knows no collection.

mod body;
mod check;
pub mod handler;
mod html;
mod ogc_api;
pub mod openapi;
pub mod param;
mod pattern;
pub mod reply;
pub mod route;
mod values;

pub use handler::{Handler, NoParams, Params};
pub use ogc_api::OgcApi;
pub use param::Param;
pub use reply::{FeaturePage, GeoJson, Json, JsonSchema, OneFeature, PageWords, Rendering, Reply, Text};
pub use route::{Route, get, route};
