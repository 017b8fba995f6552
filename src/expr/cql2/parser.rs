//! The grammar, by recursive descent: each rule of it is a method.

use super::DEEPEST;
use super::fault::Fault;
use super::lexer::{self, Token, TokenKind};
use crate::base::crs::Crs;
use crate::base::datetime::{Date, Instant};
use crate::expr::nearest::nearest;
use crate::expr::{Comparison, Expr, Operand, like};
use crate::model::geometry::wkt;
use crate::model::value::Value;

/// Words that are no names unless they are quoted.
const RESERVED: [&str; 11] = ["AND", "OR", "NOT", "IS", "NULL", "IN", "BETWEEN", "LIKE", "TRUE", "FALSE", "DIV"];
/// Functions that are known here.
const FUNCTIONS: [&str; 10] = [
    "DATE",
    "TIMESTAMP",
    "S_INTERSECTS",
    "S_DISJOINT",
    "S_WITHIN",
    "S_CONTAINS",
    "S_TOUCHES",
    "S_CROSSES",
    "S_OVERLAPS",
    "S_EQUALS",
];
/// Functions of CQL2 that are not.
const UNSUPPORTED: [&str; 22] = [
    "T_AFTER",
    "T_BEFORE",
    "T_CONTAINS",
    "T_DISJOINT",
    "T_DURING",
    "T_EQUALS",
    "T_FINISHEDBY",
    "T_FINISHES",
    "T_INTERSECTS",
    "T_MEETS",
    "T_METBY",
    "T_OVERLAPPEDBY",
    "T_OVERLAPS",
    "T_STARTEDBY",
    "T_STARTS",
    "A_EQUALS",
    "A_CONTAINS",
    "A_CONTAINEDBY",
    "A_OVERLAPS",
    "CASEI",
    "ACCENTI",
    "INTERVAL",
];

/// Whether a name must be quoted because the language has the word.
pub(super) fn is_reserved(word: &str) -> bool {
    RESERVED.iter().any(|reserved| reserved.eq_ignore_ascii_case(word))
}

/// A reader of one text.
pub(super) struct Parser<'a> {
    text: &'a str,
    /// The system of coordinates, and whether they come in the order of an authority that has north first.
    crs: (Crs, bool),
    tokens: Vec<Token>,
    at: usize,
    depth: usize,
}

impl<'a> Parser<'a> {
    pub(super) fn new(text: &'a str, crs: Crs, is_swapped: bool) -> Result<Self, Fault> {
        Ok(Self { text, crs: (crs, is_swapped), tokens: lexer::tokens(text)?, at: 0, depth: 0 })
    }

    pub(super) fn crs(&self) -> &Crs {
        &self.crs.0
    }

    pub(super) fn is_swapped(&self) -> bool {
        self.crs.1
    }

    /// The text as one filter.
    pub(super) fn whole(mut self) -> Result<Expr, Fault> {
        if self.kind() == &TokenKind::End {
            return Err(self.fault("the filter is empty"));
        }
        let expr = self.disjunction()?;
        if self.kind() == &TokenKind::End { Ok(expr) } else { Err(self.expected("AND, OR or the end")) }
    }

    fn disjunction(&mut self) -> Result<Expr, Fault> {
        let first = self.conjunction()?;
        if !self.is_word("OR") {
            return Ok(first);
        }
        let mut parts = vec![first];
        while self.take_word("OR") {
            parts.push(self.conjunction()?);
        }
        Ok(Expr::Or(parts))
    }

    fn conjunction(&mut self) -> Result<Expr, Fault> {
        let first = self.factor()?;
        if !self.is_word("AND") {
            return Ok(first);
        }
        let mut parts = vec![first];
        while self.take_word("AND") {
            parts.push(self.factor()?);
        }
        Ok(Expr::And(parts))
    }

    fn factor(&mut self) -> Result<Expr, Fault> {
        if self.is_word("NOT") {
            self.deeper()?;
            let part = self.factor()?;
            self.depth -= 1;
            return Ok(Expr::Not(Box::new(part)));
        }
        if self.is_sign("(") {
            self.deeper()?;
            let part = self.disjunction()?;
            self.depth -= 1;
            self.expect(")")?;
            return Ok(part);
        }
        self.predicate()
    }

    /// Passes over the token that goes one level down.
    pub(super) fn deeper(&mut self) -> Result<(), Fault> {
        if self.depth == DEEPEST {
            return Err(self.fault(format!("parentheses and NOT nest deeper than {DEEPEST} levels")));
        }
        self.depth += 1;
        self.advance();
        Ok(())
    }

    // Not inlined, so that nesting needs no frame for it.
    #[inline(never)]
    fn predicate(&mut self) -> Result<Expr, Fault> {
        if let Some(relation) = self.spatial()? {
            return Ok(relation);
        }
        let start = self.start();
        let operand = self.operand()?;
        if let Some(how) = self.comparison() {
            self.advance();
            return Ok(Expr::Compare(operand, how, self.operand()?));
        }
        if self.take_word("IS") {
            let is_negated = self.take_word("NOT");
            if !self.take_word("NULL") {
                return Err(self.expected(if is_negated { "NULL" } else { "NULL or NOT NULL" }));
            }
            return Ok(negated(Expr::IsNull(operand), is_negated));
        }
        let is_negated = self.take_word("NOT");
        if self.take_word("LIKE") {
            return Ok(negated(Expr::Like { operand, pattern: self.pattern()? }, is_negated));
        }
        if self.take_word("BETWEEN") {
            let low = self.operand()?;
            if !self.take_word("AND") {
                return Err(self.expected("AND and the upper bound of BETWEEN"));
            }
            return Ok(negated(Expr::Between(operand, low, self.operand()?), is_negated));
        }
        if self.take_word("IN") {
            return Ok(negated(self.list(operand)?, is_negated));
        }
        if is_negated {
            return Err(self.expected("LIKE, BETWEEN or IN"));
        }
        match operand {
            Operand::Literal(Value::Bool(true)) => Ok(Expr::always()),
            Operand::Literal(Value::Bool(false)) => Ok(Expr::never()),
            Operand::Property(name) if matches!(self.kind(), TokenKind::End | TokenKind::Sign(")")) => {
                let fault = Fault::new(self.text, start, format!("'{name}' alone is no condition"));
                Err(fault.hint(format!("if it is true or false, write {name} = TRUE")))
            }
            _ => Err(self.expected("= <> < <= > >= LIKE BETWEEN IN or IS")),
        }
    }

    fn comparison(&self) -> Option<Comparison> {
        let TokenKind::Sign(sign) = self.kind() else { return None };
        Some(match *sign {
            "=" => Comparison::Equal,
            "<>" => Comparison::NotEqual,
            "<" => Comparison::Less,
            "<=" => Comparison::LessOrEqual,
            ">" => Comparison::Greater,
            ">=" => Comparison::GreaterOrEqual,
            _ => return None,
        })
    }

    fn pattern(&mut self) -> Result<String, Fault> {
        let TokenKind::Text(pattern) = self.kind() else {
            return Err(self.expected("a pattern").hint("write it as in LIKE 'New %'"));
        };
        if pattern.chars().count() > like::LONGEST {
            return Err(self.fault(format!("the pattern is longer than {} characters", like::LONGEST)));
        }
        let pattern = pattern.clone();
        self.advance();
        Ok(pattern)
    }

    /// The list after IN. With properties in it, it is a row of comparisons.
    fn list(&mut self, operand: Operand) -> Result<Expr, Fault> {
        self.expect("(")?;
        let mut operands = vec![self.operand()?];
        while self.take_sign(",") {
            operands.push(self.operand()?);
        }
        self.expect(")")?;
        let value = |operand: &Operand| match operand {
            Operand::Literal(value) => Some(value.clone()),
            _ => None,
        };
        if let Some(values) = operands.iter().map(value).collect() {
            return Ok(Expr::In(operand, values));
        }
        let equals = |other| Expr::Compare(operand.clone(), Comparison::Equal, other);
        Ok(Expr::Or(operands.into_iter().map(equals).collect()))
    }

    fn operand(&mut self) -> Result<Operand, Fault> {
        let operand = match self.kind().clone() {
            TokenKind::Text(text) => Operand::Literal(Value::Text(text)),
            TokenKind::Name(name) => Operand::Property(name),
            TokenKind::Number(_) | TokenKind::Sign("-" | "+") => {
                let number = self.number()?;
                return self.without_arithmetic(Operand::Literal(number));
            }
            TokenKind::Word(word) if self.is_call() => {
                let value = self.instant(&word)?;
                return Ok(Operand::Literal(value));
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
        self.without_arithmetic(operand)
    }

    fn without_arithmetic(&self, operand: Operand) -> Result<Operand, Fault> {
        if matches!(self.kind(), TokenKind::Sign("+" | "-" | "*" | "/" | "^")) || self.is_word("DIV") {
            return Err(self.fault("calculations are not supported"));
        }
        Ok(operand)
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
        let number = number.ok_or_else(|| Fault::new(self.text, start, "the number is too large"))?;
        self.advance();
        Ok(Value::Float(number))
    }

    /// `DATE('…')` or `TIMESTAMP('…')`.
    fn instant(&mut self, function: &str) -> Result<Value, Fault> {
        let is_date = function.eq_ignore_ascii_case("DATE");
        if !is_date && !function.eq_ignore_ascii_case("TIMESTAMP") {
            return Err(self.unknown_function(function));
        }
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

    /// What is said of a function that cannot stand here.
    pub(super) fn unknown_function(&self, name: &str) -> Fault {
        let is = |other: &&str| other.eq_ignore_ascii_case(name);
        if FUNCTIONS.iter().any(is) {
            return self.fault(format!("{name} is a condition, not a value"));
        }
        let capitals = name.to_ascii_uppercase();
        if wkt::is_geometry(&capitals) || capitals == "BBOX" {
            return self.fault(format!("{name} can stand in a spatial predicate only"));
        }
        if UNSUPPORTED.iter().any(is) {
            return self.fault(format!("{} is not supported here", name.to_ascii_uppercase()));
        }
        let fault = self.fault(format!("there is no function '{name}'"));
        match nearest(name, FUNCTIONS) {
            Some(near) => fault.hint(format!("did you mean {near}?")),
            None => fault.hint(format!("there are {}", FUNCTIONS.join(", "))),
        }
    }

    pub(super) fn kind(&self) -> &TokenKind {
        // The last token is the end, which is never passed.
        self.tokens.get(self.at).map_or(&TokenKind::End, |token| &token.kind)
    }

    pub(super) fn start(&self) -> usize {
        self.tokens.get(self.at).map_or(self.text.len(), |token| token.start)
    }

    pub(super) fn advance(&mut self) {
        self.at += 1;
    }

    /// What is left from the present token on.
    pub(super) fn rest(&self) -> &'a str {
        self.text.get(self.start()..).unwrap_or_default()
    }

    /// Passes over all tokens that start before this byte.
    pub(super) fn advance_to(&mut self, byte: usize) {
        while self.kind() != &TokenKind::End && self.start() < byte {
            self.advance();
        }
    }

    /// Whether this word follows the present token.
    pub(super) fn is_next_word(&self, word: &str) -> bool {
        let next = self.tokens.get(self.at + 1).map(|token| &token.kind);
        matches!(next, Some(TokenKind::Word(other)) if other.eq_ignore_ascii_case(word))
    }

    /// The word that is called as a function here.
    pub(super) fn is_call(&self) -> bool {
        matches!(self.kind(), TokenKind::Word(word) if !is_reserved(word))
            && self.tokens.get(self.at + 1).is_some_and(|next| next.kind == TokenKind::Sign("("))
    }

    pub(super) fn is_word(&self, word: &str) -> bool {
        matches!(self.kind(), TokenKind::Word(other) if other.eq_ignore_ascii_case(word))
    }

    pub(super) fn take_word(&mut self, word: &str) -> bool {
        let is = self.is_word(word);
        self.at += usize::from(is);
        is
    }

    pub(super) fn is_sign(&self, sign: &str) -> bool {
        matches!(self.kind(), TokenKind::Sign(other) if *other == sign)
    }

    pub(super) fn take_sign(&mut self, sign: &str) -> bool {
        let is = self.is_sign(sign);
        self.at += usize::from(is);
        is
    }

    pub(super) fn expect(&mut self, sign: &str) -> Result<(), Fault> {
        if self.take_sign(sign) { Ok(()) } else { Err(self.expected(&format!("'{sign}'"))) }
    }

    /// A fault at the present token.
    pub(super) fn fault(&self, message: impl Into<String>) -> Fault {
        Fault::new(self.text, self.start(), message)
    }

    pub(super) fn fault_at(&self, position: usize, message: impl Into<String>) -> Fault {
        Fault::new(self.text, position, message)
    }

    pub(super) fn expected(&self, what: &str) -> Fault {
        let found =
            self.tokens.get(self.at).and_then(|token| self.text.get(token.start..token.end)).unwrap_or_default();
        let short: String = found.chars().take(40).collect();
        let found = if short.is_empty() { "the end".to_owned() } else { format!("'{short}'") };
        self.fault(format!("expected {what}, found {found}"))
    }
}

fn negated(expr: Expr, is_negated: bool) -> Expr {
    if is_negated { Expr::Not(Box::new(expr)) } else { expr }
}
