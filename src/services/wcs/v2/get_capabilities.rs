//! GetCapabilities of WCS 2.0.1.

use crate::base::xml::Writer;
use crate::error::Result;
use crate::message::response::Response;
use crate::server::context::Context;
use crate::server::service::Dialect;
use crate::services::ows::capabilities::{Ows, cached, domain, identification, keywords, operations, provider};
use crate::services::ows::endpoint::XLINK;
use crate::services::ows::kvp::Kvp;
use crate::services::ows::media_type;
use crate::services::ows::sections::Sections;
use crate::services::ows::sequence::{Held, held};
use crate::services::wcs::offered::{Offered, pair};
use crate::services::wcs::{formats, interpolation, v1};

use super::VERSION;
use super::names::{Axes, id_of};

/// What is implemented, by the URIs of the conformance classes.
const PROFILES: [&str; 8] = [
    "http://www.opengis.net/spec/WCS/2.0/conf/core",
    "http://www.opengis.net/spec/WCS_protocol-binding_get-kvp/1.0/conf/get-kvp",
    "http://www.opengis.net/spec/WCS_protocol-binding_post-xml/1.0/conf/post-xml",
    "http://www.opengis.net/spec/WCS_service-extension_crs/1.0/conf/crs",
    "http://www.opengis.net/spec/WCS_service-extension_scaling/1.0/conf/scaling",
    "http://www.opengis.net/spec/WCS_service-extension_range-subsetting/1.0/conf/record-subsetting",
    "http://www.opengis.net/spec/WCS_service-extension_interpolation/1.0/conf/interpolation",
    "http://www.opengis.net/spec/GMLCOV_geotiff-coverages/1.0/conf/geotiff-coverage",
];

const SECTIONS: [&str; 6] =
    ["ServiceIdentification", "ServiceProvider", "OperationsMetadata", "ServiceMetadata", "Contents", "Languages"];

pub(in crate::services::wcs) async fn get_capabilities(cx: &Context, dialect: &'static Dialect) -> Result<Response> {
    let kvp = Kvp::new(cx.head());
    let sections = Sections::read(kvp, &SECTIONS)?;
    let sequence = cx.update_sequence();
    let is_current = held(kvp, sequence)? == Held::Current;
    let make = async { Ok(document(cx, dialect, &sections, sequence, is_current)) };
    cached(cx, dialect, media_type::wanted(kvp, "application/xml")?, &sequence.to_string(), make).await
}

fn document(cx: &Context, dialect: &Dialect, sections: &Sections, sequence: u64, is_current: bool) -> Vec<u8> {
    let mut xml = Writer::document();
    let schema = "http://www.opengis.net/wcs/2.0 http://schemas.opengis.net/wcs/2.0/wcsAll.xsd";
    xml.start(
        "wcs:Capabilities",
        &[
            ("xmlns:wcs", "http://www.opengis.net/wcs/2.0"),
            ("xmlns:ows", Ows::V20.namespace()),
            ("xmlns:crs", "http://www.opengis.net/wcs/service-extension/crs/1.0"),
            ("xmlns:int", "http://www.opengis.net/wcs/interpolation/1.0"),
            ("xmlns:xlink", XLINK),
            ("xmlns:xsi", "http://www.w3.org/2001/XMLSchema-instance"),
            ("xsi:schemaLocation", schema),
            ("version", VERSION),
            ("updateSequence", &sequence.to_string()),
        ],
    );
    if is_current {
        return xml.finish();
    }
    let project = cx.project();
    if sections.want("ServiceIdentification") {
        identification(&mut xml, project, "OGC WCS", &[VERSION, v1::VERSION], &PROFILES);
    }
    if sections.want("ServiceProvider") {
        provider(&mut xml, project);
    }
    if sections.want("OperationsMetadata") {
        xml.start("ows:OperationsMetadata", &[]);
        operations(&mut xml, Ows::V20, cx, dialect, |_, _| {});
        domain(&mut xml, Ows::V20, "ows:Constraint", "PostEncoding", &["XML"]);
        xml.end();
    }
    let offered = Offered::all(cx);
    if sections.want("ServiceMetadata") {
        service_metadata(&mut xml, &offered);
    }
    if sections.want("Contents") {
        xml.start("wcs:Contents", &[]);
        for offered in &offered {
            summary(&mut xml, offered);
        }
        xml.end();
    }
    xml.finish()
}

fn service_metadata(xml: &mut Writer, offered: &[Offered]) {
    xml.start("wcs:ServiceMetadata", &[]);
    for format in formats::all() {
        xml.element("wcs:formatSupported", format.media_type);
    }
    xml.start("wcs:Extension", &[]);
    xml.start("int:InterpolationMetadata", &[]);
    for method in interpolation::uris() {
        xml.element("int:InterpolationSupported", method);
    }
    xml.end();
    xml.start("crs:CrsMetadata", &[]);
    let mut systems: Vec<String> = offered.iter().flat_map(Offered::systems).filter_map(|crs| crs.uri()).collect();
    systems.sort();
    systems.dedup();
    for uri in &systems {
        xml.element("crs:crsSupported", uri);
    }
    xml.end();
    xml.end();
    xml.end();
}

fn summary(xml: &mut Writer, offered: &Offered) {
    let Offered { layer, view, frame } = offered;
    xml.start("wcs:CoverageSummary", &[]);
    xml.element("ows:Title", &layer.title);
    if let Some(description) = &layer.description {
        xml.element("ows:Abstract", description);
    }
    keywords(xml, &layer.keywords);
    if let Some(extent) = view.extent() {
        xml.start("ows:WGS84BoundingBox", &[]);
        xml.element("ows:LowerCorner", &pair(extent.min_x, extent.min_y, false));
        xml.element("ows:UpperCorner", &pair(extent.max_x, extent.max_y, false));
        xml.end();
    }
    xml.element("wcs:CoverageId", &id_of(layer));
    xml.element("wcs:CoverageSubtype", "RectifiedGridCoverage");
    xml.start("wcs:CoverageSubtypeParent", &[]);
    xml.element("wcs:CoverageSubtype", "AbstractDiscreteCoverage");
    xml.start("wcs:CoverageSubtypeParent", &[]);
    xml.element("wcs:CoverageSubtype", "AbstractCoverage");
    xml.end();
    xml.end();
    let axes = Axes::of(&frame.crs);
    xml.start("ows:BoundingBox", &[("crs", &axes.uri), ("dimensions", "2")]);
    xml.element("ows:LowerCorner", &pair(frame.area.min_x, frame.area.min_y, axes.lat_first));
    xml.element("ows:UpperCorner", &pair(frame.area.max_x, frame.area.max_y, axes.lat_first));
    xml.end();
    xml.end();
}
