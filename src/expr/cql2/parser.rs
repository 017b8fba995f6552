//! The grammar, by precedence: what binds least calls for what binds more. Conditions and values share one descent, for a
//! parenthesis does not tell which of them stands in it.

use super::fault::Fault;
use super::lexer::{self, Dialect, Token, TokenKind};
use super::{DEEPEST, Frame, too_deep};
use crate::expr::constant::Constants;
use crate::expr::function::{Function, without_accents, without_case};
use crate::expr::{Comparison, Expr, Operand, Operator, like};
use crate::model::schema::Schema;
use crate::model::value::Value;

/// Words that are no names unless they are quoted.
const RESERVED: [&str; 11] = ["AND", "OR", "NOT", "IS", "NULL", "IN", "BETWEEN", "LIKE", "TRUE", "FALSE", "DIV"];

/// Most calculations of a filter.
const MOST_CALCULATIONS: usize = 200;

/// Whether a name must be quoted because the language has the word.
pub(super) fn is_reserved(word: &str) -> bool {
    RESERVED.iter().any(|reserved| reserved.eq_ignore_ascii_case(word))
}

/// What binds how tightly.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Level {
    Or,
    And,
    Not,
    Predicate,
    Sum,
    Product,
    Power,
    Atom,
}

/// A piece of the language.
pub(super) enum Term {
    Condition(Expr),
    Value(Operand),
}

/// A reader of one text.
pub(super) struct Parser<'a> {
    text: &'a str,
    pub(super) frame: Frame,
    dialect: Dialect,
    pub(super) tokens: Vec<Token>,
    pub(super) at: usize,
    depth: usize,
    calculations: usize,
    /// What conditions are checked against as they are read, and up to which token they have been.
    pub(super) schema: Option<&'a Schema>,
    pub(super) fitted: usize,
    pub(super) constants: Constants,
}

impl<'a> Parser<'a> {
    pub(super) fn new(text: &'a str, frame: Frame, dialect: Dialect) -> Result<Self, Fault> {
        let tokens = lexer::tokens(text, dialect)?;
        let (schema, constants) = (None, Constants::default());
        Ok(Self { text, frame, dialect, tokens, at: 0, depth: 0, calculations: 0, schema, fitted: 0, constants })
    }

    /// The same that ends at the first condition which does not fit a layer, with the place.
    pub(super) fn fitting(self, schema: &'a Schema) -> Self {
        Self { schema: Some(schema), ..self }
    }

    /// The text as one filter.
    pub(super) fn whole(mut self) -> Result<Expr, Fault> {
        if self.kind() == &TokenKind::End {
            return Err(self.fault("the filter is empty"));
        }
        let expr = self.condition(Level::Or)?;
        if self.kind() == &TokenKind::End { Ok(expr) } else { Err(self.expected("AND, OR or the end")) }
    }

    /// What binds at least so tightly.
    fn expression(&mut self, least: Level) -> Result<Term, Fault> {
        let mut left = self.prefix()?;
        while let Some(level) = self.joint().filter(|level| *level >= least) {
            left = match (level, &left) {
                (Level::Or, _) => Term::Condition(Expr::Or(self.joined(left, "OR", Level::And)?)),
                (Level::And, _) => Term::Condition(Expr::And(self.joined(left, "AND", Level::Not)?)),
                // Nothing but AND, OR and IS NULL can follow a condition.
                (_, Term::Condition(_)) if !self.is_word("IS") => return Ok(left),
                (Level::Predicate, _) => self.tested(left)?,
                _ => self.calculated(left, level)?,
            };
        }
        Ok(left)
    }

    /// At which level the present token joins what stands before it with what follows.
    fn joint(&self) -> Option<Level> {
        match self.kind() {
            TokenKind::Sign("+" | "-") => Some(Level::Sum),
            TokenKind::Sign("*" | "/" | "%") => Some(Level::Product),
            TokenKind::Sign("^") => Some(Level::Power),
            TokenKind::Sign("=" | "<>" | "<" | "<=" | ">" | ">=") => Some(Level::Predicate),
            TokenKind::Word(word) => match word.to_ascii_uppercase().as_str() {
                "OR" => Some(Level::Or),
                "AND" => Some(Level::And),
                "IS" | "NOT" | "LIKE" | "BETWEEN" | "IN" => Some(Level::Predicate),
                "ILIKE" if self.dialect != Dialect::Cql2 => Some(Level::Predicate),
                "DIV" => Some(Level::Product),
                _ => None,
            },
            _ => None,
        }
    }

    fn prefix(&mut self) -> Result<Term, Fault> {
        if self.is_word("NOT") {
            self.deeper()?;
            let part = self.condition(Level::Not)?;
            self.depth -= 1;
            return Ok(Term::Condition(Expr::Not(Box::new(part))));
        }
        if self.is_sign("(") {
            self.deeper()?;
            let part = self.expression(Level::Or)?;
            self.depth -= 1;
            self.expect(")")?;
            return Ok(part);
        }
        if self.is_sign("-") && !self.is_next_number() {
            return self.opposite().map(Term::Value);
        }
        self.atom()
    }

    /// A sign before something else than a number: nothing less that. It binds more than any operator, powers too.
    #[inline(never)]
    fn opposite(&mut self) -> Result<Operand, Fault> {
        self.calculates()?;
        self.deeper()?;
        let part = self.value_of(Level::Atom)?;
        self.depth -= 1;
        Ok(Operand::calculation(Operand::Literal(Value::Int(0)), Operator::Subtract, part))
    }

    /// A condition that binds at least so tightly.
    fn condition(&mut self, least: Level) -> Result<Expr, Fault> {
        let term = self.expression(least)?;
        self.as_condition(term)
    }

    fn as_condition(&mut self, term: Term) -> Result<Expr, Fault> {
        match term {
            Term::Condition(expr) => Ok(expr),
            Term::Value(Operand::Literal(Value::Bool(true))) => Ok(Expr::always()),
            Term::Value(Operand::Literal(Value::Bool(false))) => Ok(Expr::never()),
            // Beyond the standard, as QGIS sends it: a property that is true or false stands alone.
            Term::Value(operand @ Operand::Property(_)) if self.joint().is_some() || self.is_end_of_part() => {
                self.fit(is(operand, true))
            }
            Term::Value(_) => Err(self.expected("= <> < <= > >= LIKE BETWEEN IN or IS")),
        }
    }

    /// Nothing can follow in this piece.
    fn is_end_of_part(&self) -> bool {
        matches!(self.kind(), TokenKind::End | TokenKind::Sign(")"))
    }

    /// A value that binds at least as tightly as a sum.
    pub(super) fn value(&mut self) -> Result<Operand, Fault> {
        self.value_of(Level::Sum)
    }

    fn value_of(&mut self, least: Level) -> Result<Operand, Fault> {
        let start = self.start();
        match self.expression(least)? {
            Term::Value(operand) => Ok(operand),
            Term::Condition(_) => Err(self.fault_at(start, "here a value is needed, not a condition")),
        }
    }

    fn joined(&mut self, left: Term, word: &str, inner: Level) -> Result<Vec<Expr>, Fault> {
        let mut parts = vec![self.as_condition(left)?];
        while self.take_word(word) {
            parts.push(self.condition(inner)?);
        }
        Ok(parts)
    }

    fn calculated(&mut self, left: Term, level: Level) -> Result<Term, Fault> {
        let Term::Value(left) = left else { return Ok(left) };
        let (operator, inner) = match (self.kind(), level) {
            (TokenKind::Sign("+"), _) => (Operator::Add, Level::Product),
            (TokenKind::Sign("-"), _) => (Operator::Subtract, Level::Product),
            (TokenKind::Sign("*"), _) => (Operator::Multiply, Level::Power),
            (TokenKind::Sign("/"), _) => (Operator::Divide, Level::Power),
            (TokenKind::Sign("%"), _) => (Operator::Modulo, Level::Power),
            (TokenKind::Sign(_), _) => (Operator::Power, Level::Atom),
            _ => (Operator::IntegerDivide, Level::Power),
        };
        self.calculates()?;
        self.advance();
        let right = self.value_of(inner)?;
        Ok(Term::Value(Operand::calculation(left, operator, right)))
    }

    /// Counts a calculation: a long row of them makes a deep tree, wherever parentheses stand.
    fn calculates(&mut self) -> Result<(), Fault> {
        self.calculations += 1;
        if self.calculations > MOST_CALCULATIONS {
            return Err(self.fault(format!("the filter has more than {MOST_CALCULATIONS} calculations")));
        }
        Ok(())
    }

    // Not inlined, so that nesting needs no frame for it.
    #[inline(never)]
    fn predicate(&mut self, operand: Operand) -> Result<Expr, Fault> {
        if let Some(how) = self.comparison() {
            self.advance();
            return Ok(Expr::Compare(operand, how, self.value()?));
        }
        if self.take_word("IS") {
            let is_negated = self.take_word("NOT");
            if self.take_word("NULL") {
                return Ok(negated(Expr::IsNull(operand), is_negated));
            }
            // Beyond the standard, as QGIS sends it: unlike a comparison, never unknown.
            let truth = if self.take_word("TRUE") { Some(true) } else { self.take_word("FALSE").then_some(false) };
            let truth = truth.ok_or_else(|| self.expected(if is_negated { "NULL" } else { "NULL or NOT NULL" }))?;
            let is_there = negated(Expr::IsNull(operand.clone()), true);
            return Ok(negated(Expr::And(vec![is_there, is(operand, truth)]), is_negated));
        }
        let is_negated = self.take_word("NOT");
        if self.take_word("LIKE") {
            return Ok(negated(Expr::Like { operand, pattern: self.pattern()? }, is_negated));
        }
        if self.dialect != Dialect::Cql2 && self.take_word("ILIKE") {
            let pattern = without_case(&self.pattern()?);
            let operand = Operand::Call(Function::CaseI, vec![operand]);
            return Ok(negated(Expr::Like { operand, pattern }, is_negated));
        }
        if self.take_word("BETWEEN") {
            let low = self.value()?;
            if !self.take_word("AND") {
                return Err(self.expected("AND and the upper bound of BETWEEN"));
            }
            return Ok(negated(Expr::Between(operand, low, self.value()?), is_negated));
        }
        if self.take_word("IN") {
            return Ok(negated(self.list(operand)?, is_negated));
        }
        Err(self.expected("LIKE, BETWEEN or IN"))
    }

    #[inline(never)]
    fn tested(&mut self, left: Term) -> Result<Term, Fault> {
        Ok(Term::Condition(match left {
            Term::Value(operand) => {
                let predicate = self.predicate(operand)?;
                self.fit(predicate)?
            }
            // A row of them would nest deeper with each, and no parenthesis would tell.
            Term::Condition(_) if self.is_behind_null() => {
                return Err(self.expected("AND, OR or the end").hint("put what IS NULL is to test in parentheses"));
            }
            Term::Condition(expr) => {
                let is_negated = self.is_null()?;
                negated(Expr::IsUnknown(Box::new(expr)), is_negated)
            }
        }))
    }

    fn is_behind_null(&self) -> bool {
        let before = self.at.checked_sub(1).and_then(|at| self.tokens.get(at));
        before.is_some_and(|token| matches!(&token.kind, TokenKind::Word(word) if word.eq_ignore_ascii_case("NULL")))
    }

    /// IS NULL or IS NOT NULL, of what can be nothing else; whether there is a NOT.
    pub(super) fn is_null(&mut self) -> Result<bool, Fault> {
        if !self.take_word("IS") {
            return Err(self.expected("IS"));
        }
        let is_negated = self.take_word("NOT");
        if self.take_word("NULL") {
            return Ok(is_negated);
        }
        Err(self.expected(if is_negated { "NULL" } else { "NULL or NOT NULL" }))
    }

    /// Where the parenthesis that is the present token is closed, what follows it.
    pub(super) fn is_followed_by_sign(&self, signs: &[&str]) -> bool {
        let mut depth = 0_usize;
        let mut tokens = self.tokens.get(self.at..).unwrap_or_default().iter();
        for token in tokens.by_ref() {
            match token.kind {
                TokenKind::Sign("(") => depth += 1,
                TokenKind::Sign(")") => depth = depth.saturating_sub(1),
                _ => {}
            }
            if depth == 0 {
                break;
            }
        }
        tokens.next().is_some_and(|token| matches!(token.kind, TokenKind::Sign(sign) if signs.contains(&sign)))
    }

    fn comparison(&self) -> Option<Comparison> {
        let TokenKind::Sign(sign) = self.kind() else { return None };
        comparison(sign)
    }

    /// A pattern; CASEI and ACCENTI may stand around it.
    fn pattern(&mut self) -> Result<String, Fault> {
        if let TokenKind::Word(word) = self.kind()
            && let Some(function @ (Function::CaseI | Function::AccentI)) = Function::named(word)
            && self.is_call()
        {
            self.deeper()?;
            self.expect("(")?;
            let pattern = self.pattern()?;
            self.expect(")")?;
            self.depth -= 1;
            return Ok(if function == Function::CaseI { without_case(&pattern) } else { without_accents(&pattern) });
        }
        let TokenKind::Text(pattern) = self.kind() else {
            return Err(self.expected("a pattern").hint("write it as in LIKE 'New %'"));
        };
        if pattern.chars().count() > like::LONGEST {
            return Err(self.fault(format!("the pattern is longer than {} characters", like::LONGEST)));
        }
        let quoted = self.tokens.get(self.at).and_then(|token| self.text.get(token.start..token.end));
        let pattern = quoted.map(|quoted| lexer::pattern(quoted, self.dialect)).unwrap_or_default();
        self.advance();
        Ok(pattern)
    }

    /// The list after IN. With anything but literals in it, it is a row of comparisons.
    fn list(&mut self, operand: Operand) -> Result<Expr, Fault> {
        self.expect("(")?;
        let mut operands = vec![self.value()?];
        while self.take_sign(",") {
            operands.push(self.value()?);
        }
        self.expect(")")?;
        Ok(one_of(operand, operands))
    }

    /// Passes over the token that goes one level down.
    pub(super) fn deeper(&mut self) -> Result<(), Fault> {
        if self.depth == DEEPEST {
            return Err(self.fault(too_deep()));
        }
        self.depth += 1;
        self.advance();
        Ok(())
    }

    pub(super) fn shallower(&mut self) {
        self.depth -= 1;
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

    fn is_next_number(&self) -> bool {
        self.tokens.get(self.at + 1).is_some_and(|token| matches!(token.kind, TokenKind::Number(_)))
    }

    /// Whether the present word is called as a function.
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

/// The comparison that a sign means.
pub(super) fn comparison(sign: &str) -> Option<Comparison> {
    Some(match sign {
        "=" => Comparison::Equal,
        "<>" => Comparison::NotEqual,
        "<" => Comparison::Less,
        "<=" => Comparison::LessOrEqual,
        ">" => Comparison::Greater,
        ">=" => Comparison::GreaterOrEqual,
        _ => return None,
    })
}

/// Whether an operand equals one of a list.
pub(super) fn one_of(operand: Operand, operands: Vec<Operand>) -> Expr {
    let value = |operand: &Operand| match operand {
        Operand::Literal(value) => Some(value.clone()),
        _ => None,
    };
    if let Some(values) = operands.iter().map(value).collect() {
        return Expr::In(operand, values);
    }
    let equals = |other| Expr::Compare(operand.clone(), Comparison::Equal, other);
    Expr::Or(operands.into_iter().map(equals).collect())
}

/// Whether an operand is true, or false.
pub(super) fn is(operand: Operand, truth: bool) -> Expr {
    Expr::Compare(operand, Comparison::Equal, Operand::Literal(Value::Bool(truth)))
}

pub(super) fn negated(expr: Expr, is_negated: bool) -> Expr {
    if is_negated { Expr::Not(Box::new(expr)) } else { expr }
}
