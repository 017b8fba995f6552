//! What a POST says in its body: the pairs of a form become parameters; of XML the root element tells service, version and
//! operation, and `GetCapabilities` is read whole. Any other XML stays in the body, for the operation to read. A body of
//! another type is left alone.

use http::{HeaderMap, HeaderValue, Method, header};

use crate::base::xml::{Element, Limits, XmlFault, parse_as, parse_root};
use crate::error::{Error, Kind, Result};

use super::body::{Body, too_large};
use super::parameters::{Origin, Parameters};
use super::request::Request;

/// Where the root element of an XML body must stand.
const HEAD: usize = 64 * 1024;

/// Of each namespace of the OGC's requests, the service, and the version that its schema gives to a request which says none.
const NAMESPACES: [(&str, &str, &str); 6] = [
    ("http://www.opengis.net/wfs", "WFS", "1.1.0"),
    ("http://www.opengis.net/wfs/2.0", "WFS", "2.0.0"),
    ("http://www.opengis.net/wcs", "WCS", "1.0.0"),
    ("http://www.opengis.net/wcs/2.0", "WCS", "2.0.1"),
    ("http://www.opengis.net/ows", "WMS", "1.3.0"),
    ("http://www.opengis.net/sld", "WMS", "1.3.0"),
];

/// What a body is read as.
#[derive(Clone, Copy, PartialEq, Eq)]
enum BodyKind {
    Form,
    Xml,
    Other,
}

impl Request {
    /// Lets no body be larger than so many bytes, and reads the parameters that it has, of a form of at most `form` bytes.
    pub(crate) async fn read_body(&mut self, most: u64, form: u32) -> Result<()> {
        let length =
            self.head().headers.get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse().ok());
        if length.is_some_and(|length: u64| length > most) {
            // Nobody reads a byte of it.
            self.body = Body::empty();
            return Err(too_large(most));
        }
        if !self.body.is_empty() {
            self.body = std::mem::replace(&mut self.body, Body::empty()).limited(most, too_large(most));
        }
        if self.head().method != Method::POST || self.body.is_empty() {
            return Ok(());
        }
        let form = usize::try_from(form).unwrap_or(usize::MAX);
        let kind = self.body_kind().await?;
        if kind != BodyKind::Other {
            as_it_is(&self.head().headers)?;
        }
        match kind {
            BodyKind::Form => {
                let body = std::mem::replace(&mut self.body, Body::empty()).collect(form).await?;
                let text = std::str::from_utf8(&body)
                    .map_err(|cause| Error::new(Kind::BadRequest, "the form is no UTF-8").because(cause))?;
                let form = Parameters::parse(text, Origin::Form);
                self.head_mut().parameters.extend(form);
            }
            BodyKind::Xml => {
                let start = self.body.peek(HEAD).await?;
                let root = parse_root(&start, self.charset()).map_err(|fault| unreadable(&fault))?;
                let root = if &*root.name == "GetCapabilities" {
                    let body = std::mem::replace(&mut self.body, Body::empty()).collect(form).await?;
                    self.body = body.clone().into();
                    parse_as(&body, self.charset(), &Limits::default()).map_err(|fault| unreadable(&fault))?
                } else {
                    root
                };
                for (name, value) in told(&root) {
                    self.head_mut().parameters.push(name, value, Origin::Xml);
                }
            }
            BodyKind::Other => {}
        }
        Ok(())
    }

    /// Takes the body and reads it as XML; none where the request has no XML body.
    pub async fn take_xml(&mut self, limits: &Limits) -> Result<Option<Element>> {
        if self.head().method != Method::POST || self.body.is_empty() || self.body_kind().await? != BodyKind::Xml {
            return Ok(None);
        }
        let body = std::mem::replace(&mut self.body, Body::empty()).collect(limits.bytes).await?;
        parse_as(&body, self.charset(), limits).map(Some).map_err(|fault| unreadable(&fault))
    }

    fn media_type(&self) -> &str {
        self.head().headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    /// The encoding that the media type names.
    fn charset(&self) -> Option<&str> {
        self.media_type().split(';').skip(1).find_map(|parameter| {
            let (name, value) = parameter.split_once('=')?;
            name.trim().eq_ignore_ascii_case("charset").then(|| value.trim().trim_matches('"'))
        })
    }

    async fn body_kind(&mut self) -> Result<BodyKind> {
        let essence = self.media_type().split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        if matches!(essence.as_str(), "text/xml" | "application/xml") || essence.ends_with("+xml") {
            return Ok(BodyKind::Xml);
        }
        let is_form = essence == "application/x-www-form-urlencoded";
        if is_form || matches!(essence.as_str(), "" | "text/plain") {
            // Programs that name no type, or send what they have as a form: no pair of a form begins so.
            let start = self.body.peek(1).await?;
            if start.trim_ascii_start().first() == Some(&b'<') {
                return Ok(BodyKind::Xml);
            }
        }
        Ok(if is_form { BodyKind::Form } else { BodyKind::Other })
    }
}

/// That a body is not encoded (RFC 9110, 8.4): nobody here would decode it.
pub(crate) fn as_it_is(headers: &HeaderMap) -> Result<()> {
    let values = headers.get_all(header::CONTENT_ENCODING).iter();
    let mut codings = values.flat_map(|value| value.to_str().unwrap_or("?").split(',')).map(str::trim);
    match codings.find(|coding| !coding.is_empty() && !coding.eq_ignore_ascii_case("identity")) {
        None => Ok(()),
        Some(coding) => {
            let message = format!("the body is encoded as '{coding}', and is read as it is alone");
            let fault = Error::new(Kind::UnsupportedMediaType, message);
            Err(fault.with_header(header::ACCEPT_ENCODING, HeaderValue::from_static("identity")))
        }
    }
}

/// A fault of a body, for the client.
fn unreadable(fault: &XmlFault) -> Error {
    Error::new(Kind::BadRequest, format!("the body cannot be read: {fault}"))
}

/// What the root element tells, as parameters.
fn told(root: &Element) -> Vec<(&'static str, String)> {
    let by_namespace = NAMESPACES.iter().find(|(uri, ..)| root.namespace.as_deref() == Some(uri));
    let mut found = vec![("REQUEST", root.name.to_string())];
    let service = root.attribute("service").or(by_namespace.map(|it| it.1));
    found.extend(service.map(|service| ("SERVICE", service.to_owned())));
    if &*root.name != "GetCapabilities" {
        let version = root.attribute("version").or(by_namespace.map(|it| it.2));
        found.extend(version.map(|version| ("VERSION", version.to_owned())));
        return found;
    }
    found.extend(root.attribute("version").map(|version| ("VERSION", version.to_owned())));
    found.extend(root.attribute("updateSequence").map(|sequence| ("UPDATESEQUENCE", sequence.to_owned())));
    let lists = [
        ("AcceptVersions", "Version", "ACCEPTVERSIONS"),
        ("Sections", "Section", "SECTIONS"),
        ("AcceptFormats", "OutputFormat", "ACCEPTFORMATS"),
    ];
    for (list, item, name) in lists {
        let Some(list) = root.child(list) else { continue };
        let items: Vec<&str> = list.children_named(item).map(Element::trimmed).collect();
        found.push((name, items.join(",")));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn read(media_type: &'static str, body: &[u8]) -> Result<Vec<(String, String)>> {
        let mut request = Request::new(Method::POST, "/ows");
        if !media_type.is_empty() {
            request = request.with_header(header::CONTENT_TYPE, HeaderValue::from_static(media_type));
        }
        request.body = body.to_vec().into();
        request.read_body(1 << 20, 1 << 20).await?;
        let pairs = request.head().parameters.iter();
        Ok(pairs.map(|it| (it.name.clone(), it.value.clone().unwrap_or_default())).collect())
    }

    #[tokio::test]
    async fn an_encoded_body_is_refused_with_what_is_taken() {
        for (coding, is_taken) in [("gzip", false), ("identity, br", false), ("Identity", true), ("", true)] {
            let mut request = Request::new(Method::POST, "/ows")
                .with_header(header::CONTENT_TYPE, HeaderValue::from_static("application/x-www-form-urlencoded"))
                .with_header(header::CONTENT_ENCODING, HeaderValue::from_static(coding));
            request.body = b"a=1".to_vec().into();
            let fault = request.read_body(1 << 20, 1 << 20).await.err();
            assert_eq!(fault.as_ref().map(Error::kind), (!is_taken).then_some(Kind::UnsupportedMediaType), "{coding}");
        }
    }

    fn pairs(wanted: &[(&str, &str)]) -> Vec<(String, String)> {
        wanted.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    #[tokio::test]
    async fn the_root_element_tells_service_version_and_operation() {
        let wanted = pairs(&[("REQUEST", "GetFeature"), ("SERVICE", "WFS"), ("VERSION", "2.0.0")]);
        let said = br#"<?xml version="1.0"?><!-- x --><w:GetFeature xmlns:w="x" service="WFS" version="2.0.0"><a/>"#;
        let meant = br#"  <GetFeature xmlns="http://www.opengis.net/wfs/2.0"><a/></GetFeature>"#;
        for media_type in ["text/xml", "application/xml; charset=\"utf-8\"", "", "application/x-www-form-urlencoded"] {
            assert_eq!(read(media_type, said).await.unwrap(), wanted, "{media_type}");
            assert_eq!(read(media_type, meant).await.unwrap(), wanted, "{media_type}");
        }
        let wide: Vec<u8> = String::from_utf8_lossy(said).encode_utf16().flat_map(u16::to_le_bytes).collect();
        assert_eq!(read("text/xml", &wide).await.unwrap(), wanted);
        for bad in ["{}", "<!DOCTYPE a [<!ENTITY b \"c\">]><a/>", "<a b='"] {
            assert!(read("text/xml", bad.as_bytes()).await.is_err(), "{bad}");
        }
    }

    #[tokio::test]
    async fn capabilities_are_asked_for_in_xml_as_in_a_url() {
        let body = br#"<GetCapabilities xmlns="http://www.opengis.net/wfs/2.0" xmlns:o="http://www.opengis.net/ows/1.1" service="WFS"
            updateSequence="7"><o:AcceptVersions><o:Version>2.0.0</o:Version><o:Version> 1.1.0</o:Version></o:AcceptVersions>
            <o:Sections><o:Section>Contents</o:Section></o:Sections></GetCapabilities>"#;
        let wanted = pairs(&[
            ("REQUEST", "GetCapabilities"),
            ("SERVICE", "WFS"),
            ("UPDATESEQUENCE", "7"),
            ("ACCEPTVERSIONS", "2.0.0,1.1.0"),
            ("SECTIONS", "Contents"),
        ]);
        assert_eq!(read("text/xml", body).await.unwrap(), wanted);
    }
}
