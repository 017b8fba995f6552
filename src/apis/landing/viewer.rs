//! The viewer: every layer that may be seen on one map, drawn by the server's own WMS.

use std::time::Duration;

use serde::Serialize;
use serde_json::{Map, json};
use utoipa::ToSchema;

use crate::api::{Json, NoParams, Route, get};
use crate::apis::preview;
use crate::base::bbox::Rect;
use crate::base::crs::CRS84;
use crate::base::format::Format;
use crate::base::link::{Link, Rel};
use crate::data::gate::View;
use crate::error::Result;
use crate::message::request::COMPONENT;
use crate::project::catalog::{Layer, map_name};
use crate::server::context::{Context, Published};

/// The path of the page.
const PATH: &str = "/map";

/// Layers that the map shows at first; whoever publishes more has them chosen.
const SHOWN: usize = 12;

/// All layers on one map
#[derive(Serialize, ToSchema)]
struct Viewer {
    /// Title
    title: String,
    /// Description
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    description: Option<String>,
    /// Where the WMS answers that draws the layers; none where there is none
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    wms: Option<String>,
    /// The layers, the uppermost first
    layers: Vec<ViewerLayer>,
    /// Links
    links: Vec<Link>,
}

/// A layer of the map
#[derive(Serialize, ToSchema)]
struct ViewerLayer {
    /// Id, by which the WMS knows it
    id: String,
    /// Title
    title: String,
    /// Description
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    description: Option<String>,
    /// `features` or `coverage`
    kind: &'static str,
    /// West, south, east, north in degrees, where that is known already
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    extent: Option<ViewerExtent>,
    /// Whether the map shows it at first
    shown: bool,
    /// Whose data it is
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    attribution: Option<String>,
    /// The picture of its legend
    legend: String,
    /// Its description, and its features
    links: Vec<Link>,
}

/// Where a layer is
#[derive(Serialize, ToSchema)]
struct ViewerExtent {
    /// In space
    spatial: ViewerBox,
}

/// A box
#[derive(Serialize, ToSchema)]
struct ViewerBox {
    /// West, south, east, north
    bbox: Vec<[f64; 4]>,
    /// Coordinate reference system
    crs: &'static str,
}

pub(super) fn route() -> Route {
    get(PATH, "getViewer", viewer)
        .summary("Map")
        .description("Every layer that may be seen, for one map: what it is, where it is, its legend, and its links.")
        .tags(["Maps"])
        .link("Map of all layers", Rel::Map)
        .formats([Format::Json, Format::Html])
}

/// The link to the page, where something is drawn.
pub(super) fn link_to(cx: &Context) -> Option<Link> {
    let link = || Link::new(cx.url(PATH), Rel::Map, Format::Html.media_type(), "Map of all layers");
    preview::is_drawn(cx).then(link)
}

async fn viewer(cx: Context, _: NoParams) -> Result<Json<Viewer>> {
    let project = cx.project();
    let mut found = Vec::new();
    if preview::is_drawn(&cx) {
        let root = super::catalogue::root_of_collections(&cx);
        for (layer, published) in cx.published() {
            found.extend(described(&cx, layer, &published, root.as_deref()).await);
        }
    }
    // What is published later is drawn later, as the WMS has it; but a raster would hide all that lies below it.
    found.sort_by_key(|layer: &ViewerLayer| layer.kind == "features");
    found.reverse();
    // As many as one picture can have.
    let most = cx.project().wms.max_layers as usize;
    let is_few = found.len() <= SHOWN.min(most);
    for (at, layer) in found.iter_mut().enumerate() {
        layer.shown = is_few || at == 0;
    }
    let whole =
        found.iter().filter(|layer| layer.shown).filter_map(|layer| layer.extent.as_ref()?.spatial.bbox.first());
    let whole = whole.fold(Rect::EMPTY, |mut whole, [west, south, east, north]| {
        whole.include(*west, *south);
        whole.include(*east, *north);
        whole
    });
    let shown: Vec<_> = found.iter().rev().filter(|layer| layer.shown).map(|layer| map_name(&layer.id)).collect();
    // Without scripts the page has one picture of what the map shows at first.
    let picture = (!shown.is_empty()).then(|| preview::map(&cx, &shown.join(","), &sound(whole))).flatten();
    let viewer = Viewer {
        title: project.title.clone(),
        description: project.description.clone(),
        wms: preview::is_drawn(&cx).then(|| cx.url("/ows")),
        layers: found,
        links: Vec::new(),
    };
    Ok(Json::new(viewer)
        .told(move |_| Map::from_iter([("map".to_owned(), json!(picture)), ("most".to_owned(), json!(most))])))
}

/// A box that is none is the world.
fn sound(rect: Rect) -> Rect {
    if rect.min_x <= rect.max_x && rect.min_y <= rect.max_y { rect } else { Rect::WORLD }
}

/// A layer that maps can show.
async fn described(cx: &Context, layer: &Layer, published: &Published, root: Option<&str>) -> Option<ViewerLayer> {
    let id = percent_encoding::utf8_percent_encode(&layer.id, COMPONENT).to_string();
    let mut links = Vec::new();
    let mut link = |path: String, rel, format: Format, title: &str| {
        links.push(Link::new(cx.url(&path), rel, format.media_type(), title));
    };
    let (kind, extent) = match published {
        Published::Features(view) => {
            view.schema().geometry.as_ref()?;
            if let Some(root) = root {
                link(format!("{root}/collections/{id}"), Rel::Collection, Format::Json, &layer.title);
                link(format!("{root}/collections/{id}/items"), Rel::Items, Format::GeoJson, "Features");
            }
            ("features", extent(view).await)
        }
        Published::Coverage(view) => {
            let pages = crate::apis::coverages::ROOT;
            if cx.registry().infos().any(|info| info.root == pages) {
                link(format!("{pages}/{id}"), Rel::Collection, Format::Json, &layer.title);
            }
            ("coverage", view.extent())
        }
    };
    Some(ViewerLayer {
        id: layer.id.clone(),
        title: layer.title.clone(),
        description: layer.description.clone(),
        kind,
        extent: extent.map(|Rect { min_x, min_y, max_x, max_y }| ViewerExtent {
            spatial: ViewerBox { bbox: vec![[min_x, min_y, max_x, max_y]], crs: CRS84 },
        }),
        shown: false,
        attribution: layer.attribution.as_ref().and_then(|attribution| attribution.title.clone()),
        legend: preview::legend(cx, &layer.map_name()),
        links,
    })
}

/// The extent where it is measured already: hundreds of layers are not waited for, the page asks for the one that it needs.
async fn extent(view: &View) -> Option<Rect> {
    view.extent(Duration::ZERO).await.and_then(|extent| extent.space)
}
