//! Values that are compared, and what comes of it.

use chrono::{DateTime, NaiveDate};
use serde_json::{Value, json};

/// A value of a property or a literal.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Datum {
    Null,
    Whole(i128),
    Float(f64),
    Truth(bool),
    Text(String),
    /// Days since 1970.
    Day(i64),
    /// Microseconds since 1970, with the text.
    Instant(i64, String),
}

/// What a condition is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    True,
    False,
    Unknown,
    /// Not to be judged: the standard leaves it open, or the kit cannot tell.
    Open,
}

impl From<bool> for Verdict {
    fn from(truth: bool) -> Self {
        if truth { Self::True } else { Self::False }
    }
}

impl Verdict {
    pub(crate) fn turned(self) -> Self {
        match self {
            Self::True => Self::False,
            Self::False => Self::True,
            other => other,
        }
    }
}

pub(crate) fn all(parts: impl IntoIterator<Item = Verdict>) -> Verdict {
    let parts: Vec<Verdict> = parts.into_iter().collect();
    let first = |wanted: Verdict| parts.contains(&wanted).then_some(wanted);
    first(Verdict::False).or_else(|| first(Verdict::Open)).or_else(|| first(Verdict::Unknown)).unwrap_or(Verdict::True)
}

pub(crate) fn any(parts: impl IntoIterator<Item = Verdict>) -> Verdict {
    all(parts.into_iter().map(Verdict::turned)).turned()
}

pub(crate) fn day(text: &str) -> Option<i64> {
    let date: NaiveDate = text.parse().ok()?;
    Some(date.signed_duration_since(NaiveDate::from_ymd_opt(1970, 1, 1)?).num_days())
}

pub(crate) fn instant(text: &str) -> Option<i64> {
    Some(DateTime::parse_from_rfc3339(text).ok()?.timestamp_micros())
}

impl Datum {
    /// The value of JSON by itself: text stays text. Nothing for lists and objects.
    pub(crate) fn read(value: &Value) -> Option<Self> {
        Some(match value {
            Value::Null => Self::Null,
            Value::Bool(truth) => Self::Truth(*truth),
            Value::String(text) => Self::Text(text.clone()),
            Value::Number(number) => match number.as_i64() {
                Some(whole) => Self::Whole(i128::from(whole)),
                None => Self::Float(number.as_f64()?),
            },
            _ => return None,
        })
    }

    /// A text as the time that it is.
    pub(crate) fn timed(self) -> Self {
        match &self {
            Self::Text(text) => match (day(text), instant(text)) {
                (Some(day), _) => Self::Day(day),
                (_, Some(at)) => Self::Instant(at, text.clone()),
                _ => self,
            },
            _ => self,
        }
    }

    pub(crate) fn text(&self) -> String {
        match self {
            Self::Null => "NULL".to_owned(),
            Self::Whole(number) => number.to_string(),
            Self::Float(number) => json!(number).to_string(),
            Self::Truth(truth) => truth.to_string().to_uppercase(),
            Self::Text(text) => format!("'{}'", text.replace('\\', "\\\\").replace('\'', "''")),
            Self::Day(_) => format!("DATE('{}')", self.written()),
            Self::Instant(..) => format!("TIMESTAMP('{}')", self.written()),
        }
    }

    /// A time alone, as intervals have it.
    pub(crate) fn written(&self) -> String {
        match self {
            Self::Day(day) => {
                let start = NaiveDate::from_ymd_opt(1970, 1, 1).unwrap();
                (start + chrono::Duration::days(*day)).to_string()
            }
            Self::Instant(_, text) => text.clone(),
            other => other.text(),
        }
    }

    pub(crate) fn json(&self) -> Value {
        match self {
            Self::Null => Value::Null,
            Self::Whole(number) => serde_json::from_str(&number.to_string()).unwrap(),
            Self::Float(number) => json!(number),
            Self::Truth(truth) => json!(truth),
            Self::Text(text) => json!(text),
            Self::Day(_) => json!({ "date": self.written() }),
            Self::Instant(_, text) => json!({ "timestamp": text }),
        }
    }

    #[allow(clippy::cast_precision_loss)]
    pub(crate) fn float(&self) -> Option<f64> {
        match self {
            Self::Whole(number) => Some(*number as f64),
            Self::Float(number) => Some(*number),
            _ => None,
        }
    }

    pub(crate) fn compare(&self, how: &str, other: &Self) -> Verdict {
        use std::cmp::Ordering::{Equal, Greater, Less};
        // A text beside a time is the time that it writes.
        let (one, other) = match (self, other) {
            (Self::Text(_), Self::Day(_) | Self::Instant(..)) => (self.clone().timed(), other.clone()),
            (Self::Day(_) | Self::Instant(..), Self::Text(_)) => (self.clone(), other.clone().timed()),
            _ => (self.clone(), other.clone()),
        };
        let order = match (&one, &other) {
            (Self::Null, _) | (_, Self::Null) => return Verdict::Unknown,
            (Self::Whole(a), Self::Whole(b)) => a.cmp(b),
            (Self::Truth(a), Self::Truth(b)) if matches!(how, "=" | "<>") => a.cmp(b),
            // How texts are ordered is the server's affair.
            (Self::Text(a), Self::Text(b)) if matches!(how, "=" | "<>") => a.cmp(b),
            (Self::Day(a), Self::Day(b)) | (Self::Instant(a, _), Self::Instant(b, _)) => a.cmp(b),
            _ => match (one.float(), other.float()) {
                (Some(a), Some(b)) => match a.partial_cmp(&b) {
                    Some(order) => order,
                    None => return Verdict::Open,
                },
                _ => return Verdict::Open,
            },
        };
        Verdict::from(match how {
            "=" => order == Equal,
            "<>" => order != Equal,
            "<" => order == Less,
            "<=" => order != Greater,
            ">" => order == Greater,
            _ => order != Less,
        })
    }
}
