//! What a POST says in its body: the pairs of a form become parameters; of XML the root element tells service, version and
//! operation. A body of any other type is left alone.

use http::{Method, header};
use quick_xml::Reader;
use quick_xml::events::Event;

use crate::error::{Error, Kind, Result};

use super::body::Body;
use super::parameters::{Origin, Parameters};
use super::request::Request;

/// The largest form that is read.
const FORM: usize = 1024 * 1024;
/// Where the root element of an XML body must stand.
const HEAD: usize = 64 * 1024;

impl Request {
    /// Reads the parameters that the body has.
    pub(crate) async fn read_body_parameters(&mut self) -> Result<()> {
        if self.head().method != Method::POST || self.body.is_empty() {
            return Ok(());
        }
        let media_type = self.head().headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
        let essence = media_type.unwrap_or_default().split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        if essence == "application/x-www-form-urlencoded" {
            let body = std::mem::replace(&mut self.body, Body::empty()).collect(FORM).await?;
            let text = std::str::from_utf8(&body)
                .map_err(|cause| Error::new(Kind::BadRequest, "the form is no UTF-8").because(cause))?;
            let form = Parameters::parse(text, Origin::Form);
            self.head_mut().parameters.extend(form);
        } else if matches!(essence.as_str(), "text/xml" | "application/xml") || essence.ends_with("+xml") {
            let start = self.body.peek(HEAD).await?;
            for (name, value) in root(&start)? {
                self.head_mut().parameters.push(name, value, Origin::Xml);
            }
        }
        Ok(())
    }
}

/// Service, version and operation as the root element tells them.
fn root(start: &[u8]) -> Result<Vec<(&'static str, String)>> {
    let wrong = |cause: String| Error::new(Kind::BadRequest, "the body is no well-formed XML").because(cause);
    let mut reader = Reader::from_reader(start);
    let mut buffer = Vec::new();
    loop {
        match reader.read_event_into(&mut buffer).map_err(|cause| wrong(cause.to_string()))? {
            Event::DocType(_) => {
                return Err(Error::new(Kind::BadRequest, "a document type declaration is not allowed"));
            }
            Event::Start(element) | Event::Empty(element) => {
                let mut found = vec![("REQUEST", element.local_name().as_ref().to_owned())];
                for attribute in element.attributes() {
                    let attribute = attribute.map_err(|cause| wrong(cause.to_string()))?;
                    let name = match attribute.key.as_ref() {
                        "service" => "SERVICE",
                        "version" => "VERSION",
                        _ => continue,
                    };
                    found.push((name, attribute.value.into_owned()));
                }
                return Ok(found);
            }
            Event::Eof => return Err(wrong("there is no root element".to_owned())),
            _ => buffer.clear(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_root_element_tells_service_version_and_operation() {
        let xml = br#"<?xml version="1.0"?><!-- x --><wfs:GetFeature xmlns:wfs="x" service="WFS" version="2.0.0"><a/>"#;
        let found = root(xml).unwrap();
        assert_eq!(found, [("REQUEST", "GetFeature".into()), ("SERVICE", "WFS".into()), ("VERSION", "2.0.0".into())]);
        for bad in ["", "{}", "<!DOCTYPE a [<!ENTITY b \"c\">]><a/>", "<a b='"] {
            assert!(root(bad.as_bytes()).is_err(), "{bad}");
        }
    }
}
