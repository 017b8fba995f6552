//! What stands by itself: literals, names, calls of functions, conditions on places, times and lists.

use serde_json::{Value as Json, json};

use super::fault::Fault;
use super::geometry;
use super::lexer::TokenKind;
use super::parser::{Parser, Term, is_reserved, negated};
use crate::base::datetime::{Date, Instant};
use crate::expr::array::{ArrayRelation, List, Member};
use crate::expr::function::Function;
use crate::expr::nearest::nearest;
use crate::expr::number;
use crate::expr::temporal::{Time, TimeRelation};
use crate::expr::{Expr, Operand};
use crate::model::geometry::json as geojson;
use crate::model::value::Value;

/// What is said where a relation of intervals is given an instant or a day.
pub(super) const NO_INTERVAL: &str = "here an interval is needed, not a single time";

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
            TokenKind::Word(word) if self.is_geometry(&word) => return self.is_no_geometry(),
            TokenKind::Word(word) if word.eq_ignore_ascii_case("INTERVAL") && self.is_call() => {
                return self.is_no_interval();
            }
            TokenKind::Word(word) if self.is_call() => {
                return Ok(match self.call(&word)? {
                    Term::Condition(expr) => Term::Condition(self.fit(expr)?),
                    value @ Term::Value(_) => value,
                });
            }
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
        let number = number::read(&text).map_err(|fault| self.fault_at(start, fault.words()))?;
        self.advance();
        Ok(number)
    }

    fn call(&mut self, name: &str) -> Result<Term, Fault> {
        let capitals = name.to_ascii_uppercase();
        if let Some(relation) = geometry::relation(&capitals) {
            return self.spatial(&capitals, relation).map(Term::Condition);
        }
        if let Some((relation, _)) = TimeRelation::ALL.into_iter().find(|(_, name)| *name == capitals) {
            let one = if relation.is_of_intervals() { Self::interval } else { Self::time };
            let (left, right) = self.two(one)?;
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
        if let Some(message) = function.miscounted(name, arguments.len()) {
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

    /// `POINT(1 2) IS NULL`: a geometry that is written is there.
    fn is_no_geometry(&mut self) -> Result<Term, Fault> {
        let start = self.start();
        self.literal()?;
        if !self.is_word("IS") {
            let fault = self.fault_at(start, "a geometry can stand in a spatial predicate or a list only");
            return Err(fault.hint("write it as in S_INTERSECTS(geometry, POINT(8 47))"));
        }
        self.is_null().map(|is_negated| Term::Condition(negated(Expr::never(), is_negated)))
    }

    /// `INTERVAL(a, b) IS NULL`: one of its ends is nothing.
    fn is_no_interval(&mut self) -> Result<Term, Fault> {
        let start = self.start();
        let time = self.time()?;
        if !self.is_word("IS") {
            return Err(self.fault_at(start, "INTERVAL can stand in a temporal predicate or a list only"));
        }
        self.is_null().map(|is_negated| Term::Condition(negated(no_time(&time), is_negated)))
    }

    /// An instant, or an interval.
    fn time(&mut self) -> Result<Time, Fault> {
        if !(self.is_word("INTERVAL") && self.is_call()) {
            return self.value().map(Time::At);
        }
        self.deeper()?;
        self.expect("(")?;
        let start = self.end()?;
        self.expect(",")?;
        let end = self.end()?;
        self.expect(")")?;
        self.shallower();
        Ok(Time::Between(start, end))
    }

    /// An interval, of a relation that takes no instants.
    fn interval(&mut self) -> Result<Time, Fault> {
        let start = self.start();
        match self.time()? {
            Time::At(_) => Err(self.fault_at(start, NO_INTERVAL).hint("write it as in INTERVAL('2018-02-12', '..')")),
            interval @ Time::Between(..) => Ok(interval),
        }
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
            return self.member_list().map(List::of);
        }
        let name = match self.kind() {
            TokenKind::Word(name) if !is_reserved(name) && !self.is_call() => name.clone(),
            TokenKind::Name(name) => name.clone(),
            _ => return Err(self.expected("a property or a list such as ('a', 'b')")),
        };
        self.advance();
        Ok(List::Property(name))
    }

    fn member_list(&mut self) -> Result<Vec<Member>, Fault> {
        let mut members = Vec::new();
        self.deeper()?;
        while !self.is_sign(")") {
            if !members.is_empty() {
                self.expect(",")?;
            }
            members.push(self.member()?);
        }
        self.expect(")")?;
        self.shallower();
        Ok(members)
    }

    fn member(&mut self) -> Result<Member, Fault> {
        // What goes on behind its parenthesis is a calculation.
        if self.is_sign("(") && self.is_followed_by_sign(&[",", ")"]) {
            return self.member_list().map(Member::List);
        }
        let start = self.start();
        if matches!(self.kind(), TokenKind::Word(word) if self.is_geometry(word)) {
            return self.literal().map(|literal| Member::Literal(geojson::write(&literal.figure())));
        }
        Ok(match self.time()? {
            Time::At(operand) => Member::Operand(operand),
            interval @ Time::Between(..) => {
                let literal = interval_of(&interval);
                Member::Literal(literal.ok_or_else(|| self.fault_at(start, "an interval in a list has literal ends"))?)
            }
        })
    }

    /// What is said of a function that cannot stand here.
    fn unknown_function(&self, name: &str) -> Fault {
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

/// Whether an end of a time is nothing.
pub(super) fn no_time(time: &Time) -> Expr {
    let mut ends = Vec::new();
    time.operands(&mut |end| ends.push(Expr::IsNull(end.clone())));
    ends.retain(|end| !matches!(end, Expr::IsNull(Operand::Literal(_))));
    match (ends.len(), ends.pop()) {
        (1, Some(one)) => one,
        (_, last) => {
            ends.extend(last);
            Expr::Or(ends)
        }
    }
}

/// An interval of literals as the member of a list.
pub(super) fn interval_of(time: &Time) -> Option<Json> {
    let Time::Between(start, last) = time else { return None };
    let end = |end: &Option<Operand>| match end {
        None => Some(Json::from("..")),
        Some(Operand::Literal(Value::Date(day))) => Some(Json::String(day.to_string())),
        Some(Operand::Literal(Value::Instant(at))) => Some(Json::String(at.to_string())),
        Some(_) => None,
    };
    Some(json!({ "interval": [end(start)?, end(last)?] }))
}
