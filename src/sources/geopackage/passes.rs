//! Lets SQLite ask the evaluator. A condition that SQL cannot say is a function of the columns that it reads: rows that fail are
//! neither copied nor sorted, and those that pass are counted without leaving SQLite.

use std::collections::HashMap;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use rusqlite::functions::{Context, FunctionFlags};
use rusqlite::types::{Value as Bound, ValueRef};
use rusqlite::{Connection, Error, Result};

use super::cells;
use super::sql::Sql;
use super::table::Table;
use crate::expr::evaluate::Test;
use crate::model::batch::Batch;
use crate::model::schema::{FieldKind, KeyKind};

/// What SQL calls the function. Its first argument is the number of a condition.
const NAME: &str = "graticule_passes";
/// Most columns of a condition: SQLite has functions of 127 arguments.
const MOST_COLUMNS: usize = 100;

/// The conditions that are asked for just now, by their numbers.
static ASKED: LazyLock<Mutex<HashMap<i64, Arc<Condition>>>> = LazyLock::new(Mutex::default);
static NEXT: AtomicI64 = AtomicI64::new(0);

/// A condition, and of what its columns are.
struct Condition {
    test: Test,
    key: KeyKind,
    fields: Vec<FieldKind>,
    /// The row that is tested, to be used again. One statement is run by one thread.
    scratch: Mutex<Batch>,
}

/// As long as it is there, SQLite knows the condition.
#[derive(Debug)]
pub(super) struct Asked(i64);

impl Drop for Asked {
    fn drop(&mut self) {
        ASKED.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.0);
    }
}

/// Makes the function known to a connection. The file itself, in its views, cannot call it.
pub(super) fn register(connection: &Connection) -> Result<()> {
    let flags = FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_DIRECTONLY | FunctionFlags::SQLITE_DETERMINISTIC;
    connection.create_scalar_function(NAME, -1, flags, passes)
}

/// Whether a test can be asked for.
pub(super) fn can_ask(test: &Test) -> bool {
    test.layout.fields.len() <= MOST_COLUMNS
}

/// What is true for the rows that pass.
pub(super) fn asked(table: &Table, test: Test) -> (Sql, Asked) {
    let mut sql = Sql::new(format!("{NAME}(?, {}", table.key.sql), Vec::new());
    if test.layout.geometry {
        sql.add(&format!(", {}", table.geometry.as_deref().unwrap_or("NULL")));
    }
    test.layout.fields.iter().for_each(|&field| sql.add(&format!(", {}", table.columns[field])));
    sql.add(")");
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    sql.values.push(Bound::Integer(number));
    let fields = test.layout.fields.iter().map(|&field| table.schema.fields[field].kind).collect();
    let condition =
        Condition { key: table.key.kind, fields, scratch: Mutex::new(Batch::new(test.layout.width())), test };
    ASKED.lock().unwrap_or_else(PoisonError::into_inner).insert(number, Arc::new(condition));
    (sql, Asked(number))
}

fn passes(context: &Context<'_>) -> Result<bool> {
    // Looked up once for each run of a statement.
    let condition: Arc<Arc<Condition>> = context.get_or_create_aux(0, found)?;
    let mut row = condition.scratch.lock().unwrap_or_else(PoisonError::into_inner);
    let layout = &condition.test.layout;
    if context.len() != layout.width() + 1 {
        return Err(Error::InvalidParameterCount(context.len(), layout.width() + 1));
    }
    row.reset(layout.width());
    cells::push_id(&mut row, condition.key, context.get_raw(1));
    if layout.geometry {
        cells::push_geometry(&mut row, context.get_raw(2));
    }
    for (at, kind) in condition.fields.iter().enumerate() {
        cells::push(&mut row, *kind, context.get_raw(1 + layout.first_property() + at));
    }
    Ok(condition.test.predicate.test(row.row(0)))
}

fn found(number: ValueRef<'_>) -> std::result::Result<Arc<Condition>, &'static str> {
    let ValueRef::Integer(number) = number else { return Err("no number of a condition") };
    let asked = ASKED.lock().unwrap_or_else(PoisonError::into_inner);
    asked.get(&number).cloned().ok_or("no such condition")
}
