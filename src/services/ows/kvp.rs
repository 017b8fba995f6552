//! Keys and values: keys of any case, values by their type. An empty value is one that was left out.

use std::str::FromStr;

use crate::error::{Error, Kind, Result};
use crate::message::request::Head;

/// The parameters of a request, as OWS reads them.
#[derive(Clone, Copy)]
pub struct Kvp<'a>(&'a Head);

/// A parameter has a value that does not read as its type.
pub fn invalid(name: &str, value: &str, expected: &str) -> Error {
    Error::new(Kind::InvalidParameter, format!("{name} is '{}', expected {expected}", shortened(value)))
        .at(name.to_owned())
}

/// So much of a value as a message needs.
fn shortened(value: &str) -> &str {
    value.char_indices().nth(200).map_or(value, |(at, _)| &value[..at])
}

impl<'a> Kvp<'a> {
    /// Those of a request.
    pub fn new(head: &'a Head) -> Self {
        Self(head)
    }

    /// A value; none where it was left out or is empty.
    pub fn text(self, name: &str) -> Result<Option<&'a str>> {
        let Some(found) = self.0.parameters.iter().find(|it| it.name.eq_ignore_ascii_case(name)) else {
            return Ok(None);
        };
        let value = found
            .value
            .as_deref()
            .ok_or_else(|| Error::new(Kind::InvalidParameter, format!("{name} is no UTF-8")).at(name.to_owned()))?;
        Ok(Some(value.trim()).filter(|value| !value.is_empty()))
    }

    /// A value as it came; empty where it is empty.
    pub fn raw(self, name: &str) -> Option<&'a str> {
        self.0.parameters.value_of(name)
    }

    /// A value that must be there.
    pub fn required(self, name: &str) -> Result<&'a str> {
        self.text(name)?
            .ok_or_else(|| Error::new(Kind::MissingParameter, format!("{name} is missing")).at(name.to_owned()))
    }

    /// The first of several names that has a value, with that name.
    pub fn first<'n>(self, names: &[&'n str]) -> Result<Option<(&'n str, &'a str)>> {
        for &name in names {
            if let Some(value) = self.text(name)? {
                return Ok(Some((name, value)));
            }
        }
        Ok(None)
    }

    /// A value of a type; `expected` says in words what it must be.
    pub fn parsed<T: FromStr>(self, name: &str, expected: &str) -> Result<Option<T>> {
        let Some(text) = self.text(name)? else { return Ok(None) };
        text.parse().map(Some).map_err(|_| invalid(name, text, expected))
    }

    /// A number that is finite.
    pub fn number(self, name: &str) -> Result<Option<f64>> {
        let Some(text) = self.text(name)? else { return Ok(None) };
        let number = text.parse().ok().filter(|number: &f64| number.is_finite());
        number.map(Some).ok_or_else(|| invalid(name, text, "a number"))
    }

    /// Yes or no.
    pub fn truth(self, name: &str) -> Result<Option<bool>> {
        let Some(text) = self.text(name)? else { return Ok(None) };
        match text.to_ascii_lowercase().as_str() {
            "true" | "1" | "on" | "yes" => Ok(Some(true)),
            "false" | "0" | "off" | "no" => Ok(Some(false)),
            _ => Err(invalid(name, text, "TRUE or FALSE")),
        }
    }

    /// The parts of a value between commas, in order; empty ones stay, for lists that belong together.
    pub fn list(self, name: &str) -> Result<Option<Vec<&'a str>>> {
        Ok(self.text(name)?.map(|text| text.split(',').map(str::trim).collect()))
    }

    /// The groups of a value, `(a,b)(c)`; one that has no brackets is one group.
    pub fn groups(self, name: &str) -> Result<Option<Vec<&'a str>>> {
        let Some(text) = self.text(name)? else { return Ok(None) };
        groups(text).map(Some).ok_or_else(|| invalid(name, text, "groups in brackets, such as (a,b)(c)"))
    }
}

/// Splits `(a)(b)`; brackets within a group, as in a function, belong to it. None where they do not match.
fn groups(text: &str) -> Option<Vec<&str>> {
    if !text.starts_with('(') {
        return Some(vec![text]);
    }
    let (mut found, mut depth, mut from) = (Vec::new(), 0_usize, 0);
    // Brackets in quotes are text of an XML attribute or of a literal.
    let mut quote = None;
    for (at, c) in text.char_indices() {
        match (quote, c) {
            (Some(open), c) if c == open => quote = None,
            (None, '"' | '\'') if depth > 0 && text[at + 1..].contains(c) && in_tag(&text[from..at]) => quote = Some(c),
            (None, '(') => {
                if depth == 0 {
                    from = at + 1;
                }
                depth += 1;
            }
            (None, ')') => {
                depth = depth.checked_sub(1)?;
                if depth == 0 {
                    found.push(text[from..at].trim());
                }
            }
            (None, c) if depth == 0 && !matches!(c, ',' | ';') && !c.is_whitespace() => return None,
            _ => {}
        }
    }
    (depth == 0).then_some(found)
}

/// Whether text ends within a tag of XML.
fn in_tag(text: &str) -> bool {
    text.rfind('<') > text.rfind('>') || !text.contains('<')
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::request::Request;
    use proptest::prelude::*;

    #[test]
    fn values_are_read_by_their_type() {
        let request = Request::get("/ows?Width=12&x=nan&flag=true&empty=&list=a,,b&bad=%FF");
        let kvp = Kvp::new(request.head());
        assert_eq!(kvp.parsed::<u32>("WIDTH", "a width").unwrap(), Some(12));
        assert_eq!(kvp.number("X").unwrap_err().locator(), Some("X"));
        assert_eq!(kvp.truth("FLAG").unwrap(), Some(true));
        assert_eq!(kvp.text("EMPTY").unwrap(), None);
        assert_eq!(kvp.list("LIST").unwrap().unwrap(), ["a", "", "b"]);
        assert_eq!(kvp.text("BAD").unwrap_err().kind(), Kind::InvalidParameter);
        assert_eq!(kvp.required("NONE").unwrap_err().kind(), Kind::MissingParameter);
    }

    #[test]
    fn groups_are_split_at_their_brackets() {
        assert_eq!(groups("(a,b)(c)").unwrap(), ["a,b", "c"]);
        assert_eq!(groups("a,b").unwrap(), ["a,b"]);
        assert_eq!(groups("(f(a),b),(c)").unwrap(), ["f(a),b", "c"]);
        assert_eq!(groups("(<a b=\"(\">don't</a>)(<b/>)").unwrap(), ["<a b=\"(\">don't</a>", "<b/>"]);
        assert_eq!(groups("()").unwrap(), [""]);
        for bad in ["(a", "(a))", "(a)b"] {
            assert!(groups(bad).is_none(), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn no_value_panics(text in "[()<>'\",a \u{e4}]{0,40}") {
            let _ = groups(&text);
        }
    }
}
