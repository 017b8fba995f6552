//! Writes a tree as CQL2 text that reads as the same tree.
//!
//! What only parameters and programs can make (ids, boxes of a `bbox`, intervals, null, numbers that are none) has no text
//! in CQL2. It is written in angle brackets, which no parser takes for something else.

use std::fmt::{self, Display, Formatter, Write};

use serde_json::Value as Json;

use super::{lexer, parser};
use crate::base::bbox::Bbox;
use crate::expr::array::{ArrayRelation, List, Member};
use crate::expr::function::Function;
use crate::expr::like::canonical;
use crate::expr::temporal::{Time, TimeRelation};
use crate::expr::{Comparison, Expr, GeometryLiteral, Operand, Operator, Relation};
use crate::model::geometry::{json as geojson, wkt};
use crate::model::value::Value;

/// What binds how tightly.
#[derive(Clone, Copy, PartialEq, PartialOrd)]
enum Level {
    Or,
    And,
    Not,
}

impl Display for Expr {
    fn fmt(&self, out: &mut Formatter<'_>) -> fmt::Result {
        write_at(out, self, Level::Or)
    }
}

impl Display for Operand {
    fn fmt(&self, out: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Property(name) => Name(name).fmt(out),
            Self::Literal(value) => Literal(value).fmt(out),
            Self::Calculation(left, operator, right) => {
                let sign = match operator {
                    Operator::Add => "+",
                    Operator::Subtract => "-",
                    Operator::Multiply => "*",
                    Operator::Divide => "/",
                    Operator::Modulo => "%",
                    Operator::IntegerDivide => "div",
                    Operator::Power => "^",
                };
                write!(out, "{} {sign} {}", Part(left), Part(right))
            }
            Self::Call(function, arguments) => {
                // What comes with the language is written in capitals.
                let name = function.description().name;
                match function {
                    Function::CaseI | Function::AccentI => out.write_str(&name.to_ascii_uppercase())?,
                    _ => out.write_str(name)?,
                }
                out.write_str("(")?;
                listed(out, arguments)?;
                out.write_str(")")
            }
        }
    }
}

/// A part of a calculation.
struct Part<'a>(&'a Operand);

impl Display for Part<'_> {
    fn fmt(&self, out: &mut Formatter<'_>) -> fmt::Result {
        match self.0 {
            calculation @ Operand::Calculation(..) => write!(out, "({calculation})"),
            other => other.fmt(out),
        }
    }
}

impl Display for Time {
    fn fmt(&self, out: &mut Formatter<'_>) -> fmt::Result {
        let end = |end: &Option<Operand>| match end {
            None => "'..'".to_owned(),
            Some(Operand::Literal(Value::Date(day))) => format!("'{day}'"),
            Some(Operand::Literal(Value::Instant(at))) => format!("'{at}'"),
            Some(other) => other.to_string(),
        };
        match self {
            Time::At(at) => at.fmt(out),
            Time::Between(from, to) => write!(out, "INTERVAL({}, {})", end(from), end(to)),
        }
    }
}

impl Display for List {
    fn fmt(&self, out: &mut Formatter<'_>) -> fmt::Result {
        match self {
            List::Property(name) => Name(name).fmt(out),
            List::Literal(members) => within(out, members.iter().map(One)),
            List::Made(members) => within(out, members),
        }
    }
}

impl Display for Member {
    fn fmt(&self, out: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Member::Literal(member) => One(member).fmt(out),
            Member::Operand(operand) => operand.fmt(out),
            Member::List(members) => within(out, members),
        }
    }
}

/// A literal member of a list.
struct One<'a>(&'a Json);

impl Display for One<'_> {
    fn fmt(&self, out: &mut Formatter<'_>) -> fmt::Result {
        match self.0 {
            Json::Array(members) => within(out, members.iter().map(One)),
            Json::String(text) => Quoted(text, '\'').fmt(out),
            Json::Bool(truth) => Literal(&Value::Bool(*truth)).fmt(out),
            Json::Object(object) => match (object.get("interval").and_then(Json::as_array), geojson::read(self.0)) {
                (Some(ends), _) => {
                    out.write_str("INTERVAL")?;
                    within(out, ends.iter().map(One))
                }
                (None, Ok(figure)) => out.write_str(&wkt::write(&figure)),
                (None, Err(_)) => write!(out, "<{}>", self.0),
            },
            other => other.fmt(out),
        }
    }
}

fn within(out: &mut Formatter<'_>, items: impl IntoIterator<Item = impl Display>) -> fmt::Result {
    out.write_str("(")?;
    listed(out, items)?;
    out.write_str(")")
}

impl Display for Comparison {
    fn fmt(&self, out: &mut Formatter<'_>) -> fmt::Result {
        out.write_str(self.sign())
    }
}

/// Writes what stands where nothing may that binds less tightly than this.
fn write_at(out: &mut Formatter<'_>, expr: &Expr, least: Level) -> fmt::Result {
    let (parts, level, word) = match expr {
        Expr::And(parts) => (parts, Level::And, " AND "),
        Expr::Or(parts) => (parts, Level::Or, " OR "),
        Expr::Not(part) => {
            return match &**part {
                Expr::IsUnknown(part) => unknown(out, part, "NOT "),
                Expr::Like { .. } | Expr::Between(..) | Expr::In(..) | Expr::IsNull(_) | Expr::NoGeometry(_) => {
                    predicate(out, part, " NOT")
                }
                part => {
                    out.write_str("NOT ")?;
                    write_at(out, part, Level::Not)
                }
            };
        }
        Expr::IsUnknown(part) => return unknown(out, part, ""),
        other => return predicate(out, other, ""),
    };
    let inner = if level == Level::Or { Level::And } else { Level::Not };
    match &parts[..] {
        [] => out.write_str(if level == Level::And { "TRUE" } else { "FALSE" }),
        [one] => write_at(out, one, least),
        [first, rest @ ..] => {
            let needs_parentheses = level < least;
            out.write_str(if needs_parentheses { "(" } else { "" })?;
            write_at(out, first, inner)?;
            for part in rest {
                out.write_str(word)?;
                write_at(out, part, inner)?;
            }
            out.write_str(if needs_parentheses { ")" } else { "" })
        }
    }
}

fn unknown(out: &mut Formatter<'_>, part: &Expr, not: &str) -> fmt::Result {
    out.write_str("(")?;
    write_at(out, part, Level::Or)?;
    write!(out, ") IS {not}NULL")
}

// Not inlined, so that nesting needs no frame for it.
#[inline(never)]
fn predicate(out: &mut Formatter<'_>, expr: &Expr, not: &str) -> fmt::Result {
    match expr {
        Expr::Compare(left, how, right) => write!(out, "{left} {how} {right}"),
        Expr::Like { operand, pattern } => {
            write!(out, "{operand}{not} LIKE '{}'", canonical(pattern).replace('\'', "''"))
        }
        Expr::Between(operand, low, high) => write!(out, "{operand}{not} BETWEEN {low} AND {high}"),
        Expr::In(operand, values) => {
            write!(out, "{operand}{not} IN (")?;
            listed(out, values.iter().map(Literal))?;
            out.write_str(")")
        }
        Expr::NoGeometry(name) => write!(out, "{} IS{not} NULL", Name(name)),
        Expr::IsNull(operand) => write!(out, "{operand} IS{not} NULL"),
        Expr::Spatial { relation: Relation::DWithin | Relation::Beyond, property, geometry, distance } => {
            // CQL2 knows no distances.
            let what =
                if matches!(expr, Expr::Spatial { relation: Relation::DWithin, .. }) { "within" } else { "beyond" };
            write!(out, "<{what} {} of {} to {}>", distance.unwrap_or(0.0), Drawn(geometry), Name(property))
        }
        Expr::Spatial { relation, property, geometry, .. } => {
            write!(out, "{}({}, {})", function(*relation), Name(property), Drawn(geometry))
        }
        Expr::Geometries(left, relation, right) => {
            write!(out, "{}({}, {})", function(*relation), Name(left), Name(right))
        }
        Expr::Temporal(left, relation, right) => {
            let name = TimeRelation::ALL.iter().find(|(other, _)| other == relation).map_or("T_", |(_, name)| name);
            write!(out, "{name}({left}, {right})")
        }
        Expr::Array(left, relation, right) => {
            let name = ArrayRelation::ALL.iter().find(|(other, _)| other == relation).map_or("A_", |(_, name)| name);
            write!(out, "{name}({left}, {right})")
        }
        Expr::Ids(ids) => {
            out.write_str("<id ")?;
            listed(out, ids)?;
            out.write_str(">")
        }
        Expr::Bbox { rects, .. } => {
            out.write_str("<bbox ")?;
            listed(out, rects.iter().map(|rect| Bbox::from(*rect)))?;
            out.write_str(">")
        }
        Expr::During(interval) => {
            let end = |at: Option<crate::base::datetime::Instant>| at.map_or("..".to_owned(), |at| at.to_string());
            write!(out, "<datetime {}/{}>", end(interval.start), end(interval.end))
        }
        Expr::Subset(text) => write!(out, "<subset {text}>"),
        Expr::And(_) | Expr::Or(_) | Expr::Not(_) | Expr::IsUnknown(_) => write_at(out, expr, Level::Not),
    }
}

fn listed(out: &mut Formatter<'_>, items: impl IntoIterator<Item = impl Display>) -> fmt::Result {
    for (at, item) in items.into_iter().enumerate() {
        write!(out, "{}{item}", if at == 0 { "" } else { ", " })?;
    }
    Ok(())
}

/// A property's name, in quotes where it needs them.
struct Name<'a>(&'a str);

impl Display for Name<'_> {
    fn fmt(&self, out: &mut Formatter<'_>) -> fmt::Result {
        if lexer::is_plain(self.0) && !parser::is_reserved(self.0) {
            out.write_str(self.0)
        } else {
            Quoted(self.0, '"').fmt(out)
        }
    }
}

struct Quoted<'a>(&'a str, char);

impl Display for Quoted<'_> {
    fn fmt(&self, out: &mut Formatter<'_>) -> fmt::Result {
        let Self(text, quote) = self;
        out.write_char(*quote)?;
        for character in text.chars() {
            if character == *quote || (character == '\\' && *quote == '\'') {
                out.write_char(character)?;
            }
            out.write_char(character)?;
        }
        out.write_char(*quote)
    }
}

struct Literal<'a>(&'a Value);

impl Display for Literal<'_> {
    fn fmt(&self, out: &mut Formatter<'_>) -> fmt::Result {
        match self.0 {
            Value::Null => out.write_str("<null>"),
            Value::Int(number) => number.fmt(out),
            // With a point or an exponent, so that it reads as what it is.
            Value::Float(number) if number.is_finite() => write!(out, "{number:?}"),
            Value::Float(number) => write!(out, "<{number}>"),
            Value::Bool(truth) => out.write_str(if *truth { "TRUE" } else { "FALSE" }),
            Value::Text(text) => Quoted(text, '\'').fmt(out),
            Value::Date(date) => write!(out, "DATE('{date}')"),
            Value::Instant(at) => write!(out, "TIMESTAMP('{at}')"),
        }
    }
}

/// A geometry as it is written: as a box where it can be.
struct Drawn<'a>(&'a GeometryLiteral);

impl Display for Drawn<'_> {
    fn fmt(&self, out: &mut Formatter<'_>) -> fmt::Result {
        match self.0.as_bbox().filter(|bbox| bbox.z.is_some() || bbox.has_area()) {
            Some(bbox) => write!(out, "BBOX({bbox})"),
            None => out.write_str(&wkt::write(&self.0.figure())),
        }
    }
}

/// The name of a relation.
pub(super) fn function(relation: Relation) -> &'static str {
    match relation {
        Relation::Intersects => "S_INTERSECTS",
        Relation::Disjoint => "S_DISJOINT",
        Relation::Within => "S_WITHIN",
        Relation::Contains => "S_CONTAINS",
        Relation::Touches => "S_TOUCHES",
        Relation::Crosses => "S_CROSSES",
        Relation::Overlaps => "S_OVERLAPS",
        Relation::Equals => "S_EQUALS",
        Relation::DWithin => "S_DWITHIN",
        Relation::Beyond => "S_BEYOND",
    }
}
