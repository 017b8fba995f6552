//! Reference systems as each version and each spelling has them.

use crate::base::crs::Crs;
use crate::data::reference;
use crate::error::{Error, Kind, Result};
use crate::formats::gml::{Srs, Version};
use crate::model::schema::Schema;

/// The old form of GML 2, which always has x first.
const GML2: &str = "http://www.opengis.net/gml/srs/epsg.xml#";

/// A system that a client named.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Named {
    pub(super) crs: Crs,
    /// As it was written.
    pub(super) name: String,
    /// Whether y goes before x, by the spelling.
    pub(super) swap: bool,
}

/// Reads the name of a system. URNs and URIs have the authority's axes; `EPSG:4326` has x (longitude) first, as clients of
/// the field send it.
pub(super) fn named(at: &str, name: &str) -> Result<Named> {
    let unknown = || {
        let message = format!("{at} is '{name}', which is no known reference system, expected one such as EPSG:4326");
        Error::new(Kind::UnknownCrs, message).at(at.to_owned())
    };
    let crs: Crs = match name.strip_prefix(GML2) {
        Some(code) => code.parse().map(Crs::Epsg).map_err(|_| unknown())?,
        None => plain(name).parse().map_err(|_| unknown())?,
    };
    reference::of_places(&crs).map_err(|_| unknown())?;
    let swap = is_authority(name) && crs.is_lat_first();
    Ok(Named { crs, name: name.to_owned(), swap })
}

/// A name as the standard has it: URNs of WFS 1.1 have an `x-`, and may have no version.
fn plain(name: &str) -> String {
    let name = name.replace("urn:x-ogc:", "urn:ogc:");
    match name.strip_prefix("urn:ogc:def:crs:EPSG:") {
        Some(code) if !code.contains(':') => format!("urn:ogc:def:crs:EPSG::{code}"),
        _ => name,
    }
}

/// Whether a spelling means the authority's axes.
fn is_authority(name: &str) -> bool {
    name.starts_with("urn:") || (name.contains("/def/crs/") && name.starts_with("http"))
}

/// The system of a layer's features where the client names none: the stored one, where it has a code.
pub(super) fn default_crs(schema: &Schema) -> Crs {
    match schema.geometry.as_ref().map(|geometry| &geometry.crs) {
        Some(Crs::Epsg(code)) => Crs::Epsg(*code),
        _ => Crs::Epsg(4326),
    }
}

/// The systems that a layer is listed with besides its own; any other of PROJ's database is answered as well.
pub(super) fn other_crs(schema: &Schema) -> Vec<Crs> {
    let own = default_crs(schema);
    [Crs::Epsg(4326), Crs::Epsg(3857), Crs::Crs84].into_iter().filter(|crs| *crs != own).collect()
}

/// The name of a system as a version writes it.
pub(super) fn name_of(crs: &Crs, version: Version) -> String {
    match (crs, version) {
        (Crs::Epsg(code), Version::V2) => format!("EPSG:{code}"),
        (Crs::Epsg(code), _) => format!("urn:ogc:def:crs:EPSG::{code}"),
        (Crs::Crs84h, _) => "urn:ogc:def:crs:OGC::CRS84h".to_owned(),
        (Crs::Crs84 | Crs::Definition(_), _) => "urn:ogc:def:crs:OGC:1.3:CRS84".to_owned(),
    }
}

/// How the coordinates of an answer are written.
pub(super) fn written(wish: Option<&Named>, schema: &Schema, version: Version, decimals: Option<u8>) -> (Crs, Srs) {
    let (crs, name, swap) = if let Some(wish) = wish {
        (wish.crs.clone(), wish.name.clone(), wish.swap)
    } else {
        let crs = default_crs(schema);
        let swap = version != Version::V2 && crs.is_lat_first();
        let name = name_of(&crs, version);
        (crs, name, swap)
    };
    let decimals = reference::decimals(decimals, schema, &crs);
    (crs, Srs { name, swap, decimals })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn axes_go_by_the_spelling() {
        let cases = [
            ("urn:ogc:def:crs:EPSG::4326", true),
            ("urn:x-ogc:def:crs:EPSG:6.9:4326", true),
            ("urn:x-ogc:def:crs:EPSG:4326", true),
            ("http://www.opengis.net/def/crs/EPSG/0/4326", true),
            ("EPSG:4326", false),
            ("http://www.opengis.net/gml/srs/epsg.xml#4326", false),
            ("urn:ogc:def:crs:OGC:1.3:CRS84", false),
            ("CRS:84", false),
            ("urn:ogc:def:crs:EPSG::3857", false),
        ];
        for (name, swap) in cases {
            assert_eq!(named("SRSNAME", name).unwrap().swap, swap, "{name}");
        }
        // Heights alone, and distances from the centre of the Earth.
        let no_places = ["EPSG:5773", "urn:ogc:def:crs:EPSG::4978"];
        for bad in ["EPSG:99999", "nonsense", "", "urn:ogc:def:crs:EPSG::"].into_iter().chain(no_places) {
            assert_eq!(named("SRSNAME", bad).unwrap_err().kind(), Kind::UnknownCrs, "{bad}");
        }
    }
}
