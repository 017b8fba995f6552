//! Pieces of SQL with their parameters. Names are quoted, values are always bound.

use rusqlite::types::{Value, ValueRef};
use rusqlite::{Row, params_from_iter};

/// Most pieces of a chain.
pub(super) const GROUP: usize = 32;

/// SQL text and what is bound to its question marks, in order.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Sql {
    pub(super) text: String,
    pub(super) values: Vec<Value>,
}

impl Sql {
    pub(super) fn new(text: impl Into<String>, values: Vec<Value>) -> Self {
        Self { text: text.into(), values }
    }

    /// Appends text.
    pub(super) fn add(&mut self, text: &str) {
        self.text.push_str(text);
    }

    /// Appends a piece.
    pub(super) fn append(&mut self, other: Sql) {
        self.text.push_str(&other.text);
        self.values.extend(other.values);
    }

    /// Pieces in parentheses with a word between them; many of them in groups, and groups of groups, for SQLite reads a
    /// chain as a tree as deep as the chain is long.
    pub(super) fn join(parts: impl IntoIterator<Item = Sql>, word: &str) -> Sql {
        let mut parts: Vec<Sql> = parts.into_iter().collect();
        while parts.len() > GROUP {
            let (mut left, mut groups) = (parts.into_iter(), Vec::new());
            loop {
                let group = Self::chain(left.by_ref().take(GROUP), word);
                if group.text.is_empty() {
                    break;
                }
                groups.push(group);
            }
            parts = groups;
        }
        Self::chain(parts, word)
    }

    fn chain(parts: impl IntoIterator<Item = Sql>, word: &str) -> Sql {
        let mut joined = Sql::default();
        for part in parts {
            joined.add(if joined.text.is_empty() { "(" } else { word });
            joined.append(part);
        }
        if !joined.text.is_empty() {
            joined.add(")");
        }
        joined
    }

    /// The values, to be bound.
    pub(super) fn bound(&self) -> rusqlite::ParamsFromIter<&Vec<Value>> {
        params_from_iter(&self.values)
    }
}

/// A name as SQL writes it.
pub(super) fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// A column of the table, which every statement calls `t`: SQLite takes a quoted name that it does not know for text,
/// but not one that names its table.
pub(super) fn column(name: &str) -> String {
    format!("t.{}", quoted(name))
}

/// A value of a table of metadata as text, however it is stored.
pub(super) fn text(row: &Row<'_>, at: usize) -> rusqlite::Result<Option<String>> {
    Ok(match row.get_ref(at)? {
        ValueRef::Text(bytes) => Some(String::from_utf8_lossy(bytes).into_owned()),
        ValueRef::Integer(number) => Some(number.to_string()),
        ValueRef::Real(number) => Some(number.to_string()),
        ValueRef::Null | ValueRef::Blob(_) => None,
    })
}

/// A value of a table of metadata as a number.
pub(super) fn number(row: &Row<'_>, at: usize) -> rusqlite::Result<Option<f64>> {
    #[allow(clippy::cast_precision_loss)] // extents and flags
    Ok(match row.get_ref(at)? {
        ValueRef::Integer(number) => Some(number as f64),
        ValueRef::Real(number) => Some(number),
        _ => None,
    })
}
