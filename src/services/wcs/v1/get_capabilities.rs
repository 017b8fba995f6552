//! GetCapabilities of WCS 1.0.0.

use crate::base::xml::Writer;
use crate::error::Result;
use crate::message::response::Response;
use crate::server::context::Context;
use crate::server::service::Dialect;
use crate::services::ows::capabilities::cached;
use crate::services::ows::endpoint::doors;
use crate::services::ows::kvp::{Kvp, invalid};
use crate::services::ows::sequence::{Held, held, is_current};
use crate::services::wcs::offered::Offered;

use super::{VERSION, brief, namespaces};

const SCHEMA: &str = "http://www.opengis.net/wcs http://schemas.opengis.net/wcs/1.0.0/wcsCapabilities.xsd";

pub(in crate::services::wcs) async fn get_capabilities(cx: &Context, dialect: &'static Dialect) -> Result<Response> {
    let kvp = Kvp::new(cx.head());
    let section = kvp.text("SECTION")?.unwrap_or("/");
    let known = ["/", "/WCS_Capabilities/Service", "/WCS_Capabilities/Capability", "/WCS_Capabilities/ContentMetadata"];
    if !known.contains(&section) {
        return Err(invalid("SECTION", section, &known.join(", ")));
    }
    let sequence = cx.update_sequence();
    if held(kvp, sequence)? == Held::Current {
        return Err(is_current(sequence));
    }
    let make = async { Ok(document(cx, dialect, section, sequence)) };
    cached(cx, dialect, "text/xml", &sequence.to_string(), make).await
}

fn document(cx: &Context, dialect: &Dialect, section: &str, sequence: u64) -> Vec<u8> {
    let mut xml = Writer::document();
    let sequence = sequence.to_string();
    // A section alone is a document of its own.
    let root = section.strip_prefix("/WCS_Capabilities/").unwrap_or("WCS_Capabilities");
    let names = namespaces(SCHEMA);
    let mut attributes = names.to_vec();
    attributes.extend([("version", VERSION), ("updateSequence", &sequence)]);
    match root {
        "Service" => service(&mut xml, cx, &attributes),
        "Capability" => capability(&mut xml, cx, dialect, &attributes),
        "ContentMetadata" => contents(&mut xml, cx, &attributes),
        _ => {
            xml.start(root, &attributes);
            service(&mut xml, cx, &[]);
            capability(&mut xml, cx, dialect, &[]);
            contents(&mut xml, cx, &[]);
        }
    }
    xml.finish()
}

fn service(xml: &mut Writer, cx: &Context, attributes: &[(&str, &str)]) {
    let project = cx.project();
    xml.start("Service", attributes);
    if let Some(description) = &project.description {
        xml.element("description", description);
    }
    xml.element("name", "WCS");
    xml.element("label", &project.title);
    if !project.keywords.is_empty() {
        xml.start("keywords", &[]);
        project.keywords.iter().for_each(|word| xml.element("keyword", word));
        xml.end();
    }
    if let Some(contact) = project.contact.as_ref().filter(|contact| contact.name.is_some()) {
        xml.start("responsibleParty", &[]);
        xml.element("organisationName", contact.name.as_deref().unwrap_or_default());
        if contact.email.is_some() || contact.url.is_some() {
            xml.start("contactInfo", &[]);
            if let Some(email) = &contact.email {
                xml.start("address", &[]);
                xml.element("electronicMailAddress", email);
                xml.end();
            }
            if let Some(url) = &contact.url {
                xml.empty("onlineResource", &[("xlink:type", "simple"), ("xlink:href", url)]);
            }
            xml.end();
        }
        xml.end();
    }
    xml.element("fees", "NONE");
    xml.element("accessConstraints", project.license.as_ref().map_or("NONE", |license| &license.name));
    xml.end();
}

fn capability(xml: &mut Writer, cx: &Context, dialect: &Dialect, attributes: &[(&str, &str)]) {
    xml.start("Capability", attributes);
    xml.start("Request", &[]);
    for operation in dialect.operations {
        xml.start(operation.name, &[]);
        doors(xml, cx, operation.post);
        xml.end();
    }
    xml.end();
    xml.start("Exception", &[]);
    xml.element("Format", "application/vnd.ogc.se_xml");
    xml.end();
    xml.end();
}

fn contents(xml: &mut Writer, cx: &Context, attributes: &[(&str, &str)]) {
    xml.start("ContentMetadata", attributes);
    for offered in Offered::all(cx) {
        xml.start("CoverageOfferingBrief", &[]);
        brief(xml, &offered);
        xml.end();
    }
    xml.end();
}
