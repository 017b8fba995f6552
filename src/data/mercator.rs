//! Web Mercator (EPSG:3857) from longitude and latitude and back, without a library: the one transform that most maps
//! need, several times as fast, and the same to less than a micrometre.

/// Radius of the sphere.
const RADIUS: f64 = 6_378_137.0;
/// Half the width of the world in metres.
pub(super) const HALF: f64 = 20_037_508.342_789_244;
/// Degrees to metres along the equator.
const PER_DEGREE: f64 = HALF / 180.0;

/// Where the square world ends, and a hair further, so that what is cut there is cut out of sight.
pub(super) const LAST_LATITUDE: f64 = 85.06;

/// Degrees to metres; longitudes may run on.
pub(super) fn forward(x: &mut f64, y: &mut f64) {
    (*x, *y) = (*x * PER_DEGREE, RADIUS * y.to_radians().tan().asinh());
}

/// Metres to degrees; longitudes may run on.
pub(super) fn inverse(x: &mut f64, y: &mut f64) {
    (*x, *y) = (*x / PER_DEGREE, (*y / RADIUS).sinh().atan().to_degrees());
}

/// Whether the formula and PROJ, which brings longitudes back into the world, say the same of a place in degrees.
pub(super) fn is_plain_degrees(x: f64, y: f64) -> bool {
    x.abs() <= 180.0 && y.abs() <= 89.9
}

/// The same of a place in metres.
pub(super) fn is_plain_metres(x: f64, y: f64) -> bool {
    x.abs() <= HALF && y.abs() <= 10.0 * HALF
}
