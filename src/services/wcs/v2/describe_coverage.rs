//! DescribeCoverage of WCS 2.0.1.

use crate::base::xml::{Limits, Writer};
use crate::data::coverage::Band;
use crate::error::{Error, Kind, Result};
use crate::message::request::Request;
use crate::message::response::Response;
use crate::server::context::Context;
use crate::server::service::Dialect;
use crate::services::ows::capabilities::cached;
use crate::services::ows::kvp::Kvp;
use crate::services::wcs::formats;
use crate::services::wcs::offered::{Offered, find, number, pair};

use super::MOST;
use super::names::{Axes, id_of};

pub(in crate::services::wcs) async fn describe_coverage(
    cx: &Context,
    request: &mut Request,
    dialect: &'static Dialect,
) -> Result<Response> {
    let ids: Vec<String> = if let Some(root) = request.take_xml(&Limits::default()).await? {
        root.children_named("CoverageId").map(|id| id.trimmed().to_owned()).collect()
    } else {
        let list = Kvp::new(cx.head()).list("COVERAGEID")?.unwrap_or_default();
        list.into_iter().map(str::to_owned).collect()
    };
    if ids.is_empty() {
        return Err(Error::new(Kind::MissingParameter, "COVERAGEID is missing")
            .at("coverageId")
            .coded("emptyCoverageIdList"));
    }
    if ids.len() > MOST {
        return Err(Error::new(Kind::TooLarge, format!("more than {MOST} coverages")).at("coverageId"));
    }
    let find = |id: &String| find(cx, id, "coverageId").and_then(|(layer, view)| Offered::new(layer, view));
    let offered: Vec<Offered> = ids.iter().map(find).collect::<Result<_>>()?;
    // Of a POST the names are in no link.
    let state = format!("{} {ids:?}", cx.update_sequence());
    cached(cx, dialect, "application/xml", &state, async { Ok(document(&offered)) }).await
}

fn document(offered: &[Offered]) -> Vec<u8> {
    let mut xml = Writer::document();
    xml.start(
        "wcs:CoverageDescriptions",
        &[
            ("xmlns:wcs", "http://www.opengis.net/wcs/2.0"),
            ("xmlns:gml", "http://www.opengis.net/gml/3.2"),
            ("xmlns:gmlcov", "http://www.opengis.net/gmlcov/1.0"),
            ("xmlns:swe", "http://www.opengis.net/swe/2.0"),
            ("xmlns:xsi", "http://www.w3.org/2001/XMLSchema-instance"),
            (
                "xsi:schemaLocation",
                "http://www.opengis.net/wcs/2.0 http://schemas.opengis.net/wcs/2.0/wcsDescribeCoverage.xsd",
            ),
        ],
    );
    for offered in offered {
        describe(&mut xml, offered);
    }
    xml.finish()
}

fn describe(xml: &mut Writer, offered: &Offered) {
    let Offered { layer, view, frame } = offered;
    let (id, axes) = (id_of(layer), Axes::of(&frame.crs));
    xml.start("wcs:CoverageDescription", &[("gml:id", &id)]);
    if let Some(description) = &layer.description {
        xml.element("gml:description", description);
    }
    xml.element("gml:name", &layer.title);
    xml.start("gml:boundedBy", &[]);
    let (labels, units) = (axes.labels(), axes.units());
    let place = [("srsName", axes.uri.as_str()), ("axisLabels", &labels), ("uomLabels", &units), ("srsDimension", "2")];
    xml.start("gml:Envelope", &place);
    xml.element("gml:lowerCorner", &pair(frame.area.min_x, frame.area.min_y, axes.lat_first));
    xml.element("gml:upperCorner", &pair(frame.area.max_x, frame.area.max_y, axes.lat_first));
    xml.end();
    xml.end();
    xml.element("wcs:CoverageId", &id);
    // Columns come first, rows from the north.
    xml.start("gml:coverageFunction", &[]);
    xml.start("gml:GridFunction", &[]);
    xml.element_with("gml:sequenceRule", &[("axisOrder", "+1 +2")], "Linear");
    xml.element("gml:startPoint", "0 0");
    xml.end();
    xml.end();
    xml.start("gml:domainSet", &[]);
    xml.start("gml:RectifiedGrid", &[("gml:id", &format!("{id}-grid")), ("dimension", "2")]);
    xml.start("gml:limits", &[]);
    xml.start("gml:GridEnvelope", &[]);
    xml.element("gml:low", "0 0");
    xml.element("gml:high", &format!("{} {}", frame.width - 1, frame.height - 1));
    xml.end();
    xml.end();
    xml.element("gml:axisLabels", &axes.grid_labels());
    let (dx, dy) = frame.pixel;
    xml.start("gml:origin", &[]);
    xml.start("gml:Point", &[("gml:id", &format!("{id}-origin")), ("srsName", &axes.uri)]);
    // The centre of the pixel in the north-west.
    xml.element("gml:pos", &pair(frame.area.min_x + dx / 2.0, frame.area.max_y - dy / 2.0, axes.lat_first));
    xml.end();
    xml.end();
    xml.element_with("gml:offsetVector", &[("srsName", &axes.uri)], &pair(dx, 0.0, axes.lat_first));
    xml.element_with("gml:offsetVector", &[("srsName", &axes.uri)], &pair(0.0, -dy, axes.lat_first));
    xml.end();
    xml.end();
    xml.start("gmlcov:rangeType", &[]);
    xml.start("swe:DataRecord", &[]);
    view.grid().bands.iter().for_each(|band| field(xml, band));
    xml.end();
    xml.end();
    xml.start("wcs:ServiceParameters", &[]);
    xml.element("wcs:CoverageSubtype", "RectifiedGridCoverage");
    xml.element("wcs:nativeFormat", formats::all()[0].media_type);
    xml.end();
    xml.end();
}

fn field(xml: &mut Writer, band: &Band) {
    xml.start("swe:field", &[("name", &band.name)]);
    xml.start("swe:Quantity", &[]);
    if let Some(description) = &band.description {
        xml.element("swe:description", description);
    }
    if let Some(nodata) = band.nodata {
        let nodata = if nodata.is_nan() { "NaN".to_owned() } else { number(nodata) };
        xml.start("swe:nilValues", &[]);
        xml.start("swe:NilValues", &[]);
        xml.element_with("swe:nilValue", &[("reason", "http://www.opengis.net/def/nil/OGC/0/unknown")], &nodata);
        xml.end();
        xml.end();
    }
    match band.unit.as_deref().map(code_of) {
        Some(Some(code)) => xml.empty("swe:uom", &[("code", &code)]),
        // A number without a unit (UCUM).
        _ => xml.empty("swe:uom", &[("code", "10^0")]),
    }
    if !band.kind.is_float() {
        let (least, most) = band.kind.range();
        xml.start("swe:constraint", &[]);
        xml.start("swe:AllowedValues", &[]);
        xml.element("swe:interval", &format!("{} {}", number(least), number(most)));
        xml.end();
        xml.end();
    }
    xml.end();
    xml.end();
}

/// A unit as the schema takes one: without blanks and colons.
fn code_of(unit: &str) -> Option<String> {
    let code: String = unit.chars().map(|c| if c.is_whitespace() || c == ':' { '_' } else { c }).collect();
    (!code.is_empty()).then_some(code)
}
