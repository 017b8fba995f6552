//! Who asks.

use std::collections::BTreeMap;

/// Who asks, as an authentication found out: a filter sets it, policies read it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Principal {
    /// Name of the user or program.
    pub name: String,
    /// Roles, as the rules of the project file name them.
    pub roles: Vec<String>,
    /// What else is known, such as the claims of a token; rules bind them as values.
    pub claims: BTreeMap<String, String>,
}

impl Principal {
    /// Somebody with these roles.
    pub fn new(name: impl Into<String>, roles: impl IntoIterator<Item = impl Into<String>>) -> Self {
        Self { name: name.into(), roles: roles.into_iter().map(Into::into).collect(), claims: BTreeMap::new() }
    }

    /// Whether they have this role.
    pub fn has_role(&self, role: &str) -> bool {
        self.roles.iter().any(|other| other == role)
    }
}
