//! Orders of rows in SQL, and where in them reading begins and ends.

use std::fmt::Write as _;

use rusqlite::types::{Value as Bound, ValueRef};

use super::sql::Sql;
use super::table::Table;
use crate::data::plan::Sort;
use crate::data::position::{Edge, Mark};
use crate::model::batch::{Batch, Cell};
use crate::model::schema::FieldKind;
use crate::model::value::Value;

/// What is told before bytes of a mark: a blob, or text that is no UTF-8.
const BLOB: u8 = 0;
const TEXT: u8 = 1;

/// An order: the steps that were asked for, and the key. What has no value is last, backwards first.
pub(super) struct Order {
    steps: Vec<Step>,
    /// What ends the order besides.
    tie: Option<String>,
    is_backwards: bool,
    /// Whether an index has the rows by the first step.
    pub(super) is_indexed: bool,
}

struct Step {
    sql: String,
    is_descending: bool,
    is_key: bool,
}

impl Order {
    pub(super) fn new(table: &Table, sort: &[Sort], is_backwards: bool) -> Self {
        let key = |is_descending| Step { sql: table.key.compared(), is_descending, is_key: true };
        let step = |step: &Sort| match step.field {
            Some(field) => Step {
                // Text goes by its bytes, whatever the column's collation.
                sql: match table.schema.fields[field].kind {
                    FieldKind::String | FieldKind::Json => format!("{} COLLATE BINARY", table.columns[field]),
                    _ => table.columns[field].clone(),
                },
                is_descending: step.descending,
                is_key: false,
            },
            None => key(step.descending),
        };
        let mut steps: Vec<Step> = sort.iter().map(step).collect();
        if steps.last().is_none_or(|last| !last.is_key) {
            steps.push(key(false));
        }
        Self {
            steps,
            tie: table.key.tie().map(str::to_owned),
            is_backwards,
            is_indexed: sort.first().is_some_and(|first| first.field.is_none_or(|field| table.indexed[field])),
        }
    }

    /// What follows `ORDER BY`.
    pub(super) fn by(&self) -> String {
        let mut order = String::new();
        for step in &self.steps {
            let direction = if step.is_descending == self.is_backwards { "" } else { " DESC" };
            let nulls = match (step.is_key, self.is_backwards) {
                (true, _) => "",
                (false, true) => " NULLS FIRST",
                (false, false) => " NULLS LAST",
            };
            // Writing to a string does not fail.
            let _ = write!(order, "{}{direction}{nulls}, ", step.sql);
        }
        order.truncate(order.len() - 2);
        if let Some(tie) = &self.tie {
            let _ = write!(order, ", {tie}{}", if self.is_backwards { " DESC" } else { "" });
        }
        order
    }

    /// The rows beyond the place where reading begins: parts that follow one another, each of which an index on the first steps finds at
    /// once.
    pub(super) fn from(&self, edge: &Edge, end: Option<&Edge>) -> Vec<Sql> {
        let mut parts = self.beyond(edge, self.is_backwards);
        let end = end.and_then(|edge| edge.position.0.first()).and_then(bound);
        if let (Some(first), Some(_), false) = (self.steps.first(), end, self.is_backwards || parts.len() == 1) {
            // What has no value comes after an end that has one.
            parts.retain(|part| part.text != format!("{} IS NULL", first.sql));
        }
        parts
    }

    /// The rows before the place where reading ends.
    pub(super) fn to(&self, edge: &Edge) -> Sql {
        let mut all = Sql::join(self.beyond(edge, !self.is_backwards), " OR ");
        // The same once more for the first step alone ends a walk through an index. Backwards what has no value is before
        // the end as well.
        if let (Some(first), Some(mark), false) = (self.steps.first(), edge.position.0.first(), self.is_backwards)
            && let Some(value) = bound(mark)
        {
            let how = if first.is_descending { ">=" } else { "<=" };
            all.add(&format!(" AND {} {how} ", first.sql));
            all.append(value);
        }
        all
    }

    fn beyond(&self, edge: &Edge, is_backwards: bool) -> Vec<Sql> {
        let marks = &edge.position.0;
        let mut parts = Vec::new();
        for (at, (step, mark)) in self.steps.iter().zip(marks).enumerate().rev() {
            let mut same = Sql::default();
            for (step, mark) in self.steps.iter().zip(marks).take(at) {
                same.add(&step.sql);
                match bound(mark) {
                    Some(value) => {
                        same.add(" = ");
                        same.append(value);
                    }
                    None => same.add(" IS NULL"),
                }
                same.add(" AND ");
            }
            let mut part = |test: &str, value: Option<Sql>| {
                let mut part = same.clone();
                part.add(&format!("{} {test}", step.sql));
                if let Some(value) = value {
                    part.append(value);
                }
                parts.push(part);
            };
            let is_last = at + 1 == self.steps.len();
            match (bound(mark), is_backwards) {
                (Some(value), _) => {
                    let how = if step.is_descending == is_backwards { ">" } else { "<" };
                    let or_same = if is_last && edge.is_inclusive { "=" } else { "" };
                    part(&format!("{how}{or_same} "), Some(value));
                    if !is_backwards && !step.is_key {
                        part("IS NULL", None);
                    }
                }
                (None, true) => part("IS NOT NULL", None),
                (None, false) => {}
            }
        }
        if parts.is_empty() {
            parts.push(Sql::new("0", Vec::new()));
        }
        parts
    }
}

/// A mark as SQL has it; none for what is no value.
fn bound(mark: &Mark) -> Option<Sql> {
    let value = match mark {
        Mark::Value(Value::Int(number)) => Bound::Integer(*number),
        Mark::Value(Value::Bool(truth)) => Bound::Integer((*truth).into()),
        Mark::Value(Value::Float(number)) => Bound::Real(*number),
        Mark::Value(Value::Text(text)) => Bound::Text(text.clone()),
        Mark::Bytes(bytes) => match bytes.split_first() {
            Some((&TEXT, text)) => return Some(Sql::new("CAST(? AS TEXT)", vec![Bound::Blob(text.to_vec())])),
            Some((_, blob)) => Bound::Blob(blob.to_vec()),
            None => return None,
        },
        // None was ever given.
        Mark::Value(Value::Null | Value::Date(_) | Value::Instant(_)) => return None,
    };
    Some(Sql::new("?", vec![value]))
}

/// Appends a value as it is stored.
pub(super) fn push_mark(batch: &mut Batch, value: ValueRef<'_>) {
    let mut tagged = |tag: u8, bytes: &[u8]| {
        batch.push_blob_with(|out| {
            out.push(tag);
            out.extend(bytes);
            true
        });
    };
    match value {
        ValueRef::Null => batch.push(Cell::Null),
        ValueRef::Integer(number) => batch.push(Cell::Int(number)),
        ValueRef::Real(number) => batch.push(Cell::Float(number)),
        ValueRef::Blob(bytes) => tagged(BLOB, bytes),
        ValueRef::Text(bytes) => match std::str::from_utf8(bytes) {
            Ok(text) => batch.push_text(text),
            Err(_) => tagged(TEXT, bytes),
        },
    }
}
