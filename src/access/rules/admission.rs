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
        let bound =
            |rows: &Expr| check(&bind(rows, layer.schema, self.principal.as_ref()), layer.schema).map_err(String::from);
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::access::rules::Who;
    use crate::expr::cql2::parse;
    use crate::model::batch::{Batch, Cell};
    use crate::model::schema::{Field, FieldKind, KeyKind, Schema};

    fn schema() -> Schema {
        let key = ("fid".to_owned(), KeyKind::Integer);
        Schema { fields: vec![Field::new("n", FieldKind::Integer)], key, geometry: None, time: None }
    }

    fn may_edit(rules: &[(&[&str], Option<&str>)], cells: &[Cell]) -> bool {
        let rule = |(operations, rows): &(&[&str], Option<&str>)| Rule {
            project: None,
            layers: ["a".to_owned()].into(),
            who: vec![Who::Everybody],
            grants: Permissions {
                read: operations.contains(&"read"),
                insert: operations.contains(&"insert"),
                update: operations.contains(&"update"),
                delete: operations.contains(&"delete"),
            },
            rows: rows.map(|text| parse(text).unwrap()),
            binds: std::collections::BTreeSet::new(),
            properties: None,
        };
        let compiled = Compiled { rules: rules.iter().map(rule).collect(), ..Compiled::default() };
        let matching = (0..rules.len()).collect();
        let granted = Granted { compiled: compiled.into(), matching, principal: None, scope: CacheScope::Shared };
        let mut batch = Batch::new(cells.len());
        for cell in cells {
            batch.push(*cell);
        }
        granted.allow_to_edit(LayerRef { project: None, id: "a", schema: &schema() }, batch.row(0))
    }

    #[test]
    fn a_feature_is_edited_within_the_rows_of_what_is_granted() {
        let (one, nine) = ([Cell::Int(1), Cell::Int(1)], [Cell::Int(1), Cell::Int(9)]);
        assert!(!may_edit(&[(&["read"], None)], &one), "reading is not writing");
        assert!(may_edit(&[(&["insert"], None)], &one));
        let few: (&[&str], _) = (&["delete"], Some("n < 5"));
        assert!(may_edit(&[few], &one) && !may_edit(&[few], &nine));
        assert!(may_edit(&[few, (&["delete"], Some("n > 8"))], &nine), "of any rule that grants it");
        assert!(!may_edit(&[few, (&["insert"], None)], &nine), "but not of one that grants another thing");
        assert!(!may_edit(&[few], &[Cell::Int(1)]), "a row of another shape");
        assert!(!may_edit(&[few], &[Cell::Int(1), Cell::Null]));
    }
}
