//! What every capabilities document says, from the project and from the tables of the version: who serves what, and how it
//! is asked.

use bytes::Bytes;

use crate::base::xml::Writer;
use crate::error::Result;
use crate::exchange::cache::{CacheKind, Cached};
use crate::message::response::Response;
use crate::project::catalog::Project;
use crate::server::context::Context;
use crate::server::service::Dialect;

use super::endpoint;

/// The version of OWS Common that a document is written in; its prefix is `ows`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ows {
    /// 1.0, of WFS 1.1.0.
    V10,
    /// 1.1, of WFS 2.0.0.
    V11,
    /// 2.0, of WCS 2.0.1.
    V20,
}

impl Ows {
    /// Its namespace.
    pub const fn namespace(self) -> &'static str {
        match self {
            Self::V10 => "http://www.opengis.net/ows",
            Self::V11 => "http://www.opengis.net/ows/1.1",
            Self::V20 => "http://www.opengis.net/ows/2.0",
        }
    }
}

/// What a document says of fees and access: the licence, where there is one.
fn access(project: &Project) -> String {
    let Some(license) = &project.license else { return "None".to_owned() };
    license.url.as_ref().map_or_else(|| license.name.clone(), |url| format!("{} ({url})", license.name))
}

/// `ows:ServiceIdentification`; `profiles` are the URIs of conformance classes that WCS 2.0 lists.
pub fn identification(xml: &mut Writer, project: &Project, service: &str, versions: &[&str], profiles: &[&str]) {
    xml.start("ows:ServiceIdentification", &[]);
    xml.element("ows:Title", &project.title);
    if let Some(description) = &project.description {
        xml.element("ows:Abstract", description);
    }
    keywords(xml, &project.keywords);
    xml.element("ows:ServiceType", service);
    for version in versions {
        xml.element("ows:ServiceTypeVersion", version);
    }
    for profile in profiles {
        xml.element("ows:Profile", profile);
    }
    xml.element("ows:Fees", "None");
    xml.element("ows:AccessConstraints", &access(project));
    xml.end();
}

/// `ows:Keywords`, where there are some.
pub fn keywords(xml: &mut Writer, words: &[String]) {
    if !words.is_empty() {
        xml.start("ows:Keywords", &[]);
        for word in words {
            xml.element("ows:Keyword", word);
        }
        xml.end();
    }
}

/// `ows:ServiceProvider`.
pub fn provider(xml: &mut Writer, project: &Project) {
    let contact = project.contact.as_ref();
    let name = contact.and_then(|contact| contact.name.as_deref()).unwrap_or(&project.title);
    xml.start("ows:ServiceProvider", &[]);
    xml.element("ows:ProviderName", name);
    let url = contact.and_then(|contact| contact.url.as_deref());
    if let Some(url) = url {
        xml.empty("ows:ProviderSite", &[("xlink:type", "simple"), ("xlink:href", url)]);
    }
    xml.start("ows:ServiceContact", &[]);
    if let Some(email) = contact.and_then(|contact| contact.email.as_deref()) {
        xml.start("ows:ContactInfo", &[]);
        xml.start("ows:Address", &[]);
        xml.element("ows:ElectronicMailAddress", email);
        xml.end();
        xml.end();
    }
    xml.element("ows:Role", "PointOfContact");
    xml.end();
    xml.end();
}

/// A parameter or constraint with the values that it may have.
pub fn domain(xml: &mut Writer, ows: Ows, element: &str, name: &str, values: &[&str]) {
    xml.start(element, &[("name", name)]);
    if ows == Ows::V10 {
        values_of(xml, values);
    } else if values.is_empty() {
        xml.empty("ows:AnyValue", &[]);
    } else {
        xml.start("ows:AllowedValues", &[]);
        values_of(xml, values);
        xml.end();
    }
    xml.end();
}

fn values_of(xml: &mut Writer, values: &[&str]) {
    for value in values {
        xml.element("ows:Value", value);
    }
}

/// A constraint that says whether something is there, as OWS Common 1.1 and 2.0 have them.
pub fn constraint(xml: &mut Writer, name: &str, value: &str) {
    xml.start("ows:Constraint", &[("name", name)]);
    xml.empty("ows:NoValues", &[]);
    xml.element("ows:DefaultValue", value);
    xml.end();
}

/// The `ows:Operation` elements of a version: names, doors and values out of its table. `more` adds values that only the
/// project knows.
pub fn operations(
    xml: &mut Writer,
    ows: Ows,
    cx: &Context,
    dialect: &Dialect,
    mut more: impl FnMut(&mut Writer, &'static str),
) {
    let (get, post) = (endpoint::prefix(cx), endpoint::plain(cx));
    for operation in dialect.operations {
        xml.start("ows:Operation", &[("name", operation.name)]);
        xml.start("ows:DCP", &[]);
        xml.start("ows:HTTP", &[]);
        xml.empty("ows:Get", &[("xlink:type", "simple"), ("xlink:href", &get)]);
        if operation.post && ows == Ows::V20 {
            xml.start("ows:Post", &[("xlink:type", "simple"), ("xlink:href", &post)]);
            domain(xml, ows, "ows:Constraint", "PostEncoding", &["XML"]);
            xml.end();
        } else if operation.post {
            xml.empty("ows:Post", &[("xlink:type", "simple"), ("xlink:href", &post)]);
        }
        xml.end();
        xml.end();
        for (name, values) in operation.parameters {
            domain(xml, ows, "ows:Parameter", name, values);
        }
        more(xml, operation.name);
        xml.end();
    }
}

/// The beginning of `Service` as WMS has it, up to `AccessConstraints`; the element stays open. `xlink` must be declared.
pub fn wms_service(xml: &mut Writer, cx: &Context, name: &str) {
    let project = cx.project();
    xml.start("Service", &[]);
    xml.element("Name", name);
    xml.element("Title", &project.title);
    if let Some(description) = &project.description {
        xml.element("Abstract", description);
    }
    if !project.keywords.is_empty() {
        xml.start("KeywordList", &[]);
        for word in &project.keywords {
            xml.element("Keyword", word);
        }
        xml.end();
    }
    let contact = project.contact.as_ref();
    let url = contact.and_then(|contact| contact.url.clone()).unwrap_or_else(|| endpoint::plain(cx));
    endpoint::online_resource(xml, &url);
    if let Some(contact) = contact.filter(|contact| contact.name.is_some() || contact.email.is_some()) {
        xml.start("ContactInformation", &[]);
        if let Some(name) = &contact.name {
            xml.start("ContactPersonPrimary", &[]);
            xml.element("ContactPerson", name);
            xml.element("ContactOrganization", name);
            xml.end();
        }
        if let Some(email) = &contact.email {
            xml.element("ContactElectronicMailAddress", email);
        }
        xml.end();
    }
    xml.element("Fees", "None");
    xml.element("AccessConstraints", &access(project));
}

/// A capabilities document out of the cache, or made and kept. `state` is all that it depends on besides what
/// [`Context::cached`] knows: the update sequence, and facts that may not have been measured yet.
pub async fn cached(
    cx: &Context,
    dialect: &Dialect,
    media_type: &'static str,
    state: &str,
    make: impl Future<Output = Result<Vec<u8>>> + Send,
) -> Result<Response> {
    let format = format!("{} {media_type} {state}", dialect.version);
    let making = async { Ok(Cached { content_type: media_type.to_owned(), body: Bytes::from(make.await?) }) };
    let entry = cx.cached(CacheKind::Document, &format, making).await?;
    Ok(Response::ok(media_type, entry.body))
}
