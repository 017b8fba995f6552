//! Filters of a request: each language onto the one tree.

use std::cell::RefCell;

use crate::base::bbox::{Bbox, Rect};
use crate::base::crs::Crs;
use crate::base::xml::Element;
use crate::data::{bounds, reference};
use crate::error::{Error, Kind, Result};
use crate::expr::fes::{self, FesContext};
use crate::expr::{Expr, cql2};
use crate::formats::gml::Version;
use crate::services::ows::kvp::invalid;

use super::names::{FeatureType, Names};
use super::srs::{self, named};

/// A filter in CQL2 text with what QGIS's expressions add (ILIKE, `!=`).
pub(super) fn cql2(at: &str, of: &FeatureType, text: &str) -> Result<Expr> {
    let wrong = |fault: String| Error::new(Kind::InvalidParameter, format!("{at} cannot be read: {fault}")).at(at);
    let frame = cql2::Frame::default();
    cql2::parse_for(text, cql2::Form::Qgis, &frame, of.schema()).map_err(|fault| wrong(fault.to_string()))
}

/// A filter in XML. What names no system is in that of the feature type, with the axes that its name has in this version;
/// `alias` is another name of the type, with which a path may begin.
pub(super) fn fes(
    version: Version,
    names: &Names<'_>,
    of: &FeatureType,
    alias: Option<&str>,
    root: &Element,
) -> Result<Expr> {
    let schema = of.schema();
    let rule = |name: Option<&str>| {
        if let Some(name) = name {
            let found = named("srsName", name).map_err(|error| error.message().to_owned())?;
            return Ok((found.crs, found.swap));
        }
        let crs = srs::default_crs(schema);
        let swap = version != Version::V2 && crs.is_lat_first();
        Ok((crs, swap))
    };
    let metres = |crs: &Crs| reference::of(crs).map_or(1.0, |found| found.metres_per_unit);
    let strange = RefCell::new(None);
    let id = |id: &str| {
        let (other, key) = names.feature(id)?;
        if other.name != of.name {
            strange.replace(Some(id.to_owned()));
            return None;
        }
        Some(key)
    };
    let types = [of.name.as_str(), of.layer.id.as_str(), alias.unwrap_or(&of.name)];
    let context = FesContext { schema, types: &types, rule: &rule, metres_per_unit: &metres, id: &id };
    let expr = match fes::parse(root, &context) {
        Ok(expr) => expr,
        // What GML lets every feature have, and nothing can be compared with (ISO 19142, table D.2).
        Err(fault) if compares_bounds(root) => {
            let error =
                Error::new(Kind::InvalidParameter, format!("gml:boundedBy cannot be compared: {}", fault.message));
            return Err(error.at(fault.locator).coded("OperationProcessingFailed"));
        }
        Err(fault) => return Err(fault.into()),
    };
    match strange.into_inner() {
        Some(id) => Err(invalid("RESOURCEID", &id, &format!("the id of a feature of {}", of.name))),
        None => Ok(expr),
    }
}

/// Whether a comparison names the bounds of features.
fn compares_bounds(element: &Element) -> bool {
    let is_bounds = |name: &Element| name.trimmed().rsplit([':', '/']).next() == Some("boundedBy");
    let own = element.name.starts_with("PropertyIs") && element.children.iter().any(is_bounds);
    own || element.children.iter().any(compares_bounds)
}

/// A box as a filter; none where it is no box in its system.
pub(super) fn boxed(bbox: &Bbox, crs: Crs) -> Option<Expr> {
    let z = bbox.z;
    if crs.is_lon_lat_wgs84() {
        return Some(Expr::Bbox { rects: bbox.rectangles(), z, crs: Crs::Crs84 });
    }
    let rect = Rect { min_x: bbox.min_x, min_y: bbox.min_y, max_x: bbox.max_x, max_y: bbox.max_y };
    (bbox.min_x <= bbox.max_x).then(|| Expr::Bbox { rects: bounds::round(rect, &crs), z, crs })
}
