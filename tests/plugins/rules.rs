//! A policy that a test writes as data.

use std::collections::HashMap;

use graticule::data::policy::{AccessControl, Admission, CacheScope, LayerRef, Permissions};
use graticule::expr::Expr;
use graticule::message::request::Head;
use graticule::{Error, Kind, Result};

/// What a policy says of a layer.
#[derive(Clone, Debug)]
pub(crate) struct Rule {
    pub(crate) permissions: Permissions,
    /// The condition, or that it does not parse.
    pub(crate) expression: Result<Option<Expr>, &'static str>,
    pub(crate) subset: Option<String>,
    pub(crate) attributes: Option<Vec<String>>,
    pub(crate) panics: bool,
}

impl Default for Rule {
    fn default() -> Self {
        Self { permissions: Permissions::ALL, expression: Ok(None), subset: None, attributes: None, panics: false }
    }
}

impl Rule {
    pub(crate) fn hidden() -> Self {
        Self { permissions: Permissions::NONE, ..Self::default() }
    }

    pub(crate) fn rows(expression: Expr) -> Self {
        Self { expression: Ok(Some(expression)), ..Self::default() }
    }

    pub(crate) fn subset(sql: &str) -> Self {
        Self { subset: Some(sql.to_owned()), ..Self::default() }
    }

    pub(crate) fn attributes(names: &[&str]) -> Self {
        Self { attributes: Some(names.iter().map(|&name| name.to_owned()).collect()), ..Self::default() }
    }

    pub(crate) fn failing() -> Self {
        Self { expression: Err("the condition does not parse"), ..Self::default() }
    }
}

/// A policy: a rule for each layer; or it refuses every request.
#[derive(Clone, Debug)]
pub(crate) struct Rules {
    by_layer: HashMap<String, Rule>,
    scope: CacheScope,
    refusal: Option<Kind>,
}

impl Rules {
    pub(crate) fn new(rules: impl IntoIterator<Item = (&'static str, Rule)>) -> Self {
        let rules = rules.into_iter().map(|(name, rule)| (name.to_owned(), rule)).collect();
        Self { by_layer: rules, scope: CacheScope::Nobody, refusal: None }
    }

    pub(crate) fn scoped(mut self, scope: CacheScope) -> Self {
        self.scope = scope;
        self
    }

    pub(crate) fn refusing(kind: Kind) -> Self {
        Self { refusal: Some(kind), ..Self::new([]) }
    }

    fn of(&self, layer: LayerRef<'_>) -> Option<&Rule> {
        self.by_layer.get(layer.id)
    }
}

impl AccessControl for Rules {
    async fn admit(&self, _: &Head) -> Result<Box<dyn Admission>> {
        match self.refusal {
            Some(kind) => Err(Error::new(kind, "not you")),
            None => Ok(Box::new(self.clone())),
        }
    }
}

impl Admission for Rules {
    fn layer_permissions(&self, layer: LayerRef<'_>) -> Permissions {
        self.of(layer).map_or(Permissions::ALL, |rule| rule.permissions)
    }

    fn layer_filter_expression(&self, layer: LayerRef<'_>) -> Result<Option<Expr>> {
        let Some(rule) = self.of(layer) else { return Ok(None) };
        assert!(!rule.panics, "a policy's panic");
        rule.expression.clone().map_err(Error::internal)
    }

    fn layer_filter_subset(&self, layer: LayerRef<'_>) -> Option<String> {
        self.of(layer)?.subset.clone()
    }

    fn authorized_attributes(&self, layer: LayerRef<'_>, attributes: Vec<String>) -> Vec<String> {
        self.of(layer).and_then(|rule| rule.attributes.clone()).unwrap_or(attributes)
    }

    fn cache_scope(&self) -> CacheScope {
        self.scope.clone()
    }
}
