//! Pieces of SQL with their parameters. Names are quoted, values are always bound.

use std::error::Error;
use std::fmt::Write as _;
use std::sync::Arc;

use bytes::{BufMut, BytesMut};
use tokio_postgres::types::{IsNull, ToSql, Type, to_sql_checked};

/// Days and microseconds from PostgreSQL's beginning of time, 2000-01-01, to ours.
pub(super) const EPOCH_DAYS: i32 = 10_957;
pub(super) const EPOCH_MICROS: i64 = 10_957 * 86_400_000_000;

/// A bound value, in PostgreSQL's binary form. The statement casts each parameter to the type that is named here.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Bound {
    /// `bool`
    Bool(bool),
    /// `int8`
    Int(i64),
    /// `float8`
    Float(f64),
    /// `text`
    Text(String),
    /// `bytea`
    Bytes(Arc<[u8]>),
    /// `date`, days since 1970
    Date(i32),
    /// `timestamp` or `timestamptz`, microseconds since 1970
    Instant(i64),
    /// An array of these.
    Many(Vec<Bound>),
}

impl ToSql for Bound {
    fn to_sql(&self, kind: &Type, out: &mut BytesMut) -> Result<IsNull, Box<dyn Error + Sync + Send>> {
        match self {
            Self::Bool(truth) => out.put_u8(u8::from(*truth)),
            Self::Int(number) => out.put_i64(*number),
            Self::Float(number) => out.put_f64(*number),
            Self::Text(text) => out.put_slice(text.as_bytes()),
            Self::Bytes(bytes) => out.put_slice(bytes),
            Self::Date(day) => out.put_i32(day.saturating_sub(EPOCH_DAYS)),
            Self::Instant(at) => out.put_i64(at.saturating_sub(EPOCH_MICROS)),
            Self::Many(values) => return values.to_sql(kind, out),
        }
        Ok(IsNull::No)
    }

    // The cast in the statement says the type.
    fn accepts(_: &Type) -> bool {
        true
    }

    to_sql_checked!();
}

/// SQL text with `$1`, `$2`… and what is bound to them.
#[derive(Clone, Debug, Default)]
pub(super) struct Sql {
    pub(super) text: String,
    pub(super) values: Vec<Bound>,
}

impl Sql {
    /// Appends text.
    pub(super) fn add(&mut self, text: &str) {
        self.text.push_str(text);
    }

    /// Appends a parameter with its type.
    pub(super) fn bind(&mut self, value: Bound, cast: &str) {
        self.values.push(value);
        // Writing to a string does not fail.
        let _ = write!(self.text, "${}::{cast}", self.values.len());
    }

    /// Gives up what was appended since a mark.
    pub(super) fn undo(&mut self, mark: (usize, usize)) {
        self.text.truncate(mark.0);
        self.values.truncate(mark.1);
    }

    /// A mark to go back to.
    pub(super) fn mark(&self) -> (usize, usize) {
        (self.text.len(), self.values.len())
    }

    /// The values, to be bound.
    pub(super) fn bound(&self) -> impl ExactSizeIterator<Item = &(dyn ToSql + Sync)> {
        self.values.iter().map(|value| value as &(dyn ToSql + Sync))
    }
}

/// A name as SQL writes it.
pub(super) fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}
