//! Literals as the database compares them with a column.

use super::columns::Compared;
use super::sql::Bound;
use crate::model::value::Value;

/// From here on not every integer is a float.
const EXACT: i64 = 1 << 53;

/// A literal as a column of this kind is compared with it, and the type to cast it to.
pub(super) fn bound(compared: Compared, value: &Value) -> Option<(Bound, &'static str)> {
    Some(match (compared, value) {
        (Compared::Integer, Value::Int(number)) => (Bound::Int(*number), "int8"),
        // As floats: both sides.
        (Compared::Integer | Compared::Float, Value::Float(number)) if number.is_finite() => {
            (Bound::Float(*number), "float8")
        }
        #[allow(clippy::cast_precision_loss)] // below 2^53
        (Compared::Float, Value::Int(number)) if number.unsigned_abs() < EXACT.unsigned_abs() => {
            (Bound::Float(*number as f64), "float8")
        }
        (Compared::Numeric, Value::Int(number)) => (Bound::Text(number.to_string()), "text::numeric"),
        (Compared::Numeric, Value::Float(number)) if number.is_finite() => {
            (Bound::Text(number.to_string()), "text::numeric")
        }
        (Compared::Bool, Value::Bool(truth)) => (Bound::Bool(*truth), "bool"),
        (Compared::Text { .. }, Value::Text(text)) if !text.contains('\0') => (Bound::Text(text.clone()), "text"),
        (Compared::Uuid, Value::Text(text)) if is_uuid(text) => (Bound::Text(text.clone()), "text::uuid"),
        (Compared::Date, Value::Date(day)) => (Bound::Date(day.0), "date"),
        (Compared::Timestamp, Value::Instant(at)) => (Bound::Instant(at.0), "timestamp"),
        (Compared::TimestampTz, Value::Instant(at)) => (Bound::Instant(at.0), "timestamptz"),
        (Compared::Timestamp, Value::Date(day)) => (Bound::Instant(day.start().0), "timestamp"),
        (Compared::TimestampTz, Value::Date(day)) => (Bound::Instant(day.start().0), "timestamptz"),
        _ => return None,
    })
}

/// Whether a text is a UUID as PostgreSQL writes it.
pub(super) fn is_uuid(text: &str) -> bool {
    let form = |(at, byte): (usize, u8)| match at {
        8 | 13 | 18 | 23 => byte == b'-',
        _ => matches!(byte, b'0'..=b'9' | b'a'..=b'f'),
    };
    text.len() == 36 && text.bytes().enumerate().all(form)
}
