//! What is wrong with a text, and where.

use std::fmt;

/// Why a text is no filter, told to whoever wrote it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The byte of the text at which it shows.
    pub position: usize,
    /// The character of the text at which it shows, counted from 1.
    pub column: usize,
    /// What is wrong.
    pub message: String,
    /// The way out.
    pub hint: Option<String>,
}

impl Fault {
    pub(super) fn new(text: &str, position: usize, message: impl Into<String>) -> Self {
        let column = text.get(..position).unwrap_or(text).chars().count() + 1;
        Self { position, column, message: message.into(), hint: None }
    }

    pub(super) fn hint(self, hint: impl Into<String>) -> Self {
        Self { hint: Some(hint.into()), ..self }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{} (at character {})", self.message, self.column)?;
        self.hint.as_ref().map_or(Ok(()), |hint| write!(out, ": {hint}"))
    }
}

impl std::error::Error for Fault {}
