//! What the rules grant to one request.

use std::collections::HashSet;
use std::sync::Arc;

use super::bind::bind;
use super::{Compiled, Rule};
use crate::data::policy::{Admission, CacheScope, LayerRef, Permissions};
use crate::error::{Error, Result};
use crate::expr::evaluate::Predicate;
use crate::expr::{Expr, check};
use crate::message::principal::Principal;
use crate::model::batch::{Layout, Row};

/// The rules that are for whoever asks.
pub(super) struct Granted {
    pub(super) compiled: Arc<Compiled>,
    /// Their numbers.
    pub(super) matching: Vec<usize>,
    pub(super) principal: Option<Principal>,
    pub(super) scope: CacheScope,
}

impl Granted {
    /// The rules about a layer that are for whoever asks and grant something.
    fn granting(&self, layer: LayerRef<'_>, what: impl Fn(Permissions) -> bool) -> Vec<&Rule> {
        let rules = self.matching.iter().map(|&rule| &self.compiled.rules[rule]);
        rules.filter(|rule| rule.is_about(layer) && what(rule.grants)).collect()
    }

    fn has_rules(&self, layer: LayerRef<'_>) -> bool {
        self.compiled.rules.iter().any(|rule| rule.is_about(layer))
    }

    fn is_closed(&self, layer: LayerRef<'_>) -> bool {
        let key = (layer.project.map(str::to_owned), layer.id.to_owned());
        !self.compiled.closed.is_empty() && self.compiled.closed.contains(&key)
    }

    /// The rows of any of the rules; all where one of them names none.
    fn rows(&self, layer: LayerRef<'_>, rules: &[&Rule]) -> Result<Option<Expr>> {
        let Some(rows) = rules.iter().map(|rule| rule.rows.as_ref()).collect::<Option<Vec<_>>>() else {
            return Ok(None);
        };
        let bound = |rows: &Expr| check(&bind(rows, layer.schema, self.principal.as_ref()), layer.schema);
        let mut parts = rows.into_iter().map(bound).collect::<Result<Vec<_>, _>>().map_err(Error::internal)?;
        Ok(Some(if parts.len() == 1 { parts.remove(0) } else { Expr::Or(parts) }))
    }

    fn may_edit(&self, layer: LayerRef<'_>, feature: Row<'_>, rules: &[&Rule]) -> Result<bool> {
        let fields = (0..layer.schema.fields.len()).collect();
        let layout = Layout { geometry: layer.schema.geometry.is_some(), fields };
        let Some(rows) = self.rows(layer, rules)? else { return Ok(true) };
        let predicate = Predicate::new(&rows, layer.schema, &layout).map_err(Error::internal)?;
        Ok(feature.width() == layout.width() && predicate.test(feature))
    }
}

impl Admission for Granted {
    fn layer_permissions(&self, layer: LayerRef<'_>) -> Permissions {
        if self.is_closed(layer) {
            return Permissions::NONE;
        }
        if !self.has_rules(layer) {
            return Permissions::READ;
        }
        let granting = self.granting(layer, |_| true);
        granting.iter().fold(Permissions::NONE, |all, rule| Permissions {
            read: all.read || rule.grants.read,
            insert: all.insert || rule.grants.insert,
            update: all.update || rule.grants.update,
            delete: all.delete || rule.grants.delete,
        })
    }

    fn layer_filter_expression(&self, layer: LayerRef<'_>) -> Result<Option<Expr>> {
        if !self.has_rules(layer) {
            return Ok(None);
        }
        // A rule that only lets somebody write does not open rows for reading.
        self.rows(layer, &self.granting(layer, |grants| grants.read))
    }

    fn authorized_attributes(&self, layer: LayerRef<'_>, attributes: Vec<String>) -> Vec<String> {
        let granting = self.granting(layer, |grants| grants.read);
        if !self.has_rules(layer) || granting.iter().any(|rule| rule.properties.is_none()) {
            return attributes;
        }
        let named: HashSet<&String> = granting.iter().filter_map(|rule| rule.properties.as_ref()).flatten().collect();
        attributes.into_iter().filter(|name| named.contains(name)).collect()
    }

    fn allow_to_edit(&self, layer: LayerRef<'_>, feature: Row<'_>) -> bool {
        // Which of the three it is, is not told: the feature must be among the rows of each that is granted.
        let kinds: [fn(Permissions) -> bool; 3] = [|it| it.insert, |it| it.update, |it| it.delete];
        let granting = kinds.map(|kind| self.granting(layer, kind));
        let mut granted = granting.iter().filter(|rules| !rules.is_empty()).peekable();
        granted.peek().is_some() && granted.all(|rules| self.may_edit(layer, feature, rules).unwrap_or(false))
    }

    fn cache_scope(&self) -> CacheScope {
        self.scope.clone()
    }
}
