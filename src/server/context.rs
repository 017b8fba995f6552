//! What a handler knows of the request that it answers: cheap to clone, the same for every API and service.

use std::collections::BTreeMap;
use std::future::Future;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use bytes::Bytes;
use http::HeaderValue;
use http::header::RETRY_AFTER;

use crate::base::near::near;
use crate::data::coverage_gate::CoverageView;
use crate::data::gate::View;
use crate::data::policy::{Admissions, CacheScope, LayerRef};
use crate::error::{Error, Kind, Result};
use crate::exchange::cache::{Answers, Basis, CacheKey, CacheKind, Cached};
use crate::message::body::{Body, too_large};
use crate::message::parameters::{Origin, Parameters};
use crate::message::principal::Principal;
use crate::message::request::{COMPONENT, Head};
use crate::model::schema::{KeyKind, Schema};
use crate::project::catalog::{Layer, Project};
use crate::project::limits::Limits;
use crate::web::base_url::BaseUrl;
use crate::web::templates::Templates;

use super::registry::Registry;
use super::security::Security;
use super::setup::Shared;

/// Layers of a like name that an error tells of.
const LIKE: usize = 5;

/// The context of one request.
#[derive(Clone)]
pub struct Context(Arc<Inner>);

#[derive(Clone)]
struct Inner {
    server: Arc<Shared>,
    project: Arc<Project>,
    head: Arc<Head>,
    base: BaseUrl,
    place: Place,
    admissions: Arc<Admissions>,
    extra: BTreeMap<String, String>,
    /// Taken once.
    body: Arc<Mutex<Body>>,
}

/// Where in the server a request is.
#[derive(Clone, Debug, Default)]
pub(crate) struct Place {
    /// The project's part of the path: empty, or `/name`.
    pub(crate) mount: String,
    /// `MAP=name` as it came, where the client chose the project so: every link keeps it.
    pub(crate) map: Option<String>,
    /// Root of the API that answers; links lead there, whatever alias was asked.
    pub(crate) root: String,
    /// The rest of the path.
    pub(crate) rest: String,
}

impl Place {
    /// The absolute URL of a path of the server, within the same project.
    pub(super) fn url(&self, base: &BaseUrl, path: &str) -> String {
        let url = format!("{}{}{path}", base.as_str(), self.mount);
        match &self.map {
            None => url,
            Some(map) => {
                let joint = if url.contains('?') { '&' } else { '?' };
                format!("{url}{joint}{map}")
            }
        }
    }
}

impl Context {
    pub(crate) fn new(
        server: Arc<Shared>,
        project: Arc<Project>,
        head: Arc<Head>,
        base: BaseUrl,
        place: Place,
        admissions: Admissions,
    ) -> Self {
        let (admissions, body) = (Arc::new(admissions), Arc::new(Mutex::new(Body::empty())));
        Self(Arc::new(Inner { server, project, head, base, place, admissions, extra: BTreeMap::new(), body }))
    }

    /// The same with the body of the request.
    pub(crate) fn with_body(self, body: Body) -> Self {
        *self.0.body.lock().unwrap_or_else(PoisonError::into_inner) = body;
        self
    }

    /// The same as if the request had this head.
    pub(crate) fn with_head(&self, head: Head) -> Self {
        Self(Arc::new(Inner { head: Arc::new(head), ..(*self.0).clone() }))
    }

    /// Reads the body of the request, once.
    pub(crate) async fn take_body(&self, most: usize) -> Result<Bytes> {
        let body = std::mem::replace(&mut *self.0.body.lock().unwrap_or_else(PoisonError::into_inner), Body::empty());
        let body = body.collect(most).await?;
        if body.len() > most { Err(too_large(most as u64)) } else { Ok(body) }
    }

    /// The same with the values of dynamic parameters.
    pub(crate) fn with_extra(&self, extra: BTreeMap<String, String>) -> Self {
        if extra.is_empty() && self.0.extra.is_empty() {
            return self.clone();
        }
        Self(Arc::new(Inner { extra, ..(*self.0).clone() }))
    }

    /// The same as seen by another API of the server.
    pub(crate) fn at_root(&self, root: &str) -> Self {
        let place = Place { root: root.to_owned(), ..self.0.place.clone() };
        Self(Arc::new(Inner { place, ..(*self.0).clone() }))
    }

    /// The project that the request is about.
    pub fn project(&self) -> &Arc<Project> {
        &self.0.project
    }

    /// Every project by name.
    pub fn projects(&self) -> impl Iterator<Item = &Arc<Project>> {
        self.0.server.projects.values()
    }

    /// The project at the root, and every other.
    pub(crate) fn all_projects(&self) -> impl Iterator<Item = &Arc<Project>> {
        std::iter::once(&self.0.server.root).chain(self.projects())
    }

    /// What should be published and could not be opened.
    pub(crate) fn unopened(&self) -> &[String] {
        &self.0.server.unopened
    }

    /// Whether the server hides nothing from anybody.
    pub(crate) fn is_open(&self) -> bool {
        let Shared { policies, security, .. } = &*self.0.server;
        policies.is_empty() && security.schemes.is_empty() && !security.is_required
    }

    /// The head of the request.
    pub fn head(&self) -> &Arc<Head> {
        &self.0.head
    }

    /// The base URL, without the project's part.
    pub fn base(&self) -> &BaseUrl {
        &self.0.base
    }

    /// What is registered.
    pub fn registry(&self) -> &Registry {
        &self.0.server.registry
    }

    /// What the server bears.
    pub fn limits(&self) -> &Limits {
        &self.0.server.limits
    }

    /// The counters of requests, in Prometheus's text format.
    pub(crate) fn metrics(&self) -> String {
        self.0.server.metrics.get().map(|metrics| metrics.text()).unwrap_or_default()
    }

    /// The ways to say who asks.
    pub(crate) fn security(&self) -> &Security {
        &self.0.server.security
    }

    /// The templates of pages.
    pub fn templates(&self) -> &Templates {
        &self.0.server.templates
    }

    /// Root of the API that answers, such as `/ogcapi`.
    pub fn root(&self) -> &str {
        &self.0.place.root
    }

    /// The project's part of the path: empty, or `/name`.
    pub(crate) fn mount(&self) -> &str {
        &self.0.place.mount
    }

    /// The path below that root.
    pub(crate) fn rest(&self) -> &str {
        &self.0.place.rest
    }

    /// The absolute URL of a path of the server (percent-encoded, beginning with a slash), within the same project.
    pub fn url(&self, path: &str) -> String {
        self.0.place.url(&self.0.base, path)
    }

    /// The absolute URL of the project in the path, even where `MAP=` chose it: other paths may follow this one.
    pub(crate) fn project_url(&self) -> String {
        let place = &self.0.place;
        let chosen = place.map.as_ref().and(self.0.project.name.as_ref());
        let mount = chosen.map_or_else(|| place.mount.clone(), |name| format!("/{name}"));
        format!("{}{mount}", self.0.base.as_str())
    }

    /// Name and value of the parameter that every link and form of a page keeps: `MAP`, where the client chose by it.
    pub(crate) fn kept(&self) -> Option<(String, String)> {
        let all = Parameters::parse(self.0.place.map.as_deref()?, Origin::Query);
        all.iter().next().map(|map| (map.name.clone(), map.value.clone().unwrap_or_default()))
    }

    /// The absolute URL of a path of the API that answers.
    pub fn api_url(&self, path: &str) -> String {
        self.url(&format!("{}{path}", self.0.place.root))
    }

    /// Values of the parameters that a route declares only for this request, such as a collection's properties.
    pub fn extra(&self) -> &BTreeMap<String, String> {
        &self.0.extra
    }

    /// Whether a parameter is let through unread: the choice of a project, and what the project file lists.
    pub fn ignores(&self, name: &str) -> bool {
        name.eq_ignore_ascii_case("map") || self.0.server.ignores(name)
    }

    /// Who asks, where an authentication found out.
    pub fn principal(&self) -> Option<&Principal> {
        self.0.head.principal.as_ref()
    }

    /// Who may share this answer, in a cache.
    pub fn cache_scope(&self) -> CacheScope {
        self.0.admissions.scope()
    }

    /// A number that grows whenever what the project publishes, or the rows of a layer, may have changed: the time in
    /// milliseconds at which this process saw that first.
    pub fn update_sequence(&self) -> u64 {
        let mut hasher = DefaultHasher::new();
        self.0.project.layers().iter().for_each(|layer| layer.state().hash(&mut hasher));
        self.0.server.sequences.at(&self.0.project, hasher.finish())
    }

    /// All that an answer with rows of this view depends on besides what is asked of them, known before any row is read: as
    /// the key of a cache has it.
    pub(crate) fn basis(&self, view: &View, format: &str) -> Basis {
        let inner = &*self.0;
        let place = &inner.place;
        let mut basis = Basis::default();
        (&inner.server.generation, inner.base.as_str(), &inner.project.name, format).hash(&mut basis);
        (&place.mount, &place.map, &place.root, &place.rest).hash(&mut basis);
        inner.head.parameters.iter().for_each(|it| (&it.name, &it.value).hash(&mut basis));
        view.fingerprint(&mut basis);
        basis
    }

    /// The answers that are kept.
    pub(crate) fn answers(&self) -> &Answers {
        &self.0.server.answers
    }

    /// When an answer with rows of this view last changed, where that is known: with the rows, or with what is published.
    pub(crate) fn modified(&self, view: &View) -> Option<SystemTime> {
        self.0.admissions.0.is_empty().then(|| view.modified()).flatten().map(|rows| rows.max(self.0.server.built))
    }

    /// A document or image out of a cache, or made and kept. The key has all that an answer may depend on: the state of the
    /// server, who may share it, base URL, project, path, query, `format` and language. Under a policy that lets nobody
    /// share, it is made anew each time.
    pub async fn cached(
        &self,
        kind: CacheKind,
        format: &str,
        make: impl Future<Output = Result<Cached>> + Send,
    ) -> Result<Cached> {
        let inner = &*self.0;
        let scope = match inner.admissions.scope() {
            CacheScope::Nobody => return make.await,
            CacheScope::Shared => String::new(),
            CacheScope::Key(key) => key,
        };
        let language = inner.head.headers.get(http::header::ACCEPT_LANGUAGE).map(|value| value.as_bytes().to_vec());
        let place = &inner.place;
        // The name as well: where a filter chose the project, neither path nor links tell which.
        let project = (&inner.project.name, &place.mount, &place.map, &place.root, &place.rest);
        // What links keep, and what is read: a form's parameters and a filter's are in no link.
        let read: Vec<_> = inner.head.parameters.iter().map(|it| (&it.name, &it.value)).collect();
        let query = (inner.head.parameters.query(&[], &[]), read);
        let text =
            format!("{kind:?} {scope:?} {:?} {project:?} {query:?} {format:?} {language:?}", inner.base.as_str());
        // The state of the server keeps the entries of another process, or of an older project, apart.
        let key = CacheKey::new(kind, format!("graticule:{}:{}", inner.server.generation, text));
        inner.server.caches.get_or_make(&key, make).await
    }

    /// The layers of features that the client may see, in order; one whose policy fails is none of them.
    pub fn layers(&self) -> impl Iterator<Item = (&Arc<Layer>, View)> {
        self.published().filter_map(|(layer, published)| match published {
            Published::Features(view) => Some((layer, view)),
            Published::Coverage(_) => None,
        })
    }

    /// The coverages that the client may see, in order.
    pub fn coverages(&self) -> impl Iterator<Item = (&Arc<Layer>, CoverageView)> {
        self.published().filter_map(|(layer, published)| match published {
            Published::Coverage(view) => Some((layer, view)),
            Published::Features(_) => None,
        })
    }

    /// Both, in the project's order.
    pub fn published(&self) -> impl Iterator<Item = (&Arc<Layer>, Published)> {
        self.0.project.layers().iter().filter_map(|layer| match self.guard(layer) {
            Ok(published) => Some((layer, published?)),
            Err(error) => {
                tracing::error!(id = %self.0.head.id, layer = layer.id, ?error, "a policy failed");
                None
            }
        })
    }

    /// A layer of features that the client may see.
    pub fn layer(&self, id: &str) -> Result<(Arc<Layer>, View)> {
        if let Some((layer, Published::Features(view))) = self.find(id)? {
            Ok((layer, view))
        } else {
            let list = self.api_url("/collections");
            let unknown = Error::new(Kind::UnknownLayer, format!("there is no collection '{id}'; see {list}"));
            let unknown = self.like(id, false).into_iter().fold(unknown, |unknown, layer| {
                let segment = percent_encoding::utf8_percent_encode(&layer.id, COMPONENT);
                unknown.instead(&layer.title, format!("{list}/{segment}"))
            });
            Err(unknown.instead("All collections", list))
        }
    }

    /// A coverage that the client may see.
    pub fn coverage(&self, id: &str) -> Result<(Arc<Layer>, CoverageView)> {
        if let Some((layer, Published::Coverage(view))) = self.find(id)? {
            return Ok((layer, view));
        }
        let unknown = Error::new(Kind::UnknownLayer, format!("there is no coverage '{id}'"));
        Err(self.like(id, true).into_iter().fold(unknown, |unknown, layer| {
            let segment = percent_encoding::utf8_percent_encode(&layer.id, COMPONENT);
            unknown.instead(&layer.title, self.api_url(&format!("/{segment}")))
        }))
    }

    /// The coverages, or the collections, of a like id: of those that the client may see.
    fn like(&self, id: &str, is_coverage: bool) -> Vec<&Arc<Layer>> {
        let layers = || self.0.project.layers().iter().filter(|layer| layer.is_coverage() == is_coverage);
        let names = near(id, layers().map(|layer| layer.id.as_str()), LIKE);
        let named = names.into_iter().filter_map(|name| self.0.project.layer(name));
        named.filter(|layer| matches!(self.guard(layer), Ok(Some(_)))).collect()
    }

    /// What is published under an id, where the client may see it; what may not be seen does not exist.
    pub fn find(&self, id: &str) -> Result<Option<(Arc<Layer>, Published)>> {
        let Some(layer) = self.0.project.layer(id) else {
            return if self.awaits(id) { Err(away()) } else { Ok(None) };
        };
        Ok(self.guard(layer)?.map(|published| (layer.clone(), published)))
    }

    /// Whether a layer is waited for that the client might read; one that policies hide, or cannot tell of, does not exist.
    fn awaits(&self, id: &str) -> bool {
        if !self.0.project.awaits(id) {
            return false;
        }
        let schema = Schema { fields: Vec::new(), key: (String::new(), KeyKind::Integer), geometry: None, time: None };
        let asked = LayerRef { project: self.0.project.name.as_deref(), id, schema: &schema };
        self.0.admissions.0.is_empty()
            || self.0.admissions.judge(asked, Vec::new()).is_ok_and(|verdict| verdict.permissions.read)
    }

    /// The guard: what all policies leave of a layer; none where it may not be read.
    fn guard(&self, layer: &Layer) -> Result<Option<Published>> {
        if self.0.admissions.0.is_empty() {
            return Ok(match layer.view() {
                Some(view) => Some(Published::Features(view.for_request())),
                None => layer.coverage_view(None, Vec::new())?.map(Published::Coverage),
            });
        }
        let schema = layer.full_schema();
        let asked = LayerRef { project: self.0.project.name.as_deref(), id: &layer.id, schema };
        let verdict = self.0.admissions.judge(asked, layer.published_names())?;
        if !verdict.permissions.read {
            return Ok(None);
        }
        for condition in &verdict.conditions {
            let unknown = |name| Error::internal(format!("a policy reads '{name}', which the layer does not have"));
            condition.fields(schema).map_err(unknown)?;
        }
        if layer.is_coverage() {
            let view = layer.coverage_view(Some(&verdict.attributes), verdict.conditions)?;
            // Of no band there is nothing to be had.
            return Ok(view.filter(|view| !view.grid().bands.is_empty()).map(Published::Coverage));
        }
        Ok(layer.view_under(verdict.attributes, verdict.conditions).map(|view| Published::Features(view.for_request())))
    }
}

/// A layer whose database did not answer at the start.
fn away() -> Error {
    Error::new(Kind::Unavailable, "the database of this layer does not answer now, try again later")
        .with_header(RETRY_AFTER, HeaderValue::from_static("5"))
}

/// What a client may see of a layer.
#[derive(Clone)]
pub enum Published {
    /// Features.
    Features(View),
    /// A coverage.
    Coverage(CoverageView),
}
