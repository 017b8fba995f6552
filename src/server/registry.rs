//! The registry: which API answers at a path. Deterministic: the longest root on whole segments wins, and a root that is
//! taken is refused. (Services by name and version have their place here as well.)

use std::sync::Arc;

use super::api::{ApiInfo, DynApi};

/// All that is registered.
#[derive(Default)]
pub struct Registry {
    apis: Vec<Arc<dyn DynApi>>,
    /// Roots and aliases, the longest first.
    roots: Vec<(String, usize)>,
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

    /// Whether some API's root or alias begins with this segment.
    pub fn shadows(&self, segment: &str) -> bool {
        self.roots.iter().any(|(root, _)| root.split('/').nth(1) == Some(segment))
    }
}
