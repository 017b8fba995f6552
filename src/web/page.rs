//! What every page is told besides its data.

use serde::Serialize;

use crate::base::format::Format;
use crate::message::request::Head;
use crate::project::catalog::Project;
use crate::project::settings::Map;

use super::assets;
use super::base_url::BaseUrl;
use super::templates::PageUrls;

/// A step of the way to a page.
#[derive(Clone, Debug, Serialize)]
pub struct Crumb {
    /// Its title.
    pub title: String,
    /// Where it is, absolute; the page itself has none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub href: Option<String>,
}

/// Another format of the same.
#[derive(Clone, Debug, Serialize)]
pub struct OtherFormat {
    /// Name, as in `f=`.
    pub name: &'static str,
    /// Label for people.
    pub label: &'static str,
    /// Where it is, absolute.
    pub href: String,
    /// Media type.
    #[serde(rename = "type")]
    pub media_type: &'static str,
}

/// The variable `page` of every template.
#[derive(Clone, Debug, Serialize)]
pub struct Page {
    /// Title of the page.
    pub title: String,
    /// The way to it.
    pub breadcrumbs: Vec<Crumb>,
    /// The same in other formats.
    pub formats: Vec<OtherFormat>,
    /// Base URL.
    pub base: String,
    /// The catalogue of the project.
    pub home: String,
    /// The page of maps, where there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub viewer: Option<String>,
    /// Names the request in the log.
    pub request_id: String,
    project: ProjectWords,
    map: MapWords,
    /// Version of the program.
    pub version: &'static str,
}

#[derive(Clone, Debug, Serialize)]
struct ProjectWords {
    title: String,
    description: Option<String>,
}

#[derive(Clone, Debug, Serialize)]
struct MapWords {
    #[serde(flatten)]
    settings: Map,
    library: bool,
}

impl Page {
    /// A page of a project.
    pub fn new(title: impl Into<String>, project: &Project, base: &BaseUrl, head: &Head) -> Self {
        Self {
            title: title.into(),
            breadcrumbs: Vec::new(),
            formats: Vec::new(),
            base: base.as_str().to_owned(),
            home: base.join(&project.name.as_ref().map_or_else(|| "/".to_owned(), |name| format!("/{name}/"))),
            viewer: None,
            request_id: head.id.to_string(),
            project: ProjectWords { title: project.title.clone(), description: project.description.clone() },
            map: MapWords { settings: project.map.clone(), library: assets::MAP_LIBRARY },
            version: env!("CARGO_PKG_VERSION"),
        }
    }

    /// Tells where the same is in another format.
    pub fn add_format(&mut self, format: Format, href: String) {
        let (name, label, media_type) = (format.name(), format.label(), format.media_type());
        self.formats.push(OtherFormat { name, label, href, media_type });
    }
}

/// How a page at this place writes relative links.
pub fn page_urls(base: &BaseUrl, head: &Head) -> PageUrls {
    let depth = head.path.matches('/').count().saturating_sub(1);
    let up = if depth == 0 { "./".to_owned() } else { "../".repeat(depth) };
    PageUrls { base: base.as_str().to_owned(), up }
}

/// What a page may load: from this server alone, but for the tiles of a configured map.
pub fn content_security_policy(map: &Map) -> String {
    let tiles = map.tile_url.as_deref().and_then(|url| {
        let (scheme, rest) = url.split_once("://")?;
        let host = rest.split('/').next()?.replace("{s}", "*");
        let fine = host.bytes().all(|b| b.is_ascii_alphanumeric() || b"-.:*".contains(&b));
        (fine && matches!(scheme, "http" | "https")).then(|| format!(" {scheme}://{host}"))
    });
    format!(
        "default-src 'self'; img-src 'self' data:{}; style-src 'self' 'unsafe-inline'; script-src 'self'; \
         object-src 'none'; base-uri 'self'; frame-ancestors 'self'; form-action 'self'",
        tiles.unwrap_or_default()
    )
}
