//! What is wrong with a text, and where.

use std::fmt;

/// Why a text is no filter, told to whoever wrote it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The byte of the text at which it shows.
    pub position: usize,
    /// The character of the text at which it shows, counted from 1.
    pub column: usize,
    /// In JSON, the part at which it shows, as a JSON pointer.
    pub path: Option<String>,
    /// What is wrong.
    pub message: String,
    /// The way out.
    pub hint: Option<String>,
}

impl Fault {
    pub(super) fn new(text: &str, position: usize, message: impl Into<String>) -> Self {
        let column = text.get(..position).unwrap_or(text).chars().count() + 1;
        Self { position, column, path: None, message: message.into(), hint: None }
    }

    /// A fault in a part of a JSON document.
    pub(super) fn within(path: &str, message: impl Into<String>) -> Self {
        Self { position: 0, column: 1, path: Some(path.to_owned()), message: message.into(), hint: None }
    }

    pub(super) fn hint(self, hint: impl Into<String>) -> Self {
        Self { hint: Some(hint.into()), ..self }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.path.as_deref() {
            None => write!(out, "{} (at character {})", self.message, self.column)?,
            Some("") => write!(out, "{} (at the root)", self.message)?,
            Some(path) => write!(out, "{} (at {path})", self.message)?,
        }
        self.hint.as_ref().map_or(Ok(()), |hint| write!(out, ": {hint}"))
    }
}

impl std::error::Error for Fault {}
