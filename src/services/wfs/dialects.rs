//! What differs between the versions of WFS, as tables.

use http::StatusCode;

use crate::error::Kind;
use crate::formats::gml::Version;
use crate::server::service::{Dialect, Operation};
use crate::services::ows::codes;
use crate::services::ows::media_type::MEDIA_TYPES;
use crate::web::ows_error::{Code, Report};

use super::output_format::{CSV, GEOJSON, GML2, GML31, GML32};

/// WFS 2.0.0, the default, then 1.1.0 and 1.0.0.
pub(super) static DIALECTS: [Dialect; 3] = [
    Dialect { version: "2.0.0", report: Report::Ows11, codes: &CODES_20, operations: &OPERATIONS_20 },
    Dialect { version: "1.1.0", report: Report::Ows10, codes: &codes::OWS, operations: &OPERATIONS_11 },
    Dialect { version: "1.0.0", report: Report::Service120, codes: &codes::OWS, operations: &OPERATIONS_10 },
];

/// The GML that a version answers in where the client names no format.
pub(super) fn gml(dialect: &Dialect) -> Version {
    match dialect.version {
        "1.0.0" => Version::V2,
        "1.1.0" => Version::V31,
        _ => Version::V32,
    }
}

/// ISO 19142, table D.2.
static CODES_20: [Code; 8] = [
    Code::bad(Kind::UnknownLayer, "InvalidParameterValue"),
    Code::new(Kind::UnknownFeature, "NotFound", StatusCode::NOT_FOUND),
    Code::bad(Kind::UnknownCrs, "InvalidParameterValue"),
    Code::bad(Kind::NotAcceptable, "InvalidParameterValue"),
    Code::bad(Kind::UnsupportedMediaType, "InvalidParameterValue"),
    Code::new(Kind::Unsupported, "OperationNotSupported", StatusCode::NOT_IMPLEMENTED),
    Code::bad(Kind::BadRequest, "OperationParsingFailed"),
    Code::bad(Kind::TooLarge, "OperationProcessingFailed"),
];

type Values = &'static [(&'static str, &'static [&'static str])];

const fn operation(name: &'static str, parameters: Values) -> Operation {
    Operation { name, also: &[], post: true, parameters }
}

/// Sections of the capabilities of 2.0.0.
pub(super) const SECTIONS_20: [&str; 5] =
    ["ServiceIdentification", "ServiceProvider", "OperationsMetadata", "FeatureTypeList", "Filter_Capabilities"];

const FORMATS_20: [&str; 5] = [GML32[0], GML32[1], GEOJSON[0], GEOJSON[1], CSV[0]];
const FORMATS_11: [&str; 5] = [GML31[0], GML2[0], GEOJSON[0], GEOJSON[1], CSV[0]];
const SCHEMAS_11: [&str; 2] = [GML31[0], GML2[0]];
const RESOLVE: (&str, &[&str]) = ("resolve", &["none", "local"]);
const RESULTS: (&str, &[&str]) = ("resultType", &["results", "hits"]);

static OPERATIONS_20: [Operation; 6] = [
    operation(
        "GetCapabilities",
        &[
            ("AcceptVersions", &["2.0.0", "1.1.0", "1.0.0"]),
            ("AcceptFormats", &MEDIA_TYPES),
            ("Sections", &SECTIONS_20),
        ],
    ),
    operation("DescribeFeatureType", &[("outputFormat", &[GML32[0], GML32[1]])]),
    operation("GetFeature", &[("outputFormat", &FORMATS_20), RESULTS, RESOLVE]),
    operation("GetPropertyValue", &[("outputFormat", &[GML32[0], GML32[1]]), RESULTS, RESOLVE]),
    operation("ListStoredQueries", &[]),
    operation("DescribeStoredQueries", &[]),
];

static OPERATIONS_11: [Operation; 3] = [
    operation("GetCapabilities", &[("AcceptVersions", &["2.0.0", "1.1.0", "1.0.0"]), ("AcceptFormats", &MEDIA_TYPES)]),
    operation("DescribeFeatureType", &[("outputFormat", &SCHEMAS_11)]),
    operation("GetFeature", &[("outputFormat", &FORMATS_11), RESULTS]),
];

static OPERATIONS_10: [Operation; 3] =
    [operation("GetCapabilities", &[]), operation("DescribeFeatureType", &[]), operation("GetFeature", &[])];
