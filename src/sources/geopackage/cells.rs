//! What SQLite holds, which may be anything in any column, as a cell of the type that the schema says.

use std::fmt::Write as _;

use rusqlite::types::ValueRef;

use super::{header, times};
use crate::base::bbox::Rect;
use crate::base::datetime::{Date, Instant};
use crate::model::batch::{Batch, Cell};
use crate::model::geometry::simplify;
use crate::model::schema::{FieldKind, KeyKind};

/// Appends a property. What does not fit its declared type stays what it is.
pub(super) fn push(batch: &mut Batch, kind: FieldKind, value: ValueRef<'_>) {
    match value {
        ValueRef::Null => batch.push(Cell::Null),
        ValueRef::Integer(truth @ (0 | 1)) if kind == FieldKind::Boolean => batch.push(Cell::Bool(truth == 1)),
        ValueRef::Integer(number) => batch.push(Cell::Int(number)),
        ValueRef::Real(number) => batch.push(Cell::Float(number)),
        ValueRef::Blob(bytes) => batch.push_blob(bytes),
        ValueRef::Text(bytes) => {
            let time = match kind {
                FieldKind::Date => times::date(bytes).map(Cell::Date).or_else(|| slow_date(bytes)),
                FieldKind::DateTime => {
                    let at = times::instant(bytes).or_else(|| times::date(bytes).map(Date::start));
                    at.or_else(|| Instant::parse_stored(&String::from_utf8_lossy(bytes))).map(Cell::Instant)
                }
                _ => None,
            };
            match time {
                Some(time) => batch.push(time),
                None => match std::str::from_utf8(bytes) {
                    Ok(text) => batch.push_text(text),
                    Err(_) => batch.push_text(&String::from_utf8_lossy(bytes)),
                },
            }
        }
    }
}

/// A day in another form than GeoPackage's; an instant stays one.
fn slow_date(bytes: &[u8]) -> Option<Cell> {
    let text = String::from_utf8_lossy(bytes);
    Date::parse_stored(text.trim()).map(Cell::Date).or_else(|| Instant::parse_stored(&text).map(Cell::Instant))
}

/// Appends an id.
pub(super) fn push_id(batch: &mut Batch, kind: KeyKind, value: ValueRef<'_>) {
    match (kind, value) {
        (KeyKind::Integer, value) => push(batch, FieldKind::Integer, value),
        (KeyKind::String, ValueRef::Integer(number)) => batch.push_text(itoa::Buffer::new().format(number)),
        (KeyKind::String, ValueRef::Real(number)) => batch.push_text(zmij::Buffer::new().format(number)),
        (KeyKind::String, ValueRef::Blob(bytes)) => batch.push_text(&hex(bytes)),
        (KeyKind::String, value) => push(batch, FieldKind::String, value),
    }
}

/// Appends a geometry; false where there are bytes that are none.
pub(super) fn push_geometry(batch: &mut Batch, value: ValueRef<'_>) -> bool {
    let found = geometry(value);
    match &found {
        Some(stored) => batch.push_blob(stored.wkb),
        None => batch.push(Cell::Null),
    }
    found.is_some() || value == ValueRef::Null
}

/// Appends a geometry with no more than what is as large as `least`; false where there are bytes that are none.
pub(super) fn push_simplified(batch: &mut Batch, value: ValueRef<'_>, least: (f64, f64)) -> bool {
    let Some(stored) = geometry(value) else {
        batch.push(Cell::Null);
        return value == ValueRef::Null;
    };
    let mut is_good = true;
    batch.push_blob_with(|out| {
        // The envelope spares a look at what is a dot.
        let is_dot = |rect: &Rect| simplify::is_below(rect, least) && simplify::dot(stored.wkb, rect, least, out);
        if !stored.envelope.as_ref().is_some_and(is_dot) {
            is_good = simplify::simplify(stored.wkb, least, out).is_ok();
        }
        is_good
    });
    is_good
}

/// The geometry of a value.
pub(super) fn geometry(value: ValueRef<'_>) -> Option<header::Stored<'_>> {
    match value {
        ValueRef::Blob(bytes) => header::parse(bytes),
        _ => None,
    }
}

fn hex(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
    }
    text
}

/// What a text id may be in the file: the text itself, a number in a column that makes numbers of texts, or bytes.
pub(super) fn stored_ids(id: &str) -> Vec<rusqlite::types::Value> {
    use rusqlite::types::Value;
    let mut forms = vec![Value::Text(id.to_owned())];
    if let Ok(number) = id.parse() {
        forms.push(Value::Integer(number));
    } else if let Ok(number) = id.parse::<f64>()
        && number.is_finite()
    {
        forms.push(Value::Real(number));
    }
    if id.len().is_multiple_of(2) && id.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        let byte = |at: usize| u8::from_str_radix(&id[at..at + 2], 16).unwrap_or_default();
        forms.push(Value::Blob((0..id.len()).step_by(2).map(byte).collect()));
    }
    forms
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cell(kind: FieldKind, value: ValueRef<'_>) -> (Cell, String) {
        let mut batch = Batch::new(1);
        push(&mut batch, kind, value);
        let row = batch.row(0);
        (row.cell(0), row.text(row.cell(0)).to_owned())
    }

    #[test]
    fn values_become_what_the_schema_says_where_they_can() {
        let text = |kind, text: &'static str| cell(kind, ValueRef::Text(text.as_bytes())).0;
        assert_eq!(cell(FieldKind::Boolean, ValueRef::Integer(1)).0, Cell::Bool(true));
        assert_eq!(cell(FieldKind::Boolean, ValueRef::Integer(2)).0, Cell::Int(2));
        assert_eq!(text(FieldKind::Date, "1970-01-02"), Cell::Date(Date(1)));
        assert_eq!(text(FieldKind::DateTime, "1970-01-01T00:00:01Z"), Cell::Instant(Instant(1_000_000)));
        assert_eq!(text(FieldKind::DateTime, "1970-01-02"), Cell::Instant(Date(1).start()));
        assert!(matches!(text(FieldKind::Date, "yesterday"), Cell::Text(..)));
        assert_eq!(cell(FieldKind::Integer, ValueRef::Real(1.5)).0, Cell::Float(1.5));
        assert_eq!(cell(FieldKind::String, ValueRef::Text(b"a\xff")).1, "a\u{fffd}");
    }

    #[test]
    fn an_id_is_found_in_whatever_form_it_is_stored() {
        assert_eq!(stored_ids("ab").len(), 2);
        assert_eq!(stored_ids("12").len(), 3);
        assert_eq!(stored_ids("1.5").len(), 2);
        assert_eq!(stored_ids("é").len(), 1);
    }
}
