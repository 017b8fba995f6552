//! Numbers as they are written in filters: whole ones exactly, others as floats, and none that would be taken for another.

use crate::model::value::Value;

/// The first float beyond all whole numbers that are compared.
const BEYOND: f64 = 9_223_372_036_854_775_808.0;

/// Why a text is no number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// It has another form.
    Form,
    /// No float is so large.
    TooLarge,
    /// It has a fraction, and the float that is nearest to it has none.
    TooFine,
}

impl Fault {
    /// What is told.
    pub(super) fn words(self) -> &'static str {
        match self {
            Self::Form => "expected a number",
            Self::TooLarge => "the number is too large",
            Self::TooFine => "the number has more digits than can be compared: numbers have 15 for sure",
        }
    }
}

/// Reads a number, which may have a sign, a fraction and an exponent.
pub(super) fn read(text: &str) -> Result<Value, Fault> {
    if let Ok(whole) = text.parse() {
        return Ok(Value::Int(whole));
    }
    let number: f64 = text.parse().map_err(|_| Fault::Form)?;
    if !number.is_finite() {
        // Words for what is not finite are none of these languages.
        return Err(if text.bytes().any(|byte| byte.is_ascii_digit()) { Fault::TooLarge } else { Fault::Form });
    }
    if number.fract() != 0.0 || number.abs() > BEYOND {
        return Ok(Value::Float(number));
    }
    let (whole, has_fraction) = written(text).ok_or(Fault::TooFine)?;
    #[allow(clippy::cast_possible_truncation)] // it is whole, and not beyond
    match whole {
        _ if has_fraction => Err(Fault::TooFine),
        // The shortest text of a float is that float, whatever its other digits are.
        Some(whole) if whole != number as i64 && written(&format!("{number:?}")) != Some((Some(whole), false)) => {
            Ok(Value::Int(whole))
        }
        _ => Ok(Value::Float(number)),
    }
}

/// The whole part of what is written, where there is room for it, and whether a fraction follows; `None` for what has more
/// digits than are looked at.
fn written(text: &str) -> Option<(Option<i64>, bool)> {
    const MOST: i64 = 400;
    let (mantissa, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
    let (sign, digits) = match mantissa.strip_prefix(['+', '-']) {
        Some(digits) => (&mantissa[..1], digits),
        None => ("", mantissa),
    };
    let (before, after) = digits.split_once('.').unwrap_or((digits, ""));
    let digits = format!("{before}{after}");
    let is_zero = digits.bytes().all(|digit| digit == b'0');
    if is_zero {
        return Some((Some(0), false));
    }
    let places = i64::try_from(before.len()).ok()?.checked_add(exponent.parse().ok()?)?;
    if places <= 0 {
        return Some((Some(0), true));
    }
    let places = usize::try_from(places).ok().filter(|_| places <= MOST)?;
    let (whole, fraction) = digits.split_at_checked(places).unwrap_or((&digits, ""));
    let zeros = "0".repeat(places.saturating_sub(digits.len()));
    Some((format!("{sign}{whole}{zeros}").parse().ok(), fraction.bytes().any(|digit| digit != b'0')))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn whole_numbers_are_exact_and_no_number_is_taken_for_another() {
        let (int, float) = (|number| Ok(Value::Int(number)), |number| Ok(Value::Float(number)));
        for (text, expected) in [
            ("1", int(1)),
            ("-9223372036854775808", int(i64::MIN)),
            ("2.0", float(2.0)),
            ("1e3", float(1000.0)),
            ("-.5", float(-0.5)),
            ("0.10000000000000000555", float(0.1)),
            ("9007199254741004.0", float(9_007_199_254_741_004.0)),
            ("1e17", float(1e17)),
            ("-5.285558716679854e17", float(-528_555_871_667_985_408.0)),
            ("9007199254741005.0", int(9_007_199_254_741_005)),
            ("-9.007199254741005e15", int(-9_007_199_254_741_005)),
            ("9007199254741005000e-3", int(9_007_199_254_741_005)),
            ("9223372036854775808", float(BEYOND)),
            ("1e300", float(1e300)),
            ("0.0e-999", float(0.0)),
            ("9007199254741004.5", Err(Fault::TooFine)),
            ("-9007199254741004.5", Err(Fault::TooFine)),
            ("4503599627370497.3", Err(Fault::TooFine)),
            ("1.00000000000000000001", Err(Fault::TooFine)),
            ("1e-400", Err(Fault::TooFine)),
            ("1e999", Err(Fault::TooLarge)),
            ("inf", Err(Fault::Form)),
            ("NaN", Err(Fault::Form)),
            ("1e99999999999999999999", Err(Fault::TooLarge)),
            ("", Err(Fault::Form)),
        ] {
            assert_eq!(read(text), expected, "{text}");
        }
    }

    proptest! {
        #[test]
        fn every_float_is_read_as_what_it_is(number in any::<f64>().prop_filter("finite", |it| it.is_finite()), decimals in 0usize..30) {
            for text in [format!("{number:?}"), format!("{number:e}")] {
                let is_whole = text.parse::<i64>().is_ok();
                prop_assert!(is_whole || read(&text) == Ok(Value::Float(number)), "{text}");
            }
            let _ = read(&format!("{number:.decimals$}"));
        }

        #[test]
        fn no_text_panics(text in "[-+0-9.eE]{0,30}") {
            let _ = read(&text);
        }
    }
}
