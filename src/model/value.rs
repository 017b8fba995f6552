//! Single values: what a filter compares with, and what makes a feature id.

use std::cmp::Ordering;
use std::fmt;

use crate::base::datetime::{Date, Instant};

use super::schema::{FieldKind, KeyKind};

/// A literal of a filter.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// Nothing.
    Null,
    /// A whole number.
    Int(i64),
    /// A floating point number.
    Float(f64),
    /// True or false.
    Bool(bool),
    /// Text.
    Text(String),
    /// A day.
    Date(Date),
    /// An instant.
    Instant(Instant),
}

impl Value {
    /// Reads a client's text as a value of this type. The error says what is expected.
    pub fn parse(kind: FieldKind, text: &str) -> Result<Value, &'static str> {
        match kind {
            FieldKind::Integer => text.parse().map(Value::Int).map_err(|_| "expected an integer"),
            FieldKind::Number => {
                let number = text.parse().ok().filter(|number: &f64| number.is_finite());
                number.map(Value::Float).ok_or("expected a number")
            }
            FieldKind::Boolean => match text {
                "true" | "1" => Ok(Value::Bool(true)),
                "false" | "0" => Ok(Value::Bool(false)),
                _ => Err("expected true or false"),
            },
            FieldKind::String | FieldKind::Json => Ok(Value::Text(text.to_owned())),
            FieldKind::Date => Date::parse(text).map(Value::Date).ok_or("expected a date such as 2018-02-12"),
            FieldKind::DateTime => {
                Instant::parse(text).map(Value::Instant).ok_or("expected an instant such as 2018-02-12T23:20:50Z")
            }
            FieldKind::Binary => Err("a binary property cannot be compared"),
        }
    }

    /// Compares two values of like type; `None` where they are not comparable (null with anything, text with a number).
    pub fn compare(&self, other: &Value) -> Option<Ordering> {
        match (self, other) {
            (Value::Int(a), Value::Int(b)) => Some(a.cmp(b)),
            (Value::Float(a), Value::Float(b)) => a.partial_cmp(b),
            (Value::Int(a), Value::Float(b)) => whole(*a, *b),
            (Value::Float(a), Value::Int(b)) => whole(*b, *a).map(Ordering::reverse),
            (Value::Bool(a), Value::Bool(b)) => Some(a.cmp(b)),
            (Value::Text(a), Value::Text(b)) => Some(a.cmp(b)),
            (Value::Date(a), Value::Date(b)) => Some(a.cmp(b)),
            (Value::Instant(a), Value::Instant(b)) => Some(a.cmp(b)),
            (Value::Date(a), Value::Instant(b)) => Some(a.start().cmp(b)),
            (Value::Instant(a), Value::Date(b)) => Some(a.cmp(&b.start())),
            _ => None,
        }
    }
}

/// Compares a whole number with a float, exactly: not every whole number is a float. `None` beside what is not a number.
#[allow(clippy::cast_possible_truncation)] // what is beyond all integers becomes the last of them
pub fn whole(int: i64, float: f64) -> Option<Ordering> {
    if float.is_nan() {
        return None;
    }
    let floor = float.floor();
    let beyond = if float >= 9_223_372_036_854_775_808.0 { Ordering::Less } else { Ordering::Equal };
    let fraction = if float > floor { Ordering::Less } else { Ordering::Equal };
    let below = if float < -9_223_372_036_854_775_808.0 { Ordering::Greater } else { Ordering::Equal };
    Some(beyond.then(below).then(int.cmp(&(floor as i64))).then(fraction))
}

/// The id of a feature within its layer.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum FeatureId {
    /// A whole number.
    Int(i64),
    /// Text.
    Text(String),
}

impl FeatureId {
    /// Reads an id as a client writes it; `None` where no feature of such a layer can have it.
    pub fn parse(kind: KeyKind, text: &str) -> Option<FeatureId> {
        match kind {
            KeyKind::Integer => {
                let id: i64 = text.parse().ok()?;
                // One feature, one address: +1 and 01 are not the feature 1.
                (itoa::Buffer::new().format(id) == text).then_some(FeatureId::Int(id))
            }
            KeyKind::String => Some(FeatureId::Text(text.to_owned())),
        }
    }
}

impl fmt::Display for FeatureId {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Int(id) => id.fmt(out),
            Self::Text(id) => id.fmt(out),
        }
    }
}
