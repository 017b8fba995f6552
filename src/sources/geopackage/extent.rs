//! Where and when the features of a table are: from metadata where it can be trusted, else by looking.

use rusqlite::{Connection, OptionalExtension};

use super::cells;
use super::nodes::Held;
use super::sql;
use super::table::Table;
use crate::base::bbox::Rect;
use crate::base::datetime::Instant;
use crate::data::extent::Extent;
use crate::model::batch::{Batch, Cell};
use crate::model::geometry::envelope;
use crate::model::schema::FieldKind;

/// The extent of all rows.
pub(super) fn measure(connection: &Connection, table: &Table) -> rusqlite::Result<Extent> {
    let space = if table.geometry.is_some() { space(connection, table)? } else { None };
    let Some(time) = table.schema.time else { return Ok(Extent { space, time: None }) };
    let (first, last) = ends(connection, table, time.start)?;
    let last = match time.end {
        // Where one end is missing anywhere, that feature lasts: but how long nobody knows.
        Some(end) => ends(connection, table, end)?.1,
        None => last,
    };
    Ok(Extent { space, time: (first.is_some() || last.is_some()).then_some((first, last)) })
}

fn space(connection: &Connection, table: &Table) -> rusqlite::Result<Option<Rect>> {
    let told = told(connection, &table.name)?;
    let Some(rtree) = &table.rtree else {
        return if told.is_some() { Ok(told) } else { look(connection, table) };
    };
    let indexed = Held::new(connection, rtree)?.root()?.0.bounds();
    Ok(match (told, indexed) {
        // The index is rounded to 32 bits, the metadata is not, but some programs forget to write it.
        (Some(told), Some(indexed)) if grown(&told).contains(&indexed) => Some(told),
        (_, indexed) => indexed,
    })
}

/// A little more than the rounding of the R-tree.
fn grown(rect: &Rect) -> Rect {
    let by = |number: f64| number.abs().max(1e-6) * 1e-6;
    Rect {
        min_x: rect.min_x - by(rect.min_x),
        min_y: rect.min_y - by(rect.min_y),
        max_x: rect.max_x + by(rect.max_x),
        max_y: rect.max_y + by(rect.max_y),
    }
}

/// What gpkg_contents says, where it is a rectangle.
fn told(connection: &Connection, table: &str) -> rusqlite::Result<Option<Rect>> {
    let query = "SELECT min_x, min_y, max_x, max_y FROM gpkg_contents WHERE lower(table_name) = lower(?1)";
    let sides = |row: &rusqlite::Row<'_>| {
        Ok([sql::number(row, 0)?, sql::number(row, 1)?, sql::number(row, 2)?, sql::number(row, 3)?])
    };
    let Some([Some(min_x), Some(min_y), Some(max_x), Some(max_y)]) =
        connection.query_row(query, [table], sides).optional()?
    else {
        return Ok(None);
    };
    let rect = Rect { min_x, min_y, max_x, max_y };
    let is_sane = [min_x, min_y, max_x, max_y].iter().all(|side| side.is_finite()) && !rect.is_empty();
    Ok(is_sane.then_some(rect))
}

/// The rectangle around all geometries.
fn look(connection: &Connection, table: &Table) -> rusqlite::Result<Option<Rect>> {
    let Some(geometry) = &table.geometry else { return Ok(None) };
    let mut statement = connection.prepare(&format!("SELECT {geometry} FROM {}", table.from))?;
    let mut rows = statement.query([])?;
    let mut space = Rect::EMPTY;
    while let Some(row) = rows.next()? {
        let Some(stored) = cells::geometry(row.get_ref(0)?) else { continue };
        if let Some(rect) = stored.envelope.or_else(|| envelope(stored.wkb).ok().flatten()) {
            space.include(rect.min_x, rect.min_y);
            space.include(rect.max_x, rect.max_y);
        }
    }
    Ok((!space.is_empty()).then_some(space))
}

type Ends = (Option<Instant>, Option<Instant>);

/// The first and last instant of a column. Where all texts have one form, SQL finds them; else each is read.
fn ends(connection: &Connection, table: &Table, field: usize) -> rusqlite::Result<Ends> {
    let (column, kind) = (&table.columns[field], table.schema.fields[field].kind);
    let digits = |form: &str| form.replace('d', "[0-9]");
    let forms = ["dddd-dd-dd", "dddd-dd-ddTdd:dd:ddZ", "dddd-dd-ddTdd:dd:dd.dddZ"].map(digits);
    let [day, second, milli] = forms.map(|form| format!("total(typeof({column}) = 'text' AND {column} GLOB '{form}')"));
    let query =
        format!("SELECT min({column}), max({column}), count({column}), {day}, {second}, {milli} FROM {}", table.from);
    let ends = connection.query_row(&query, [], |row| {
        let count = sql::number(row, 2)?;
        let has_one_form = (3..6).any(|at| sql::number(row, at).is_ok_and(|number| number == count));
        let (first, _) = read(kind, row.get_ref(0)?);
        let (_, last) = read(kind, row.get_ref(1)?);
        Ok((has_one_form && first.is_some() && last.is_some()).then_some((first, last)))
    })?;
    if let Some(ends) = ends {
        return Ok(ends);
    }
    let mut statement =
        connection.prepare(&format!("SELECT {column} FROM {} WHERE {column} IS NOT NULL", table.from))?;
    let mut rows = statement.query([])?;
    let (mut first, mut last) = (None, None);
    while let Some(row) = rows.next()? {
        let (starts, ends) = read(kind, row.get_ref(0)?);
        first = starts.into_iter().chain(first).min();
        last = ends.into_iter().chain(last).max();
    }
    Ok((first, last))
}

/// The first and last instant that a stored value means.
fn read(kind: FieldKind, value: rusqlite::types::ValueRef<'_>) -> Ends {
    let mut batch = Batch::new(1);
    cells::push(&mut batch, kind, value);
    match batch.row(0).cell(0) {
        Cell::Instant(at) => (Some(at), Some(at)),
        Cell::Date(day) => (Some(day.start()), Some(day.end())),
        _ => (None, None),
    }
}
