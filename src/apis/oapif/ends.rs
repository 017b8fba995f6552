//! What features' values may be, besides one value: the ends of a range, and a part of a text. Each is a parameter with a
//! member for each property that it can be asked of (`at-least[height]=20`), so that it takes no property's name, and a
//! form of plain HTML can send it.

use std::collections::BTreeMap;

use serde_json::{Map, Value as Json, json};

use crate::api::Param;
use crate::base::datetime::Date;
use crate::error::{Error, Kind, Result};
use crate::expr::function::Function;
use crate::expr::{Comparison, Expr, Operand};
use crate::model::schema::{Field, FieldKind, Schema};
use crate::model::value::Value;

use super::schema::scalar;
use super::search;

/// What is asked of a property.
#[derive(Clone, Copy)]
enum End {
    AtLeast,
    AtMost,
    Contains,
    BeginsWith,
}

/// Each with its name, and its words.
const ENDS: [(End, &str, &str); 4] = [
    (
        End::AtLeast,
        "at-least",
        "Only features whose property is not less than this number, or not before this day or instant",
    ),
    (
        End::AtMost,
        "at-most",
        "Only features whose property is not more than this number, or not after this day, which counts whole, or instant",
    ),
    (End::Contains, "contains", "Only features whose property has this text in it, whether upper case or lower"),
    (End::BeginsWith, "begins-with", "Only features whose property begins with this text, whether upper case or lower"),
];

impl End {
    fn fits(self, kind: FieldKind) -> bool {
        match self {
            Self::AtLeast | Self::AtMost => {
                matches!(kind, FieldKind::Integer | FieldKind::Number | FieldKind::Date | FieldKind::DateTime)
            }
            Self::Contains | Self::BeginsWith => kind == FieldKind::String,
        }
    }

    /// The condition of a value that a client wrote.
    fn condition(self, field: &Field, text: &str) -> Result<Expr, &'static str> {
        let compared = |comparison, value| {
            Expr::Compare(Operand::Property(field.name.clone()), comparison, Operand::Literal(value))
        };
        let is_alike = |pattern: String| {
            let operand = Operand::Call(Function::CaseI, vec![Operand::Property(field.name.clone())]);
            Ok(Expr::Like { operand, pattern })
        };
        // Of instants a day is the time from its first to its last.
        let day = Date::parse(text).filter(|_| field.kind == FieldKind::DateTime);
        let value =
            |instant: Option<_>| instant.map_or_else(|| Value::parse(field.kind, text), |at| Ok(Value::Instant(at)));
        match self {
            Self::AtLeast => Ok(compared(Comparison::GreaterOrEqual, value(day.map(Date::start))?)),
            Self::AtMost => Ok(compared(Comparison::LessOrEqual, value(day.map(Date::end))?)),
            Self::Contains => is_alike(format!("%{}%", search::escaped(text))),
            Self::BeginsWith => is_alike(format!("{}%", search::escaped(text))),
        }
    }
}

/// Whether one is called so.
pub(super) fn is_one(name: &str) -> bool {
    ENDS.iter().any(|(_, own, _)| *own == name)
}

/// The parameters of a collection.
pub(super) fn params(schema: &Schema) -> impl Iterator<Item = Param> {
    ENDS.iter().filter_map(|(end, name, words)| {
        let fields = schema.fields.iter().filter(|field| end.fits(field.kind));
        let members: Map<String, Json> = fields.filter_map(|it| Some((it.name.clone(), member(it.kind)?))).collect();
        let object = json!({ "type": "object", "properties": members, "additionalProperties": false });
        (!members.is_empty()).then(|| Param::query(*name, *words, object))
    })
}

/// The schema of a value: a day will do for an instant.
fn member(kind: FieldKind) -> Option<Json> {
    if kind == FieldKind::DateTime { Some(json!({ "type": "string" })) } else { scalar(kind) }
}

/// The condition that a parameter is, where it is one of these.
pub(super) fn condition(parameter: &str, text: &str, schema: &Schema) -> Option<Result<Expr>> {
    let (name, member) = parameter.strip_suffix(']')?.split_once('[')?;
    let (end, ..) = ENDS.iter().find(|(_, known, _)| *known == name)?;
    let field = schema.fields.iter().find(|field| field.name == member && end.fits(field.kind))?;
    Some(end.condition(field, text).map_err(|expected| {
        let message = format!("parameter '{parameter}' is '{text}', {expected}");
        Error::new(Kind::InvalidParameter, message).at(parameter)
    }))
}

/// Those that a request has, as a page shows them.
pub(super) fn given(extra: &BTreeMap<String, String>, schema: &Schema) -> Vec<Json> {
    let one = |(parameter, value): (&String, &String)| {
        condition(parameter, value, schema)?.ok()?;
        let (end, property) = parameter.strip_suffix(']')?.split_once('[')?;
        Some(json!({ "parameter": parameter, "end": end, "property": property, "value": value }))
    };
    extra.iter().filter_map(one).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::schema::KeyKind;

    fn told(parameter: &str, text: &str) -> Option<String> {
        let fields = [
            ("name", FieldKind::String),
            ("a[b]", FieldKind::Integer),
            ("day", FieldKind::Date),
            ("moment", FieldKind::DateTime),
            ("bytes", FieldKind::Binary),
        ];
        let fields = fields.map(|(name, kind)| Field::new(name, kind)).into();
        let schema = Schema { fields, key: ("id".to_owned(), KeyKind::Integer), geometry: None, time: None };
        assert_eq!(params(&schema).count(), 4);
        condition(parameter, text, &schema).map(|it| it.map_or_else(|error| error.to_string(), |it| it.to_string()))
    }

    #[test]
    fn ends_become_conditions() {
        for (parameter, text, expected) in [
            ("at-least[a[b]]", "5", "\"a[b]\" >= 5"),
            ("at-most[day]", "2024-05-01", "day <= DATE('2024-05-01')"),
            ("at-least[moment]", "2024-05-01", "moment >= TIMESTAMP('2024-05-01T00:00:00Z')"),
            ("at-most[moment]", "2024-05-01T12:00:00Z", "moment <= TIMESTAMP('2024-05-01T12:00:00Z')"),
            ("contains[name]", "50%_Ä", "CASEI(name) LIKE '%50\\%\\_ä%'"),
            ("begins-with[name]", "a  b", "CASEI(name) LIKE 'a  b%'"),
        ] {
            assert_eq!(told(parameter, text).as_deref(), Some(expected), "{parameter}");
        }
        assert!(
            told("at-most[moment]", "2024-05-01").unwrap().starts_with("moment <= TIMESTAMP('2024-05-01T23:59:59.99")
        );
        assert!(told("at-least[day]", "soon").unwrap().contains("'at-least[day]' is 'soon', expected a date"));
        for none in ["at-least[name]", "contains[day]", "at-least[other]", "at-least", "near[name]", "at-least[bytes]"]
        {
            assert_eq!(told(none, "1"), None, "{none}");
        }
    }
}
