//! The tables of codes that several versions of several services have.

use http::StatusCode;

use crate::error::Kind;
use crate::web::ows_error::Code;

/// Of OWS Common (1.1, table 28): what the client asked for wrongly is 400, whatever it is.
pub static OWS: [Code; 7] = [
    Code::bad(Kind::UnknownLayer, "InvalidParameterValue"),
    Code::bad(Kind::UnknownFeature, "InvalidParameterValue"),
    Code::bad(Kind::UnknownCrs, "InvalidParameterValue"),
    Code::bad(Kind::NotAcceptable, "InvalidParameterValue"),
    Code::bad(Kind::UnsupportedMediaType, "InvalidParameterValue"),
    Code::new(Kind::Unsupported, "OperationNotSupported", StatusCode::NOT_IMPLEMENTED),
    Code::bad(Kind::BadRequest, "NoApplicableCode"),
];
