//! The coverages.

use serde::Serialize;
use utoipa::ToSchema;

use crate::api::{Json, NoParams, Route, get};
use crate::base::format::Format;
use crate::base::link::{Link, Rel};
use crate::error::Result;
use crate::server::context::Context;

use super::coverage::{Coverage, describe, link_to};

/// The coverages
#[derive(Serialize, ToSchema)]
struct Coverages {
    /// Links
    links: Vec<Link>,
    /// One entry a coverage
    coverages: Vec<Coverage>,
}

pub(super) fn route() -> Route {
    get("", "getCoverages", coverages)
        .summary("Coverages")
        .description("The rasters that are published, each with its grid, its bands and its links.")
        .tags(["Coverages"])
        .link("Coverages", Rel::Data)
        .formats([Format::Json, Format::Html])
}

async fn coverages(cx: Context, _: NoParams) -> Result<Json<Coverages>> {
    let entries = cx.coverages().map(|(layer, view)| {
        let mut coverage = describe(&cx, layer, &view);
        coverage.links.insert(0, link_to(&cx, layer));
        coverage
    });
    Ok(Json::new(Coverages { links: Vec::new(), coverages: entries.collect() }))
}
