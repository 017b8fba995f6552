//! OGC API Features: one file an operation.

use crate::api::OgcApi;

mod collection;
mod collections;
mod conformance;
mod crs;
mod ends;
mod filter;
mod functions;
mod item;
mod items;
mod items_page;
mod landing_page;
mod schema;
mod search;

/// The API at a root such as `/ogcapi`; `/wfs3` answers as well, as QGIS Server's did before 4.0.
pub fn api(root: &str) -> OgcApi {
    let api = OgcApi::new(root, "OGC API Features")
        .description("The features of every collection, as GeoJSON and as pages (OGC API Features, Part 1: Core).")
        .route(landing_page::route())
        .route(conformance::route())
        .route(collections::route())
        .route(collection::route())
        .route(schema::schema_route())
        .route(schema::queryables_route())
        .route(schema::sortables_route())
        .route(functions::route())
        .route(items::route())
        .route(items::post_route())
        .route(item::route())
        .misfit(items::misfit);
    if root == "/wfs3" { api } else { api.alias("/wfs3") }
}
