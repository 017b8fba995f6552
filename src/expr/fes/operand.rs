//! Expressions: references, literals, calculations, functions.

use crate::base::datetime::{Date, Instant};
use crate::base::xml::Element;
use crate::model::schema::{FieldKind, KeyKind};
use crate::model::value::Value;

use super::super::function::{Class, Function};
use super::super::number;
use super::super::{Operand, Operator};
use super::name::{Named, is_reference};
use super::{Code, DEEPEST, Fault, Reader};

/// As what the text of a literal is read.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum As {
    /// A property's type.
    Field(FieldKind),
    /// The key's type.
    Key(KeyKind),
    /// What it looks like, where nothing says it.
    Looks,
}

impl Reader<'_> {
    /// An expression; literals in it are read as is said.
    pub(super) fn operand(&self, element: &Element, kind: As, depth: usize) -> Result<Operand, Fault> {
        if depth > DEEPEST {
            return Err(Fault::parsing(element, format!("the filter nests deeper than {DEEPEST} levels")));
        }
        let operator = match &*element.name {
            "Literal" => return literal(element, kind).map(Operand::Literal),
            "Add" => Operator::Add,
            "Sub" => Operator::Subtract,
            "Mul" => Operator::Multiply,
            "Div" => Operator::Divide,
            "Function" => return self.function(element, depth),
            _ if is_reference(element) => {
                return match self.named(element)? {
                    Named::Property(name) => Ok(Operand::Property(name)),
                    Named::Id => Ok(Operand::Property(self.context.schema.key.0.clone())),
                    Named::Geometry(name) => {
                        Err(Fault::value(element, format!("'{name}' is a geometry, and cannot be compared")))
                    }
                };
            }
            other => return Err(Fault::parsing(element, format!("'{other}' is no expression"))),
        };
        let [left, right] = &element.children[..] else {
            return Err(Fault::parsing(element, format!("'{}' calculates with two numbers", element.name)));
        };
        let number = As::Field(FieldKind::Number);
        let (left, right) = (self.operand(left, number, depth + 1)?, self.operand(right, number, depth + 1)?);
        Ok(Operand::calculation(left, operator, right))
    }

    fn function(&self, element: &Element, depth: usize) -> Result<Operand, Fault> {
        let name = element.attribute("name").unwrap_or_default();
        let function = Function::named(name)
            .ok_or_else(|| Fault::new(Code::OptionNotSupported, element, format!("there is no function '{name}'")))?;
        let classes = function.description().arguments.iter().map(|(_, class)| match class {
            Class::Number => As::Field(FieldKind::Number),
            Class::Truth => As::Field(FieldKind::Boolean),
            Class::Text => As::Field(FieldKind::String),
            Class::Time => As::Looks,
        });
        let kinds = classes.chain(std::iter::repeat(As::Looks));
        let arguments = element.children.iter().zip(kinds).map(|(child, kind)| self.operand(child, kind, depth + 1));
        Ok(Operand::Call(function, arguments.collect::<Result<_, _>>()?))
    }

    /// As what a literal beside this element is read.
    pub(super) fn kind_beside(&self, element: &Element) -> Result<As, Fault> {
        Ok(match &*element.name {
            "Add" | "Sub" | "Mul" | "Div" => As::Field(FieldKind::Number),
            "Function" => match Function::named(element.attribute("name").unwrap_or_default()) {
                Some(function) => match function.description().returns {
                    Class::Number => As::Field(FieldKind::Number),
                    Class::Truth => As::Field(FieldKind::Boolean),
                    Class::Text => As::Field(FieldKind::String),
                    Class::Time => As::Looks,
                },
                None => As::Looks,
            },
            _ if is_reference(element) => {
                let schema = self.context.schema;
                match self.named(element)? {
                    Named::Property(name) => {
                        schema.position(&name).map_or(As::Key(schema.key.1), |at| As::Field(schema.fields[at].kind))
                    }
                    Named::Id => As::Key(schema.key.1),
                    Named::Geometry(_) => As::Looks,
                }
            }
            _ => As::Looks,
        })
    }
}

/// The value of a literal, typed.
pub(super) fn literal(element: &Element, kind: As) -> Result<Value, Fault> {
    if let Some(child) = element.children.first() {
        return Err(Fault::value(element, format!("'{}' cannot be compared with a property", child.name)));
    }
    let text = element.trimmed();
    let wrong = |what: &str| {
        let short: String = text.chars().take(60).collect();
        Fault::value(element, format!("'{short}' is not {what}"))
    };
    Ok(match kind {
        As::Field(FieldKind::String | FieldKind::Json) => Value::Text(element.text.clone()),
        // 5.0 beside a whole number is that number, and 5.5 is none that it could be, but it can be compared.
        As::Field(FieldKind::Integer | FieldKind::Number) => number(text).ok_or_else(|| wrong("a number"))?,
        As::Field(FieldKind::Boolean) => {
            Value::parse(FieldKind::Boolean, &text.to_ascii_lowercase()).map_err(|_| wrong("true or false"))?
        }
        As::Field(FieldKind::Date | FieldKind::DateTime) => {
            time(text).ok_or_else(|| wrong("a time, such as 2018-02-12 or 2018-02-12T23:20:50Z"))?
        }
        As::Field(FieldKind::Binary) => return Err(wrong("what bytes can be compared with")),
        As::Key(KeyKind::Integer) => number(text).ok_or_else(|| wrong("a number"))?,
        As::Key(KeyKind::String) => Value::Text(text.to_owned()),
        As::Looks => number(text).or_else(|| time(text)).unwrap_or_else(|| Value::Text(element.text.clone())),
    })
}

fn number(text: &str) -> Option<Value> {
    number::read(text).ok()
}

/// A day or an instant; one without a zone is in UTC, as clients that know no zones mean it.
pub(super) fn time(text: &str) -> Option<Value> {
    let text = text.trim();
    let day = || Date::parse(text).or_else(|| Date::parse(text.strip_suffix('Z')?)).map(Value::Date);
    day().or_else(|| Instant::parse(text).or_else(|| Instant::parse(&format!("{text}Z"))).map(Value::Instant))
}
