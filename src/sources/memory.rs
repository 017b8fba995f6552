//! Rows in memory, for tests and for programs that make their features themselves. The plainest source there is: it takes
//! nothing but ids and pages nothing, so the gate does the work.

use std::collections::HashSet;
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use crate::base::bbox::Rect;
use crate::base::datetime::Instant;
use crate::base::stack::STACK;
use crate::data::extent::Extent;
use crate::data::plan::Plan;
use crate::data::rows::{RowSender, Rows, channel};
use crate::data::source::{FeatureSource, Pending};
use crate::error::{Error, Result};
use crate::expr::Expr;
use crate::expr::evaluate::Predicate;
use crate::model::batch::{Batch, Cell, Layout};
use crate::model::geometry::envelope;
use crate::model::schema::{KeyKind, Schema};
use crate::model::value::{FeatureId, Value};

/// One row: its id, its geometry as WKB, and a value for each field of the schema.
pub type MemoryRow = (FeatureId, Option<Vec<u8>>, Vec<Value>);

/// A layer held in memory.
pub struct Memory {
    schema: Arc<Schema>,
    rows: RwLock<Arc<Vec<MemoryRow>>>,
    state: AtomicU64,
}

impl fmt::Debug for Memory {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Memory({} rows)", self.rows().len())
    }
}

impl Memory {
    /// A layer of these rows, in any order. Ids must be unique and of the key's type, and each row as wide as the schema.
    pub fn new(schema: Schema, rows: Vec<MemoryRow>) -> Result<Self> {
        let rows = RwLock::new(Arc::new(checked(&schema, rows)?));
        Ok(Self { schema: Arc::new(schema), rows, state: AtomicU64::new(first_state()) })
    }

    /// Puts other rows in the place of all that there are. Readers that have begun still see the old ones.
    pub fn replace_rows(&self, rows: Vec<MemoryRow>) -> Result<()> {
        let rows = Arc::new(checked(&self.schema, rows)?);
        *self.rows.write().unwrap_or_else(PoisonError::into_inner) = rows;
        self.state.fetch_add(1, Ordering::SeqCst);
        Ok(())
    }

    fn rows(&self) -> Arc<Vec<MemoryRow>> {
        self.rows.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// The rows in the order of their ids, or what is wrong with them.
fn checked(schema: &Schema, mut rows: Vec<MemoryRow>) -> Result<Vec<MemoryRow>> {
    let mut seen = HashSet::with_capacity(rows.len());
    for (id, geometry, values) in &rows {
        let fits =
            matches!((schema.key.1, id), (KeyKind::Integer, FeatureId::Int(_)) | (KeyKind::String, FeatureId::Text(_)));
        if !fits {
            return Err(Error::internal(format!("the id {id} is not of the key's type")));
        }
        if !seen.insert(id) {
            return Err(Error::internal(format!("the id {id} is there twice")));
        }
        if values.len() != schema.fields.len() {
            let (have, want) = (values.len(), schema.fields.len());
            return Err(Error::internal(format!("the row {id} has {have} values for {want} fields")));
        }
        if geometry.is_some() && schema.geometry.is_none() {
            return Err(Error::internal(format!("the row {id} has a geometry, the schema has none")));
        }
    }
    drop(seen);
    rows.sort_by(|(a, ..), (b, ..)| a.cmp(b));
    Ok(rows)
}

fn push_row(batch: &mut Batch, layout: &Layout, (id, geometry, values): &MemoryRow) {
    match id {
        FeatureId::Int(id) => batch.push(Cell::Int(*id)),
        FeatureId::Text(id) => batch.push_text(id),
    }
    if layout.geometry {
        match geometry {
            Some(wkb) => batch.push_blob(wkb),
            None => batch.push(Cell::Null),
        }
    }
    for &field in &layout.fields {
        batch.push_value(&values[field]);
    }
}

/// The plan's ids test nothing but the first cell, which every row has.
fn test_of(plan: &Plan, schema: &Schema) -> Result<Predicate> {
    let all = Expr::And(plan.filter().to_vec());
    Predicate::new(&all, schema, plan.layout())
        .map_err(|name| Error::internal(format!("'{name}' was pushed down, but not taken")))
}

fn send_rows(rows: &[MemoryRow], layout: &Layout, test: &Predicate, sender: &RowSender) {
    let mut batch = sender.batch(layout.width());
    for row in rows {
        push_row(&mut batch, layout, row);
        if !test.test(batch.row(batch.len() - 1)) {
            batch.pop_row();
        } else if batch.is_full() && !sender.send(std::mem::replace(&mut batch, sender.batch(layout.width()))) {
            return;
        }
    }
    if !batch.is_empty() {
        // Whether the reader is still there does not matter any more.
        let _ = sender.send(batch);
    }
}

impl FeatureSource for Memory {
    fn schema(&self) -> &Arc<Schema> {
        &self.schema
    }

    fn takes(&self, conjunct: &Expr) -> bool {
        matches!(conjunct, Expr::Ids(_))
    }

    fn pages(&self) -> bool {
        false
    }

    fn features(&self, plan: Plan) -> Rows {
        let (sender, out) = channel(plan.layout().clone());
        let (rows, test) = (self.rows(), test_of(&plan, &self.schema));
        let read = move || match test {
            Ok(test) => send_rows(&rows, plan.layout(), &test, &sender),
            Err(error) => sender.fail(error),
        };
        // A thread of its own works within a runtime and without one; where none can be had, the rows end at once.
        if let Err(cause) = std::thread::Builder::new().name("memory".to_owned()).stack_size(STACK).spawn(read) {
            let (sender, refused) = channel(out.layout().clone());
            sender.fail(Error::internal(cause));
            return refused;
        }
        out
    }

    fn count(&self, plan: Plan) -> Pending<Result<u64>> {
        let (rows, test) = (self.rows(), test_of(&plan, &self.schema));
        Box::pin(async move {
            let test = test?;
            let mut batch = Batch::new(1);
            let ids_only = Layout { geometry: false, fields: Vec::new() };
            let passes = |row: &&MemoryRow| {
                batch.reset(1);
                push_row(&mut batch, &ids_only, row);
                test.test(batch.row(0))
            };
            Ok(rows.iter().filter(passes).count() as u64)
        })
    }

    fn extent(&self) -> Pending<Result<Extent>> {
        let (rows, time) = (self.rows(), self.schema.time);
        Box::pin(async move {
            let (mut space, mut first, mut last) = (Rect::EMPTY, None::<Instant>, None::<Instant>);
            for (_, geometry, values) in rows.iter() {
                if let Some(Ok(Some(rect))) = geometry.as_deref().map(envelope) {
                    space.include(rect.min_x, rect.min_y);
                    space.include(rect.max_x, rect.max_y);
                }
                if let Some(time) = time {
                    let start = instant(&values[time.start], false);
                    let end = instant(&values[time.end.unwrap_or(time.start)], true);
                    first = start.into_iter().chain(first).min();
                    last = end.into_iter().chain(last).max();
                }
            }
            let time = (first.is_some() || last.is_some()).then_some((first, last));
            Ok(Extent { space: (!space.is_empty()).then_some(space), time })
        })
    }

    fn state(&self) -> u64 {
        self.state.load(Ordering::SeqCst)
    }
}

fn instant(value: &Value, last: bool) -> Option<Instant> {
    match value {
        Value::Instant(at) => Some(*at),
        Value::Date(day) => Some(if last { day.end() } else { day.start() }),
        _ => None,
    }
}

/// A state that no earlier process has had: validators of answers outlive processes.
fn first_state() -> u64 {
    u64::try_from(chrono::Utc::now().timestamp_micros()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::gate::{COUNT_BUDGET, Locked};
    use crate::data::query::Query;
    use crate::model::schema::{Field, FieldKind};

    fn schema() -> Schema {
        Schema {
            fields: vec![Field::new("name", FieldKind::String)],
            key: ("fid".to_owned(), KeyKind::Integer),
            geometry: None,
            time: None,
        }
    }

    fn row(id: i64, name: &str) -> MemoryRow {
        (FeatureId::Int(id), None, vec![Value::Text(name.to_owned())])
    }

    #[tokio::test]
    async fn rows_come_in_the_order_of_their_ids_through_the_gate() {
        let rows = (0..5000).rev().map(|id| row(id, if id % 2 == 0 { "even" } else { "odd" })).collect();
        let memory = Arc::new(Memory::new(schema(), rows).unwrap());
        let view = Locked::new(memory.clone()).view(None, Vec::new());
        let mut query = Query { offset: 10, limit: Some(3), ..Query::default() };
        query.and(Expr::equals("name", Value::Text("odd".to_owned())));
        let mut features = view.features(&query).unwrap();
        let batch = features.next().await.unwrap().unwrap();
        let ids: Vec<_> = batch.rows().map(|row| row.cell(0)).collect();
        assert_eq!(ids, [Cell::Int(21), Cell::Int(23), Cell::Int(25)]);
        assert!(features.next().await.is_none() && features.more());
        assert_eq!(view.count(&query, COUNT_BUDGET * 10).await.unwrap(), Some(2500));
        let before = view.state();
        memory.replace_rows(vec![row(1, "odd")]).unwrap();
        assert_ne!(view.state(), before);
        assert_eq!(view.count(&query, COUNT_BUDGET * 10).await.unwrap(), Some(1));
    }

    #[test]
    fn a_hidden_property_that_is_called_as_the_key_tells_nothing() {
        let schema = Schema { key: ("name".to_owned(), KeyKind::Integer), ..schema() };
        let memory = Arc::new(Memory::new(schema, vec![row(1, "secret")]).unwrap());
        let view = Locked::new(memory).view(Some(&[]), Vec::new());
        let filter = Expr::IsNull(crate::expr::Operand::Property("name".to_owned()));
        assert!(view.features(&Query { filter: Some(filter), ..Query::default() }).is_err());
    }

    #[test]
    fn rows_that_do_not_fit_are_refused() {
        assert!(Memory::new(schema(), vec![row(1, "a"), row(1, "b")]).is_err());
        assert!(Memory::new(schema(), vec![(FeatureId::Int(1), None, Vec::new())]).is_err());
        assert!(Memory::new(schema(), vec![(FeatureId::Text("1".to_owned()), None, vec![Value::Null])]).is_err());
        assert!(Memory::new(schema(), vec![(FeatureId::Int(1), Some(vec![1]), vec![Value::Null])]).is_err());
    }
}
