//! The capabilities document: service, operations, exceptions and the tree of layers.

use crate::base::bbox::Rect;
use crate::base::xml::Writer;
use crate::data::extent::Extent;
use crate::server::context::Context;
use crate::services::ows::capabilities::wms_service;
use crate::services::ows::endpoint::doors;

use super::formats::{IMAGE_FORMATS, INFO_FORMATS, LEGEND_FORMATS};
use super::layers::Shown;
use super::version::Version;

mod layer;
mod place;

/// Where a schema of 1.3.0 is.
const SCHEMAS: &str = "http://www.opengis.net/wms http://schemas.opengis.net/wms/1.3.0/capabilities_1_3_0.xsd \
                       http://www.opengis.net/sld http://schemas.opengis.net/sld/1.1.0/sld_capabilities.xsd";

/// What must be found out of a layer before it can be told.
pub(super) struct Told {
    /// Where and when it is.
    pub(super) extent: Option<Extent>,
    /// Where it is in its own system, where that is one of its own.
    pub(super) stored: Option<Rect>,
    /// Width and height of the legend of each style.
    pub(super) legends: Vec<Option<(u32, u32)>>,
}

/// The document. `told` is of the layers of the tree, in its order.
pub(super) fn document(cx: &Context, version: &Version, sequence: u64, tree: &[Shown], told: &[Told]) -> Vec<u8> {
    let sequence = sequence.to_string();
    let mut xml = Writer::document();
    if version.is_1_3() {
        xml.start(
            "WMS_Capabilities",
            &[
                ("version", version.name),
                ("updateSequence", &sequence),
                ("xmlns", "http://www.opengis.net/wms"),
                ("xmlns:sld", "http://www.opengis.net/sld"),
                ("xmlns:xsi", "http://www.w3.org/2001/XMLSchema-instance"),
                ("xsi:schemaLocation", SCHEMAS),
            ],
        );
    } else {
        xml.raw(
            b"\n<!DOCTYPE WMT_MS_Capabilities SYSTEM \"http://schemas.opengis.net/wms/1.1.1/capabilities_1_1_1.dtd\">",
        );
        xml.start("WMT_MS_Capabilities", &[("version", version.name), ("updateSequence", &sequence)]);
    }
    service(&mut xml, cx, version);
    xml.start("Capability", &[]);
    operations(&mut xml, cx, version);
    xml.start("Exception", &[]);
    for format in version.exceptions {
        xml.element("Format", format);
    }
    xml.end();
    layer::root(&mut xml, cx, version, tree, told);
    xml.finish()
}

/// Words to find something by.
pub(super) fn keywords(xml: &mut Writer, words: &[String]) {
    if !words.is_empty() {
        xml.start("KeywordList", &[]);
        for word in words {
            xml.element("Keyword", word);
        }
        xml.end();
    }
}

fn service(xml: &mut Writer, cx: &Context, version: &Version) {
    wms_service(xml, cx, if version.is_1_3() { "WMS" } else { "OGC:WMS" });
    if version.is_1_3() {
        let limits = &cx.project().wms;
        xml.element("LayerLimit", &limits.max_layers.to_string());
        xml.element("MaxWidth", &limits.max_width.to_string());
        xml.element("MaxHeight", &limits.max_height.to_string());
    }
    xml.end();
}

fn operations(xml: &mut Writer, cx: &Context, version: &Version) {
    let legend = if version.is_1_3() { "sld:GetLegendGraphic" } else { "GetLegendGraphic" };
    let images: Vec<&str> = IMAGE_FORMATS.iter().map(|row| row.0).collect();
    let infos: Vec<&str> = INFO_FORMATS.iter().map(|row| row.0).collect();
    xml.start("Request", &[]);
    for (name, formats) in [
        ("GetCapabilities", &[version.capabilities][..]),
        ("GetMap", &images[..]),
        ("GetFeatureInfo", &infos[..]),
        (legend, &LEGEND_FORMATS[..]),
    ] {
        xml.start(name, &[]);
        for format in formats {
            xml.element("Format", format);
        }
        doors(xml, cx, false);
        xml.end();
    }
    xml.end();
}
