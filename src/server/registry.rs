//! The registry: which API answers at a path. Deterministic: the longest root on whole segments wins, and a root that is
//! taken is refused. And which service speaks a version: the first that was registered is the default.

use std::sync::Arc;

use crate::error::Error;
use crate::message::parameters::Parameters;

use super::api::{ApiInfo, DynApi};
use super::ows;
use super::service::{Dialect, DynService};
use super::versions::choose;

/// Paths of the API at the empty root, which nothing else may take.
const LANDING: [&str; 6] = ["static", "health", "ready", "metrics", "api", "map"];

/// All that is registered.
#[derive(Default)]
pub struct Registry {
    apis: Vec<Arc<dyn DynApi>>,
    /// Roots and aliases, the longest first.
    roots: Vec<(String, usize)>,
    /// Each version of each service, in order of registration.
    services: Vec<(Arc<dyn DynService>, &'static Dialect)>,
}

/// A service that was found.
pub(crate) struct Found<'a> {
    pub(crate) service: &'a Arc<dyn DynService>,
    pub(crate) dialect: &'static Dialect,
    /// Whether the version that was asked for is spoken.
    pub(crate) exact: bool,
}

impl Registry {
    /// Adds an API; the error says which root is not free or not well-formed.
    pub(crate) fn add(&mut self, api: Arc<dyn DynApi>) -> Result<(), String> {
        let info = api.info();
        let all: Vec<String> = std::iter::once(&info.root).chain(&info.aliases).cloned().collect();
        for root in &all {
            let fine = root.is_empty()
                || (root.starts_with('/')
                    && root[1..].split('/').all(|part| !part.is_empty() && part != "." && part != ".."));
            if !fine {
                return Err(format!("the root '{root}' of '{}' must be like /name", info.title));
            }
            if !root.bytes().all(|b| b.is_ascii_alphanumeric() || b"/-_.~".contains(&b)) {
                return Err(format!(
                    "the root '{root}' of '{}' has characters that a URL writes otherwise",
                    info.title
                ));
            }
            if root.strip_prefix('/').is_some_and(|name| LANDING.contains(&name)) {
                return Err(format!("the root '{root}' of '{}' is a path of the catalogue", info.title));
            }
            if root == ows::PATH {
                return Err(format!("the root '{root}' of '{}' is that of the services", info.title));
            }
            if self.roots.iter().any(|(taken, _)| taken == root) {
                return Err(format!("the root '{root}' of '{}' is taken", info.title));
            }
        }
        let at = self.apis.len();
        self.roots.extend(all.into_iter().map(|root| (root, at)));
        self.roots.sort_by(|(a, _), (b, _)| b.len().cmp(&a.len()).then(a.cmp(b)));
        self.apis.push(api);
        Ok(())
    }

    /// Adds a service with all its versions; the error says which is taken.
    pub(crate) fn add_service(&mut self, service: &Arc<dyn DynService>) -> Result<(), String> {
        let name = service.name();
        if name.is_empty() {
            return Err("a service has no name".to_owned());
        }
        if service.dialects().is_empty() {
            return Err(format!("the service '{name}' has no version"));
        }
        for dialect in service.dialects() {
            if self.services.iter().any(|(other, known)| is(other.name(), name) && known.version == dialect.version) {
                return Err(format!("the service '{name}' is there twice in version {}", dialect.version));
            }
            self.services.push((service.clone(), dialect));
        }
        Ok(())
    }

    /// The service of this name in the version that a request speaks; none where nothing has the name.
    pub(crate) fn service(&self, name: &str, asked: &Parameters) -> Option<Result<Found<'_>, Error>> {
        let named: Vec<_> = self.services.iter().filter(|(service, _)| is(service.name(), name)).collect();
        let how = named.first()?.0.negotiation();
        let known: Vec<&'static Dialect> = named.iter().map(|(_, dialect)| *dialect).collect();
        let chosen = choose(&known, how, asked);
        Some(chosen.map(|it| Found { service: &named[it.at].0, dialect: known[it.at], exact: it.exact }))
    }

    /// The version that was registered first under a name: it tells an error of the negotiation itself.
    pub(crate) fn first(&self, name: &str) -> Option<&'static Dialect> {
        self.services.iter().find(|(service, _)| is(service.name(), name)).map(|(_, dialect)| *dialect)
    }

    /// The one service that has an operation, where the request names none: WMS wants no `SERVICE` of `GetMap`.
    pub fn with_operation(&self, operation: &str) -> Option<&'static str> {
        if operation.eq_ignore_ascii_case("GetCapabilities") {
            // Every service has it, however many are registered.
            return None;
        }
        let mut names = self.services.iter().filter_map(|(service, dialect)| {
            let has = dialect.operations.iter().any(|it| it.is_called(operation));
            has.then(|| service.name())
        });
        let name = names.next()?;
        names.all(|other| is(other, name)).then_some(name)
    }

    /// The one version of this number.
    pub(crate) fn with_version(&self, version: &str) -> Option<&'static Dialect> {
        let mut dialects = self.services.iter().filter(|(_, dialect)| dialect.version == version.trim());
        let (_, dialect) = dialects.next()?;
        dialects.next().is_none().then_some(*dialect)
    }

    /// The names of all services, each once, in order of registration.
    pub fn service_names(&self) -> Vec<&'static str> {
        let mut names: Vec<&str> = Vec::new();
        for (service, _) in &self.services {
            if !names.iter().any(|name| is(name, service.name())) {
                names.push(service.name());
            }
        }
        names
    }

    /// Names and versions of the services that have capabilities to show.
    pub fn with_capabilities(&self) -> impl Iterator<Item = (&'static str, &'static str)> {
        self.services.iter().filter_map(|(service, dialect)| {
            let mut names = dialect.operations.iter().map(|operation| operation.name);
            names.any(|name| name == "GetCapabilities").then(|| (service.name(), dialect.version))
        })
    }

    /// The API at this path and what of the path is left for it.
    pub(crate) fn find<'a>(&self, path: &'a str) -> Option<(&Arc<dyn DynApi>, &'a str)> {
        self.roots.iter().find_map(|(root, at)| {
            let rest = path.strip_prefix(root.as_str())?;
            // `/collections.json` is beside the root `/collections` as well as `/collections/x`.
            let whole = rest.is_empty() || rest.starts_with('/') || (!root.is_empty() && rest.starts_with('.'));
            whole.then(|| (&self.apis[*at], rest))
        })
    }

    /// Every API, in order of registration.
    pub(crate) fn apis(&self) -> impl Iterator<Item = &Arc<dyn DynApi>> {
        self.apis.iter()
    }

    /// Who is registered, in order.
    pub fn infos(&self) -> impl Iterator<Item = &ApiInfo> {
        self.apis.iter().map(|api| api.info())
    }

    /// Whether some API's root or alias begins with this segment, or the services' path does.
    pub fn shadows(&self, segment: &str) -> bool {
        ows::PATH.strip_prefix('/') == Some(segment)
            || LANDING.contains(&segment)
            || self.roots.iter().any(|(root, _)| root.split('/').nth(1) == Some(segment))
    }
}

/// Names of services are the same in any case.
fn is(name: &str, other: &str) -> bool {
    name.eq_ignore_ascii_case(other)
}
