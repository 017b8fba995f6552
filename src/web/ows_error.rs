//! Errors as exception reports of the OGC's services: the form, the codes and the statuses of a version are data.

use http::{HeaderValue, StatusCode, header};

use crate::base::xml::{Writer, is_xml};
use crate::error::{Error, Kind};
use crate::message::response::Response;

/// The form of an exception report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Report {
    /// `WMT_MS` `ServiceExceptionReport` with its DTD, as WMS 1.1.1 has it.
    Service111,
    /// `ServiceExceptionReport` as WFS 1.0.0 and WCS 1.0.0 have it.
    Service120,
    /// `ServiceExceptionReport` as WMS 1.3.0 has it.
    Service130,
    /// `ows:ExceptionReport` of OWS Common 1.0, as WFS 1.1.0 has it.
    Ows10,
    /// `ows:ExceptionReport` of OWS Common 1.1, as WFS 2.0.0 has it.
    Ows11,
    /// `ows:ExceptionReport` of OWS Common 2.0, as WCS 2.0.1 has it.
    Ows20,
}

/// What a version of a service says of one kind of error.
#[derive(Clone, Copy, Debug)]
pub struct Code {
    /// The kind.
    pub kind: Kind,
    /// Its exception code.
    pub code: &'static str,
    /// The status that goes with it.
    pub status: StatusCode,
}

impl Code {
    /// A row with a code and a status.
    pub const fn new(kind: Kind, code: &'static str, status: StatusCode) -> Self {
        Self { kind, code, status }
    }

    /// A row with status 400.
    pub const fn bad(kind: Kind, code: &'static str) -> Self {
        Self::new(kind, code, StatusCode::BAD_REQUEST)
    }
}

/// The code of OWS Common 1.1 (clause 8) for a kind of error, where a version has none of its own.
fn usual(kind: Kind) -> &'static str {
    match kind {
        Kind::MissingParameter => "MissingParameterValue",
        Kind::InvalidParameter
        | Kind::OutOfRange
        | Kind::UnknownProject
        | Kind::UnknownLayer
        | Kind::UnknownFeature
        | Kind::UnknownCrs
        | Kind::UnknownParameter
        | Kind::NotAcceptable
        | Kind::UnsupportedMediaType => "InvalidParameterValue",
        Kind::Unsupported | Kind::MethodNotAllowed | Kind::UnknownPath => "OperationNotSupported",
        _ => "NoApplicableCode",
    }
}

impl Report {
    /// The media type that clients of the version expect.
    pub const fn media_type(self) -> &'static str {
        match self {
            Self::Service111 => "application/vnd.ogc.se_xml",
            Self::Service120 | Self::Service130 => "text/xml",
            Self::Ows10 | Self::Ows11 | Self::Ows20 => "application/xml",
        }
    }

    /// The namespace and the schema of a report of OWS Common.
    const fn ows(self) -> Option<(&'static str, &'static str)> {
        match self {
            Self::Ows10 => Some((
                "http://www.opengis.net/ows",
                "http://www.opengis.net/ows http://schemas.opengis.net/ows/1.0.0/owsExceptionReport.xsd",
            )),
            Self::Ows11 => Some((
                "http://www.opengis.net/ows/1.1",
                "http://www.opengis.net/ows/1.1 http://schemas.opengis.net/ows/1.1.0/owsExceptionReport.xsd",
            )),
            Self::Ows20 => Some((
                "http://www.opengis.net/ows/2.0",
                "http://www.opengis.net/ows/2.0 http://schemas.opengis.net/ows/2.0/owsExceptionReport.xsd",
            )),
            _ => None,
        }
    }

    /// The document; `version` is the service's, which OWS Common wants in its reports.
    fn document(self, version: &str, code: &str, locator: Option<&str>, message: &str) -> Vec<u8> {
        let mut xml = Writer::document();
        let locator = locator.map(|locator| ("locator", locator));
        if let Some((namespace, schema)) = self.ows() {
            xml.start(
                "ows:ExceptionReport",
                &[
                    ("xmlns:ows", namespace),
                    ("xmlns:xsi", "http://www.w3.org/2001/XMLSchema-instance"),
                    ("xsi:schemaLocation", schema),
                    ("version", version),
                    (if self == Self::Ows10 { "language" } else { "xml:lang" }, "en"),
                ],
            );
            let attributes: Vec<_> = std::iter::once(("exceptionCode", code)).chain(locator).collect();
            xml.start("ows:Exception", &attributes);
            xml.element("ows:ExceptionText", message);
            return xml.finish();
        }
        let root = match self {
            Self::Service111 => {
                let system = "http://schemas.opengis.net/wms/1.1.1/exception_1_1_1.dtd";
                xml.raw(format!("\n<!DOCTYPE ServiceExceptionReport SYSTEM \"{system}\">").as_bytes());
                &[("version", "1.1.1")][..]
            }
            Self::Service120 => &[("xmlns", "http://www.opengis.net/ogc"), ("version", "1.2.0")],
            _ => &[("xmlns", "http://www.opengis.net/ogc"), ("version", "1.3.0")],
        };
        xml.start("ServiceExceptionReport", root);
        // The DTD of 1.1.1 knows no locator.
        let locator = locator.filter(|_| self != Self::Service111);
        let attributes: Vec<_> = std::iter::once(("code", code)).chain(locator).collect();
        xml.element_with("ServiceException", &attributes, message);
        xml.finish()
    }
}

/// The report of an error in a version of a service. `codes` is the version's own table; a code that the error names
/// goes before it.
pub fn report(form: Report, version: &str, codes: &[Code], error: &Error) -> Response {
    let row = codes.iter().find(|row| row.kind == error.kind());
    let code = error.code().unwrap_or_else(|| row.map_or_else(|| usual(error.kind()), |row| row.code));
    let locator = error.locator().map(|locator| locator.replace(|c| char::is_control(c) || !is_xml(c), ""));
    // Text has no control characters that need be told apart.
    let message = error.message().replace(|c: char| c.is_control() && !matches!(c, '\t' | '\n'), "");
    let mut response = Response::new(row.map_or(error.kind().status(), |row| row.status));
    response.body = form.document(version, code, locator.as_deref(), &message).into();
    response.set(header::CONTENT_TYPE, HeaderValue::from_static(form.media_type()));
    for (name, value) in error.headers() {
        response.headers.append(name.clone(), value.clone());
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn text(form: Report, error: &Error) -> String {
        let codes = [Code::bad(Kind::UnknownLayer, "LayerNotDefined")];
        let body = report(form, "1.2.3", &codes, error).body.collect(usize::MAX).await.unwrap();
        String::from_utf8(body.to_vec()).unwrap()
    }

    #[tokio::test]
    async fn what_a_client_wrote_is_escaped() {
        let error = Error::new(Kind::InvalidParameter, "'<a>' & \"b\"").at("SERVICE\"><x");
        let forms =
            [Report::Service111, Report::Service120, Report::Service130, Report::Ows10, Report::Ows11, Report::Ows20];
        for form in forms {
            let text = text(form, &error).await;
            assert!(!text.contains("<a>") && !text.contains("<x") && text.contains("InvalidParameterValue"), "{text}");
        }
    }

    #[tokio::test]
    async fn codes_and_statuses_come_from_the_table_or_from_the_error() {
        let error = Error::new(Kind::UnknownLayer, "no layer");
        let codes = [Code::bad(Kind::UnknownLayer, "LayerNotDefined")];
        assert_eq!(report(Report::Service130, "1.3.0", &codes, &error).status, 400);
        assert_eq!(report(Report::Service130, "1.3.0", &[], &error).status, 404);
        assert!(text(Report::Service130, &error).await.contains("code=\"LayerNotDefined\""));
        let own = error.coded("StyleNotDefined");
        assert!(text(Report::Service120, &own).await.contains("code=\"StyleNotDefined\""));
        assert!(text(Report::Ows20, &own).await.contains("version=\"1.2.3\""));
    }
}
