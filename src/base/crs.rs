//! Coordinate reference systems by name: the one parser of URIs, URNs and codes.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

/// A coordinate reference system.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub enum Crs {
    /// WGS 84, longitude before latitude, degrees: the default of every OGC API.
    #[default]
    Crs84,
    /// The same with ellipsoidal height in metres.
    Crs84h,
    /// A code of the EPSG dataset, in the authority's axis order where coordinates are exchanged.
    Epsg(u32),
    /// A definition (WKT) without a registered name, as files bring it. Never offered to clients by name.
    Definition(Arc<str>),
}

/// The URI of CRS84.
pub const CRS84: &str = "http://www.opengis.net/def/crs/OGC/1.3/CRS84";
/// The URI of CRS84h.
pub const CRS84H: &str = "http://www.opengis.net/def/crs/OGC/0/CRS84h";

impl Crs {
    /// The OGC URI, where the system has one.
    pub fn uri(&self) -> Option<String> {
        match self {
            Self::Crs84 => Some(CRS84.to_owned()),
            Self::Crs84h => Some(CRS84H.to_owned()),
            Self::Epsg(code) => Some(format!("http://www.opengis.net/def/crs/EPSG/0/{code}")),
            Self::Definition(_) => None,
        }
    }

    /// Whether coordinates as files store them (x before y) are CRS84 coordinates without any work.
    pub fn is_lon_lat_wgs84(&self) -> bool {
        matches!(self, Self::Crs84 | Self::Crs84h | Self::Epsg(4326 | 4979))
    }

    /// Whether coordinates with x before y are the same numbers in both.
    pub fn is_same_plane(&self, other: &Crs) -> bool {
        self == other || (self.is_lon_lat_wgs84() && other.is_lon_lat_wgs84())
    }
}

impl fmt::Display for Crs {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Crs84 => out.write_str("OGC:CRS84"),
            Self::Crs84h => out.write_str("OGC:CRS84h"),
            Self::Epsg(code) => write!(out, "EPSG:{code}"),
            Self::Definition(_) => out.write_str("a system of its own"),
        }
    }
}

impl FromStr for Crs {
    type Err = String;

    /// Reads `http://www.opengis.net/def/crs/EPSG/0/4326`, `urn:ogc:def:crs:EPSG::4326`, `[EPSG:4326]`, `EPSG:4326` and the
    /// same for `OGC` CRS84 and CRS84h.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wrong = || format!("expected the URI of a coordinate reference system, such as {CRS84}");
        let inner = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(text);
        let path = ["http://www.opengis.net/def/crs/", "https://www.opengis.net/def/crs/"]
            .iter()
            .find_map(|prefix| inner.strip_prefix(prefix));
        let (authority, code) = if let Some(path) = path {
            let mut parts = path.splitn(3, '/');
            match (parts.next(), parts.next(), parts.next()) {
                (Some(authority), Some(_version), Some(code)) => (authority, code),
                _ => return Err(wrong()),
            }
        } else if let Some(urn) = inner.strip_prefix("urn:ogc:def:crs:") {
            let mut parts = urn.splitn(3, ':');
            match (parts.next(), parts.next(), parts.next()) {
                (Some(authority), Some(_version), Some(code)) => (authority, code),
                _ => return Err(wrong()),
            }
        } else {
            let (authority, code) = inner.split_once(':').ok_or_else(wrong)?;
            // Clients of the classic services write the short form as they like.
            if authority.eq_ignore_ascii_case("EPSG") { ("EPSG", code) } else { (authority, code) }
        };
        match (authority, code) {
            ("OGC" | "CRS", "CRS84" | "84") => Ok(Self::Crs84),
            ("OGC", "CRS84h") => Ok(Self::Crs84h),
            ("EPSG", code) if code.bytes().all(|b| b.is_ascii_digit()) => {
                code.parse().map(Self::Epsg).map_err(|_| wrong())
            }
            _ => Err(wrong()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_spelling_of_a_code_is_read() {
        for text in [
            "http://www.opengis.net/def/crs/EPSG/0/2263",
            "http://www.opengis.net/def/crs/EPSG/9.6.2/2263",
            "urn:ogc:def:crs:EPSG::2263",
            "[EPSG:2263]",
            "EPSG:2263",
            "epsg:2263",
        ] {
            assert_eq!(text.parse(), Ok(Crs::Epsg(2263)), "{text}");
        }
        assert_eq!(CRS84.parse(), Ok(Crs::Crs84));
        assert_eq!(CRS84H.parse(), Ok(Crs::Crs84h));
    }

    #[test]
    fn nonsense_is_refused() {
        for text in
            ["", "EPSG", "EPSG:", "EPSG:-1", "EPSG:99999999999", "http://www.opengis.net/def/crs/EPSG/4326", "foo:1"]
        {
            assert!(text.parse::<Crs>().is_err() || text == "EPSG:", "{text}");
        }
        assert!("EPSG:".parse::<Crs>().is_err());
    }
}
