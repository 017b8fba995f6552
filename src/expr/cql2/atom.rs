//! What stands by itself: literals, names, calls of functions, conditions on places, times and lists.

use serde_json::Value as Json;

use super::fault::Fault;
use super::geometry;
use super::lexer::TokenKind;
use super::parser::{Parser, Term, is_reserved};
use crate::base::datetime::{Date, Instant};
use crate::expr::array::{ArrayRelation, List};
use crate::expr::function::Function;
use crate::expr::nearest::nearest;
use crate::expr::temporal::{Time, TimeRelation};
use crate::expr::{Expr, Operand};
use crate::model::geometry::wkt;
use crate::model::value::Value;

impl Parser<'_> {
    // Not inlined, so that nesting needs no frame for it.
    #[inline(never)]
    pub(super) fn atom(&mut self) -> Result<Term, Fault> {
        let operand = match self.kind().clone() {
            TokenKind::Text(text) => Operand::Literal(Value::Text(text)),
            TokenKind::Name(name) => Operand::Property(name),
            TokenKind::Number(_) | TokenKind::Sign("-" | "+") => {
                return self.number().map(|number| Term::Value(Operand::Literal(number)));
            }
            TokenKind::Word(word) if self.is_call() => return self.call(&word),
            TokenKind::Word(word) if word.eq_ignore_ascii_case("TRUE") => Operand::Literal(Value::Bool(true)),
            TokenKind::Word(word) if word.eq_ignore_ascii_case("FALSE") => Operand::Literal(Value::Bool(false)),
            TokenKind::Word(word) if word.eq_ignore_ascii_case("NULL") => {
                return Err(self.expected("a value").hint("whether there is none is written IS NULL"));
            }
            TokenKind::Word(word) if is_reserved(&word) => {
                let hint = format!("a property of that name is written \"{word}\"");
                return Err(self.expected("a property or a value").hint(hint));
            }
            TokenKind::Word(word) => Operand::Property(word),
            TokenKind::Sign(_) | TokenKind::End => return Err(self.expected("a property or a value")),
        };
        self.advance();
        Ok(Term::Value(operand))
    }

    /// A number with its sign.
    pub(super) fn number(&mut self) -> Result<Value, Fault> {
        let start = self.start();
        let sign = if self.take_sign("-") { "-" } else { "" };
        if sign.is_empty() {
            self.take_sign("+");
        }
        let TokenKind::Number(digits) = self.kind() else { return Err(self.expected("a number")) };
        let text = format!("{sign}{digits}");
        if let Ok(number) = text.parse() {
            self.advance();
            return Ok(Value::Int(number));
        }
        let number = text.parse().ok().filter(|number: &f64| number.is_finite());
        let number = number.ok_or_else(|| self.fault_at(start, "the number is too large"))?;
        self.advance();
        Ok(Value::Float(number))
    }

    fn call(&mut self, name: &str) -> Result<Term, Fault> {
        let capitals = name.to_ascii_uppercase();
        if let Some(relation) = geometry::relation(&capitals) {
            return self.spatial(&capitals, relation).map(Term::Condition);
        }
        if let Some((relation, _)) = TimeRelation::ALL.into_iter().find(|(_, name)| *name == capitals) {
            let (left, right) = self.two(Self::time)?;
            return Ok(Term::Condition(Expr::Temporal(left, relation, right)));
        }
        if let Some((relation, _)) = ArrayRelation::ALL.into_iter().find(|(_, name)| *name == capitals) {
            let (left, right) = self.two(Self::members)?;
            return Ok(Term::Condition(Expr::Array(left, relation, right)));
        }
        if matches!(capitals.as_str(), "DATE" | "TIMESTAMP") {
            return self.instant(capitals == "DATE").map(|value| Term::Value(Operand::Literal(value)));
        }
        let function = Function::named(name).ok_or_else(|| self.unknown_function(name))?;
        let start = self.start();
        self.deeper()?;
        self.expect("(")?;
        let mut arguments = vec![self.value()?];
        while self.take_sign(",") {
            arguments.push(self.value()?);
        }
        self.expect(")")?;
        self.shallower();
        let wanted = function.description().arguments.len();
        if wanted != arguments.len() {
            let message = format!("{name} has {wanted} arguments, and is given {}", arguments.len());
            return Err(self.fault_at(start, message));
        }
        Ok(Term::Value(Operand::Call(function, arguments)))
    }

    /// The two arguments of a condition.
    fn two<T>(&mut self, one: fn(&mut Self) -> Result<T, Fault>) -> Result<(T, T), Fault> {
        self.deeper()?;
        self.expect("(")?;
        let first = one(self)?;
        self.expect(",")?;
        let second = one(self)?;
        self.expect(")")?;
        self.shallower();
        Ok((first, second))
    }

    /// `DATE('…')` or `TIMESTAMP('…')`.
    fn instant(&mut self, is_date: bool) -> Result<Value, Fault> {
        self.advance();
        self.expect("(")?;
        let example = if is_date { "DATE('2018-02-12')" } else { "TIMESTAMP('2018-02-12T23:20:50Z')" };
        let TokenKind::Text(text) = self.kind() else {
            return Err(self.expected("a text").hint(format!("write it as in {example}")));
        };
        let value = if is_date { Date::parse(text).map(Value::Date) } else { Instant::parse(text).map(Value::Instant) };
        let what = if is_date { "a day" } else { "an instant" };
        let value = value
            .ok_or_else(|| self.fault(format!("'{text}' is not {what}")).hint(format!("write it as in {example}")))?;
        self.advance();
        self.expect(")")?;
        Ok(value)
    }

    /// An instant, or an interval.
    fn time(&mut self) -> Result<Time, Fault> {
        if !(self.is_word("INTERVAL") && self.is_call()) {
            return self.value().map(Time::At);
        }
        self.advance();
        self.expect("(")?;
        let start = self.end()?;
        self.expect(",")?;
        let end = self.end()?;
        self.expect(")")?;
        Ok(Time::Between(start, end))
    }

    /// An end of an interval.
    fn end(&mut self) -> Result<Option<Operand>, Fault> {
        let TokenKind::Text(text) = self.kind() else { return self.value().map(Some) };
        let end = end_of(text).ok_or_else(|| {
            let fault = self.fault(format!("'{text}' is not a time"));
            fault.hint("write it as in INTERVAL('2018-02-12', '2018-02-12T23:20:50Z'), with '..' for an open end")
        })?;
        self.advance();
        Ok(end.map(Operand::Literal))
    }

    /// A list, or the name of a property that is one.
    fn members(&mut self) -> Result<List, Fault> {
        if self.is_sign("(") {
            return self.literal_list().map(List::Literal);
        }
        let name = match self.kind() {
            TokenKind::Word(name) if !is_reserved(name) && !self.is_call() => name.clone(),
            TokenKind::Name(name) => name.clone(),
            _ => return Err(self.expected("a property or a list such as ('a', 'b')")),
        };
        self.advance();
        Ok(List::Property(name))
    }

    fn literal_list(&mut self) -> Result<Vec<Json>, Fault> {
        let mut members = Vec::new();
        self.deeper()?;
        while !self.is_sign(")") {
            if !members.is_empty() {
                self.expect(",")?;
            }
            if self.is_sign("(") {
                members.push(Json::Array(self.literal_list()?));
                continue;
            }
            let start = self.start();
            members.push(match self.value()? {
                Operand::Literal(Value::Text(text)) => Json::String(text),
                Operand::Literal(Value::Int(number)) => Json::from(number),
                Operand::Literal(Value::Float(number)) => Json::from(number),
                Operand::Literal(Value::Bool(truth)) => Json::Bool(truth),
                Operand::Literal(Value::Date(day)) => Json::String(day.to_string()),
                Operand::Literal(Value::Instant(at)) => Json::String(at.to_string()),
                _ => return Err(self.fault_at(start, "a list has literals alone")),
            });
        }
        self.expect(")")?;
        self.shallower();
        Ok(members)
    }

    /// What is said of a function that cannot stand here.
    fn unknown_function(&self, name: &str) -> Fault {
        let capitals = name.to_ascii_uppercase();
        if wkt::is_geometry(&capitals) || capitals == "BBOX" {
            return self.fault(format!("{name} can stand in a spatial predicate only"));
        }
        if capitals == "INTERVAL" {
            return self.fault("INTERVAL can stand in a temporal predicate only");
        }
        let own = Function::LISTED.map(|function| function.description().name);
        let language = ["DATE", "TIMESTAMP", "INTERVAL", "CASEI", "ACCENTI"].into_iter();
        let relations = geometry::NAMES.into_iter();
        let all = language
            .chain(relations.map(|(name, _)| name))
            .chain(TimeRelation::ALL.map(|(_, name)| name))
            .chain(ArrayRelation::ALL.map(|(_, name)| name))
            .chain(own);
        let fault = self.fault(format!("there is no function '{name}'"));
        match nearest(name, all) {
            Some(near) => fault.hint(format!("did you mean {near}?")),
            None => fault.hint(format!("there are {}, and those of CQL2", own.join(", "))),
        }
    }
}

/// The end of an interval: a day, an instant, or open; `None` where the text is neither.
#[allow(clippy::option_option)] // no time, and no end, are two things
pub(super) fn end_of(text: &str) -> Option<Option<Value>> {
    if text == ".." {
        return Some(None);
    }
    Date::parse(text).map(Value::Date).or_else(|| Instant::parse(text).map(Value::Instant)).map(Some)
}
