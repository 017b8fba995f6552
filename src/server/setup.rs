//! Building a server: everything is registered, then checked at once, so that no fault waits for the first request.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::PathBuf;
use std::sync::{Arc, OnceLock, PoisonError, RwLock};
use std::time::{Duration, SystemTime};

use crate::data::policy::{AccessControl, DynAccess};
use crate::exchange::cache::{Answers, CacheFilter, CacheKind, Caches, DynCache, MemoryCache};
use crate::exchange::{DynFilter, Filter, Registered};
use crate::project::catalog::Project;
use crate::project::limits::Limits;
use crate::web::base_url::BaseUrlSettings;
use crate::web::encoding::Packed;
use crate::web::templates::Templates;

use super::api::{Api, DynApi};
use super::metrics::Metrics;
use super::outgoing::Outgoing;
use super::queue::Queue;
use super::registry::Registry;
use super::security::Security;
use super::sequence::Sequences;
use super::service::{DynService, Service};

/// How long the measurement of one layer may keep the next waiting; it goes on after that.
const MEASURING: Duration = Duration::from_secs(60);

/// Limits of the built-in cache.
const CACHE_BYTES: usize = 32 * 1024 * 1024;
const CACHE_AGE: Duration = Duration::from_secs(3600);

/// A server: give it requests, it gives responses. Cheap to clone; the clones are the same server.
#[derive(Clone)]
pub struct Server(Arc<RwLock<Snapshot>>);

/// One state of a server: its registry and its projects belong together, and requests in flight keep them.
#[derive(Clone)]
pub struct Snapshot(pub(super) Arc<Shared>);

/// What all requests share.
pub(crate) struct Shared {
    pub(super) registry: Registry,
    pub(super) projects: BTreeMap<String, Arc<Project>>,
    pub(super) root: Arc<Project>,
    pub(super) templates: Templates,
    pub(super) filters: Registered,
    pub(super) policies: Vec<Arc<dyn DynAccess>>,
    pub(super) caches: Caches,
    pub(super) answers: Answers,
    /// Tells this state of the server from others: the same in every process that publishes the same.
    pub(super) generation: String,
    pub(super) base_url: BaseUrlSettings,
    pub(super) sequences: Sequences,
    pub(super) limits: Limits,
    pub(super) compression: bool,
    /// When this state was made.
    pub(super) built: SystemTime,
    pub(super) unopened: Vec<String>,
    pub(super) packed: Packed,
    pub(super) queue: Queue,
    /// Those of the state before, where there was one.
    pub(super) metrics: OnceLock<Arc<Metrics>>,
    /// That of the state before as well.
    pub(super) outgoing: OnceLock<Arc<Outgoing>>,
    pub(super) security: Security,
    ignored: Vec<String>,
}

impl Shared {
    /// The project that `MAP=` names: by its name or by an alias, never by a path of the file system.
    pub(super) fn named(&self, name: &str) -> Option<&Arc<Project>> {
        let aliased = |project: &&Arc<Project>| project.aliases.iter().any(|alias| alias == name);
        let all = std::iter::once(&self.root).chain(self.projects.values());
        self.projects.get(name).or_else(|| all.into_iter().find(aliased))
    }

    /// A number of all that documents are made from: the program, what is registered, what is published.
    fn fingerprint(&self) -> String {
        let mut hasher = DefaultHasher::new();
        let program = std::env::current_exe().and_then(std::fs::metadata);
        program.ok().map(|about| (about.len(), about.modified().ok())).hash(&mut hasher);
        format!("{:?}", self.security).hash(&mut hasher);
        self.templates.fingerprint().hash(&mut hasher);
        self.filters.iter().for_each(|filter| filter.name().hash(&mut hasher));
        self.registry.infos().for_each(|info| format!("{info:?}").hash(&mut hasher));
        for project in std::iter::once(&self.root).chain(self.projects.values()) {
            (&project.name, &project.title, &project.description).hash(&mut hasher);
            format!("{:?} {:?} {:?}", project.contact, project.license, project.map).hash(&mut hasher);
            for layer in project.layers() {
                (&layer.id, &layer.title, &layer.description, &layer.properties).hash(&mut hasher);
                format!("{:?} {:?} {:?}", layer.limit, layer.full_schema(), layer.full_grid()).hash(&mut hasher);
                (layer.decimals, &layer.cache).hash(&mut hasher);
            }
        }
        format!("{:016x}", hasher.finish())
    }

    pub(super) fn ignores(&self, name: &str) -> bool {
        self.ignored.iter().any(|ignored| match ignored.strip_suffix('*') {
            Some(start) => name.starts_with(start),
            None => name == ignored,
        })
    }
}

/// Collects what a server is made of.
#[derive(Default)]
pub struct Builder {
    root: Project,
    projects: Vec<Project>,
    apis: Vec<Box<dyn DynApi>>,
    services: Vec<Arc<dyn DynService>>,
    filters: Vec<(i32, Arc<dyn DynFilter>)>,
    policies: Vec<(i32, Arc<dyn DynAccess>)>,
    caches: Vec<(i32, Arc<dyn DynCache>)>,
    memory: Option<MemoryCache>,
    templates: Option<PathBuf>,
    base_url: BaseUrlSettings,
    limits: Limits,
    uncompressed: bool,
    unopened: Vec<String>,
    security: Security,
    ignored: Vec<String>,
}

impl Server {
    /// Starts to build a server that publishes this project at its root.
    pub fn builder(project: Project) -> Builder {
        Builder { root: project, ..Builder::default() }
    }

    /// The state that a request which comes now is answered by.
    pub fn snapshot(&self) -> Snapshot {
        self.0.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Takes the state of another server, at once: requests in flight finish on the old one.
    pub fn replace(&self, other: &Server) {
        let new = other.snapshot();
        // It has not answered anything yet, or goes on with its own.
        let _ = new.0.metrics.set(self.snapshot().metrics().clone());
        let _ = new.0.outgoing.set(self.snapshot().outgoing().clone());
        new.outgoing().bear(new.limits().waiting_bytes);
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = new;
    }
}

impl Snapshot {
    /// The projects: the one at the root, then the others by name.
    pub fn projects(&self) -> impl Iterator<Item = &Arc<Project>> {
        std::iter::once(&self.0.root).chain(self.0.projects.values())
    }

    /// What is registered.
    pub fn registry(&self) -> &Registry {
        &self.0.registry
    }

    /// What is no fault and yet hardly meant: files of the templates' folder that nothing uses.
    pub fn warnings(&self) -> Vec<String> {
        let unused = self.0.templates.unused();
        unused.into_iter().map(|name| format!("templates: nothing uses '{name}'; is its name right?")).collect()
    }

    /// What the server bears.
    pub fn limits(&self) -> &Limits {
        &self.0.limits
    }

    /// The counters of requests.
    pub(crate) fn metrics(&self) -> &Arc<Metrics> {
        self.0.metrics.get_or_init(Arc::default)
    }

    /// What waits for clients to take it.
    pub(crate) fn outgoing(&self) -> &Arc<Outgoing> {
        self.0.outgoing.get_or_init(|| {
            let outgoing = Outgoing::default();
            outgoing.bear(self.limits().waiting_bytes);
            Arc::new(outgoing)
        })
    }

    /// Forgets all cached documents or images.
    pub async fn clear_cache(&self, kind: CacheKind) {
        self.0.caches.clear(kind).await;
    }

    /// Measures the extent of every layer, so that no request has to wait for it.
    pub async fn measure(&self) {
        for layer in self.projects().flat_map(|project| project.layers()) {
            if let Some(view) = layer.view() {
                view.extent(MEASURING).await;
            }
        }
    }
}

impl Builder {
    /// Registers an API.
    #[must_use]
    pub fn api(mut self, api: impl Api) -> Self {
        self.apis.push(Box::new(api));
        self
    }

    /// Registers a service.
    #[must_use]
    pub fn service(mut self, service: impl Service) -> Self {
        self.services.push(Arc::new(service));
        self
    }

    /// Registers an I/O filter: lower priorities run first, equal ones in order of registration.
    #[must_use]
    pub fn filter(mut self, filter: impl Filter, priority: i32) -> Self {
        self.filters.push((priority, Arc::new(filter)));
        self
    }

    /// Registers a policy: lower priorities are asked first, equal ones in order of registration. All must allow.
    #[must_use]
    pub fn access(mut self, policy: impl AccessControl, priority: i32) -> Self {
        self.policies.push((priority, Arc::new(policy)));
        self
    }

    /// Registers a cache: lower priorities are asked first, the built-in memory last.
    #[must_use]
    pub fn cache(mut self, cache: impl CacheFilter, priority: i32) -> Self {
        self.caches.push((priority, Arc::new(cache)));
        self
    }

    /// The built-in memory, where its usual limits (32 MiB, an hour) do not suit.
    #[must_use]
    pub fn memory_cache(mut self, cache: MemoryCache) -> Self {
        self.memory = Some(cache);
        self
    }

    /// Adds a project under `/{name}/`.
    #[must_use]
    pub fn project(mut self, project: Project) -> Self {
        self.projects.push(project);
        self
    }

    /// A folder whose templates take the place of the built-in ones of the same name.
    #[must_use]
    pub fn templates(mut self, folder: impl Into<PathBuf>) -> Self {
        self.templates = Some(folder.into());
        self
    }

    /// How the base URL of links is found.
    #[must_use]
    pub fn base_url(mut self, settings: BaseUrlSettings) -> Self {
        self.base_url = settings;
        self
    }

    /// The ways to say who asks, for the OpenAPI documents; the filters that enforce them are registered apart.
    #[must_use]
    pub fn security(mut self, security: Security) -> Self {
        self.security = security;
        self
    }

    /// Whether answers are compressed for clients that like them so; they are, unless something in front does it.
    #[must_use]
    pub fn compression(mut self, is_on: bool) -> Self {
        self.uncompressed = !is_on;
        self
    }

    /// What should be published and could not be opened, by names that `/ready` may tell.
    #[must_use]
    pub fn unopened(mut self, names: Vec<String>) -> Self {
        self.unopened = names;
        self
    }

    /// What the server bears, where the usual does not suit.
    #[must_use]
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// Names of parameters that are let through unread; `*` at the end stands for anything.
    #[must_use]
    pub fn ignore_parameters(mut self, names: impl IntoIterator<Item = String>) -> Self {
        self.ignored.extend(names);
        self
    }

    /// Builds the server, or tells every fault of every registration.
    pub fn build(self) -> Result<Server, Faults> {
        let mut faults = self.limits.faults();
        let loaded = Templates::load(self.templates.as_deref()).or_else(|wrong| {
            // The built-in ones stand in, so that the other faults are found as well.
            faults.extend(wrong);
            Templates::load(None)
        });
        let mut templates = loaded.map_err(Faults)?;
        let mut registry = Registry::default();
        for mut api in self.apis {
            faults.extend(api.prepare(&mut templates));
            if let Err(fault) = registry.add(Arc::from(api)) {
                faults.push(fault);
            }
        }
        for service in &self.services {
            faults.extend(registry.add_service(service).err());
        }
        let mut filters = self.filters;
        filters.sort_by_key(|(priority, _)| *priority);
        let mut caches = self.caches;
        caches.sort_by_key(|(priority, _)| *priority);
        let memory = self.memory.unwrap_or_else(|| MemoryCache::new(CACHE_BYTES, CACHE_AGE));
        let caches = caches.into_iter().map(|(_, cache)| cache).chain([Arc::new(memory) as Arc<dyn DynCache>]);
        let mut policies = self.policies;
        policies.sort_by_key(|(priority, _)| *priority);
        let mut projects = BTreeMap::new();
        for project in self.projects {
            let name = project.name.clone().unwrap_or_default();
            let fine = !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b));
            if !fine {
                faults.push(format!("the project name '{name}' may have letters, digits, - and _ only"));
            } else if registry.shadows(&name) {
                faults.push(format!("the project name '{name}' is the root of an API or of the services"));
            } else if projects.insert(name.clone(), Arc::new(project)).is_some() {
                faults.push(format!("two projects have the name '{name}'"));
            }
        }
        faults.extend(alias_faults(&self.root, &projects));
        for project in std::iter::once(&self.root).chain(projects.values().map(AsRef::as_ref)) {
            faults.extend(registry.apis().flat_map(|api| api.misfits(project)));
        }
        if !faults.is_empty() {
            return Err(Faults(faults));
        }
        let queue = Queue::new(&self.limits);
        let mut shared = Shared {
            registry,
            projects,
            root: Arc::new(self.root),
            templates,
            filters: filters.into_iter().map(|(_, filter)| filter).collect(),
            policies: policies.into_iter().map(|(_, policy)| policy).collect(),
            caches: Caches::new(caches.collect()),
            answers: Answers::new(self.limits.kept_bytes.into()),
            generation: String::new(),
            base_url: self.base_url,
            sequences: Sequences::default(),
            limits: self.limits,
            compression: !self.uncompressed,
            built: SystemTime::now(),
            unopened: self.unopened,
            packed: Packed::default(),
            queue,
            metrics: OnceLock::new(),
            outgoing: OnceLock::new(),
            security: self.security,
            ignored: self.ignored,
        };
        shared.generation = shared.fingerprint();
        Ok(Server(Arc::new(RwLock::new(Snapshot(Arc::new(shared))))))
    }
}

/// Aliases that another project has as well, as its name or as an alias: `MAP=` would mean but one of the two.
fn alias_faults(root: &Project, projects: &BTreeMap<String, Arc<Project>>) -> Vec<String> {
    let told = |name: Option<&str>| {
        name.map_or_else(|| "the project at the root".to_owned(), |name| format!("the project '{name}'"))
    };
    let mut owners: BTreeMap<&str, Option<&str>> =
        projects.keys().map(|name| (name.as_str(), Some(name.as_str()))).collect();
    let mut faults = Vec::new();
    for project in std::iter::once(root).chain(projects.values().map(AsRef::as_ref)) {
        let own = project.name.as_deref();
        for alias in &project.aliases {
            let owner = *owners.entry(alias).or_insert(own);
            if owner != own {
                faults.push(format!("the alias '{alias}' of {} means {} already", told(own), told(owner)));
            }
        }
    }
    faults
}

/// Every fault that was found when a server was built.
#[derive(Debug)]
pub struct Faults(pub Vec<String>);

impl std::fmt::Display for Faults {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str(&self.0.join("\n"))
    }
}

impl std::error::Error for Faults {}
