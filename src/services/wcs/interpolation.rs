//! Names of interpolation methods.

use crate::data::coverage::Resampling;

/// A method, its URI in WCS 2.0, its name in WCS 1.0, and what else clients call it.
const METHODS: [(Resampling, &str, &str, &[&str]); 4] = [
    (
        Resampling::Nearest,
        "http://www.opengis.net/def/interpolation/OGC/1/nearest-neighbor",
        "nearest neighbor",
        &["nearest-neighbor", "nearest", "nearest neighbour", "nearest-neighbour", "nearestneighbor", "near", "none"],
    ),
    (
        Resampling::Bilinear,
        "http://www.opengis.net/def/interpolation/OGC/1/linear",
        "bilinear",
        &["linear", "http://www.opengis.net/def/interpolation/ogc/1/bilinear"],
    ),
    (
        Resampling::Cubic,
        "http://www.opengis.net/def/interpolation/OGC/1/cubic",
        "bicubic",
        &["cubic", "http://www.opengis.net/def/interpolation/ogc/1/bicubic"],
    ),
    (Resampling::Average, "http://www.opengis.net/def/interpolation/OGC/1/average", "average", &["mean"]),
];

/// The method of a name.
pub(super) fn read(text: &str) -> Option<Resampling> {
    let wanted = text.trim().to_ascii_lowercase().replace("ogc/1.0/", "ogc/1/");
    let is = |name: &str| name.to_ascii_lowercase() == wanted;
    METHODS.iter().find(|(_, uri, name, also)| is(uri) || is(name) || also.iter().any(|it| is(it))).map(|it| it.0)
}

/// The URIs.
pub(super) fn uris() -> impl Iterator<Item = &'static str> {
    METHODS.iter().map(|method| method.1)
}

/// The names of WCS 1.0.
pub(super) fn names() -> impl Iterator<Item = &'static str> {
    // "average" is none of its schema's.
    METHODS.iter().filter(|method| method.0 != Resampling::Average).map(|method| method.2)
}
