//! Values to choose from: what the texts of a few values are (a continent, a kind of road). They are read through the view,
//! so nobody is offered a value that they may not see; from the first rows alone, so they are what there may be, not all.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, timeout_at};

use crate::error::Result;
use crate::model::batch::Cell;
use crate::model::schema::FieldKind;

use super::gate::View;
use super::query::Query;

/// Rows that are looked at.
const ROWS: u64 = 2000;
/// Most values of a property that has a few.
const MOST: usize = 30;
/// Most bytes of a value that one would choose.
const LONG: usize = 60;
/// Properties that are looked at.
const WIDE: usize = 40;
/// How long it may take; what was found until then is offered.
const PATIENCE: Duration = Duration::from_secs(2);

/// Values by the property's name, in their order.
pub type Choices = Vec<(String, Vec<String>)>;

/// Reads the first rows.
pub(super) async fn find(view: View) -> Result<Arc<Choices>> {
    let texts = view.schema().fields.iter().filter(|field| field.kind == FieldKind::String).take(WIDE);
    let names: Vec<String> = texts.map(|field| field.name.clone()).collect();
    if names.is_empty() {
        return Ok(Arc::default());
    }
    let query = Query { properties: Some(names), without_geometry: true, limit: Some(ROWS), ..Query::default() };
    let mut features = view.features(&query)?;
    let layout = features.layout().clone();
    let mut columns: Vec<Column> =
        layout.fields.iter().zip(layout.first_property()..).map(|(&field, cell)| Column::new(field, cell)).collect();
    let end = Instant::now() + PATIENCE;
    while let Ok(Some(batch)) = timeout_at(end, features.next()).await {
        let batch = batch?;
        for row in batch.rows() {
            for column in &mut columns {
                if let text @ Cell::Text(..) = row.cell(column.cell) {
                    column.see(row.text(text));
                }
            }
        }
        columns.retain(|column| column.is_open);
        features.recycle(batch);
        if columns.is_empty() {
            break;
        }
    }
    let fields = &view.schema().fields;
    let found = columns.into_iter().filter(Column::repeats);
    Ok(Arc::new(found.map(|it| (fields[it.field].name.clone(), it.values.into_iter().collect())).collect()))
}

/// What was seen of a property.
struct Column {
    field: usize,
    cell: usize,
    values: BTreeSet<String>,
    seen: usize,
    is_open: bool,
}

impl Column {
    fn new(field: usize, cell: usize) -> Self {
        Self { field, cell, values: BTreeSet::new(), seen: 0, is_open: true }
    }

    fn see(&mut self, text: &str) {
        self.seen += 1;
        if !self.is_open || text.is_empty() || self.values.contains(text) {
            return;
        }
        self.is_open = text.len() <= LONG && self.values.len() < MOST && !text.contains(char::is_control);
        self.values.insert(text.to_owned());
    }

    /// Whether its values come again and again: names and addresses do not.
    fn repeats(&self) -> bool {
        self.is_open && !self.values.is_empty() && self.seen >= 2 * self.values.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(texts: &[&str]) -> Option<Vec<String>> {
        let mut column = Column::new(0, 1);
        for text in texts {
            column.see(text);
        }
        column.repeats().then(|| column.values.into_iter().collect())
    }

    #[test]
    fn only_values_that_come_again_are_chosen_from() {
        assert_eq!(seen(&["b", "a", "b", "a", ""]), Some(vec!["a".to_owned(), "b".to_owned()]));
        assert_eq!(seen(&["a", "b", "c"]), None, "names");
        assert_eq!(seen(&[&"x".repeat(61)[..]; 4]), None, "texts");
        assert_eq!(seen(&["a\nb"; 4]), None);
        let many: Vec<String> = (0..200).map(|at| (at % 31).to_string()).collect();
        assert_eq!(seen(&many.iter().map(String::as_str).collect::<Vec<_>>()), None);
        assert_eq!(seen(&[]), None);
    }
}
