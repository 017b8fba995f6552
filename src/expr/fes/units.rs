//! Distances and their units.

use crate::base::crs::Crs;
use crate::base::xml::Element;

use super::Fault;

/// Metres of a degree along the equator of WGS 84.
const DEGREE: f64 = 111_319.490_793_273_57;

/// Units by their names and codes, with their metres.
const UNITS: [(&[&str], f64); 13] = [
    (&["m", "metre", "metres", "meter", "meters", "9001"], 1.0),
    (&["km", "kilometre", "kilometres", "kilometer", "kilometers", "9036"], 1000.0),
    (&["cm", "centimetre", "centimetres", "centimeter", "centimeters", "1033"], 0.01),
    (&["mm", "millimetre", "millimetres", "millimeter", "millimeters", "1025"], 0.001),
    (&["ft", "foot", "feet", "[ft_i]", "9002"], 0.3048),
    (&["us-ft", "ft_us", "[ft_us]", "us survey foot", "9003"], 1200.0 / 3937.0),
    (&["yd", "yard", "yards", "[yd_i]", "9096"], 0.9144),
    (&["in", "inch", "inches", "[in_i]"], 0.0254),
    (&["mi", "mile", "miles", "statute miles", "statute mile", "[mi_i]", "9093"], 1609.344),
    (&["nm", "nmi", "nautical miles", "nautical mile", "[nmi_i]", "9030"], 1852.0),
    (&["deg", "degree", "degrees", "°", "9102", "9122"], DEGREE),
    (&["dm", "decimetre", "decimeter"], 0.1),
    (&["rad", "radian", "radians", "9101"], DEGREE * 180.0 / std::f64::consts::PI),
];

/// A distance: metres about a geometry in longitude and latitude, else units of its system. Without a unit it is in those
/// of the system.
pub(super) fn distance(element: &Element, crs: &Crs, metres_per_unit: &dyn Fn(&Crs) -> f64) -> Result<f64, Fault> {
    let number = element.trimmed().parse().ok().filter(|number: &f64| number.is_finite() && *number >= 0.0);
    let number = number.ok_or_else(|| Fault::value(element, "a distance is a number that is not negative"))?;
    let is_degrees = crs.is_lon_lat_wgs84();
    let unit = ["uom", "units"].iter().find_map(|name| element.attribute(name)).map(str::trim).unwrap_or_default();
    if unit.is_empty() {
        return Ok(if is_degrees { number * DEGREE } else { number });
    }
    // urn:ogc:def:uom:EPSG::9001, http://www.opengis.net/def/uom/EPSG/0/9001, http://www.opengis.net/gml/uom.xml#m
    let plain = unit.rsplit([':', '/', '#']).next().unwrap_or(unit).to_lowercase();
    let found = UNITS.iter().find(|(names, _)| names.contains(&plain.as_str()));
    let (_, metres) = found.ok_or_else(|| Fault::value(element, format!("there is no unit '{unit}'")))?;
    let per_unit = if is_degrees { 1.0 } else { metres_per_unit(crs) };
    Ok(number * metres / if per_unit > 0.0 { per_unit } else { 1.0 })
}
