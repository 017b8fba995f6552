//! The documents that features stand in.

use crate::base::xml::{push_attribute, push_text};
use crate::formats::geojson::number::write_integer;
use crate::formats::gml::Version;
use crate::server::context::Context;
use crate::services::ows::endpoint;

use super::ask::time_stamp;
use super::names::Names;

const XSI: &str = "http://www.w3.org/2001/XMLSchema-instance";
/// The namespace of WFS 2.0.
pub(super) const WFS_20: &str = "http://www.opengis.net/wfs/2.0";
const WFS: &str = "http://www.opengis.net/wfs";

/// What the root of a collection tells.
#[derive(Debug, Default)]
pub(super) struct Told {
    /// Features that match, over all pages.
    pub(super) matched: Option<u64>,
    /// Features that follow.
    pub(super) returned: Option<u64>,
    /// The URL of the page that follows.
    pub(super) next: Option<String>,
    /// The URL of the page before.
    pub(super) previous: Option<String>,
}

/// How the documents of one answer begin and end.
pub(super) struct Collection {
    version: Version,
    /// The namespaces and schemas of the root.
    namespaces: Vec<u8>,
}

fn attribute(name: &str, value: &str, out: &mut Vec<u8>) {
    out.push(b' ');
    out.extend_from_slice(name.as_bytes());
    out.extend_from_slice(b"=\"");
    push_attribute(value, out);
    out.push(b'"');
}

impl Collection {
    /// Documents of some feature types.
    pub(super) fn new(cx: &Context, names: &Names<'_>, version: Version, types: &[&str]) -> Self {
        let (wfs, schema, service) = match version {
            Version::V2 => (WFS, "http://schemas.opengis.net/wfs/1.0.0/WFS-basic.xsd", "1.0.0"),
            Version::V31 => (WFS, "http://schemas.opengis.net/wfs/1.1.0/wfs.xsd", "1.1.0"),
            Version::V32 => (WFS_20, "http://schemas.opengis.net/wfs/2.0/wfs.xsd", "2.0.0"),
        };
        let list: Vec<String> = types.iter().map(|name| format!("{}:{name}", names.prefix)).collect();
        let prefix = endpoint::prefix(cx);
        let key = if version == Version::V32 { "TYPENAMES" } else { "TYPENAME" };
        // Names have no characters that a query cannot have but those beyond ASCII.
        let list = percent_encoding::utf8_percent_encode(&list.join(","), percent_encoding::CONTROLS).to_string();
        let describe = format!("{prefix}SERVICE=WFS&VERSION={service}&REQUEST=DescribeFeatureType&{key}={list}");
        let mut locations = format!("{wfs} {schema}");
        if version == Version::V32 {
            locations.extend([" ", version.namespace(), " ", version.schema_location()]);
        }
        if !types.is_empty() {
            locations.extend([" ", &names.namespace, " ", &describe]);
        }
        let mut namespaces = Vec::new();
        attribute("xmlns:wfs", wfs, &mut namespaces);
        attribute("xmlns:gml", version.namespace(), &mut namespaces);
        attribute(&format!("xmlns:{}", names.prefix), &names.namespace, &mut namespaces);
        attribute("xmlns:xsi", XSI, &mut namespaces);
        attribute("xsi:schemaLocation", &locations, &mut namespaces);
        Self { version, namespaces }
    }

    /// The namespaces and schemas, for a feature that is a document of its own.
    pub(super) fn namespaces(&self) -> String {
        String::from_utf8_lossy(&self.namespaces).into_owned()
    }

    /// What each feature is put into.
    pub(super) const fn member(&self) -> &'static str {
        if matches!(self.version, Version::V32) { "wfs:member" } else { "gml:featureMember" }
    }

    /// The root with what it tells.
    pub(super) fn open(&self, told: &Told) -> Vec<u8> {
        let mut out = b"<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n".to_vec();
        self.element("wfs:FeatureCollection", true, told, &mut out);
        if self.version == Version::V2 {
            // GML 2 demands it.
            out.extend_from_slice(b"<gml:boundedBy><gml:null>unknown</gml:null></gml:boundedBy>\n");
        }
        out
    }

    /// The root of the values of a property.
    pub(super) fn open_values(&self, told: &Told) -> Vec<u8> {
        let mut out = b"<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n".to_vec();
        self.element("wfs:ValueCollection", true, told, &mut out);
        out
    }

    /// A collection within another, of one of several queries (ISO 19142, 11.3.3.5).
    pub(super) fn open_nested(&self, told: &Told) -> Vec<u8> {
        let mut out = b"<wfs:member>\n".to_vec();
        self.element("wfs:FeatureCollection", false, told, &mut out);
        out
    }

    fn element(&self, name: &str, is_root: bool, told: &Told, out: &mut Vec<u8>) {
        out.push(b'<');
        out.extend_from_slice(name.as_bytes());
        if is_root {
            out.extend_from_slice(&self.namespaces);
        }
        let number = |name: &str, number: Option<u64>, unknown: &str, out: &mut Vec<u8>| match number {
            Some(number) => {
                let mut text = Vec::new();
                write_integer(number, &mut text);
                attribute(name, &String::from_utf8_lossy(&text), out);
            }
            None if !unknown.is_empty() => attribute(name, unknown, out),
            None => {}
        };
        let mut time = Vec::new();
        time_stamp().write(&mut time);
        let time = String::from_utf8_lossy(&time);
        match self.version {
            Version::V2 => {}
            Version::V31 => {
                attribute("timeStamp", &time, out);
                number("numberOfFeatures", told.returned, "", out);
            }
            Version::V32 => {
                attribute("timeStamp", &time, out);
                number("numberMatched", told.matched, "unknown", out);
                number("numberReturned", told.returned, "0", out);
                told.next.iter().for_each(|url| attribute("next", url, out));
                told.previous.iter().for_each(|url| attribute("previous", url, out));
            }
        }
        out.extend_from_slice(b">\n");
    }
}

/// The end of a collection.
pub(super) const CLOSE: &[u8] = b"</wfs:FeatureCollection>\n";
/// The end of a collection within another.
pub(super) const CLOSE_NESTED: &[u8] = b"</wfs:FeatureCollection>\n</wfs:member>\n";
/// The end of the values of a property.
pub(super) const CLOSE_VALUES: &[u8] = b"</wfs:ValueCollection>\n";

/// A member with text alone.
pub(super) fn text_member(text: &str, out: &mut Vec<u8>) {
    out.extend_from_slice(b"<wfs:member>");
    push_text(text, out);
    out.extend_from_slice(b"</wfs:member>\n");
}
