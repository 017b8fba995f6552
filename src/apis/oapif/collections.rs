//! The collections (Part 1, 7.13).

use serde::Serialize;
use utoipa::ToSchema;

use crate::api::{Json, NoParams, Route, get};
use crate::base::format::Format;
use crate::base::link::{Link, Rel};
use crate::error::Result;
use crate::server::context::Context;

use super::collection::{Collection, describe, links_to};
use super::landing_page::license;

/// The collections
#[derive(Serialize, ToSchema)]
struct Collections {
    /// Links
    links: Vec<Link>,
    /// One entry a collection
    collections: Vec<Collection>,
}

pub(super) fn route() -> Route {
    get("/collections", "getCollections", collections)
        .summary("Collections")
        .description("The collections of features that this API has, each with its extent and its links.")
        .tags(["Capabilities"])
        .link("Collections", Rel::Data)
        .formats([Format::Json, Format::Html])
}

async fn collections(cx: Context, _: NoParams) -> Result<Json<Collections>> {
    let mut collections = Vec::new();
    for (layer, view) in cx.layers() {
        let mut collection = describe(&cx, layer, &view).await;
        collection.links.splice(0..0, links_to(&cx, layer));
        collections.push(collection);
    }
    Ok(Json::new(Collections { links: license(&cx).into_iter().collect(), collections }))
}
