//! DescribeCoverage of WCS 1.0.0.

use crate::base::xml::Writer;
use crate::error::Result;
use crate::message::response::Response;
use crate::server::context::Context;
use crate::server::service::Dialect;
use crate::services::ows::capabilities::cached;
use crate::services::ows::kvp::Kvp;
use crate::services::wcs::offered::{Offered, find, number, pair};
use crate::services::wcs::{formats, interpolation};

use super::{VERSION, brief, name_of, namespaces};

const SCHEMA: &str = "http://www.opengis.net/wcs http://schemas.opengis.net/wcs/1.0.0/describeCoverage.xsd";

pub(in crate::services::wcs) async fn describe_coverage(cx: &Context, dialect: &'static Dialect) -> Result<Response> {
    let offered = match Kvp::new(cx.head()).list("COVERAGE")? {
        None => Offered::all(cx),
        Some(ids) => ids
            .into_iter()
            .map(|id| {
                let (layer, view) = find(cx, id, "COVERAGE")?;
                Offered::new(layer, view)
            })
            .collect::<Result<_>>()?,
    };
    let sequence = cx.update_sequence().to_string();
    cached(cx, dialect, "text/xml", &sequence, async { Ok(document(&offered, &sequence)) }).await
}

fn document(offered: &[Offered], sequence: &str) -> Vec<u8> {
    let mut xml = Writer::document();
    let mut attributes = namespaces(SCHEMA).to_vec();
    attributes.extend([("version", VERSION), ("updateSequence", sequence)]);
    xml.start("CoverageDescription", &attributes);
    for offered in offered {
        xml.start("CoverageOffering", &[]);
        brief(&mut xml, offered);
        domain(&mut xml, offered);
        range(&mut xml, offered);
        xml.start("supportedCRSs", &[]);
        for crs in offered.systems() {
            xml.element("requestResponseCRSs", &name_of(&crs));
        }
        xml.element("nativeCRSs", &name_of(&offered.frame.crs));
        xml.end();
        xml.start("supportedFormats", &[("nativeFormat", formats::all()[0].name)]);
        for format in formats::all() {
            xml.element("formats", format.name);
        }
        xml.end();
        xml.start("supportedInterpolations", &[("default", "nearest neighbor")]);
        for name in interpolation::names() {
            xml.element("interpolationMethod", name);
        }
        xml.end();
        xml.end();
    }
    xml.finish()
}

fn domain(xml: &mut Writer, offered: &Offered) {
    let frame = &offered.frame;
    let (area, (dx, dy), crs) = (frame.area, frame.pixel, name_of(&frame.crs));
    xml.start("domainSet", &[]);
    xml.start("spatialDomain", &[]);
    xml.start("gml:Envelope", &[("srsName", &crs)]);
    xml.element("gml:pos", &pair(area.min_x, area.min_y, false));
    xml.element("gml:pos", &pair(area.max_x, area.max_y, false));
    xml.end();
    xml.start("gml:RectifiedGrid", &[("dimension", "2"), ("srsName", &crs)]);
    xml.start("gml:limits", &[]);
    xml.start("gml:GridEnvelope", &[]);
    xml.element("gml:low", "0 0");
    // The last pixel, not their number.
    xml.element("gml:high", &format!("{} {}", frame.width - 1, frame.height - 1));
    xml.end();
    xml.end();
    xml.element("gml:axisName", "x");
    xml.element("gml:axisName", "y");
    xml.start("gml:origin", &[]);
    xml.element("gml:pos", &pair(area.min_x + dx / 2.0, area.max_y - dy / 2.0, false));
    xml.end();
    xml.element("gml:offsetVector", &format!("{} 0", number(dx)));
    xml.element("gml:offsetVector", &format!("0 {}", number(-dy)));
    xml.end();
    xml.end();
    xml.end();
}

fn range(xml: &mut Writer, offered: &Offered) {
    let bands = &offered.view.grid().bands;
    xml.start("rangeSet", &[]);
    xml.start("RangeSet", &[]);
    xml.element("name", "bands");
    xml.element("label", "Bands");
    xml.start("axisDescription", &[]);
    xml.start("AxisDescription", &[]);
    xml.element("name", "bands");
    let names: Vec<&str> = bands.iter().map(|band| band.name.as_str()).collect();
    xml.element("label", &format!("Bands: {}", names.join(", ")));
    xml.start("values", &[]);
    for number in 1..=bands.len() {
        xml.element("singleValue", &number.to_string());
    }
    xml.end();
    xml.end();
    xml.end();
    let mut nodata: Vec<f64> = bands.iter().filter_map(|band| band.nodata).collect();
    nodata.sort_by(f64::total_cmp);
    nodata.dedup();
    if !nodata.is_empty() {
        xml.start("nullValues", &[]);
        for value in nodata {
            xml.element("singleValue", &if value.is_nan() { "NaN".to_owned() } else { number(value) });
        }
        xml.end();
    }
    xml.end();
    xml.end();
}
