//! One collection (Part 1, 7.14).

use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::{IntoParams, ToSchema};

use crate::api::reply::words_of;
use crate::api::{Json, Route, get};
use crate::apis::{json_ld, preview};
use crate::base::bbox::Rect;
use crate::base::crs::CRS84;
use crate::base::datetime::Instant;
use crate::base::format::Format;
use crate::base::link::{Link, Rel};
use crate::data::extent::Extent;
use crate::data::gate::View;
use crate::data::query::Query;
use crate::error::Result;
use crate::formats;
use crate::project::catalog::Layer;
use crate::server::context::Context;

use super::landing_page::license;

/// How long an answer waits for an extent that is being measured; later answers have it.
const EXTENT_BUDGET: Duration = Duration::from_millis(500);

/// How long a page waits for the number of its features: it is told where it is known, or nearly so.
const COUNT_BUDGET: Duration = Duration::from_millis(50);

/// A collection
#[derive(Serialize, ToSchema)]
pub(super) struct Collection {
    /// Id, unique within the API
    id: String,
    /// Title
    title: String,
    /// Description
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    description: Option<String>,
    /// Where and when the features are
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    extent: Option<ExtentWords>,
    /// What the items are
    #[serde(rename = "itemType")]
    item_type: &'static str,
    /// Coordinate reference systems of answers
    #[serde(skip_serializing_if = "Vec::is_empty")]
    crs: Vec<String>,
    /// Coordinate reference system of the stored coordinates
    #[serde(rename = "storageCrs", skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    storage_crs: Option<String>,
    /// Epoch of the stored coordinates, in years
    #[serde(rename = "storageCrsCoordinateEpoch", skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    storage_epoch: Option<f64>,
    /// Links
    pub(super) links: Vec<Link>,
}

/// Extent of a collection
#[derive(Serialize, ToSchema)]
struct ExtentWords {
    /// Where
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    spatial: Option<Spatial>,
    /// When
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    temporal: Option<Temporal>,
}

/// Spatial extent
#[derive(Serialize, ToSchema)]
struct Spatial {
    /// West, south, east, north
    bbox: Vec<[f64; 4]>,
    /// Coordinate reference system
    crs: &'static str,
}

/// Temporal extent
#[derive(Serialize, ToSchema)]
struct Temporal {
    /// First and last instant; null is open
    interval: Vec<[Option<String>; 2]>,
    /// Temporal reference system
    trs: &'static str,
}

/// The collection that a path names.
#[derive(Deserialize, IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(rename_all = "camelCase")]
struct CollectionPath {
    /// Id of a collection
    collection_id: String,
}

pub(super) fn route() -> Route {
    get("/collections/(?P<collectionId>[^/]+)", "describeCollection", collection)
        .summary("Collection")
        .description(
            "The description of one collection: what it is, where and when its features are, where they are to be had.",
        )
        .tags(["Capabilities"])
        .formats([Format::Json, Format::Html])
        .each("collectionId", ids, |_, _| Vec::new())
}

/// The ids of the collections that the client may see.
pub(super) fn ids(cx: &Context) -> Vec<String> {
    cx.layers().map(|(layer, _)| layer.id.clone()).collect()
}

async fn collection(cx: Context, path: CollectionPath) -> Result<Json<Collection>> {
    let (layer, view) = cx.layer(&path.collection_id)?;
    let mut reply = Json::new(describe(&cx, &layer, &view).await);
    reply = reply.for_page("services", preview::services(&cx));
    let (place, of) = (cx.api_url(&format!("/collections/{}", segment(&layer.id))), (cx.clone(), layer.clone()));
    reply = reply.told(move |value| {
        let (cx, layer) = &of;
        let mut words = json_ld::words(json_ld::dataset(cx, layer, &place, value));
        let ows = cx.registry().with_capabilities().next().map(|_| cx.url("/ows"));
        let urls = json!({ "api": cx.api_url(""), "items": format!("{place}/items"), "ows": ows });
        words.insert("urls".to_owned(), urls);
        words.insert("most".to_owned(), layer.limit.maximum.into());
        words
    });
    let is_placed = view.schema().geometry.is_some();
    // The description has waited for it.
    let extent = view.extent(Duration::ZERO).await.and_then(|extent| extent.space);
    if let Some(map) = extent.filter(|_| is_placed).and_then(|extent| preview::map(&cx, &layer.map_name(), &extent)) {
        reply = reply.for_page("map", map);
    }
    if let Ok(Some(count)) = view.count(&Query::default(), COUNT_BUDGET).await {
        reply = reply.for_page("count", json!(count));
    }
    for (name, words) in words_of(&view) {
        reply = reply.for_page(&name, words);
    }
    Ok(reply)
}

/// The links of a collection to itself, for a list of collections; alone it has them as every document does.
pub(super) fn links_to(cx: &Context, layer: &Layer) -> [Link; 2] {
    let path = format!("/collections/{}", segment(&layer.id));
    let page = with_format(&path, Format::Html);
    let as_html = format!("{} as HTML", layer.title);
    [
        Link::new(cx.api_url(&path), Rel::Itself, Format::Json.media_type(), &layer.title),
        Link::new(cx.api_url(&page), Rel::Alternate, Format::Html.media_type(), as_html),
    ]
}

/// Describes a collection, the same in the list and alone.
pub(super) async fn describe(cx: &Context, layer: &Layer, view: &View) -> Collection {
    let schema = view.schema();
    let path = format!("/collections/{}", segment(&layer.id));
    let link =
        |path: &str, rel, format: Format, title: String| Link::new(cx.api_url(path), rel, format.media_type(), title);
    let items = format!("{path}/items");
    let mut links = vec![
        link(&items, Rel::Items, Format::GeoJson, format!("{} as GeoJSON", layer.title)),
        link(&with_format(&items, Format::Html), Rel::Items, Format::Html, format!("{} as HTML", layer.title)),
    ];
    for format in formats::of_features().filter(|format| format.extension().is_some()) {
        // Who keeps a file wants as much as there is.
        let path = format!("{}&limit={}", with_format(&items, format), layer.limit.maximum);
        links.push(link(&path, Rel::Items, format, format!("{} as {format}", layer.title)));
    }
    for (name, rel, what) in [
        ("schema", Rel::Schema, "Schema"),
        ("queryables", Rel::Queryables, "Queryables"),
        ("sortables", Rel::Sortables, "Sortables"),
    ] {
        links.push(link(&format!("{path}/{name}"), rel, Format::SchemaJson, format!("{what} of {}", layer.title)));
    }
    links.extend(license(cx));
    let mut extent = view.extent(EXTENT_BUDGET).await.map(words);
    if let Some(Spatial { bbox, .. }) = extent.as_mut().and_then(|extent| extent.spatial.as_mut())
        && let Some([west, _, east, _]) = bbox.first_mut()
        && *east - *west >= 360.0
        && let Some(across) = view.extent_across(EXTENT_BUDGET).await
    {
        (*west, *east) = across;
    }
    Collection {
        id: layer.id.clone(),
        title: layer.title.clone(),
        description: layer.description.clone(),
        extent: extent.filter(|extent| extent.spatial.is_some() || extent.temporal.is_some()),
        item_type: "feature",
        crs: super::crs::uris(layer, schema),
        storage_crs: super::crs::storage(layer, schema),
        storage_epoch: super::crs::epoch(layer, schema),
        links,
    }
}

/// A path with `f=`: suffixes would be ambiguous in ids with dots.
fn with_format(path: &str, format: Format) -> String {
    format!("{path}?f={}", format.name())
}

/// An id as one segment of a path.
pub(super) fn segment(id: &str) -> String {
    crate::web::negotiate::segment(id)
}

fn words(extent: Extent) -> ExtentWords {
    let spatial = extent
        .space
        .map(|Rect { min_x, min_y, max_x, max_y }| Spatial { bbox: vec![[min_x, min_y, max_x, max_y]], crs: CRS84 });
    let text = |at: Option<Instant>| at.map(|at| at.to_string());
    let temporal = extent.time.map(|(start, end)| Temporal {
        interval: vec![[text(start), text(end)]],
        trs: "http://www.opengis.net/def/uom/ISO-8601/0/Gregorian",
    });
    ExtentWords { spatial, temporal }
}
