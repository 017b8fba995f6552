//! The conformance declaration (Part 1, 7.4).

use serde::Serialize;
use utoipa::ToSchema;

use crate::api::{Json, NoParams, Route, get};
use crate::base::format::Format;
use crate::base::link::Rel;
use crate::error::Result;
use crate::server::context::Context;

/// What the API conforms to
#[derive(Serialize, ToSchema)]
struct Conformance {
    /// URIs of conformance classes
    #[serde(rename = "conformsTo")]
    conforms_to: Vec<&'static str>,
}

const CLASSES: [&str; 12] = [
    "http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/core",
    "http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/oas30",
    "http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/html",
    "http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/geojson",
    "http://www.opengis.net/spec/ogcapi-features-2/1.0/conf/crs",
    "http://www.opengis.net/spec/ogcapi-features-3/1.0/conf/queryables",
    "http://www.opengis.net/spec/ogcapi-features-3/1.0/conf/queryables-query-parameters",
    "http://www.opengis.net/spec/ogcapi-features-5/1.0/conf/schemas",
    "http://www.opengis.net/spec/ogcapi-features-5/1.0/conf/core-roles-features",
    "http://www.opengis.net/spec/ogcapi-features-5/1.0/conf/returnables-and-receivables",
    "http://www.opengis.net/spec/ogcapi-features-5/1.0/conf/queryables",
    "http://www.opengis.net/spec/ogcapi-features-5/1.0/conf/sortables",
];

pub(super) fn route() -> Route {
    get("/conformance", "getConformanceDeclaration", conformance)
        .summary("Conformance")
        .description("The conformance classes of the standards that this API conforms to.")
        .tags(["Capabilities"])
        .link("Conformance", Rel::Conformance)
        .formats([Format::Json, Format::Html])
}

async fn conformance(_: Context, _: NoParams) -> Result<Json<Conformance>> {
    Ok(Json::new(Conformance { conforms_to: CLASSES.to_vec() }))
}
