//! Which columns a statement selects, and how a row of them becomes cells.

use tokio_postgres::{Row, Statement};

use super::cells::{self, Raw};
use super::columns::Form;
use super::ewkb;
use super::table::Table;
use crate::model::batch::{Batch, Layout};

/// Where the geometries stand, and the number of the reference system that they are described with.
#[derive(Clone, Copy)]
pub(super) struct Place {
    at: usize,
    srid: i32,
    /// Whether one with a coordinate without end is nothing.
    is_tested: bool,
}

impl Place {
    /// For the loop that tests, where nothing stands for what is without end.
    pub(super) fn tested(self, is_tested: bool) -> Self {
        Self { is_tested, ..self }
    }
}

/// Which columns are selected, and where they stand.
pub(super) struct Selected {
    pub(super) list: String,
    pub(super) geometry: Option<Place>,
    /// For each field, its place and form.
    fields: Vec<(usize, usize, Form)>,
    /// The places and forms of the marks of a row, by which it is found again.
    pub(super) marks: Vec<(usize, Form)>,
    /// Whether rows are read chunk by chunk.
    pub(super) goes_on: bool,
}

impl Selected {
    pub(super) fn new(table: &Table, layouts: &[&Layout], marks: impl Iterator<Item = (String, Form)>) -> Self {
        let mut columns = vec![table.key.select.clone()];
        let wants = layouts.iter().any(|layout| layout.geometry);
        let geometry = table.geometry.as_ref().filter(|_| wants).map(|geometry| {
            columns.push(geometry.column.clone());
            Place { at: 1, srid: geometry.srid, is_tested: false }
        });
        let mut fields: Vec<(usize, usize, Form)> = Vec::new();
        for &field in layouts.iter().flat_map(|layout| &layout.fields) {
            if !fields.iter().any(|(other, ..)| *other == field) {
                fields.push((field, columns.len(), table.columns[field].form));
                columns.push(table.columns[field].select.clone());
            }
        }
        let mark = |(select, form): (String, Form)| {
            columns.push(select);
            (columns.len() - 1, form)
        };
        let marks = marks.map(mark).collect();
        Self { list: columns.join(", "), geometry, fields, marks, goes_on: false }
    }

    /// Whether the columns are of the types that they were described with.
    pub(super) fn fits(&self, statement: &Statement, key: Form) -> bool {
        let columns = statement.columns();
        let fits = |at: usize, form: Form| columns.get(at).is_some_and(|column| form.reads(column.type_()));
        let is_geometry =
            |place: Place| columns.get(place.at).is_some_and(|column| column.type_().name() == ewkb::TYPE);
        self.geometry.is_none_or(is_geometry) && fits(0, key) && self.fields.iter().all(|&(_, at, form)| fits(at, form))
    }

    /// How many columns there are.
    pub(super) fn width(&self) -> usize {
        1 + usize::from(self.geometry.is_some()) + self.fields.len() + self.marks.len()
    }

    pub(super) fn places(&self, layout: &Layout) -> Vec<(usize, Form)> {
        let at = |field: &usize| self.fields.iter().find(|(other, ..)| other == field).map(|&(_, at, form)| (at, form));
        layout.fields.iter().filter_map(at).collect()
    }
}

/// One row, cell by cell, as a layout has them; false where it is in another reference system than was described.
#[must_use]
pub(super) fn push(batch: &mut Batch, row: &Row, key: Form, geometry: Option<Place>, places: &[(usize, Form)]) -> bool {
    cells::push(batch, key, raw(row, 0));
    let is_as_described = geometry.is_none_or(|Place { at, srid, is_tested }| {
        let push = if is_tested { ewkb::push_testable } else { ewkb::push };
        push(batch, raw(row, at), srid)
    });
    for &(at, form) in places {
        cells::push(batch, form, raw(row, at));
    }
    is_as_described
}

/// What a column has, as it came.
pub(super) fn raw(row: &Row, at: usize) -> Option<&[u8]> {
    row.try_get::<_, Raw<'_>>(at).ok().and_then(|raw| raw.0)
}
