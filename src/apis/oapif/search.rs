//! Search for text (`q`), as Features Part 9 and OGC API Records mean it: one of the terms, whose words stand together in
//! their order, in one of the properties with text, upper case or lower.

use crate::error::{Error, Kind, Result};
use crate::expr::function::{Function, without_case};
use crate::expr::{Expr, Operand};
use crate::model::schema::{FieldKind, Schema};

/// Most terms of a search: each is looked for in every property.
const MOST_TERMS: usize = 10;
/// Most characters of a term.
const MOST_CHARACTERS: usize = 200;

/// The condition that a search is, over what the client may see.
pub(super) fn condition(terms: &[String], schema: &Schema) -> Result<Expr> {
    let wrong = |what: String| Error::new(Kind::InvalidParameter, format!("parameter 'q': {what}")).at("q");
    let terms: Vec<String> = terms.iter().map(|term| pattern(term)).filter(|term| term != "%%").collect();
    if terms.is_empty() {
        return Err(wrong("there is no word to look for".to_owned()));
    }
    if terms.len() > MOST_TERMS {
        return Err(wrong(format!("there are more than {MOST_TERMS} terms")));
    }
    if terms.iter().any(|term| term.chars().count() > MOST_CHARACTERS) {
        return Err(wrong(format!("a term has more than {MOST_CHARACTERS} characters")));
    }
    let texts = schema.fields.iter().filter(|field| field.kind == FieldKind::String);
    let within = |name: &String| {
        let operand = Operand::Call(Function::CaseI, vec![Operand::Property(name.clone())]);
        terms.iter().map(move |pattern| Expr::Like { operand: operand.clone(), pattern: pattern.clone() })
    };
    Ok(Expr::Or(texts.flat_map(|field| within(&field.name)).collect()))
}

/// The pattern of texts that have a term in them.
fn pattern(term: &str) -> String {
    let words = term.split_whitespace().collect::<Vec<_>>().join(" ");
    format!("%{}%", escaped(&words))
}

/// A text as a part of a pattern that no case matters to.
pub(super) fn escaped(text: &str) -> String {
    let mut pattern = String::with_capacity(text.len());
    for character in without_case(text).chars() {
        if matches!(character, '%' | '_' | '\\') {
            pattern.push('\\');
        }
        pattern.push(character);
    }
    pattern
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::expr::evaluate::Predicate;
    use crate::model::batch::{Batch, Layout};
    use crate::model::schema::{Field, KeyKind};

    fn finds(q: &[&str], texts: [&str; 2]) -> bool {
        let fields = vec![
            Field::new("a", FieldKind::String),
            Field::new("b", FieldKind::String),
            Field::new("n", FieldKind::Integer),
        ];
        let schema = Schema { fields, key: ("id".to_owned(), KeyKind::Integer), geometry: None, time: None };
        let q: Vec<String> = q.iter().map(|term| (*term).to_owned()).collect();
        let layout = Layout { geometry: false, fields: vec![0, 1] };
        let predicate = Predicate::new(&condition(&q, &schema).unwrap(), &schema, &layout).unwrap();
        let mut batch = Batch::new(3);
        batch.push(crate::model::batch::Cell::Int(7));
        for text in texts {
            batch.push_text(text);
        }
        predicate.test(batch.row(0))
    }

    #[test]
    fn a_term_is_found_as_its_words_stand() {
        let texts = ["Straße am Großen See", "100% 7_a \\x"];
        for (q, expected) in [
            (&["see"][..], true),
            (&["STRASSE"], true),
            (&["am  grossen"], true),
            (&["grossen am"], false),
            (&["nothing", "see"], true),
            (&["nothing"], false),
            (&["see 100"], false),
            (&["0%"], true),
            (&["1%0"], false),
            (&["7_A"], true),
            (&["7xa"], false),
            (&["\\X"], true),
            (&["7"], true),
        ] {
            assert_eq!(finds(q, texts), expected, "{q:?}");
        }
    }

    #[test]
    fn a_search_for_nothing_or_for_too_much_is_refused() {
        let schema = Schema { fields: vec![], key: ("id".to_owned(), KeyKind::Integer), geometry: None, time: None };
        let terms = |count: usize, text: &str| vec![text.to_owned(); count];
        for refused in [terms(1, "  "), terms(11, "a"), terms(1, &"a".repeat(201))] {
            assert!(condition(&refused, &schema).is_err());
        }
        assert_eq!(condition(&terms(1, "a"), &schema).unwrap(), Expr::never());
    }
}
