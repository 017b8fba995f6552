//! Comparisons.

use crate::base::xml::Element;
use crate::model::schema::FieldKind;
use crate::model::value::Value;

use super::super::function::{Function, without_case};
use super::super::like;
use super::super::{Comparison, Expr, Operand};
use super::name::{Named, is_reference};
use super::operand::As;
use super::{Fault, Reader};

impl Reader<'_> {
    /// A comparison, where the element is one.
    pub(super) fn comparison(&self, element: &Element) -> Result<Option<Expr>, Fault> {
        let how = match &*element.name {
            "PropertyIsEqualTo" => Comparison::Equal,
            "PropertyIsNotEqualTo" => Comparison::NotEqual,
            "PropertyIsLessThan" => Comparison::Less,
            "PropertyIsLessThanOrEqualTo" | "PropertyIsLessThanEqualTo" => Comparison::LessOrEqual,
            "PropertyIsGreaterThan" => Comparison::Greater,
            "PropertyIsGreaterThanOrEqualTo" | "PropertyIsGreaterThanEqualTo" => Comparison::GreaterOrEqual,
            "PropertyIsLike" => return self.like(element).map(Some),
            "PropertyIsNull" | "PropertyIsNil" => return self.is_null(element).map(Some),
            "PropertyIsBetween" => return self.between(element).map(Some),
            _ => return Ok(None),
        };
        let [left, right] = &element.children[..] else {
            return Err(Fault::parsing(element, format!("'{}' compares two expressions", element.name)));
        };
        let (beside_left, beside_right) = (self.kind_beside(left)?, self.kind_beside(right)?);
        let (left, right) = (self.operand(left, beside_right, 0)?, self.operand(right, beside_left, 0)?);
        let is_text = |kind| matches!(kind, As::Field(FieldKind::String | FieldKind::Json));
        if is_caseless(element) && (is_text(beside_left) || is_text(beside_right)) {
            return Ok(Some(Expr::Compare(caseless(left), how, caseless(right))));
        }
        Ok(Some(Expr::Compare(left, how, right)))
    }

    fn like(&self, element: &Element) -> Result<Expr, Fault> {
        let [left, right] = &element.children[..] else {
            return Err(Fault::parsing(element, "'PropertyIsLike' compares a property with a pattern"));
        };
        if &*right.name != "Literal" {
            return Err(Fault::parsing(right, "the pattern of 'PropertyIsLike' is a Literal"));
        }
        let sign = |names: &[&str], default: &str| {
            let found = names.iter().find_map(|name| element.attribute(name));
            found.map_or_else(|| default.to_owned(), str::to_owned)
        };
        let pattern = pattern(
            &right.text,
            &sign(&["wildCard"], "*"),
            &sign(&["singleChar"], "."),
            &sign(&["escapeChar", "escape"], "\\"),
        );
        if pattern.chars().count() > like::LONGEST {
            return Err(Fault::value(right, format!("the pattern is longer than {} characters", like::LONGEST)));
        }
        let operand = self.operand(left, As::Field(FieldKind::String), 0)?;
        if is_caseless(element) {
            return Ok(Expr::Like { operand: caseless(operand), pattern: without_case(&pattern) });
        }
        Ok(Expr::Like { operand, pattern })
    }

    fn is_null(&self, element: &Element) -> Result<Expr, Fault> {
        let [one] = &element.children[..] else {
            return Err(Fault::parsing(element, format!("'{}' tests one property", element.name)));
        };
        if is_reference(one) {
            match self.named(one)? {
                // Every feature has an id.
                Named::Id => return Ok(Expr::never()),
                Named::Property(name) if self.context.schema.position(&name).is_none() => return Ok(Expr::never()),
                Named::Geometry(name) => return Ok(Expr::NoGeometry(name)),
                Named::Property(_) => {}
            }
        }
        Ok(Expr::IsNull(self.operand(one, As::Looks, 0)?))
    }

    fn between(&self, element: &Element) -> Result<Expr, Fault> {
        let bound = |name: &str| -> Result<&Element, Fault> {
            let boundary = element.child(name).and_then(|boundary| boundary.children.first());
            boundary.ok_or_else(|| Fault::parsing(element, format!("'PropertyIsBetween' has a {name}")))
        };
        let (low, high) = (bound("LowerBoundary")?, bound("UpperBoundary")?);
        let one = element.children.iter().find(|child| !matches!(&*child.name, "LowerBoundary" | "UpperBoundary"));
        let one = one.ok_or_else(|| Fault::parsing(element, "'PropertyIsBetween' tests an expression"))?;
        let beside = self.kind_beside(one)?;
        let operand = self.operand(one, As::Looks, 0)?;
        Ok(Expr::Between(operand, self.operand(low, beside, 0)?, self.operand(high, beside, 0)?))
    }
}

fn is_caseless(element: &Element) -> bool {
    element.attribute("matchCase").is_some_and(|value| matches!(value.trim(), "false" | "0"))
}

fn caseless(operand: Operand) -> Operand {
    match operand {
        Operand::Literal(Value::Text(text)) => Operand::Literal(Value::Text(without_case(&text))),
        literal @ Operand::Literal(_) => literal,
        other => Operand::Call(Function::CaseI, vec![other]),
    }
}

/// A pattern with the signs of the filter, in our own.
pub(super) fn pattern(text: &str, wild: &str, single: &str, escape: &str) -> String {
    let mut pattern = String::with_capacity(text.len());
    let literal = |character: char, pattern: &mut String| {
        if matches!(character, '%' | '_' | '\\') {
            pattern.push('\\');
        }
        pattern.push(character);
    };
    let mut rest = text;
    let strip = |rest: &mut &str, sign: &str| {
        let after = if sign.is_empty() { None } else { rest.strip_prefix(sign) };
        after.inspect(|after| *rest = after).is_some()
    };
    while let Some(character) = rest.chars().next() {
        if strip(&mut rest, escape) {
            match rest.chars().next() {
                Some(next) => {
                    literal(next, &mut pattern);
                    rest = &rest[next.len_utf8()..];
                }
                None => escape.chars().for_each(|character| literal(character, &mut pattern)),
            }
        } else if strip(&mut rest, wild) {
            pattern.push('%');
        } else if strip(&mut rest, single) {
            pattern.push('_');
        } else {
            literal(character, &mut pattern);
            rest = &rest[character.len_utf8()..];
        }
    }
    pattern
}
