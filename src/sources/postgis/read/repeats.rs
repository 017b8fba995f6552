//! Notices ids that stand for several rows of a page: the next page begins behind all of them, and those that did not come
//! would never do.

use tokio_postgres::Row;

use super::super::columns::Form;
use super::super::selected::{Selected, raw};
use super::super::table::Table;
use super::super::{Room, fault};
use crate::data::plan::Plan;
use crate::error::Error;

/// What the row before had.
#[derive(Default)]
pub(super) struct Repeats {
    /// Which columns tell rows apart: the ids, and in another order what comes before them. Of what need not be looked at, none.
    columns: Vec<usize>,
    last: Vec<Option<Vec<u8>>>,
}

impl Repeats {
    /// Looks at pages whose ids no index vouches for.
    pub(super) fn new(table: &Table, plan: &Plan, selected: &Selected) -> Self {
        let is_told_apart = plan.sort().is_empty() || !selected.marks.is_empty();
        let is_looked_at = table.ids.is_some() && plan.limit().is_some() && is_told_apart;
        let marks = selected.marks.iter().map(|&(at, _)| at);
        let columns = if is_looked_at { [0].into_iter().chain(marks).collect() } else { Vec::new() };
        Self { columns, last: Vec::new() }
    }

    /// Begins anew.
    pub(super) fn begin(&mut self) {
        self.last.clear();
    }

    /// Whether a row has the id of the one before it, or none.
    pub(super) fn meet(&mut self, row: &Row) -> bool {
        if self.columns.is_empty() {
            return false;
        }
        let is_same = !self.last.is_empty()
            && self.columns.iter().zip(&self.last).all(|(&at, last)| raw(row, at) == last.as_deref());
        self.last.resize(self.columns.len(), None);
        for (&at, last) in self.columns.iter().zip(&mut self.last) {
            match raw(row, at) {
                Some(bytes) => {
                    let last = last.get_or_insert_default();
                    last.clear();
                    last.extend_from_slice(bytes);
                }
                None => *last = None,
            }
        }
        is_same || self.last.first().is_some_and(Option::is_none)
    }

    /// Tells that the row before had the id of another.
    pub(super) fn tell(&self, room: &Room, table: &Table, plan: &Plan) -> Error {
        let value = self.last.first().and_then(Option::as_deref).and_then(|raw| text(raw, table.key.form));
        // Other values of a query's parameters may give other rows than those that are looked at.
        if let (Some(ids), true) = (&table.ids, plan.parameters().is_empty()) {
            room.doubts.note_repeated(ids, value.clone());
        }
        let value = value.as_deref().unwrap_or("null");
        fault::repeated(format!("the column '{}' is {value} in several rows", table.key.name))
    }
}

/// An id as text.
fn text(raw: &[u8], form: Form) -> Option<String> {
    Some(match form {
        Form::Int2 => i16::from_be_bytes(raw.try_into().ok()?).to_string(),
        Form::Int4 => i32::from_be_bytes(raw.try_into().ok()?).to_string(),
        Form::Int8 => i64::from_be_bytes(raw.try_into().ok()?).to_string(),
        _ => std::str::from_utf8(raw).ok()?.to_owned(),
    })
}
