//! The functions that filters may call: a closed list, each with its arguments, its result and its words in one table.

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

use crate::base::datetime::{Date, Instant, parts_of_day};
use crate::model::value::Value;

use super::operand::float;

/// What can be compared with each other, and what functions take and give.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// Numbers.
    Number,
    /// True or false.
    Truth,
    /// Text.
    Text,
    /// Days and instants.
    Time,
}

/// A function.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Function {
    /// Text without regard to case.
    CaseI,
    /// Text without accents.
    AccentI,
    /// In small letters.
    Lower,
    /// In capitals.
    Upper,
    /// Without blanks around.
    Trim,
    /// Characters of a text.
    Length,
    /// Two texts, one after the other.
    Concat,
    /// Without the sign.
    Abs,
    /// The next whole number above.
    Ceil,
    /// The next whole number below.
    Floor,
    /// The nearest whole number, or the nearest with so many decimals; halves away from zero.
    Round,
    /// Square root.
    Sqrt,
    /// The year of a day or instant (UTC).
    Year,
    /// Its month, from 1.
    Month,
    /// Its day of the month, from 1.
    Day,
}

/// What is said of a function.
#[derive(Clone, Copy, Debug)]
pub struct Description {
    /// Its name.
    pub name: &'static str,
    /// Name and class of each argument.
    pub arguments: &'static [(&'static str, Class)],
    /// How many of them must be given; the others may be left out.
    pub least: usize,
    /// What it gives.
    pub returns: Class,
    /// For people.
    pub words: &'static str,
}

impl Function {
    /// All that a list of functions tells; CASEI and ACCENTI are operators of the language.
    pub const LISTED: [Function; 13] = [
        Function::Lower,
        Function::Upper,
        Function::Trim,
        Function::Length,
        Function::Concat,
        Function::Abs,
        Function::Ceil,
        Function::Floor,
        Function::Round,
        Function::Sqrt,
        Function::Year,
        Function::Month,
        Function::Day,
    ];

    /// The function of a name, in any case.
    pub fn named(name: &str) -> Option<Function> {
        let mut all = [Function::CaseI, Function::AccentI].into_iter().chain(Self::LISTED);
        all.find(|function| function.description().name.eq_ignore_ascii_case(name))
    }

    /// The one table.
    pub const fn description(self) -> Description {
        use Class::{Number, Text, Time};
        let text: &[(&str, Class)] = &[("text", Text)];
        let number: &[(&str, Class)] = &[("number", Number)];
        let rounded: &[(&str, Class)] = &[("number", Number), ("decimals", Number)];
        let time: &[(&str, Class)] = &[("time", Time)];
        let (name, arguments, returns, words) = match self {
            Self::CaseI => ("casei", text, Text, "the text without regard to case"),
            Self::AccentI => ("accenti", text, Text, "the text without accents"),
            Self::Lower => ("lower", text, Text, "the text in small letters"),
            Self::Upper => ("upper", text, Text, "the text in capitals"),
            Self::Trim => ("trim", text, Text, "the text without blanks around it"),
            Self::Length => ("length", text, Number, "the number of characters"),
            Self::Concat => {
                let two: &[(&str, Class)] = &[("first", Text), ("second", Text)];
                ("concat", two, Text, "the first text with the second after it")
            }
            Self::Abs => ("abs", number, Number, "the number without its sign"),
            Self::Ceil => ("ceil", number, Number, "the least whole number that is not less"),
            Self::Floor => ("floor", number, Number, "the greatest whole number that is not more"),
            Self::Round => {
                let words =
                    "the nearest number with so many decimals, none where they are left out; halves away from zero";
                ("round", rounded, Number, words)
            }
            Self::Sqrt => ("sqrt", number, Number, "the square root; nothing for a negative number"),
            Self::Year => ("year", time, Number, "the year (UTC)"),
            Self::Month => ("month", time, Number, "the month, from 1 (UTC)"),
            Self::Day => ("day", time, Number, "the day of the month, from 1 (UTC)"),
        };
        let least = if matches!(self, Self::Round) { 1 } else { arguments.len() };
        Description { name, arguments, least, returns, words }
    }

    /// What is wrong with so many arguments, where something is; `name` is what the client called it.
    pub fn miscounted(self, name: &str, count: usize) -> Option<String> {
        let Description { arguments, least, .. } = self.description();
        let most = arguments.len();
        let wanted = if least == most { most.to_string() } else { format!("{least} or {most}") };
        let message = || format!("{name} has {wanted} arguments, and is given {count}");
        (!(least..=most).contains(&count)).then(message)
    }

    /// The result; null where an argument is none of its kind.
    pub fn apply(self, arguments: &[Value]) -> Value {
        let result = match (self, arguments) {
            // The least whole number has no opposite among them.
            (Self::Abs, [Value::Int(number)]) if *number != i64::MIN => Some(Value::Int(number.abs())),
            (Self::Ceil | Self::Floor | Self::Round, [Value::Int(number)]) => Some(Value::Int(*number)),
            (Self::Abs | Self::Ceil | Self::Floor | Self::Round | Self::Sqrt, [number]) => {
                let number = float(number).map(|number| match self {
                    Self::Abs => number.abs(),
                    Self::Ceil => number.ceil(),
                    Self::Floor => number.floor(),
                    Self::Round => number.round(),
                    _ => number.sqrt(),
                });
                number.filter(|number| !number.is_nan()).map(Value::Float)
            }
            (Self::Round, [number, decimals]) => float(decimals).and_then(|decimals| rounded(number, decimals)),
            (Self::Year | Self::Month | Self::Day, [Value::Date(day)]) => Some(self.part(day.0.into())),
            (Self::Year | Self::Month | Self::Day, [Value::Instant(Instant(at))]) => {
                Some(self.part(at.div_euclid(86_400_000_000)))
            }
            (Self::Concat, [Value::Text(first), Value::Text(second)]) => Some(Value::Text(format!("{first}{second}"))),
            (Self::Length, [Value::Text(text)]) => i64::try_from(text.chars().count()).ok().map(Value::Int),
            (Self::CaseI, [Value::Text(text)]) => Some(Value::Text(without_case(text))),
            (Self::AccentI, [Value::Text(text)]) => Some(Value::Text(without_accents(text))),
            (Self::Lower, [Value::Text(text)]) => Some(Value::Text(text.to_lowercase())),
            (Self::Upper, [Value::Text(text)]) => Some(Value::Text(text.to_uppercase())),
            (Self::Trim, [Value::Text(text)]) => Some(Value::Text(text.trim().to_owned())),
            _ => None,
        };
        result.unwrap_or(Value::Null)
    }

    /// Of the day of this number since 1970.
    fn part(self, day: i64) -> Value {
        let (year, month, day) = parts_of_day(day);
        Value::Int(match self {
            Self::Year => year,
            Self::Month => month.into(),
            _ => day.into(),
        })
    }
}

/// A number with so many decimals, as QGIS has it; with fewer than none to tens, hundreds and so on.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss)] // few decimals, and a float
fn rounded(number: &Value, decimals: f64) -> Option<Value> {
    let decimals = Some(decimals.round()).filter(|decimals| !decimals.is_nan())?;
    let number = match number {
        // Whole numbers have none: they stay exact.
        Value::Int(_) if decimals >= 0.0 => return Some(number.clone()),
        Value::Int(number) if decimals >= -18.0 => {
            let (number, unit) = (i128::from(*number), 10_i128.pow(decimals.abs() as u32));
            let whole = (number.abs() + unit / 2) / unit * unit * number.signum();
            return Some(i64::try_from(whole).map_or(Value::Float(whole as f64), Value::Int));
        }
        number => float(number).filter(|number| !number.is_nan())?,
    };
    // A float has neither more digits behind the point nor more before it.
    let scale = 10_f64.powi(decimals.clamp(-400.0, 400.0) as i32);
    let scaled = number * scale;
    Some(Value::Float(match scale {
        0.0 => 0.0,
        _ if !scaled.is_finite() => number,
        _ => scaled.round() / scale,
    }))
}

/// The first day of a year; `None` for one that no day can tell.
pub fn new_year(year: i64) -> Option<Date> {
    let before = year.checked_sub(1).filter(|year| year.unsigned_abs() < 1 << 32)?;
    let leap_days = before.div_euclid(4) - before.div_euclid(100) + before.div_euclid(400);
    i32::try_from(before * 365 + leap_days - 719_162).ok().map(Date)
}

/// Texts that differ in case alone become the same: Unicode's full case folding.
pub fn without_case(text: &str) -> String {
    if text.is_ascii() {
        return text.to_ascii_lowercase();
    }
    let mut folded = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            // It has the capital of another letter.
            'ı' => folded.push('ı'),
            'ẞ' => folded.push_str("ss"),
            // Of Cherokee the capitals came first.
            '\u{13a0}'..='\u{13fd}' | '\u{ab70}'..='\u{abbf}' => folded.extend(letter.to_uppercase()),
            // By way of the capitals, so that ß is SS; character by character, so that a sigma is the same at the end.
            _ => folded.extend(letter.to_uppercase().flat_map(char::to_lowercase)),
        }
    }
    folded
}

/// Texts that differ in accents alone become the same.
pub fn without_accents(text: &str) -> String {
    if text.is_ascii() {
        return text.to_owned();
    }
    text.nfd().filter(|character| !is_combining_mark(*character)).nfc().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_day_has_its_year() {
        use chrono::{Datelike, NaiveDate};
        for day in (-3_000_000..3_000_000).step_by(97).chain(-800_000..-700_000).chain([i32::MIN, i32::MAX]) {
            let [year, month, of_month] =
                [Function::Year, Function::Month, Function::Day].map(|part| match part.part(day.into()) {
                    Value::Int(number) => number,
                    other => panic!("{other:?}"),
                });
            if let Some(date) = NaiveDate::default().checked_add_signed(chrono::TimeDelta::days(day.into())) {
                assert_eq!(
                    (i64::from(date.year()), i64::from(date.month()), i64::from(date.day())),
                    (year, month, of_month)
                );
            }
            let first = new_year(year);
            assert!(first.is_none_or(|first| first.0 <= day && day - first.0 < 366), "{day}");
            assert_eq!(first.is_none(), day == i32::MIN, "{day}");
        }
        assert_eq!((new_year(1970), new_year(2000)), (Some(Date(0)), Some(Date(10_957))));
        assert!(new_year(i64::MIN).is_none() && new_year(1 << 33).is_none());
    }

    #[test]
    fn functions_do_what_their_words_say() {
        let text = |text: &str| Value::Text(text.to_owned());
        for (name, arguments, result) in [
            ("casei", vec![text("Straße ΣΑΣ")], text("strasse σασ")),
            ("casei", vec![text("ISTANBUL ıstanbul İi GROẞ Ꮳꮳᏸ")], text("istanbul ıstanbul i\u{307}i gross ᏣᏣᏰ")),
            ("ACCENTI", vec![text("Zürich Çä")], text("Zurich Ca")),
            ("lower", vec![text("ÄB")], text("äb")),
            ("Upper", vec![text("äb")], text("ÄB")),
            ("trim", vec![text(" a ")], text("a")),
            ("length", vec![text("äb")], Value::Int(2)),
            ("concat", vec![text("a"), text("b")], text("ab")),
            ("abs", vec![Value::Int(-2)], Value::Int(2)),
            ("abs", vec![Value::Int(i64::MIN)], Value::Float(9_223_372_036_854_775_808.0)),
            ("ceil", vec![Value::Float(1.2)], Value::Float(2.0)),
            ("floor", vec![Value::Float(-1.2)], Value::Float(-2.0)),
            ("round", vec![Value::Float(2.5)], Value::Float(3.0)),
            ("round", vec![Value::Int(2)], Value::Int(2)),
            ("round", vec![Value::Float(2.5), Value::Int(0)], Value::Float(3.0)),
            ("round", vec![Value::Float(-2.345), Value::Int(2)], Value::Float(-2.35)),
            ("round", vec![Value::Float(1250.0), Value::Int(-2)], Value::Float(1300.0)),
            ("round", vec![Value::Int(-1250), Value::Int(-2)], Value::Int(-1300)),
            ("round", vec![Value::Int(i64::MAX), Value::Int(-1)], Value::Float(9_223_372_036_854_775_810.0)),
            ("round", vec![Value::Int(7), Value::Float(2.0)], Value::Int(7)),
            ("round", vec![Value::Float(0.1), Value::Int(400)], Value::Float(0.1)),
            ("round", vec![Value::Float(1e300), Value::Int(-400)], Value::Float(0.0)),
            ("round", vec![Value::Float(1.5), Value::Null], Value::Null),
            ("sqrt", vec![Value::Int(-1)], Value::Null),
            ("sqrt", vec![Value::Int(9)], Value::Float(3.0)),
            ("abs", vec![Value::Float(f64::NEG_INFINITY)], Value::Float(f64::INFINITY)),
            ("round", vec![Value::Float(f64::INFINITY)], Value::Float(f64::INFINITY)),
            ("sqrt", vec![Value::Float(f64::NEG_INFINITY)], Value::Null),
            ("year", vec![Value::Date(Date(-1))], Value::Int(1969)),
            ("month", vec![Value::Instant(Instant(0))], Value::Int(1)),
            ("day", vec![Value::Date(Date(-1))], Value::Int(31)),
            ("lower", vec![Value::Int(1)], Value::Null),
            ("lower", vec![Value::Null], Value::Null),
        ] {
            assert_eq!(Function::named(name).unwrap().apply(&arguments), result, "{name} {arguments:?}");
        }
        assert!(Function::named("eval").is_none());
    }
}
