//! Rules of the project file: who may do what with which layers. Without a rule a layer may be read by everybody; with
//! some, what they grant is all there is. What cannot be read or does not fit closes its layers.

mod admission;
mod bind;
mod compile;

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::Arc;

use crate::data::policy::{AccessControl, Admission, CacheScope, LayerRef, Permissions};
use crate::error::Result;
use crate::expr::Expr;
use crate::message::principal::Principal;
use crate::message::request::Head;

use admission::Granted;

/// The policy that all rules of a project file make.
pub struct Rules(Arc<Compiled>);

#[derive(Default)]
struct Compiled {
    rules: Vec<Rule>,
    /// Layers of which a rule is at fault, by project and id.
    closed: HashSet<(Option<String>, String)>,
}

/// A rule whose layers are there and whose names fit them.
struct Rule {
    project: Option<String>,
    layers: BTreeSet<String>,
    who: Vec<Who>,
    grants: Permissions,
    /// Its rows, with the names of claims in it; all where there is none.
    rows: Option<Expr>,
    /// Which claims it binds.
    binds: BTreeSet<String>,
    /// Its properties; all where there are none.
    properties: Option<Vec<String>>,
}

enum Who {
    Everybody,
    Authenticated,
    Role(String),
}

impl Rule {
    fn is_about(&self, layer: LayerRef<'_>) -> bool {
        self.project.as_deref() == layer.project && self.layers.contains(layer.id)
    }

    fn is_for(&self, principal: Option<&Principal>) -> bool {
        self.who.iter().any(|who| match who {
            Who::Everybody => true,
            Who::Authenticated => principal.is_some(),
            Who::Role(role) => principal.is_some_and(|principal| principal.has_role(role)),
        })
    }

    /// Whether it says the same to everybody.
    fn is_shared(&self) -> bool {
        self.binds.is_empty() && matches!(self.who.as_slice(), [Who::Everybody])
    }
}

impl Compiled {
    /// The numbers of the rules that are for somebody, and the values that they bind, decide all that is answered: so they
    /// say who may share it.
    fn scope(&self, matching: &[usize], principal: Option<&Principal>) -> CacheScope {
        if self.rules.iter().all(Rule::is_shared) {
            return CacheScope::Shared;
        }
        let names: BTreeSet<&String> = matching.iter().flat_map(|&rule| &self.rules[rule].binds).collect();
        let values: BTreeMap<_, _> = names.into_iter().map(|name| (name, bind::value(principal, name))).collect();
        CacheScope::Key(format!("{matching:?}{values:?}"))
    }
}

impl AccessControl for Rules {
    async fn admit(&self, request: &Head) -> Result<Box<dyn Admission>> {
        let principal = request.principal.clone();
        let fits = |&rule: &usize| self.0.rules[rule].is_for(principal.as_ref());
        let matching: Vec<usize> = (0..self.0.rules.len()).filter(fits).collect();
        let scope = self.0.scope(&matching, principal.as_ref());
        Ok(Box::new(Granted { compiled: self.0.clone(), matching, principal, scope }))
    }
}
