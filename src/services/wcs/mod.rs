//! WCS 1.0.0 and 2.0.1: coverages as files. Both versions read a request to one [`piece::Piece`], which is written in one of
//! the formats of [`formats`].

use http::StatusCode;

use crate::error::{Error, Kind, Result};
use crate::message::request::Request;
use crate::message::response::Response;
use crate::server::context::Context;
use crate::server::service::{Dialect, Negotiation, Operation, Service};
use crate::web::ows_error::{Code, Report};

mod area;
mod bands;
mod formats;
mod frame;
mod interpolation;
mod offered;
mod piece;
mod v1;
mod v2;

/// The service.
pub struct Wcs;

static DIALECTS: [Dialect; 2] = [
    Dialect {
        version: v2::VERSION,
        report: Report::Ows20,
        codes: &[
            Code::new(Kind::UnknownLayer, "NoSuchCoverage", StatusCode::NOT_FOUND),
            // Whatever an extension calls it: its requirements want 404.
            Code::new(Kind::OutOfRange, "InvalidSubsetting", StatusCode::NOT_FOUND),
            Code::new(Kind::UnknownCrs, "OutputCrs-NotSupported", StatusCode::NOT_FOUND),
            Code::bad(Kind::NotAcceptable, "InvalidParameterValue"),
            Code::bad(Kind::TooLarge, "InvalidParameterValue"),
            Code::new(Kind::Unsupported, "OperationNotSupported", StatusCode::NOT_IMPLEMENTED),
            Code::bad(Kind::BadRequest, "NoApplicableCode"),
        ],
        operations: &[
            Operation { name: "GetCapabilities", also: &[], post: true, parameters: &[] },
            Operation { name: "DescribeCoverage", also: &[], post: true, parameters: &[] },
            Operation { name: "GetCoverage", also: &[], post: true, parameters: &[] },
        ],
    },
    Dialect {
        version: v1::VERSION,
        report: Report::Service120,
        codes: &[
            Code::bad(Kind::UnknownLayer, "CoverageNotDefined"),
            Code::bad(Kind::OutOfRange, "InvalidParameterValue"),
            Code::bad(Kind::UnknownCrs, "InvalidParameterValue"),
            Code::bad(Kind::NotAcceptable, "InvalidFormat"),
            Code::bad(Kind::TooLarge, "InvalidParameterValue"),
            Code::bad(Kind::Unsupported, "InvalidParameterValue"),
        ],
        operations: &[
            Operation { name: "GetCapabilities", also: &[], post: false, parameters: &[] },
            Operation { name: "DescribeCoverage", also: &[], post: false, parameters: &[] },
            Operation { name: "GetCoverage", also: &[], post: false, parameters: &[] },
        ],
    },
];

/// What a coverage that is not there, or may not be seen, is called.
fn unknown(id: &str, parameter: &str) -> Error {
    Error::new(Kind::UnknownLayer, format!("there is no coverage '{id}'")).at(parameter.to_owned())
}

impl Service for Wcs {
    fn name(&self) -> &'static str {
        "WCS"
    }

    fn dialects(&self) -> &'static [Dialect] {
        &DIALECTS
    }

    fn negotiation(&self) -> Negotiation {
        Negotiation::Ows
    }

    async fn execute(&self, cx: Context, request: &mut Request, dialect: &'static Dialect) -> Result<Response> {
        let operation = dialect.operation(request.head())?.name;
        match (dialect.version, operation) {
            (v1::VERSION, "GetCapabilities") => v1::get_capabilities(&cx, dialect).await,
            (v1::VERSION, "DescribeCoverage") => v1::describe_coverage(&cx, dialect).await,
            (v1::VERSION, _) => v1::get_coverage(&cx).await,
            (_, "GetCapabilities") => v2::get_capabilities(&cx, dialect).await,
            (_, "DescribeCoverage") => v2::describe_coverage(&cx, request, dialect).await,
            _ => v2::get_coverage(&cx, request).await,
        }
    }
}
