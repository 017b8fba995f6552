//! WCS 1.0.0.

mod describe_coverage;
mod get_capabilities;
mod get_coverage;

pub(super) use describe_coverage::describe_coverage;
pub(super) use get_capabilities::get_capabilities;
pub(super) use get_coverage::get_coverage;

use crate::base::crs::Crs;
use crate::base::xml::Writer;

use super::offered::{Offered, pair};

/// The version.
pub(super) const VERSION: &str = "1.0.0";

/// The name of a system: `EPSG:4326`, with longitude before latitude whatever the authority says.
fn name_of(crs: &Crs) -> String {
    crs.to_string()
}

/// What capabilities and descriptions both say.
fn brief(xml: &mut Writer, offered: &Offered) {
    let Offered { layer, view, .. } = offered;
    if let Some(description) = &layer.description {
        xml.element("description", description);
    }
    xml.element("name", &layer.map_name());
    xml.element("label", &layer.title);
    // The schema wants one: what has no place in longitude and latitude may be anywhere.
    let extent = view.extent().unwrap_or(crate::base::bbox::Rect::WORLD);
    xml.start("lonLatEnvelope", &[("srsName", "urn:ogc:def:crs:OGC:1.3:CRS84")]);
    xml.element("gml:pos", &pair(extent.min_x, extent.min_y, false));
    xml.element("gml:pos", &pair(extent.max_x, extent.max_y, false));
    xml.end();
    if !layer.keywords.is_empty() {
        xml.start("keywords", &[]);
        layer.keywords.iter().for_each(|word| xml.element("keyword", word));
        xml.end();
    }
}

/// The namespaces of a document.
fn namespaces(schema: &'static str) -> [(&'static str, &'static str); 5] {
    [
        ("xmlns", "http://www.opengis.net/wcs"),
        ("xmlns:gml", "http://www.opengis.net/gml"),
        ("xmlns:xlink", "http://www.w3.org/1999/xlink"),
        ("xmlns:xsi", "http://www.w3.org/2001/XMLSchema-instance"),
        ("xsi:schemaLocation", schema),
    ]
}
