//! The formats of answers, by every name that clients send.

use crate::base::format::Format;
use crate::error::Result;
use crate::formats::gml::Version;
use crate::services::ows::kvp::invalid;

/// The format of features.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum OutputFormat {
    /// GML, in the collection of the WFS that has this GML.
    Gml(Version),
    /// Any other.
    Other(Format),
}

/// The names of GML 2.1.2.
pub(super) const GML2: [&str; 2] = ["text/xml; subtype=gml/2.1.2", "GML2"];
/// The names of GML 3.1.1.
pub(super) const GML31: [&str; 4] = [
    "text/xml; subtype=gml/3.1.1",
    "application/gml+xml; version=3.1",
    "text/xml; subtype=gml/3.1.1/profiles/gmlsf/1.0.0/0",
    "GML3",
];
/// The names of GML 3.2.1.
pub(super) const GML32: [&str; 5] = [
    "application/gml+xml; version=3.2",
    "text/xml; subtype=gml/3.2",
    "text/xml; subtype=gml/3.2.1",
    "application/gml+xml; version=3.2.1",
    "GML32",
];
/// The names of GeoJSON; a version's capabilities list the first two.
pub(super) const GEOJSON: [&str; 6] = [
    "application/geo+json",
    "application/json",
    "GeoJSON",
    "application/vnd.geo+json",
    "json",
    "application/json; subtype=geojson",
];
/// The names of CSV.
pub(super) const CSV: [&str; 2] = ["text/csv", "CSV"];

/// The form in which names are compared: a `+` may have come as a blank, and nobody minds blanks and cases.
fn plain(name: &str) -> String {
    name.to_ascii_lowercase().replace([' ', '+', '"'], "")
}

impl OutputFormat {
    /// Reads a name; `usual` is the version's own GML.
    pub(super) fn read(name: &str, usual: Version) -> Result<Self> {
        let wanted = plain(name);
        let is = |names: &[&str]| names.iter().any(|name| plain(name) == wanted);
        let by_name = [
            (&GML2[..], Self::Gml(Version::V2)),
            (&GML31[..], Self::Gml(Version::V31)),
            (&GML32[..], Self::Gml(Version::V32)),
            (&GEOJSON[..], Self::Other(Format::GeoJson)),
            (&CSV[..], Self::Other(Format::Csv)),
            // What clients send that only want XML.
            (&["text/xml", "application/xml", "text/gml", "application/gml+xml", "gml"][..], Self::Gml(usual)),
        ];
        let found = by_name.iter().find(|(names, _)| is(names)).map(|(_, format)| *format);
        found.ok_or_else(|| {
            let own = Self::Gml(usual).media_type();
            invalid("OUTPUTFORMAT", name, &format!("one of {own}, {}, {}", GEOJSON[0], CSV[0]))
        })
    }

    /// The media type of an answer.
    pub(super) const fn media_type(self) -> &'static str {
        match self {
            Self::Gml(Version::V2) => "text/xml; subtype=gml/2.1.2; charset=utf-8",
            Self::Gml(Version::V31) => "text/xml; subtype=gml/3.1.1; charset=utf-8",
            Self::Gml(Version::V32) => "application/gml+xml; version=3.2",
            Self::Other(Format::Csv) => "text/csv; charset=utf-8; header=present",
            Self::Other(_) => "application/geo+json",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_spelling_is_read() {
        for name in
            ["GeoJSON", "geojson", "application/json", "application/vnd.geo+json", "application/geo json", "JSON"]
        {
            assert_eq!(OutputFormat::read(name, Version::V32).unwrap(), OutputFormat::Other(Format::GeoJson), "{name}");
        }
        for name in ["application/gml+xml; version=3.2", "application/gml xml;version=3.2", "text/xml"] {
            assert_eq!(OutputFormat::read(name, Version::V32).unwrap(), OutputFormat::Gml(Version::V32), "{name}");
        }
        assert_eq!(OutputFormat::read("gml3", Version::V2).unwrap(), OutputFormat::Gml(Version::V31));
        assert_eq!(OutputFormat::read("shape-zip", Version::V31).unwrap_err().locator(), Some("OUTPUTFORMAT"));
    }
}
