//! Places of what does not fit a layer, found again once they have to be told: trees have none, for most filters fit.

use std::ops::Range;

use super::fault::Fault;
use super::lexer::{Token, TokenKind};
use super::parser::Parser;
use crate::base::datetime::{Date, Instant};
use crate::expr::{Expr, Misfit, check, number};
use crate::model::value::Value;

impl Parser<'_> {
    /// A condition that was read up to here.
    pub(super) fn fit(&mut self, expr: Expr) -> Result<Expr, Fault> {
        let Some(schema) = self.schema else { return Ok(expr) };
        match check(&expr, schema) {
            Ok(_) => {
                self.fitted = self.at;
                Ok(expr)
            }
            Err(misfit) => Err(self.misfit(&misfit, self.fitted..self.at)),
        }
    }

    /// What does not fit, at its name among these tokens, else where they begin.
    pub(super) fn misfit(&self, misfit: &Misfit, tokens: Range<usize>) -> Fault {
        let tokens = self.tokens.get(tokens).unwrap_or_default();
        #[allow(clippy::float_cmp)] // the same number
        let is_name = |token: &&Token| match &token.kind {
            TokenKind::Word(word) | TokenKind::Name(word) if misfit.name.is_some() => {
                misfit.name.as_ref() == Some(word)
            }
            TokenKind::Word(word) => {
                let truth = |truth: bool| misfit.literal == Some(Value::Bool(truth));
                word.eq_ignore_ascii_case("TRUE") && truth(true) || word.eq_ignore_ascii_case("FALSE") && truth(false)
            }
            TokenKind::Text(text) => match &misfit.literal {
                Some(Value::Text(literal)) => literal == text,
                Some(Value::Date(day)) => Date::parse(text) == Some(*day),
                Some(Value::Instant(at)) => Instant::parse(text) == Some(*at),
                _ => false,
            },
            // Its sign is a token of its own.
            TokenKind::Number(number) => match (&misfit.literal, number::read(number)) {
                (Some(Value::Int(literal)), Ok(Value::Int(number))) => literal.unsigned_abs() == number.unsigned_abs(),
                (Some(Value::Float(literal)), Ok(Value::Float(number))) => literal.abs() == number,
                _ => false,
            },
            _ => false,
        };
        let begins = |token: &&Token| match &token.kind {
            TokenKind::Word(word) => !["AND", "OR", "NOT"].iter().any(|joint| joint.eq_ignore_ascii_case(word)),
            TokenKind::Sign(sign) => !["(", ")"].contains(sign),
            _ => true,
        };
        let found = tokens.iter().find(is_name).or_else(|| tokens.iter().find(begins));
        let fault = self.fault_at(found.map_or(0, |token| token.start), misfit.message.as_str());
        Fault { hint: misfit.hint.clone(), ..fault }
    }

    /// What does not fit in all of the text.
    pub(super) fn misfit_of_all(&self, misfit: &Misfit) -> Fault {
        self.misfit(misfit, 0..self.tokens.len())
    }
}

#[cfg(test)]
mod tests {
    use crate::expr::Misfit;
    use crate::expr::cql2::{Form, Frame, parse, parse_for, place};
    use crate::model::schema::{Field, FieldKind, KeyKind, Schema};

    #[test]
    fn what_does_not_fit_a_layer_is_told_with_its_place() {
        let kinds = [
            ("name", FieldKind::String),
            ("i", FieldKind::Integer),
            ("day", FieldKind::Date),
            ("raw", FieldKind::Binary),
        ];
        let schema = Schema {
            fields: kinds.map(|(name, kind)| Field::new(name, kind)).into(),
            key: ("fid".to_owned(), KeyKind::Integer),
            geometry: None,
            time: None,
        };
        for (text, told) in [
            ("name = 5", "'name' is text, and cannot be compared with 5 (at character 1): text is written '5'"),
            ("i=5 AND name = 5", "'name' is text, and cannot be compared with 5 (at character 9): text is written '5'"),
            ("name = 'x' AND (i = 1 OR NOT name > 2.5)", "(at character 30)"),
            ("größe = 5", "there is no property 'größe' (at character 1): there are name, i, day, raw, fid"),
            ("i = 1 AND nmae = 'a'", "there is no property 'nmae' (at character 11): did you mean 'name'?"),
            ("fidd = 1", "did you mean 'fid'?"),
            ("i = '5'", "(at character 1): a number is written 5"),
            ("i = 5 OR 'a' < 2", "'a' and 2 cannot be compared (at character 10)"),
            ("i > 1 AND i + name > 2", "name is no number to calculate with (at character 15)"),
            ("i > 1 AND lower(i) = 'a'", "lower takes text, and i is none (at character 17)"),
            ("name LIKE 'a' AND i LIKE 'a'", "(at character 19)"),
            ("name IN ('a', 'b') AND i IN (1, 'x')", "(at character 33)"),
            ("day = 'yesterday'", "(at character 1): write it as in '2018-02-12'"),
            ("i = 1 AND T_AFTER(name, DATE('2018-02-12'))", "name is no time (at character 19)"),
            ("i = 1 AND A_CONTAINS(name, ('a'))", "(at character 22): a property with a JSON document can be one"),
            ("i = 1 AND (nope = 1) IS NULL", "(at character 12)"),
            ("i = 1 AND name", "(at character 11)"),
            ("i = 1 AND raw = 1", "(at character 11)"),
            ("i + 't' = 1", "'t' is no number to calculate with (at character 5)"),
            ("i = 1 AND 2 * TRUE < i", "(at character 15)"),
            ("name='a' -- c", "'-' has no meaning here (at character 10): a filter has no comments"),
            ("i = 1 AND S_WITHIN(shape, POINT(1 2))", "there is no geometry (at character 20)"),
        ] {
            let fault = parse_for(text, Form::Text, &Frame::default(), &schema).unwrap_err().to_string();
            assert!(fault.contains(told), "{text}: {fault}");
        }
        for (json, told) in [
            (
                r#"{"op":"=","args":[{"property":"name"},5]}"#,
                "'name' is text, and cannot be compared with 5 (at /args/0): text is",
            ),
            (
                r#"{"op":"and","args":[{"op":"=","args":[{"property":"i"},1]},{"op":"<","args":[3,{"op":"+","args":[1,{"property":"nmae"}]}]}]}"#,
                "there is no property 'nmae' (at /args/1/args/1/args/1): did you mean 'name'?",
            ),
            (r#"{"op":"not","args":[{"op":"=","args":["a",1]}]}"#, "'a' and 1 cannot be compared (at /args/0/args/0)"),
            (
                r#"{"op":"=","args":[{"op":"+","args":[{"property":"i"},"t"]},1]}"#,
                "'t' is no number to calculate with (at /args/0/args/1)",
            ),
        ] {
            let fault = parse_for(json, Form::Json, &Frame::default(), &schema).unwrap_err().to_string();
            assert!(fault.contains(told), "{json}: {fault}");
        }
        a_literal_that_does_not_fit_is_pointed_at(&schema);
        let misfit = Misfit::of("raw", "'raw' is bytes");
        let fault = place("i = 1 AND raw IS NULL", Form::Text, &Frame::default(), &schema, &misfit);
        assert_eq!(fault.to_string(), "'raw' is bytes (at character 11)");
        let same = parse_for("i = 5.0 AND day > '2018-02-12'", Form::Text, &Frame::default(), &schema);
        assert_eq!(same, Ok(parse("i = 5 AND day > DATE('2018-02-12')").unwrap()));
    }

    fn a_literal_that_does_not_fit_is_pointed_at(schema: &Schema) {
        for (text, told) in [
            ("T_AFTER(day,'x')", "'x' is no time (at character 13)"),
            ("T_DURING(day, INTERVAL('2020-01-01', i))", "(at character 38)"),
            ("i IN (1,'a')", "(at character 9)"),
            ("name IN ('1', -5)", "(at character 16)"),
            ("i = 1 AND i BETWEEN 1 AND 'b'", "(at character 27)"),
            ("i BETWEEN 'a' AND 'b'", "(at character 11)"),
            ("name NOT BETWEEN 'a' AND 2.5", "(at character 26)"),
            ("fid IN (1, 'a')", "(at character 12)"),
            ("nope IN (1, 2)", "there is no property 'nope' (at character 1)"),
        ] {
            let fault = parse_for(text, Form::Text, &Frame::default(), schema).unwrap_err().to_string();
            assert!(fault.contains(told), "{text}: {fault}");
        }
        for (json, told) in [
            (r#"{"op":"in","args":[{"property":"i"},[1,"a"]]}"#, "(at /args/1/1)"),
            (r#"{"op":"between","args":[{"property":"name"},"a",5]}"#, "(at /args/2)"),
            (r#"{"op":"in","args":[{"property":"i"},[1,{"date":"2020-01-01"}]]}"#, "(at /args/1/1)"),
        ] {
            let fault = parse_for(json, Form::Json, &Frame::default(), schema).unwrap_err().to_string();
            assert!(fault.contains(told), "{json}: {fault}");
        }
    }
}
