//! CQL2 1.0: all of its text form and of its JSON form.
//!
//! ```
//! use graticule::expr::cql2;
//!
//! let filter = cql2::parse("pop_est > 1e6 AND NOT (continent IN ('Europe', 'Asia') OR name LIKE 'New %')").unwrap();
//! assert_eq!(cql2::parse(&filter.to_string()), Ok(filter));
//! let fault = cql2::parse("pop_est => 5").unwrap_err();
//! assert_eq!(fault.position, 9);
//! ```
//!
//! Written values are typed by how they look: whether they fit the properties is for [`check`](super::check()) to say.

mod atom;
mod fault;
mod fit;
mod geometry;
mod json;
mod json_document;
mod json_place;
mod json_write;
mod lexer;
mod parser;
mod write;

#[cfg(test)]
mod json_tests;
#[cfg(test)]
mod stack_tests;
#[cfg(test)]
mod tests;

pub use fault::Fault;
pub(super) use geometry::turned;

use json_document::{DOUBLED, Document};
use lexer::Dialect;

use serde::Deserialize;

use super::{Expr, Misfit, check, number};
use crate::base::crs::Crs;
use crate::model::geometry::figure;
use crate::model::schema::Schema;
use crate::model::value::Value;

/// Longest text that is read, in bytes.
pub const LONGEST: usize = 1 << 16;
/// Longest JSON that is read, in bytes: it may be posted, and its parts are counted.
pub const LONGEST_JSON: usize = 1 << 20;
/// How deep parentheses and NOT of a text may nest, and operators of the JSON form, so that no filter can exhaust the stack of
/// whoever reads the tree.
pub const DEEPEST: usize = 100;

/// In which system the coordinates of a filter are.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Frame {
    /// The system.
    pub crs: Crs,
    /// Whether they come in the order of an authority that has north before east.
    pub is_swapped: bool,
}

/// Reads a filter whose coordinates are longitude before latitude.
pub fn parse(text: &str) -> Result<Expr, Fault> {
    parse_in(text, Frame::default())
}

/// Reads a filter whose coordinates are in this system.
pub fn parse_in(text: &str, frame: Frame) -> Result<Expr, Fault> {
    read(text, frame, Dialect::Cql2)
}

/// Reads a filter in the JSON form, whose coordinates are in this system.
pub fn parse_json(text: &str, frame: &Frame) -> Result<Expr, Fault> {
    json::parse(&document(text)?, frame)
}

fn document(text: &str) -> Result<serde_json::Value, Fault> {
    if text.len() > LONGEST_JSON {
        return Err(Fault::new(text, 0, format!("the filter is longer than {LONGEST_JSON} bytes")));
    }
    if let Some(at) = beyond_depth(text) {
        return Err(Fault::new(text, at, too_deep()));
    }
    if let Some((at, fault)) = beyond_precision(text) {
        return Err(Fault::new(text, at, fault.words()));
    }
    let mut deserializer = serde_json::Deserializer::from_str(text);
    // Its own limit is less than what may be said; how deep it has to go is known.
    deserializer.disable_recursion_limit();
    let json = Document::deserialize(&mut deserializer).and_then(|json| deserializer.end().map(|()| json));
    json.map(|Document(json)| json).map_err(|cause| {
        // Where it is told, lines are counted.
        let before: usize = text.split_inclusive('\n').take(cause.line().saturating_sub(1)).map(str::len).sum();
        let mut at = (before + cause.column().saturating_sub(1)).min(text.len());
        while !text.is_char_boundary(at) {
            at -= 1;
        }
        // The rest of the parser's words tells no more than the place.
        let told = cause.to_string();
        let doubled = told.rfind(" at line ").and_then(|end| told.get(..end)).filter(|told| told.starts_with(DOUBLED));
        Fault::new(text, at, doubled.unwrap_or("the filter is not JSON"))
    })
}

/// What is told of a filter that nests too deep.
fn too_deep() -> String {
    format!("the filter nests deeper than {DEEPEST} levels")
}

/// Where a JSON document opens more lists and objects than are read: each level has one of both, and a value or a geometry
/// some of its own.
fn beyond_depth(text: &str) -> Option<usize> {
    const MOST: usize = 2 * DEEPEST + 2 * figure::DEEPEST + 8;
    let (mut depth, mut is_text, mut is_escaped) = (0_usize, false, false);
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' if is_text => is_escaped = true,
            b'"' => is_text = !is_text,
            b'{' | b'[' if !is_text => depth += 1,
            b'}' | b']' if !is_text => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth > MOST {
            return Some(at);
        }
    }
    None
}

/// The first number of a JSON document that would be taken for another.
fn beyond_precision(text: &str) -> Option<(usize, number::Fault)> {
    let is_digit = |byte: u8| byte.is_ascii_digit() || b"+-.eE".contains(&byte);
    let (bytes, mut at, mut is_text) = (text.as_bytes(), 0, false);
    while let Some(&byte) = bytes.get(at) {
        match byte {
            b'\\' if is_text => at += 1,
            b'"' => is_text = !is_text,
            b'-' | b'0'..=b'9' if !is_text => {
                let length = bytes[at..].iter().take_while(|byte| is_digit(**byte)).count();
                let number = text.get(at..at + length).unwrap_or_default();
                match number::read(number) {
                    Err(fault @ number::Fault::TooFine) => return Some((at, fault)),
                    // The parser takes for a float whatever has a point or an exponent.
                    Ok(Value::Int(_)) if number.contains(['.', 'e', 'E']) => return Some((at, number::Fault::TooFine)),
                    _ => {}
                }
                at += length;
                continue;
            }
            _ => {}
        }
        at += 1;
    }
    None
}

/// A filter in the JSON form; `None` for what only parameters and programs can make.
pub fn to_json(expr: &Expr) -> Option<serde_json::Value> {
    json_write::write(expr)
}

/// A form in which filters are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// As [`parse_in`] reads it.
    Text,
    /// As [`parse_json`] reads it.
    Json,
    /// As [`parse_older`] reads it.
    Older,
    /// As [`parse_qgis`] reads it.
    Qgis,
}

/// Reads a filter and checks it against a layer; what does not fit is told with its place.
pub fn parse_for(text: &str, form: Form, frame: &Frame, schema: &Schema) -> Result<Expr, Fault> {
    let expr = match form {
        Form::Text => parse_in(text, frame.clone()),
        Form::Json => parse_json(text, frame),
        Form::Older => parse_older(text, frame.clone()),
        Form::Qgis => parse_qgis(text),
    }?;
    check(&expr, schema).map_err(|misfit| place(text, form, frame, schema, &misfit))
}

/// The place of what does not fit a layer: only now that it has to be told, the filter is read with an eye on places.
pub fn place(text: &str, form: Form, frame: &Frame, schema: &Schema, misfit: &Misfit) -> Fault {
    let dialect = match form {
        Form::Json => {
            return match document(text) {
                Ok(json) => match json::parse_fitting(&json, frame, schema) {
                    Err(fault) => fault,
                    Ok(_) => json_place::misfit(&json, "", misfit),
                },
                Err(fault) => fault,
            };
        }
        Form::Text => Dialect::Cql2,
        Form::Older => Dialect::Older,
        Form::Qgis => Dialect::Qgis,
    };
    let parser = || parser::Parser::new(text, frame.clone(), dialect);
    let found = parser().and_then(|parser| parser.fitting(schema).whole()).err();
    found
        .or_else(|| parser().ok().map(|parser| parser.misfit_of_all(misfit)))
        .unwrap_or_else(|| Fault::within("", misfit.message.as_str()))
}

/// Reads what clients call `cql-text`, of before CQL2: the same with `!=` and ILIKE, and without escapes.
pub fn parse_older(text: &str, frame: Frame) -> Result<Expr, Fault> {
    read(text, frame, Dialect::Older)
}

/// Reads what QGIS Server takes as FILTER: the same with `!=` and ILIKE.
pub fn parse_qgis(text: &str) -> Result<Expr, Fault> {
    read(text, Frame::default(), Dialect::Qgis)
}

fn read(text: &str, frame: Frame, dialect: Dialect) -> Result<Expr, Fault> {
    if text.len() > LONGEST {
        return Err(Fault::new(text, 0, format!("the filter is longer than {LONGEST} bytes")));
    }
    parser::Parser::new(text, frame, dialect)?.whole()
}
