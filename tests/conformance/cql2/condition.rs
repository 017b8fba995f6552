//! Conditions as the kit has them: written as CQL2 text and JSON, and tested on features by rules of its own.

use serde_json::{Value, json};

use super::datum::{Datum, Verdict, all, any};
use super::time::{Time, relate};
use crate::crs::judged;
use crate::projection::geometry;

/// What is compared.
#[derive(Clone, Debug)]
pub(crate) enum Term {
    Property(String),
    Literal(Datum),
    Sum(Box<Term>, &'static str, Box<Term>),
    Call(&'static str, Vec<Term>),
}

/// A condition.
#[derive(Clone, Debug)]
pub(crate) enum Condition {
    Truth(bool),
    Compare(Term, &'static str, Term),
    Like(Term, String),
    Between(Term, Term, Term),
    In(Term, Vec<Term>),
    IsNull(Term),
    And(Vec<Condition>),
    Or(Vec<Condition>),
    Not(Box<Condition>),
    /// Relation, property, literal as GeoJSON (or as a box of four numbers).
    Spatial(&'static str, String, Value),
    Temporal(&'static str, Time, Time),
    /// Relation, property, members.
    List(&'static str, String, Vec<Value>),
}

pub(crate) fn property(name: &str) -> Term {
    Term::Property(name.to_owned())
}

pub(crate) fn not(condition: Condition) -> Condition {
    Condition::Not(Box::new(condition))
}

/// A name as CQL2 text has it: in quotes, unless it is plainly a name.
pub(crate) fn name(name: &str) -> String {
    let plain = name.starts_with(|first: char| first.is_ascii_alphabetic())
        && name.chars().all(|each| each.is_ascii_alphanumeric() || each == '_');
    let words =
        ["and", "or", "not", "like", "between", "in", "is", "null", "true", "false", "date", "timestamp", "div"];
    let words = words.iter().chain(&["interval", "casei", "accenti", "point", "polygon", "bbox"]);
    if plain && !words.into_iter().any(|word| name.eq_ignore_ascii_case(word)) {
        name.to_owned()
    } else {
        format!("\"{name}\"")
    }
}

fn joined<T>(parts: &[T], by: &str, write: impl Fn(&T) -> String) -> String {
    parts.iter().map(write).collect::<Vec<_>>().join(by)
}

impl Term {
    pub(crate) fn text(&self) -> String {
        match self {
            Self::Property(property) => name(property),
            Self::Literal(value) => value.text(),
            Self::Sum(left, operator, right) => format!("({} {operator} {})", left.text(), right.text()),
            Self::Call(function, arguments) => {
                format!("{}({})", function.to_uppercase(), joined(arguments, ", ", Term::text))
            }
        }
    }

    pub(crate) fn json(&self) -> Value {
        match self {
            Self::Property(property) => json!({ "property": property }),
            Self::Literal(value) => value.json(),
            Self::Sum(left, operator, right) => json!({ "op": operator, "args": [left.json(), right.json()] }),
            Self::Call(function, arguments) => {
                json!({ "op": function, "args": arguments.iter().map(Term::json).collect::<Vec<_>>() })
            }
        }
    }

    /// The value for a feature; nothing where standard and kit leave it open.
    fn value(&self, feature: &Value) -> Option<Datum> {
        match self {
            Self::Property(property) => Datum::read(&feature["properties"][property]),
            Self::Literal(value) => Some(value.clone()),
            Self::Sum(left, operator, right) => {
                super::sums::sum(&left.value(feature)?, operator, &right.value(feature)?)
            }
            Self::Call(function, arguments) => {
                let values = arguments.iter().map(|argument| argument.value(feature)).collect::<Option<Vec<_>>>()?;
                super::sums::call(function, &values)
            }
        }
    }
}

impl Condition {
    pub(crate) fn text(&self) -> String {
        match self {
            Self::Truth(truth) => if *truth { "TRUE" } else { "FALSE" }.to_owned(),
            Self::Compare(left, how, right) => format!("{} {how} {}", left.text(), right.text()),
            Self::Like(term, pattern) => format!("{} LIKE {}", term.text(), pattern_text(term, pattern)),
            Self::Between(term, low, high) => format!("{} BETWEEN {} AND {}", term.text(), low.text(), high.text()),
            Self::In(term, list) => format!("{} IN ({})", term.text(), joined(list, ", ", Term::text)),
            Self::IsNull(term) => format!("{} IS NULL", term.text()),
            Self::And(parts) => joined(parts, " AND ", |part| format!("({})", part.text())),
            Self::Or(parts) => joined(parts, " OR ", |part| format!("({})", part.text())),
            Self::Not(part) => format!("NOT ({})", part.text()),
            Self::Spatial(relation, property, literal) => {
                format!("{}({}, {})", relation.to_uppercase(), name(property), shape_text(literal))
            }
            Self::Temporal(relation, one, other) => {
                format!("{}({}, {})", relation.to_uppercase(), one.text(), other.text())
            }
            Self::List(relation, property, members) => {
                let members = joined(members, ", ", |member| match member {
                    Value::String(text) => format!("'{}'", text.replace('\'', "''")),
                    other => other.to_string(),
                });
                format!("{}({}, ({members}))", relation.to_uppercase(), name(property))
            }
        }
    }

    pub(crate) fn json(&self) -> Value {
        let several = |op: &str, parts: &[Condition]| match parts {
            [one] => one.json(),
            _ => json!({ "op": op, "args": parts.iter().map(Condition::json).collect::<Vec<_>>() }),
        };
        match self {
            Self::Truth(truth) => json!(truth),
            Self::Compare(left, how, right) => json!({ "op": how, "args": [left.json(), right.json()] }),
            Self::Like(term, pattern) => match term {
                Term::Call(function @ ("casei" | "accenti"), _) => {
                    json!({ "op": "like", "args": [term.json(), { "op": function, "args": [pattern] }] })
                }
                _ => json!({ "op": "like", "args": [term.json(), pattern] }),
            },
            Self::Between(term, low, high) => {
                json!({ "op": "between", "args": [term.json(), low.json(), high.json()] })
            }
            Self::In(term, list) => {
                json!({ "op": "in", "args": [term.json(), list.iter().map(Term::json).collect::<Vec<_>>()] })
            }
            Self::IsNull(term) => json!({ "op": "isNull", "args": [term.json()] }),
            Self::And(parts) => several("and", parts),
            Self::Or(parts) => several("or", parts),
            Self::Not(part) => json!({ "op": "not", "args": [part.json()] }),
            Self::Spatial(relation, property, literal) => {
                let literal = if literal.is_array() { json!({ "bbox": literal }) } else { literal.clone() };
                json!({ "op": relation, "args": [{ "property": property }, literal] })
            }
            Self::Temporal(relation, one, other) => json!({ "op": relation, "args": [one.json(), other.json()] }),
            Self::List(relation, property, members) => {
                json!({ "op": relation, "args": [{ "property": property }, members] })
            }
        }
    }

    /// What the condition is for a feature.
    pub(crate) fn holds(&self, feature: &Value) -> Verdict {
        let both = |left: &Term, right: &Term, test: &dyn Fn(&Datum, &Datum) -> Verdict| match (
            left.value(feature),
            right.value(feature),
        ) {
            (Some(left), Some(right)) => test(&left, &right),
            _ => Verdict::Open,
        };
        match self {
            Self::Truth(truth) => Verdict::from(*truth),
            Self::Compare(left, how, right) => both(left, right, &|left, right| left.compare(how, right)),
            Self::Like(term, pattern) => match term.value(feature) {
                Some(Datum::Text(text)) => Verdict::from(super::sums::like(&text, &folded(term, pattern))),
                Some(Datum::Null) => Verdict::Unknown,
                _ => Verdict::Open,
            },
            Self::Between(term, low, high) => all([
                both(term, low, &|value, low| value.compare(">=", low)),
                both(term, high, &|value, high| value.compare("<=", high)),
            ]),
            Self::In(term, list) => any(list.iter().map(|one| both(term, one, &|value, one| value.compare("=", one)))),
            Self::IsNull(term) => match term.value(feature) {
                Some(value) => Verdict::from(matches!(value, Datum::Null)),
                None => Verdict::Open,
            },
            Self::And(parts) => all(parts.iter().map(|part| part.holds(feature))),
            Self::Or(parts) => any(parts.iter().map(|part| part.holds(feature))),
            Self::Not(part) => part.holds(feature).turned(),
            Self::Spatial(relation, _, literal) => located(feature, relation, literal),
            Self::Temporal(relation, one, other) => match (one.of(feature), other.of(feature)) {
                (Ok(one), Ok(other)) => Verdict::from(relate(relation, one, other)),
                (Err(verdict), _) | (_, Err(verdict)) => verdict,
            },
            Self::List(relation, property, members) => listed(&feature["properties"][property], relation, members),
        }
    }
}

fn pattern_text(term: &Term, pattern: &str) -> String {
    let quoted = format!("'{}'", pattern.replace('\'', "''"));
    match term {
        Term::Call(function @ ("casei" | "accenti"), _) => format!("{}({quoted})", function.to_uppercase()),
        _ => quoted,
    }
}

fn folded(term: &Term, pattern: &str) -> String {
    match term {
        Term::Call(function @ ("casei" | "accenti"), _) => {
            match super::sums::call(function, &[Datum::Text(pattern.to_owned())]) {
                Some(Datum::Text(folded)) => folded,
                _ => pattern.to_owned(),
            }
        }
        _ => pattern.to_owned(),
    }
}

/// A literal as well-known text, by GDAL; a box as CQL2's own function.
fn shape_text(literal: &Value) -> String {
    match literal.as_array() {
        Some(sides) => format!("BBOX({})", joined(sides, ", ", Value::to_string)),
        None => geometry(literal).and_then(|made| made.wkt().ok()).unwrap(),
    }
}

fn located(feature: &Value, relation: &str, literal: &Value) -> Verdict {
    if feature["geometry"].is_null() {
        return Verdict::Unknown;
    }
    let literal = match literal.as_array().map(|sides| sides.iter().filter_map(Value::as_f64).collect::<Vec<_>>()) {
        Some(sides) => gdal::vector::Geometry::bbox(sides[0], sides[1], sides[2], sides[3]).ok(),
        None => geometry(literal),
    };
    let (Some(own), Some(literal)) = (judged(feature), literal) else { return Verdict::Open };
    Verdict::from(match relation {
        "s_intersects" => own.intersects(&literal),
        "s_disjoint" => own.disjoint(&literal),
        "s_within" => own.within(&literal),
        "s_contains" => own.contains(&literal),
        "s_touches" => own.touches(&literal),
        "s_crosses" => own.crosses(&literal),
        "s_overlaps" => own.overlaps(&literal),
        // The same points: each within the other.
        _ => own.within(&literal) && literal.within(&own),
    })
}

fn listed(value: &Value, relation: &str, members: &[Value]) -> Verdict {
    let Value::Array(own) = value else {
        return if value.is_null() { Verdict::Unknown } else { Verdict::Open };
    };
    let is = |one: &Value, other: &Value| one == other || (one.is_number() && one.as_f64() == other.as_f64());
    let within = |one: &[Value], other: &[Value]| one.iter().all(|it| other.iter().any(|that| is(it, that)));
    Verdict::from(match relation {
        "a_equals" => within(own, members) && within(members, own),
        "a_contains" => within(members, own),
        "a_containedBy" | "a_containedby" => within(own, members),
        _ => own.iter().any(|it| members.iter().any(|that| is(it, that))),
    })
}
