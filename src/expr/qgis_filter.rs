//! The parameter FILTER of QGIS Server's WMS: `layer,other:"name" = 'x' AND "count" > 3;third:…`, with filters of the OGC
//! in the place of expressions, or `(<Filter>…</Filter>)(…)`, one for each layer that is asked for, in their order. One alone may
//! stand without parentheses.
//!
//! QGIS hands the expression to its data provider after a look at its words; here it is read as the language that those
//! words make: comparisons, AND, OR, NOT, IN, LIKE, ILIKE, IS NULL.

use std::fmt;

use crate::base::xml::{self, Element, Limits};

use super::{Expr, cql2};

/// What rows of a layer must meet.
#[derive(Clone, Debug)]
pub enum Condition {
    /// An expression; whether it fits the layer is for [`check`](super::check()) to say.
    Expression(Expr),
    /// A filter of the OGC, to be read by [`fes::parse`](super::fes::parse) against its layer.
    Fes(Box<Element>),
}

/// What FILTER says.
#[derive(Clone, Debug)]
pub enum Filters {
    /// Layers by their names, and the condition for each of them. A layer may be named more than once: all hold.
    ByName(Vec<(Vec<String>, Condition)>),
    /// For each layer of the request, in order.
    ByOrder(Vec<Option<Condition>>),
}

/// Why a text is no FILTER.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault(String);

impl fmt::Display for Fault {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

impl std::error::Error for Fault {}

/// Most filters of a request.
const MOST: usize = 100;

/// Reads FILTER.
pub fn parse(text: &str) -> Result<Filters, Fault> {
    let text = text.trim();
    match text.chars().next() {
        Some('(') => by_order(text),
        // One filter without its parentheses, as clients of a single layer send it.
        Some('<') => Ok(Filters::ByOrder(vec![Some(fes(text)?)])),
        _ => by_name(text),
    }
}

fn by_order(text: &str) -> Result<Filters, Fault> {
    let (mut conditions, mut rest) = (Vec::new(), text);
    while !rest.is_empty() {
        let inner = rest.strip_prefix('(').ok_or_else(|| Fault("each filter stands in parentheses".to_owned()))?;
        let inner = inner.trim_start();
        let length = if inner.starts_with('<') { xml_length(inner)? } else { 0 };
        let (filter, after) = inner.split_at(length);
        let after = after.trim_start().strip_prefix(')');
        rest = after.ok_or_else(|| Fault("a parenthesis of FILTER is not closed".to_owned()))?.trim_start();
        conditions.push(if filter.is_empty() { None } else { Some(fes(filter)?) });
        if conditions.len() > MOST {
            return Err(Fault(format!("FILTER has more than {MOST} filters")));
        }
    }
    Ok(Filters::ByOrder(conditions))
}

fn by_name(text: &str) -> Result<Filters, Fault> {
    let (mut filters, mut rest) = (Vec::new(), text);
    while !rest.is_empty() {
        let wrong = || Fault("FILTER is written as layer:\"property\" = 'value', with ; between layers".to_owned());
        let (names, after) = rest.split_once(':').ok_or_else(wrong)?;
        let layers: Vec<String> = names.split(',').map(|name| name.trim().to_owned()).collect();
        if layers.iter().any(String::is_empty) {
            return Err(wrong());
        }
        let after = after.trim_start();
        let length = if after.starts_with('<') { xml_length(after)? } else { text_length(after) };
        let (filter, after) = after.split_at(length);
        let condition = if filter.starts_with('<') {
            fes(filter)?
        } else {
            let fault = |fault| Fault(format!("the filter of '{}': {fault}", names.trim()));
            Condition::Expression(cql2::parse_qgis(filter).map_err(fault)?)
        };
        filters.push((layers, condition));
        if filters.len() > MOST {
            return Err(Fault(format!("FILTER has more than {MOST} filters")));
        }
        let after = after.trim_start();
        rest = match after.strip_prefix(';') {
            Some(after) => after.trim_start(),
            None if after.is_empty() => after,
            None => return Err(wrong()),
        };
    }
    if filters.is_empty() { Err(Fault("FILTER is empty".to_owned())) } else { Ok(Filters::ByName(filters)) }
}

/// Up to the first `;` that stands in no quotes.
fn text_length(text: &str) -> usize {
    let (mut quote, mut is_escaped) = (None, false);
    for (at, character) in text.char_indices() {
        match (quote, character) {
            _ if is_escaped => is_escaped = false,
            (Some('\''), '\\') => is_escaped = true,
            (None, ';') => return at,
            (None, '\'' | '"') => quote = Some(character),
            (Some(open), _) if open == character => quote = None,
            _ => {}
        }
    }
    text.len()
}

/// Up to the end of the element `Filter`, whatever its prefix.
fn xml_length(text: &str) -> Result<usize, Fault> {
    let mut at = 0;
    while let Some(found) = text[at..].find("</") {
        let name = at + found + 2;
        let end = text[name..].find('>').map_or(text.len(), |end| name + end + 1);
        let is_filter = text[name..end].trim_end_matches('>').trim().rsplit(':').next() == Some("Filter");
        if is_filter {
            return Ok(end);
        }
        at = end;
    }
    Err(Fault("a filter of the OGC ends with </Filter>".to_owned()))
}

fn fes(text: &str) -> Result<Condition, Fault> {
    let limits = Limits { bytes: 1 << 20, ..Limits::default() };
    let element = xml::parse(text.as_bytes(), &limits).map_err(|fault| Fault(format!("the filter: {fault}")))?;
    Ok(Condition::Fes(Box::new(element)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Each filter in one line.
    fn lines(text: &str) -> Vec<String> {
        let told = |condition: &Condition| match condition {
            Condition::Expression(expr) => expr.to_string(),
            Condition::Fes(element) => format!("<{}> of {}", element.name, element.children.len()),
        };
        match parse(text).unwrap_or_else(|fault| panic!("{text}: {fault}")) {
            Filters::ByName(all) => {
                all.iter().map(|(layers, one)| format!("{}: {}", layers.join("+"), told(one))).collect()
            }
            Filters::ByOrder(all) => all.iter().map(|one| one.as_ref().map_or("-".to_owned(), told)).collect(),
        }
    }

    #[test]
    fn the_forms_that_clients_send_are_read() {
        let filter = "<fes:Filter xmlns:fes=\"http://www.opengis.net/fes/2.0\"><PropertyIsNull/></fes:Filter>";
        for (text, expected) in [
            ("a:\"name\" = 'x'", vec!["a: name = 'x'".to_owned()]),
            (
                "a, b : \"name\" != 'x;y' AND NOT \"n\" IS NULL ; c:\"n\" IN ( 1 , 2 );",
                vec!["a+b: name <> 'x;y' AND n IS NOT NULL".to_owned(), "c: n IN (1, 2)".to_owned()],
            ),
            ("a:\"name\" ILIKE 'NEW%'", vec!["a: CASEI(name) LIKE 'new%'".to_owned()]),
            (r#"a:"t" = 'it\'s; here\\';b:"n" = 1"#, vec![r"a: t = 'it''s; here\\'".to_owned(), "b: n = 1".to_owned()]),
            ("a:\"t\" = 'it''s: here'", vec!["a: t = 'it''s: here'".to_owned()]),
            (&format!("a:{filter};b:\"n\" > 3"), vec!["a: <Filter> of 1".to_owned(), "b: n > 3".to_owned()]),
            (
                &format!("({filter})()({filter})"),
                vec!["<Filter> of 1".to_owned(), "-".to_owned(), "<Filter> of 1".to_owned()],
            ),
        ] {
            assert_eq!(lines(text), expected, "{text}");
        }
    }

    #[test]
    fn what_is_no_filter_is_refused() {
        for (text, message) in [
            ("", "empty"),
            ("\"name\" = 'x'", "written as"),
            (":\"name\" = 'x'", "written as"),
            ("a:\"name\" = 'x' b", "the filter of 'a'"),
            ("a:1=1; DROP TABLE x", "written as"),
            ("a:\"n\" = (SELECT 1)", "the filter of 'a'"),
            ("a:\"n\" = 1 -- ", "the filter of 'a'"),
            ("a:<Filter>", "ends with </Filter>"),
            ("(<Filter></Filter>", "not closed"),
            ("a:<!DOCTYPE x><Filter></Filter>", "document type"),
        ] {
            let fault = parse(text).unwrap_err().to_string();
            assert!(fault.contains(message), "{text}: {fault}");
        }
        assert!(parse(&"(".repeat(100_000)).is_err() && parse(&"()".repeat(1000)).is_err());
    }

    proptest! {
        #[test]
        fn no_text_panics(text in "[ab(<:;,'\"=1 )>/Filterß]{0,40}") {
            let _ = parse(&text);
        }
    }
}
