//! PostgreSQL's binary values as cells.

use std::error::Error;
use std::fmt::Write as _;

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
        Form::Json if bytes.trim_ascii() == b"null" => batch.push(Cell::Null),
        Form::Json => batch.push_text(&String::from_utf8_lossy(bytes)),
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
        Form::Numeric => Cell::Float(numeric(bytes)?),
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
        Form::Text | Form::Json | Form::Bytes => return None,
    })
}

/// Powers of ten that are floats, each divided and multiplied by without a second rounding.
const TENS: [f64; 23] = [
    1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20,
    1e21, 1e22,
];

/// The float that is nearest to a number of any length, which comes as digits to the base of 10,000. The database would cast it
/// more slowly, and not at all where it is beyond all floats.
fn numeric(bytes: &[u8]) -> Option<f64> {
    let word = |at: usize| Some(u16::from_be_bytes(bytes.get(at..at + 2)?.try_into().ok()?));
    let (count, weight) = (usize::from(word(0)?), i32::from(word(2)?.cast_signed()));
    let sign = match word(4)? {
        0 => 1.0,
        0x4000 => -1.0,
        0xd000 => return Some(f64::INFINITY),
        0xf000 => return Some(f64::NEG_INFINITY),
        _ => return Some(f64::NAN),
    };
    let digits = bytes.get(8..8 + 2 * count)?.chunks_exact(2).map(|two| u16::from_be_bytes([two[0], two[1]]));
    let exponent = 4 * (weight + 1 - i32::try_from(count).ok()?);
    let ten = usize::try_from(exponent.unsigned_abs()).ok().and_then(|at| TENS.get(at));
    if let (..=4, Some(ten)) = (count, ten) {
        let whole = digits.clone().fold(0_u64, |whole, digit| whole * 10_000 + u64::from(digit));
        if whole <= 1 << 53 {
            #[allow(clippy::cast_precision_loss)] // no more than 2^53
            let whole = whole as f64;
            return Some(sign * if exponent < 0 { whole / ten } else { whole * ten });
        }
    }
    let mut text = String::with_capacity(4 * count + 8);
    for digit in digits {
        // Writing to a string does not fail.
        let _ = write!(text, "{digit:04}");
    }
    let _ = write!(text, "e{exponent}");
    text.parse().ok().map(|number: f64| sign * number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_any_length_become_the_nearest_float() {
        let sent = |weight: i16, sign: u16, digits: &[u16]| {
            let count = u16::try_from(digits.len()).unwrap();
            let words = [count, weight.cast_unsigned(), sign, 0].into_iter().chain(digits.iter().copied());
            words.flat_map(u16::to_be_bytes).collect::<Vec<_>>()
        };
        let cases: [(Vec<u8>, f64); 14] = [
            (sent(0, 0, &[]), 0.0),
            (sent(0, 0, &[123, 4500]), 123.45),
            (sent(-1, 0, &[1000]), 0.1),
            (sent(0, 0x4000, &[2, 5000]), -2.5),
            // In the middle of two floats, of which the even one is taken.
            (sent(3, 0, &[9007, 1992, 5474, 993]), 9_007_199_254_740_992.0),
            (sent(-1, 0, &[1000, 0, 0, 0, 0, 1]), 0.1),
            (sent(7, 0, &[12, 3456, 7890, 1234, 5678, 9012, 3456, 7890]), 123_456_789_012_345_678_901_234_567_890.0),
            (sent(5, 0, &[7]), 7e20),
            (sent(100, 0, &[1]), f64::INFINITY),
            (sent(100, 0x4000, &[1]), f64::NEG_INFINITY),
            (sent(-100, 0, &[1]), 0.0),
            (sent(0, 0xd000, &[]), f64::INFINITY),
            (sent(0, 0xf000, &[]), f64::NEG_INFINITY),
            (sent(-81, 0, &[5]), 5e-324),
        ];
        for (bytes, expected) in cases {
            assert_eq!(numeric(&bytes).map(f64::to_bits), Some(expected.to_bits()), "{expected}");
        }
        assert!(numeric(&sent(0, 0xc000, &[])).is_some_and(f64::is_nan));
        assert!(numeric(&[0, 1, 0]).is_none() && numeric(&[0, 9, 0, 0, 0, 0, 0, 0, 0, 1]).is_none());
    }
}
