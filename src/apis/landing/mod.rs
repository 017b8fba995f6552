//! The root of the server: the catalogue of all that is mounted, the document of the whole, the files of the pages.

use crate::api::OgcApi;

mod catalogue;
mod files;
mod health;
mod metrics;
mod ready;
mod viewer;

/// The API at the root.
pub fn api() -> OgcApi {
    OgcApi::new("", "Catalogue")
        .description("All that this server has to offer.")
        .version(env!("CARGO_PKG_VERSION"))
        .route(catalogue::route())
        .route(viewer::route())
        .route(files::route())
        .route(health::route())
        .route(ready::route())
        .route(metrics::route())
}
