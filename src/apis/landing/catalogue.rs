//! The catalogue: every API, service, project and collection.

use serde::Serialize;
use utoipa::ToSchema;

use crate::api::{Json, NoParams, Route, get};
use crate::apis::json_ld;
use crate::base::format::Format;
use crate::base::link::{Link, Rel};
use crate::error::Result;
use crate::message::request::COMPONENT;
use crate::project::catalog::Layer;
use crate::server::context::Context;

/// All that the server has to offer
#[derive(Serialize, ToSchema)]
struct Catalogue {
    /// Title
    title: String,
    /// Description
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    description: Option<String>,
    /// Links
    links: Vec<Link>,
    /// The APIs
    apis: Vec<ApiEntry>,
    /// The services
    #[serde(skip_serializing_if = "Vec::is_empty")]
    services: Vec<ServiceEntry>,
    /// The collections
    collections: Vec<CollectionEntry>,
    /// The coverages
    #[serde(skip_serializing_if = "Vec::is_empty")]
    coverages: Vec<CollectionEntry>,
    /// Other projects
    #[serde(skip_serializing_if = "Vec::is_empty")]
    projects: Vec<ProjectEntry>,
}

/// An API
#[derive(Serialize, ToSchema)]
struct ApiEntry {
    /// Title
    title: String,
    /// Description
    description: String,
    /// Version
    version: String,
    /// Its operations
    links: Vec<Link>,
}

/// A service
#[derive(Serialize, ToSchema)]
struct ServiceEntry {
    /// Name
    title: String,
    /// Its capabilities in each version
    links: Vec<Link>,
}

/// A collection
#[derive(Serialize, ToSchema)]
struct CollectionEntry {
    /// Id
    id: String,
    /// Title
    title: String,
    /// Description
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    description: Option<String>,
    /// Where it is to be had
    links: Vec<Link>,
}

/// A project
#[derive(Serialize, ToSchema)]
struct ProjectEntry {
    /// Name
    name: String,
    /// Title
    title: String,
    /// Its catalogue
    href: String,
}

pub(super) fn route() -> Route {
    get("", "getCatalogue", catalogue)
        .summary("Catalogue")
        .description("Every API, collection and project of this server.")
        .tags(["Capabilities"])
        .formats([Format::Json, Format::Html])
}

async fn catalogue(cx: Context, _: NoParams) -> Result<Json<Catalogue>> {
    let project = cx.project();
    let links = vec![
        Link::new(
            cx.url("/api"),
            Rel::ServiceDesc,
            Format::OpenApi.media_type(),
            "The definition of the whole, for machines",
        ),
        Link::new(
            cx.url("/api.html"),
            Rel::ServiceDoc,
            Format::Html.media_type(),
            "The definition of the whole, for people",
        ),
    ];
    let mut links = links;
    links.extend(super::viewer::link_to(&cx));
    let others = cx.registry().apis().filter(|api| !api.info().root.is_empty());
    let apis = others.map(|api| {
        let info = api.info();
        let at = |path: &str| cx.url(&format!("{}{path}", info.root));
        let mut links = api.links(&cx);
        let known = |links: &[Link], rel| links.iter().any(|link: &Link| link.rel == rel);
        if !known(&links, Rel::ServiceDesc) {
            links.push(Link::new(
                at("/api"),
                Rel::ServiceDesc,
                Format::OpenApi.media_type(),
                "Definition, for machines",
            ));
            links.push(Link::new(
                at("/api.html"),
                Rel::ServiceDoc,
                Format::Html.media_type(),
                "Definition, for people",
            ));
        }
        ApiEntry {
            title: info.title.clone(),
            description: info.description.clone(),
            version: info.version.clone(),
            links,
        }
    });
    // Whoever has a route to collections is the API that the collections' entries lead to.
    let root = root_of_collections(&cx);
    let collections = root.into_iter().flat_map(|root| entries(&cx, &root)).collect();
    // The catalogue of one project does not lead to others.
    let is_root = project.name.is_none();
    let projects = cx.projects().filter(|_| is_root).filter_map(|project| {
        let name = project.name.clone()?;
        let href = cx.base().join(&format!("/{name}/"));
        Some(ProjectEntry { title: project.title.clone(), name, href })
    });
    let of = cx.clone();
    let catalogue = Json::new(Catalogue {
        title: project.title.clone(),
        description: project.description.clone(),
        links,
        apis: apis.collect(),
        services: services(&cx),
        collections,
        coverages: coverages(&cx),
        projects: projects.collect(),
    });
    Ok(catalogue.told(move |value| json_ld::words(json_ld::catalogue(&of, value))))
}

/// The root of the API that has collections.
pub(super) fn root_of_collections(cx: &Context) -> Option<String> {
    cx.registry().apis().find_map(|api| {
        let collections = cx.url(&format!("{}/collections", api.info().root));
        api.links(cx).iter().any(|link| link.href == collections).then(|| api.info().root.clone())
    })
}

/// The services that tell what they can, with the URLs where they do.
fn services(cx: &Context) -> Vec<ServiceEntry> {
    let mut entries: Vec<ServiceEntry> = Vec::new();
    for (name, version) in cx.registry().with_capabilities() {
        let href = cx.url(&format!("/ows?SERVICE={name}&VERSION={version}&REQUEST=GetCapabilities"));
        let link = Link::new(href, Rel::Service, "text/xml", format!("Capabilities of {name} {version}"));
        match entries.iter_mut().find(|entry| entry.title == name) {
            Some(entry) => entry.links.push(link),
            None => entries.push(ServiceEntry { title: name.to_owned(), links: vec![link] }),
        }
    }
    entries
}

/// The collections, with links to the API at this root.
fn entries(cx: &Context, root: &str) -> Vec<CollectionEntry> {
    let entry = |id: &str, title: &str, description: &Option<String>| {
        let path = format!("{root}/collections/{}", percent_encoding::utf8_percent_encode(id, COMPONENT));
        let items = cx.url(&format!("{path}/items"));
        CollectionEntry {
            id: id.to_owned(),
            title: title.to_owned(),
            description: description.clone(),
            links: vec![
                Link::new(cx.url(&path), Rel::Collection, Format::Json.media_type(), title),
                Link::new(items, Rel::Items, Format::GeoJson.media_type(), format!("{title} as GeoJSON")),
            ],
        }
    };
    cx.layers().map(|(layer, _)| entry(&layer.id, &layer.title, &layer.description)).collect()
}

/// The coverages, with links to their pages, where those are registered.
fn coverages(cx: &Context) -> Vec<CollectionEntry> {
    let root = crate::apis::coverages::ROOT;
    if !cx.registry().infos().any(|info| info.root == root) {
        return Vec::new();
    }
    let entry = |layer: &Layer| {
        let path = format!("{root}/{}", percent_encoding::utf8_percent_encode(&layer.id, COMPONENT));
        CollectionEntry {
            id: layer.id.clone(),
            title: layer.title.clone(),
            description: layer.description.clone(),
            links: vec![Link::new(cx.url(&path), Rel::Item, Format::Json.media_type(), &layer.title)],
        }
    };
    cx.coverages().map(|(layer, _)| entry(layer)).collect()
}
