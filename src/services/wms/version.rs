//! What differs between the versions of WMS, as data.

use crate::base::crs::Crs;
use crate::server::service::Dialect;

/// The words of one version.
#[derive(Debug)]
pub(super) struct Version {
    /// `1.3.0`.
    pub(super) name: &'static str,
    /// The parameter, element and attribute of a reference system.
    pub(super) crs: &'static str,
    /// The parameters of GetFeatureInfo's pixel.
    pub(super) pixel: [&'static str; 2],
    /// Whether a box has the axes in the order of the authority, or always x before y.
    pub(super) by_authority: bool,
    /// The media type of capabilities.
    pub(super) capabilities: &'static str,
    /// The values of EXCEPTIONS: as XML, in the image, and as a blank one.
    pub(super) exceptions: [&'static str; 3],
}

static VERSIONS: [Version; 2] = [
    Version {
        name: "1.3.0",
        crs: "CRS",
        pixel: ["I", "J"],
        by_authority: true,
        capabilities: "text/xml",
        exceptions: ["XML", "INIMAGE", "BLANK"],
    },
    Version {
        name: "1.1.1",
        crs: "SRS",
        pixel: ["X", "Y"],
        by_authority: false,
        capabilities: "application/vnd.ogc.wms_xml",
        exceptions: ["application/vnd.ogc.se_xml", "application/vnd.ogc.se_inimage", "application/vnd.ogc.se_blank"],
    },
];

impl Version {
    /// The words of a dialect.
    pub(super) fn of(dialect: &Dialect) -> &'static Version {
        VERSIONS.iter().find(|version| version.name == dialect.version).unwrap_or(&VERSIONS[0])
    }

    /// Whether it is 1.3.0, whose documents have a schema and other elements.
    pub(super) fn is_1_3(&self) -> bool {
        self.by_authority
    }

    /// Whether coordinates in a system are told with y (latitude, northing) first.
    pub(super) fn is_y_first(&self, crs: &Crs) -> bool {
        self.by_authority && crs.is_lat_first()
    }
}

/// How an exception is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Exceptions {
    /// As a report.
    Xml,
    /// Written into an image.
    InImage,
    /// As an empty image.
    Blank,
}

impl Exceptions {
    /// Reads EXCEPTIONS in the spelling of any version; a value that is unknown is the report.
    pub(super) fn parse(text: &str) -> Self {
        let is = |at: usize| VERSIONS.iter().any(|version| version.exceptions[at].eq_ignore_ascii_case(text));
        if is(1) {
            Self::InImage
        } else if is(2) {
            Self::Blank
        } else {
            Self::Xml
        }
    }
}
