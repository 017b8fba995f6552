//! Why a predicate does not fit a layer.

use std::fmt;

use crate::model::value::Value;

/// What is told to whoever wrote the predicate. Where it stands in a text is found by [`cql2`](super::cql2).
#[derive(Clone, Debug, PartialEq)]
pub struct Misfit {
    /// What is wrong.
    pub message: String,
    /// The way out.
    pub hint: Option<String>,
    /// The name that it is about.
    pub name: Option<String>,
    /// The literal that it is about, where it is about no name.
    pub literal: Option<Value>,
}

impl Misfit {
    pub(super) fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), hint: None, name: None, literal: None }
    }

    /// One that is about a property.
    pub fn of(name: &str, message: impl Into<String>) -> Self {
        Self { name: Some(name.to_owned()), ..Self::new(message) }
    }

    /// The same, about a literal.
    pub(super) fn about(self, literal: &Value) -> Self {
        Self { name: None, literal: Some(literal.clone()), ..self }
    }

    pub(super) fn hint(self, hint: impl Into<String>) -> Self {
        Self { hint: Some(hint.into()), ..self }
    }
}

impl fmt::Display for Misfit {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.message)?;
        self.hint.as_ref().map_or(Ok(()), |hint| write!(out, "; {hint}"))
    }
}

impl std::error::Error for Misfit {}

impl From<Misfit> for String {
    fn from(misfit: Misfit) -> String {
        misfit.to_string()
    }
}
