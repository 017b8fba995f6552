//! Times that are related, by Allen's algebra: a table of orders of starts and ends.

use serde_json::{Value, json};

use super::condition::name;
use super::datum::{Datum, Verdict};

/// A time of a condition.
#[derive(Clone, Debug)]
pub(crate) enum Time {
    Property(String),
    Literal(Datum),
    /// Property or literal, from and to.
    Interval(Box<Time>, Box<Time>),
    /// `..` as the start or end of an interval.
    Open,
}

pub(crate) const RELATIONS: [&str; 15] = [
    "t_after",
    "t_before",
    "t_contains",
    "t_disjoint",
    "t_during",
    "t_equals",
    "t_finishedBy",
    "t_finishes",
    "t_intersects",
    "t_meets",
    "t_metBy",
    "t_overlappedBy",
    "t_overlaps",
    "t_startedBy",
    "t_starts",
];

/// Start and end, comparable among times of one kind.
type Span = (i64, i64);

impl Time {
    pub(crate) fn text(&self) -> String {
        match self {
            Self::Property(property) => name(property),
            Self::Literal(value) => value.text(),
            Self::Interval(start, end) => format!("INTERVAL({}, {})", start.end_text(), end.end_text()),
            Self::Open => "'..'".to_owned(),
        }
    }

    fn end_text(&self) -> String {
        match self {
            Self::Literal(value) => format!("'{}'", value.written()),
            other => other.text(),
        }
    }

    pub(crate) fn json(&self) -> Value {
        match self {
            Self::Property(property) => json!({ "property": property }),
            Self::Literal(value) => value.json(),
            Self::Interval(start, end) => json!({ "interval": [start.end_json(), end.end_json()] }),
            Self::Open => json!(".."),
        }
    }

    fn end_json(&self) -> Value {
        match self {
            Self::Literal(value) => json!(value.written()),
            other => other.json(),
        }
    }

    /// Start and end for a feature, else why there are none.
    pub(crate) fn of(&self, feature: &Value) -> Result<Span, Verdict> {
        match self {
            Self::Property(property) => Self::of_datum(Datum::read(&feature["properties"][property])),
            Self::Literal(value) => Self::of_datum(Some(value.clone())),
            Self::Interval(start, end) => {
                let start = if matches!(**start, Self::Open) { i64::MIN } else { start.of(feature)?.0 };
                let end = if matches!(**end, Self::Open) { i64::MAX } else { end.of(feature)?.1 };
                // What an interval without length, or one that ends before it starts, relates to is not for the kit to say.
                if start < end { Ok((start, end)) } else { Err(Verdict::Open) }
            }
            Self::Open => Err(Verdict::Open),
        }
    }

    fn of_datum(value: Option<Datum>) -> Result<Span, Verdict> {
        match value.map(Datum::timed) {
            Some(Datum::Null) => Err(Verdict::Unknown),
            Some(Datum::Day(at) | Datum::Instant(at, _)) => Ok((at, at)),
            _ => Err(Verdict::Open),
        }
    }
}

pub(crate) fn relate(relation: &str, (s1, e1): Span, (s2, e2): Span) -> bool {
    match relation {
        "t_after" => s1 > e2,
        "t_before" => e1 < s2,
        "t_contains" => s1 < s2 && e1 > e2,
        "t_disjoint" => e1 < s2 || s1 > e2,
        "t_during" => s1 > s2 && e1 < e2,
        "t_equals" => s1 == s2 && e1 == e2,
        "t_finishedBy" => s1 < s2 && e1 == e2,
        "t_finishes" => s1 > s2 && e1 == e2,
        "t_intersects" => e1 >= s2 && s1 <= e2,
        "t_meets" => e1 == s2,
        "t_metBy" => s1 == e2,
        "t_overlappedBy" => s1 > s2 && s1 < e2 && e1 > e2,
        "t_overlaps" => s1 < s2 && e1 > s2 && e1 < e2,
        "t_startedBy" => s1 == s2 && e1 > e2,
        _ => s1 == s2 && e1 < e2,
    }
}
