//! Writes a tree in the JSON form, where it has one.

use serde_json::{Value as Json, json};

use super::write::function;
use crate::expr::array::{ArrayRelation, List, Member, json as json_of};
use crate::expr::temporal::{Time, TimeRelation};
use crate::expr::{Expr, Operand, Operator, Relation};
use crate::model::geometry::json as geojson;
use crate::model::value::Value;

/// The tree as JSON; `None` for what only parameters and programs can make, as in the text form.
#[allow(clippy::match_same_arms)] // an arm each
pub(super) fn write(expr: &Expr) -> Option<Json> {
    let all = |parts: &[Expr]| parts.iter().map(write).collect::<Option<Vec<_>>>();
    Some(match expr {
        Expr::And(parts) if parts.is_empty() => Json::Bool(true),
        Expr::Or(parts) if parts.is_empty() => Json::Bool(false),
        Expr::And(parts) | Expr::Or(parts) if parts.len() == 1 => write(parts.first()?)?,
        Expr::And(parts) => op("and", all(parts)?),
        Expr::Or(parts) => op("or", all(parts)?),
        Expr::Not(part) => op("not", vec![write(part)?]),
        Expr::Compare(left, how, right) => op(&how.to_string(), vec![operand(left)?, operand(right)?]),
        Expr::Like { operand: one, pattern } => op("like", vec![operand(one)?, Json::from(pattern.as_str())]),
        Expr::Between(one, low, high) => op("between", vec![operand(one)?, operand(low)?, operand(high)?]),
        Expr::In(one, values) => {
            let values = values.iter().map(value).collect::<Option<Vec<_>>>()?;
            op("in", vec![operand(one)?, Json::Array(values)])
        }
        Expr::NoGeometry(name) => op("isNull", vec![operand(&Operand::Property(name.clone()))?]),
        Expr::IsNull(one) => op("isNull", vec![operand(one)?]),
        Expr::IsUnknown(part) => op("isNull", vec![write(part)?]),
        Expr::Spatial { relation: Relation::DWithin | Relation::Beyond, .. } => return None,
        Expr::Spatial { relation, property, geometry, .. } => {
            let drawn = match geometry.as_bbox().filter(|bbox| bbox.z.is_some() || bbox.has_area()) {
                Some(bbox) => match bbox.z {
                    None => json!({ "bbox": [bbox.min_x, bbox.min_y, bbox.max_x, bbox.max_y] }),
                    Some((low, high)) => {
                        json!({ "bbox": [bbox.min_x, bbox.min_y, low, bbox.max_x, bbox.max_y, high] })
                    }
                },
                None => geojson::write(&geometry.figure()),
            };
            op(&function(*relation).to_lowercase(), vec![json!({ "property": property }), drawn])
        }
        Expr::Geometries(left, relation, right) => {
            let names = [left, right].map(|name| json!({ "property": name }));
            op(&function(*relation).to_lowercase(), names.into())
        }
        Expr::Temporal(left, relation, right) => {
            let (_, name) = TimeRelation::ALL.iter().find(|(other, _)| other == relation)?;
            op(&name.to_lowercase(), vec![time(left)?, time(right)?])
        }
        Expr::Array(left, relation, right) => {
            let (_, name) = ArrayRelation::ALL.iter().find(|(other, _)| other == relation)?;
            op(&name.to_lowercase(), vec![list(left)?, list(right)?])
        }
        Expr::Ids(_) | Expr::Bbox { .. } | Expr::During(_) | Expr::Subset(_) => return None,
    })
}

#[allow(clippy::needless_pass_by_value)] // made for this
fn op(name: &str, args: Vec<Json>) -> Json {
    json!({ "op": name, "args": args })
}

fn operand(operand: &Operand) -> Option<Json> {
    Some(match operand {
        Operand::Property(name) => json!({ "property": name }),
        Operand::Literal(literal) => value(literal)?,
        Operand::Calculation(left, operator, right) => {
            let sign = match operator {
                Operator::Add => "+",
                Operator::Subtract => "-",
                Operator::Multiply => "*",
                Operator::Divide => "/",
                Operator::Modulo => "%",
                Operator::IntegerDivide => "div",
                Operator::Power => "^",
            };
            op(sign, vec![self::operand(left)?, self::operand(right)?])
        }
        Operand::Call(function, arguments) => {
            op(function.description().name, arguments.iter().map(self::operand).collect::<Option<_>>()?)
        }
    })
}

fn value(value: &Value) -> Option<Json> {
    Some(match value {
        Value::Null => return None,
        Value::Int(number) => Json::from(*number),
        Value::Float(number) => Json::from(serde_json::Number::from_f64(*number)?),
        Value::Bool(truth) => Json::from(*truth),
        Value::Text(text) => Json::from(text.as_str()),
        Value::Date(day) => json!({ "date": day.to_string() }),
        Value::Instant(at) => json!({ "timestamp": at.to_string() }),
    })
}

fn time(time: &Time) -> Option<Json> {
    let end = |end: &Option<Operand>| match end {
        None => Some(Json::from("..")),
        Some(Operand::Literal(Value::Date(day))) => Some(Json::from(day.to_string())),
        Some(Operand::Literal(Value::Instant(at))) => Some(Json::from(at.to_string())),
        Some(other) => operand(other),
    };
    match time {
        Time::At(at) => operand(at),
        Time::Between(from, to) => Some(json!({ "interval": [end(from)?, end(to)?] })),
    }
}

fn list(list: &List) -> Option<Json> {
    Some(match list {
        List::Property(name) => json!({ "property": name }),
        List::Literal(members) => Json::Array(members.clone()),
        List::Made(members) => Json::Array(members.iter().map(member).collect::<Option<_>>()?),
    })
}

fn member(one: &Member) -> Option<Json> {
    match one {
        Member::Literal(member) => Some(member.clone()),
        // In a list a time is a text.
        Member::Operand(Operand::Literal(value)) => json_of(value),
        Member::Operand(other) => operand(other),
        Member::List(members) => members.iter().map(member).collect::<Option<_>>().map(Json::Array),
    }
}
