//! One coverage.

use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::{IntoParams, ToSchema};

use crate::api::{Json, Route, get};
use crate::apis::{json_ld, preview};
use crate::base::crs::CRS84;
use crate::base::format::Format;
use crate::base::link::{Link, Rel};
use crate::data::coverage::{Band, SampleKind};
use crate::data::coverage_gate::CoverageView;
use crate::data::reference::{self, Reference};
use crate::error::Result;
use crate::message::request::COMPONENT;
use crate::project::catalog::Layer;
use crate::server::context::Context;

/// Pixels of the longer side of a small copy.
const SMALL: u32 = 1024;

/// A coverage
#[derive(Serialize, ToSchema)]
pub(super) struct Coverage {
    /// Id
    id: String,
    /// Title
    title: String,
    /// Description
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    description: Option<String>,
    /// Where
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    extent: Option<CoverageExtent>,
    /// The pixels
    grid: PixelGrid,
    /// The bands
    bands: Vec<CoverageBand>,
    /// Where it is to be had
    pub(super) links: Vec<Link>,
}

/// Where a coverage is
#[derive(Serialize, ToSchema)]
struct CoverageExtent {
    /// In space
    spatial: CoverageBox,
}

/// A box
#[derive(Serialize, ToSchema)]
struct CoverageBox {
    /// West, south, east, north
    bbox: Vec<[f64; 4]>,
    /// Coordinate reference system
    crs: &'static str,
}

/// The pixels of a coverage
#[derive(Serialize, ToSchema)]
struct PixelGrid {
    /// Columns
    width: u32,
    /// Rows
    height: u32,
    /// Coordinate reference system, where it has a name
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    crs: Option<String>,
    /// Least x and y, greatest x and y in that system, x before y
    bbox: [f64; 4],
    /// Width and height of a pixel
    resolution: [f64; 2],
    /// Columns and rows of the overviews
    #[serde(skip_serializing_if = "Vec::is_empty")]
    overviews: Vec<[u32; 2]>,
}

/// A band
#[derive(Serialize, ToSchema)]
struct CoverageBand {
    /// Name
    name: String,
    /// Description
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    description: Option<String>,
    /// Type of the samples
    #[serde(rename = "type")]
    kind: &'static str,
    /// Unit of measure
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    unit: Option<String>,
    /// The value that stands for none
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    nodata: Option<f64>,
    /// The least sample
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    minimum: Option<f64>,
    /// The greatest sample
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    maximum: Option<f64>,
    /// What samples are multiplied by to become values of the unit
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    scale: Option<f64>,
    /// What is added to them then
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    offset: Option<f64>,
}

/// The coverage that a path names.
#[derive(Deserialize, IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(rename_all = "camelCase")]
struct CoveragePath {
    /// Id of a coverage
    coverage_id: String,
}

pub(super) fn route() -> Route {
    get("/(?P<coverageId>[^/]+)", "describeCoverage", coverage)
        .summary("Coverage")
        .description("The description of one raster: its grid, its bands, and where its samples are to be had.")
        .tags(["Coverages"])
        .formats([Format::Json, Format::Html])
        .each("coverageId", |cx| cx.coverages().map(|(layer, _)| layer.id.clone()).collect(), |_, _| Vec::new())
}

async fn coverage(cx: Context, path: CoveragePath) -> Result<Json<Coverage>> {
    let (layer, view) = cx.coverage(&path.coverage_id)?;
    let mut reply = Json::new(describe(&cx, &layer, &view)).for_page("services", preview::services(&cx));
    let (place, of) = (cx.api_url(&format!("/{}", segment(&layer.id))), (cx.clone(), layer.clone()));
    reply = reply.told(move |value| {
        let (cx, layer) = &of;
        let mut words = json_ld::words(json_ld::dataset(cx, layer, &place, value));
        let ows = cx.registry().with_capabilities().next().map(|_| cx.url("/ows"));
        words.insert("urls".to_owned(), json!({ "ows": ows }));
        words
    });
    if let Some(unit) = reference::of(&view.grid().crs).ok().and_then(|it| unit(&it)) {
        reply = reply.for_page("unit", json!(unit));
    }
    if let Some(map) = view.extent().and_then(|extent| preview::map(&cx, &layer.map_name(), &extent)) {
        reply = reply.for_page("map", map);
    }
    Ok(reply)
}

/// The unit of a system, where people have a word for it.
fn unit(reference: &Reference) -> Option<&'static str> {
    let is_metre = (reference.metres_per_unit - 1.0).abs() < 1e-9;
    if reference.is_geographic { Some("degrees") } else { is_metre.then_some("metres") }
}

/// The link to a coverage, for lists.
pub(super) fn link_to(cx: &Context, layer: &Layer) -> Link {
    let href = cx.api_url(&format!("/{}", segment(&layer.id)));
    Link::new(href, Rel::Itself, Format::Json.media_type(), &layer.title)
}

/// Describes a coverage, the same in the list and alone.
pub(super) fn describe(cx: &Context, layer: &Layer, view: &CoverageView) -> Coverage {
    let grid = view.grid();
    let area = grid.extent();
    let (x, y) = grid.resolution();
    let extent = view.extent().map(|rect| CoverageExtent {
        spatial: CoverageBox { bbox: vec![[rect.min_x, rect.min_y, rect.max_x, rect.max_y]], crs: CRS84 },
    });
    Coverage {
        id: layer.id.clone(),
        title: layer.title.clone(),
        description: layer.description.clone(),
        extent,
        grid: PixelGrid {
            width: grid.width,
            height: grid.height,
            crs: grid.crs.uri(),
            bbox: [area.min_x, area.min_y, area.max_x, area.max_y],
            resolution: [x, y],
            overviews: grid.overviews.iter().map(|&(width, height)| [width, height]).collect(),
        },
        bands: grid.bands.iter().map(band).collect(),
        links: downloads(cx, layer, view),
    }
}

fn band(band: &Band) -> CoverageBand {
    CoverageBand {
        name: band.name.clone(),
        description: band.description.clone().filter(|text| *text != band.name),
        kind: match band.kind {
            SampleKind::U8 => "uint8",
            SampleKind::I16 => "int16",
            SampleKind::U16 => "uint16",
            SampleKind::I32 => "int32",
            SampleKind::U32 => "uint32",
            SampleKind::F32 => "float32",
            SampleKind::F64 => "float64",
        },
        unit: band.unit.clone(),
        // JSON has no number for what is none.
        nodata: band.nodata.filter(|nodata| nodata.is_finite()),
        minimum: band.statistics.map(|it| it.min).filter(|it| it.is_finite()),
        maximum: band.statistics.map(|it| it.max).filter(|it| it.is_finite()),
        scale: band.scale,
        offset: band.offset,
    }
}

/// Where the samples are to be had, where a service has them: the whole if it is no larger than it may be, and a small copy.
fn downloads(cx: &Context, layer: &Layer, view: &CoverageView) -> Vec<Link> {
    if cx.registry().with_operation("GetCoverage") != Some("WCS") {
        return Vec::new();
    }
    let (id, grid) = (segment(&layer.id), view.grid());
    let url = |request: &str| cx.url(&format!("/ows?SERVICE=WCS&VERSION=2.0.1&REQUEST={request}&COVERAGEID={id}"));
    let tiff = "image/tiff";
    let mut links = Vec::new();
    if u64::from(grid.width) * u64::from(grid.height) <= cx.project().wcs.max_pixels {
        links.push(Link::new(
            url("GetCoverage&FORMAT=image/tiff"),
            Rel::Item,
            tiff,
            format!("{} as GeoTIFF", layer.title),
        ));
    }
    let longer = grid.width.max(grid.height);
    if longer > SMALL {
        let factor = f64::from(SMALL) / f64::from(longer);
        let href = url(&format!("GetCoverage&FORMAT=image/tiff&INTERPOLATION=average&SCALEFACTOR={factor}"));
        links.push(Link::new(href, Rel::Item, tiff, format!("{} as a GeoTIFF of {SMALL} pixels", layer.title)));
    }
    links.push(Link::new(url("DescribeCoverage"), Rel::DescribedBy, "application/xml", "Description for WCS clients"));
    links
}

/// An id as one segment of a path.
fn segment(id: &str) -> String {
    percent_encoding::utf8_percent_encode(id, COMPONENT).to_string()
}
