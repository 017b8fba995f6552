//! Errors as exception reports of the OGC's services.

use http::{HeaderValue, header};
use quick_xml::escape::escape;

use crate::error::{Error, Kind};
use crate::message::response::Response;

/// The form of an exception report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Report {
    /// `ows:ExceptionReport` of OWS Common 1.1.
    Ows,
    /// `ServiceExceptionReport` as WMS 1.3.0 has it.
    Service,
}

/// The code of OWS Common 1.1 (clause 8) for a kind of error.
fn code(kind: Kind) -> &'static str {
    match kind {
        Kind::MissingParameter => "MissingParameterValue",
        Kind::InvalidParameter
        | Kind::OutOfRange
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

/// Whether XML 1.0 can have a character at all, escaped or not (2.2), and need not be warned of it.
fn is_xml(c: char) -> bool {
    matches!(c, '\t' | '\n' | '\r') || (!c.is_control() && !matches!(c, '\u{fffe}' | '\u{ffff}'))
}

/// The report of an error; `own` is the dialect's code where it has one of its own.
pub fn report(form: Report, own: Option<&'static str>, error: &Error) -> Response {
    let code = own.unwrap_or_else(|| code(error.kind()));
    let locator = error.locator().map(|locator| locator.replace(|c| char::is_control(c) || !is_xml(c), ""));
    let locator = locator.map(|locator| format!(" locator=\"{}\"", escape(&locator))).unwrap_or_default();
    let message: String = error.message().chars().filter(|c| is_xml(*c)).collect();
    let text = escape(&message);
    let (media_type, xml) = match form {
        Report::Ows => (
            "application/xml",
            format!(
                "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
                 <ows:ExceptionReport xmlns:ows=\"http://www.opengis.net/ows/1.1\" version=\"1.1.0\" xml:lang=\"en\">\n\
                 <ows:Exception exceptionCode=\"{code}\"{locator}><ows:ExceptionText>{text}</ows:ExceptionText></ows:Exception>\n\
                 </ows:ExceptionReport>\n"
            ),
        ),
        Report::Service => (
            "text/xml",
            format!(
                "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
                 <ServiceExceptionReport xmlns=\"http://www.opengis.net/ogc\" version=\"1.3.0\">\n\
                 <ServiceException code=\"{code}\"{locator}>{text}</ServiceException>\n</ServiceExceptionReport>\n"
            ),
        ),
    };
    let mut response = Response::new(error.kind().status());
    response.body = xml.into();
    response.set(header::CONTENT_TYPE, HeaderValue::from_static(media_type));
    for (name, value) in error.headers() {
        response.headers.append(name.clone(), value.clone());
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_a_client_wrote_is_escaped() {
        let error = Error::new(Kind::InvalidParameter, "'<a>' & \"b\"").at("SERVICE\"><x");
        for form in [Report::Ows, Report::Service] {
            let body = report(form, None, &error).body.collect(usize::MAX).await.unwrap();
            let text = String::from_utf8(body.to_vec()).unwrap();
            assert!(!text.contains("<a>") && !text.contains("<x") && text.contains("InvalidParameterValue"), "{text}");
        }
    }
}
