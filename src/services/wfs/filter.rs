//! Filters of a request: each language onto the one tree.

use crate::base::bbox::{Bbox, Rect};
use crate::base::crs::Crs;
use crate::base::xml::Element;
use crate::data::reference;
use crate::error::{Error, Kind, Result};
use crate::expr::fes::{self, FesContext};
use crate::expr::{Expr, check, cql2};

use super::names::{FeatureType, Names};
use super::srs::{self, named};

/// A filter in CQL2 text, which QGIS's expressions are close to.
pub(super) fn cql2(at: &str, of: &FeatureType, text: &str) -> Result<Expr> {
    let wrong = |fault: String| Error::new(Kind::InvalidParameter, format!("{at} cannot be read: {fault}")).at(at);
    let expr = cql2::parse(text).map_err(|fault| wrong(fault.to_string()))?;
    check(&expr, of.schema()).map_err(wrong)
}

/// A filter in XML. What names no system is in that of the feature type, x first; names of systems say their axes.
pub(super) fn fes(names: &Names<'_>, of: &FeatureType, root: &Element) -> Result<Expr> {
    let schema = of.schema();
    let rule = |name: Option<&str>| match name {
        Some(name) => match named("srsName", name) {
            Ok(found) => Ok((found.crs, found.swap)),
            Err(error) => Err(error.message().to_owned()),
        },
        None => Ok((srs::default_crs(schema), false)),
    };
    let metres = |crs: &Crs| reference::of(crs).map_or(1.0, |found| found.metres_per_unit);
    let id = |id: &str| names.feature(id).filter(|(other, _)| other.name == of.name).map(|(_, key)| key);
    let types = [of.name.as_str(), of.layer.id.as_str()];
    let context = FesContext { schema, types: &types, rule: &rule, metres_per_unit: &metres, id: &id };
    Ok(fes::parse(root, &context)?)
}

/// A box as a filter; none where it is no box in its system.
pub(super) fn boxed(bbox: &Bbox, crs: Crs) -> Option<Expr> {
    let z = bbox.z;
    if crs.is_lon_lat_wgs84() {
        return Some(Expr::Bbox { rects: bbox.rectangles(), z, crs: Crs::Crs84 });
    }
    let rect = Rect { min_x: bbox.min_x, min_y: bbox.min_y, max_x: bbox.max_x, max_y: bbox.max_y };
    (bbox.min_x <= bbox.max_x).then(|| Expr::Bbox { rects: vec![rect], z, crs })
}
