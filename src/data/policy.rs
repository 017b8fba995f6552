//! Access control: what a request may see of each layer. Policies are asked by the server's guard and enforced by the gate,
//! so no handler and no service can forget them.

use std::collections::BTreeSet;
use std::future::Future;
use std::pin::Pin;

use crate::error::{Error, Result};
use crate::expr::Expr;
use crate::message::request::Head;
use crate::model::batch::Row;
use crate::model::schema::Schema;

/// The layer that a policy is asked about.
#[derive(Clone, Copy)]
pub struct LayerRef<'a> {
    /// The project; none for the one at the root.
    pub project: Option<&'a str>,
    /// Id of the collection.
    pub id: &'a str,
    /// Its full schema, with what is hidden from clients.
    pub schema: &'a Schema,
}

/// What may be done with a layer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(clippy::struct_excessive_bools)] // four rights, as the field names them
pub struct Permissions {
    /// It may be seen and read; without, it does not exist for the client.
    pub read: bool,
    /// Features may be added.
    pub insert: bool,
    /// Features may be changed.
    pub update: bool,
    /// Features may be removed.
    pub delete: bool,
}

impl Permissions {
    /// Everything.
    pub const ALL: Self = Self { read: true, insert: true, update: true, delete: true };
    /// Reading alone.
    pub const READ: Self = Self { read: true, insert: false, update: false, delete: false };
    /// Nothing.
    pub const NONE: Self = Self { read: false, insert: false, update: false, delete: false };

    /// What both allow.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self {
            read: self.read && other.read,
            insert: self.insert && other.insert,
            update: self.update && other.update,
            delete: self.delete && other.delete,
        }
    }
}

/// Who may share a cached answer.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum CacheScope {
    /// Everybody: the policy does not depend on who asks.
    Shared,
    /// Those with the same key: a role, say.
    Key(String),
    /// Nobody.
    Nobody,
}

/// What one request may do: plain questions for each layer. Every method allows all unless it is written.
pub trait Admission: Send + Sync {
    /// What may be done with a layer.
    fn layer_permissions(&self, layer: LayerRef<'_>) -> Permissions {
        let _ = layer;
        Permissions::ALL
    }

    /// A condition that rows must meet; it may read hidden properties. An error closes the layer.
    fn layer_filter_expression(&self, layer: LayerRef<'_>) -> Result<Option<Expr>> {
        let _ = layer;
        Ok(None)
    }

    /// A condition in the source's own language (SQL), which comes from whoever runs the server, never from a request. A
    /// source that cannot take it is closed, and so is one whose condition has a comment or does not stand alone.
    fn layer_filter_subset(&self, layer: LayerRef<'_>) -> Option<String> {
        let _ = layer;
        None
    }

    /// Which of the properties may be seen; the next policy gets what is left.
    fn authorized_attributes(&self, layer: LayerRef<'_>, attributes: Vec<String>) -> Vec<String> {
        let _ = layer;
        attributes
    }

    /// Whether this feature may be added, changed (asked of the old and of the new state) or removed.
    fn allow_to_edit(&self, layer: LayerRef<'_>, feature: Row<'_>) -> bool {
        let _ = (layer, feature);
        true
    }

    /// Who may share answers that this policy cut.
    fn cache_scope(&self) -> CacheScope {
        CacheScope::Nobody
    }
}

/// A policy. Several are joined: all must allow, all conditions must hold.
pub trait AccessControl: Send + Sync + 'static {
    /// Looks at a request, once: who asks, and what may they do? An error refuses the request.
    fn admit(&self, request: &Head) -> impl Future<Output = Result<Box<dyn Admission>>> + Send;
}

pub(crate) type Admitting<'a> = Pin<Box<dyn Future<Output = Result<Box<dyn Admission>>> + Send + 'a>>;

/// A policy as the server keeps it.
pub(crate) trait DynAccess: Send + Sync {
    fn admit<'a>(&'a self, request: &'a Head) -> Admitting<'a>;
}

impl<A: AccessControl> DynAccess for A {
    fn admit<'a>(&'a self, request: &'a Head) -> Admitting<'a> {
        Box::pin(AccessControl::admit(self, request))
    }
}

/// Whether a subset is one condition by itself, within the parentheses that a source puts around it: a stray one, a comment or
/// a quote without end would undo the other policies.
fn stands_alone(text: &str) -> bool {
    let mut depth = 0_usize;
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        match c {
            '\'' | '"' | '`' | '[' => {
                let end = if c == '[' { ']' } else { c };
                if !rest.by_ref().any(|other| other == end) {
                    return false;
                }
            }
            '(' => depth += 1,
            ')' if depth == 0 => return false,
            ')' => depth -= 1,
            ';' | '\0' => return false,
            '-' if rest.peek() == Some(&'-') => return false,
            '/' if rest.peek() == Some(&'*') => return false,
            _ => {}
        }
    }
    depth == 0 && !text.trim().is_empty()
}

/// All policies of a request, joined.
#[derive(Default)]
pub(crate) struct Admissions(pub(crate) Vec<Box<dyn Admission>>);

/// What all policies together say of a layer.
pub(crate) struct Verdict {
    pub(crate) permissions: Permissions,
    pub(crate) conditions: Vec<Expr>,
    pub(crate) attributes: Vec<String>,
}

impl Admissions {
    /// Asks all policies about a layer of which these properties are published.
    pub(crate) fn judge(&self, layer: LayerRef<'_>, published: Vec<String>) -> Result<Verdict> {
        let mut verdict = Verdict { permissions: Permissions::ALL, conditions: Vec::new(), attributes: published };
        for admission in &self.0 {
            verdict.permissions = verdict.permissions.and(admission.layer_permissions(layer));
        }
        if !verdict.permissions.read {
            // Before any condition is asked for: one that fails would tell that the layer is there.
            return Ok(verdict);
        }
        for admission in &self.0 {
            verdict
                .conditions
                .extend(admission.layer_filter_expression(layer)?.map(Expr::conjuncts).into_iter().flatten());
            verdict.conditions.extend(admission.layer_filter_subset(layer).map(Expr::Subset));
            let allowed = admission.authorized_attributes(layer, verdict.attributes.clone());
            // A policy takes away; it cannot bring back what another took, nor what the project hides.
            let before: BTreeSet<String> = verdict.attributes.drain(..).collect();
            verdict.attributes = allowed.into_iter().filter(|name| before.contains(name)).collect();
        }
        let mut stand_alone = true;
        for condition in &verdict.conditions {
            condition.walk(&mut |part| stand_alone &= !matches!(part, Expr::Subset(text) if !stands_alone(text)));
        }
        if stand_alone { Ok(verdict) } else { Err(Error::internal("the subset of a policy is not one condition")) }
    }

    /// Who may share answers under these policies.
    pub(crate) fn scope(&self) -> CacheScope {
        let mut keys = Vec::new();
        for admission in &self.0 {
            match admission.cache_scope() {
                CacheScope::Shared => {}
                CacheScope::Key(key) => keys.push(format!("{}:{key}", key.len())),
                CacheScope::Nobody => return CacheScope::Nobody,
            }
        }
        if keys.is_empty() { CacheScope::Shared } else { CacheScope::Key(keys.join("|")) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_subset_stands_alone_or_closes_its_layer() {
        for fine in ["a = 1", "(a = 1) OR (b = 'x)' AND \"c(\" - -1 = [d(])", "a = 'it''s'", "a / b > 1"] {
            assert!(stands_alone(fine), "{fine}");
        }
        for open in ["1) OR (1", "a = 'x", "a = 1 --", "a = 1 /* */", "(a", "a)", "a; b", "", " ", "a = \"x"] {
            assert!(!stands_alone(open), "{open}");
        }
    }
}
