//! The formats of images and of feature information: the tables.

use crate::render::canvas::Colour;
use crate::render::picture::PictureFormat;

/// A format of GetFeatureInfo.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum InfoFormat {
    /// Lines for people.
    Text,
    /// A page, through a template.
    Html,
    /// Layers, features and attributes, as QGIS Server writes them.
    Xml,
    /// GML 2.1.2.
    Gml2,
    /// GML 3.1.1.
    Gml3,
    /// GeoJSON in the system of the map, as QGIS Server writes it.
    Json,
    /// GeoJSON of RFC 7946, in CRS84.
    GeoJson,
}

/// What clients ask for, what they get, and in which order it is offered.
pub(super) const INFO_FORMATS: [(&str, InfoFormat, &str); 7] = [
    ("text/plain", InfoFormat::Text, "text/plain; charset=utf-8"),
    ("text/html", InfoFormat::Html, "text/html; charset=utf-8"),
    ("text/xml", InfoFormat::Xml, "text/xml; charset=utf-8"),
    ("application/vnd.ogc.gml", InfoFormat::Gml2, "application/vnd.ogc.gml; charset=utf-8"),
    ("application/vnd.ogc.gml/3.1.1", InfoFormat::Gml3, "application/vnd.ogc.gml/3.1.1; charset=utf-8"),
    ("application/json", InfoFormat::Json, "application/json"),
    ("application/geo+json", InfoFormat::GeoJson, "application/geo+json"),
];

/// The formats of maps: what clients ask for, what is made, and what it is called.
pub(super) const IMAGE_FORMATS: [(&str, PictureFormat, &str); 4] = [
    ("image/png", PictureFormat::Png, "image/png"),
    ("image/png; mode=8bit", PictureFormat::Png8, "image/png"),
    // Quality and ground are the request's.
    (
        "image/jpeg",
        PictureFormat::Jpeg { quality: PictureFormat::USUAL_QUALITY, background: Colour::WHITE },
        "image/jpeg",
    ),
    ("image/webp", PictureFormat::WebP, "image/webp"),
];

/// The formats of legends.
pub(super) const LEGEND_FORMATS: [&str; 4] = ["image/png", "image/jpeg", "image/webp", "application/json"];
