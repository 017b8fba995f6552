//! PostgreSQL's binary values as cells.

use std::error::Error;

use tokio_postgres::types::{FromSql, Type};

use super::columns::Form;
use super::sql::{EPOCH_DAYS, EPOCH_MICROS};
use crate::base::datetime::{Date, Instant};
use crate::model::batch::{Batch, Cell};

/// The bytes of a value as they came; none for null.
pub(super) struct Raw<'a>(pub(super) Option<&'a [u8]>);

impl<'a> FromSql<'a> for Raw<'a> {
    fn from_sql(_: &Type, raw: &'a [u8]) -> Result<Self, Box<dyn Error + Sync + Send>> {
        Ok(Self(Some(raw)))
    }

    fn from_sql_null(_: &Type) -> Result<Self, Box<dyn Error + Sync + Send>> {
        Ok(Self(None))
    }

    // What is selected has the form that the column says.
    fn accepts(_: &Type) -> bool {
        true
    }
}

/// Appends a value.
pub(super) fn push(batch: &mut Batch, form: Form, raw: Option<&[u8]>) {
    let Some(bytes) = raw else { return batch.push(Cell::Null) };
    match form {
        Form::Text => match std::str::from_utf8(bytes) {
            Ok(text) => batch.push_text(text),
            Err(_) => batch.push_text(&String::from_utf8_lossy(bytes)),
        },
        Form::Bytes => batch.push_blob(bytes),
        form => batch.push(fixed(form, bytes).unwrap_or(Cell::Null)),
    }
}

/// A value of a fixed width.
fn fixed(form: Form, bytes: &[u8]) -> Option<Cell> {
    Some(match form {
        // A column may have become wider since.
        Form::Int2 | Form::Int4 | Form::Int8 => Cell::Int(match bytes.len() {
            2 => i16::from_be_bytes(bytes.try_into().ok()?).into(),
            4 => i32::from_be_bytes(bytes.try_into().ok()?).into(),
            _ => i64::from_be_bytes(bytes.try_into().ok()?),
        }),
        Form::Float8 => Cell::Float(f64::from_be_bytes(bytes.try_into().ok()?)),
        // The shortest text of the short number, read as a long one: 0.1 stays 0.1.
        Form::Float4 => {
            let number = f32::from_be_bytes(bytes.try_into().ok()?);
            Cell::Float(zmij::Buffer::new().format(number).parse().unwrap_or(f64::from(number)))
        }
        Form::Bool => Cell::Bool(bytes.first()? != &0),
        Form::Date => match i32::from_be_bytes(bytes.try_into().ok()?) {
            // Without end: no day.
            i32::MIN | i32::MAX => Cell::Null,
            days => Cell::Date(Date(days.checked_add(EPOCH_DAYS)?)),
        },
        Form::Timestamp => match i64::from_be_bytes(bytes.try_into().ok()?) {
            i64::MIN | i64::MAX => Cell::Null,
            micros => Cell::Instant(Instant(micros.checked_add(EPOCH_MICROS)?)),
        },
        Form::Text | Form::Bytes => return None,
    })
}
