//! Pages of coverages: what each is, how it looks, and where its samples are to be had. The samples themselves are the
//! services' to give.

use crate::api::OgcApi;

mod coverage;
mod list;

/// The root of the pages.
pub const ROOT: &str = "/coverages";

/// The API at that root.
pub fn api() -> OgcApi {
    OgcApi::new(ROOT, "Coverages")
        .description("What each raster is, and where its samples are to be had.")
        .version(env!("CARGO_PKG_VERSION"))
        .route(list::route())
        .route(coverage::route())
}
