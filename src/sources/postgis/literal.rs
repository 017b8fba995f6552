//! Literals as the database compares them with a column.

use super::columns::Compared;
use super::sql::Bound;
use crate::expr::Comparison;
use crate::model::value::Value;

/// From here on not every integer is a float.
const EXACT: i64 = 1 << 53;
/// The first day of PostgreSQL's calendar, in the year 4714 before Christ.
pub(super) const FIRST_DAY: i32 = -2_440_588;

/// The last, in the year 5874897.
pub(super) const LAST_DAY: i32 = 2_145_042_905;

/// A literal as a column of this kind is compared with it, and the type to cast it to.
pub(super) fn bound(compared: Compared, value: &Value) -> Option<(Bound, &'static str)> {
    Some(match (compared, value) {
        (Compared::Integer, Value::Int(number)) => (Bound::Int(*number), "int8"),
        // As floats: both sides.
        (Compared::Integer | Compared::Float | Compared::Numeric | Compared::Short, Value::Float(number))
            if number.is_finite() =>
        {
            (Bound::Float(*number), "float8")
        }
        #[allow(clippy::cast_precision_loss)] // below 2^53
        (Compared::Float | Compared::Numeric | Compared::Short, Value::Int(number))
            if number.unsigned_abs() < EXACT.unsigned_abs() =>
        {
            (Bound::Float(*number as f64), "float8")
        }
        (Compared::Bool, Value::Bool(truth)) => (Bound::Bool(*truth), "bool"),
        (Compared::Text { .. }, Value::Text(text)) if !text.contains('\0') => (Bound::Text(text.clone()), "text"),
        (Compared::Uuid, Value::Text(text)) if is_uuid(text) => (Bound::Text(text.clone()), "text::uuid"),
        (_, Value::Date(day)) if !(FIRST_DAY..=LAST_DAY).contains(&day.0) => return None,
        (_, Value::Instant(at)) if at.day().is_none_or(|day| day.0 < FIRST_DAY) => return None,
        (Compared::Date, Value::Date(day)) => (Bound::Date(day.0), "date"),
        (Compared::Timestamp, Value::Instant(at)) => (Bound::Instant(at.0), "timestamp"),
        (Compared::TimestampTz, Value::Instant(at)) => (Bound::Instant(at.0), "timestamptz"),
        (Compared::Timestamp, Value::Date(day)) => (Bound::Instant(day.start().0), "timestamp"),
        (Compared::TimestampTz, Value::Date(day)) => (Bound::Instant(day.start().0), "timestamptz"),
        _ => return None,
    })
}

/// What a column that is read as a float is within where it is compared so with a number, in its own type: an index has that.
pub(super) fn surely_within(compared: Compared, stored: &str, how: Comparison, number: f64) -> Option<String> {
    let (below, above, cast) = match compared {
        // All decimals that are read as a float lie between its neighbours.
        Compared::Numeric => (number.next_down().to_string(), number.next_up().to_string(), "numeric"),
        #[allow(clippy::cast_possible_truncation)] // to the nearest
        Compared::Short => {
            let near = number as f32;
            (near.next_down().next_down().to_string(), near.next_up().next_up().to_string(), "float4")
        }
        _ => return None,
    };
    let is_told = [&below, &above].into_iter().all(|text| text.parse::<f64>().is_ok_and(f64::is_finite));
    let (below, above) = (format!("{stored} >= '{below}'::{cast}"), format!("{stored} <= '{above}'::{cast}"));
    is_told.then_some(())?;
    match how {
        Comparison::Equal => Some(format!("{below} AND {above}")),
        Comparison::Less | Comparison::LessOrEqual => Some(above),
        Comparison::Greater | Comparison::GreaterOrEqual => Some(below),
        Comparison::NotEqual => None,
    }
}

/// Whether a text is a UUID as PostgreSQL writes it.
pub(super) fn is_uuid(text: &str) -> bool {
    let form = |(at, byte): (usize, u8)| match at {
        8 | 13 | 18 | 23 => byte == b'-',
        _ => matches!(byte, b'0'..=b'9' | b'a'..=b'f'),
    };
    text.len() == 36 && text.bytes().enumerate().all(form)
}
