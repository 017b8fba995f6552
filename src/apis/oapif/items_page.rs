//! What the page of features is told besides the features: the conditions of the filter, each with what is left without it,
//! and what else it is narrowed down by.

use serde_json::{Map, Value as Json, json};

use crate::api::PageWords;
use crate::expr::{Expr, Operand, cql2};
use crate::model::value::Value;

/// More conditions than a page can show one by one are shown as one.
const MOST: usize = 24;

/// The words of a page: of the filter in CQL2 as text, of the ends of values, and of the greatest `limit`.
pub(super) fn words(filter: Option<String>, ends: Vec<Json>, given: Map<String, Json>, most: u32) -> PageWords {
    Box::new(move |_| {
        let conditions = filter.as_deref().map(conditions).unwrap_or_default();
        Map::from_iter([
            ("conditions".to_owned(), conditions.into()),
            ("ends".to_owned(), ends.into()),
            ("given".to_owned(), given.into()),
            ("most".to_owned(), most.into()),
        ])
    })
}

/// The conditions that must all hold, as text, each with the `rest` of the filter; a comparison of a property with a value,
/// and a search within a text, are told in parts as well, so that they are shown in words.
fn conditions(filter: &str) -> Vec<Json> {
    let whole = || vec![json!({ "text": filter, "rest": null })];
    // It was read before, in the system that was asked for; the words are the same.
    let Ok(expr) = cql2::parse(filter) else { return whole() };
    let parts = expr.conjuncts();
    if parts.len() < 2 || parts.len() > MOST {
        let mut only = whole();
        if let ([part], [words]) = (&parts[..], &mut only[..]) {
            extend(words, part);
        }
        return only;
    }
    let one = |at: usize| {
        let rest = parts.iter().enumerate().filter(|(other, _)| *other != at).map(|(_, part)| part.clone());
        let mut words = json!({ "text": parts[at].to_string(), "rest": Expr::And(rest.collect()).to_string() });
        extend(&mut words, &parts[at]);
        words
    };
    (0..parts.len()).map(one).collect()
}

fn extend(words: &mut Json, part: &Expr) {
    let (name, operator, value) = match part {
        Expr::Compare(Operand::Property(name), comparison, Operand::Literal(value)) => {
            (name, comparison.to_string(), literal(value))
        }
        Expr::Like { operand: Operand::Call(_, arguments), pattern } => match &arguments[..] {
            [Operand::Property(name)] => match searched(pattern) {
                Some((operator, text)) => (name, operator.to_owned(), Some(text)),
                None => return,
            },
            _ => return,
        },
        _ => return,
    };
    words["property"] = name.as_str().into();
    words["operator"] = operator.into();
    words["value"] = value.into();
}

/// What a pattern searches for, where it is no more than a text that values contain or begin with.
fn searched(pattern: &str) -> Option<(&'static str, String)> {
    let end = pattern.strip_suffix('%')?;
    let (operator, middle) = end.strip_prefix('%').map_or(("begins with", end), |middle| ("contains", middle));
    let mut text = String::new();
    let mut characters = middle.chars();
    while let Some(character) = characters.next() {
        match character {
            '%' | '_' => return None,
            // One that escapes the sign at the end: that was no sign then.
            '\\' => text.push(characters.next()?),
            plain => text.push(plain),
        }
    }
    (!text.is_empty()).then_some((operator, text))
}

/// A literal as a field of a form has it.
fn literal(value: &Value) -> Option<String> {
    Some(match value {
        Value::Null => return None,
        Value::Int(number) => number.to_string(),
        Value::Float(number) => number.to_string(),
        Value::Bool(truth) => truth.to_string(),
        Value::Text(text) => text.clone(),
        Value::Date(day) => day.to_string(),
        Value::Instant(at) => at.to_string(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_condition_can_be_taken_away() {
        let all = conditions("pop >= 5 AND name LIKE 'A%' AND day < DATE('2024-05-01')");
        assert_eq!(all.len(), 3);
        assert_eq!(
            (&all[0]["property"], &all[0]["operator"], &all[0]["value"]),
            (&json!("pop"), &json!(">="), &json!("5"))
        );
        assert_eq!(all[0]["rest"], "name LIKE 'A%' AND day < DATE('2024-05-01')");
        assert_eq!(all[2]["value"], "2024-05-01");
        let found = conditions("CASEI(name) LIKE CASEI('%ber%')");
        assert_eq!((&found[0]["property"], &found[0]["operator"]), (&json!("name"), &json!("contains")), "{found:?}");
        assert_eq!((&found[0]["value"], &found[0]["rest"]), (&json!("ber"), &Json::Null));
        assert_eq!(searched("50\\%%"), Some(("begins with", "50%".to_owned())));
        assert_eq!((searched("%a_b%"), searched("%a\\%"), searched("%%"), searched("a")), (None, None, None, None));
    }

    #[test]
    fn what_cannot_be_taken_apart_stays_whole() {
        let all = conditions("a = 1 OR b = 2 AND c = 3");
        assert_eq!(all.len(), 1);
        assert_eq!(all[0]["text"], "a = 1 OR b = 2 AND c = 3");
        assert!(all[0].get("property").is_none());
    }
}
