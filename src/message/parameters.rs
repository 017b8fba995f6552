//! The parameters of a request, in their order and their spelling: found exactly (OGC APIs) or whatever the case (OWS).

use std::borrow::Cow;

use percent_encoding::percent_decode_str;

/// Where a parameter came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// The query string.
    Query,
    /// The body of a form.
    Form,
    /// The root element of an XML body.
    Xml,
    /// A whole body that stands for it, too long for a link: it counts as one of the query, but stands in none.
    Body,
    /// A filter added it: it is exempt from the rule on unknown parameters and never stands in links.
    Filter,
}

/// One parameter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parameter {
    /// Name, decoded.
    pub name: String,
    /// Value, decoded; `None` where it is no UTF-8.
    pub value: Option<String>,
    /// Name and value as they came, percent-encoded: links keep them so.
    pub raw: String,
    /// Where it came from.
    pub origin: Origin,
}

/// All parameters of a request.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Parameters(Vec<Parameter>);

/// Percent- and plus-decodes; `None` where the result is no UTF-8.
fn decode(text: &str) -> Option<String> {
    let spaced = if text.contains('+') { Cow::Owned(text.replace('+', " ")) } else { Cow::Borrowed(text) };
    percent_decode_str(&spaced).decode_utf8().ok().map(Cow::into_owned)
}

impl Parameters {
    /// Reads a query string or the body of a form.
    pub fn parse(text: &str, origin: Origin) -> Self {
        let pairs = text.split('&').filter(|pair| !pair.is_empty());
        Self(
            pairs
                .map(|pair| {
                    let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
                    let name = decode(name).unwrap_or_else(|| name.to_owned());
                    Parameter { name, value: decode(value), raw: pair.to_owned(), origin }
                })
                .collect(),
        )
    }

    /// All of them, in order.
    pub fn iter(&self) -> impl Iterator<Item = &Parameter> {
        self.0.iter()
    }

    /// The first with exactly this name.
    pub fn get(&self, name: &str) -> Option<&Parameter> {
        self.0.iter().find(|parameter| parameter.name == name)
    }

    /// The value of the first with this name, whatever its case, as OWS reads it.
    pub fn value_of(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|parameter| parameter.name.eq_ignore_ascii_case(name)).and_then(|it| it.value.as_deref())
    }

    /// Takes those away for which `keep` says no.
    pub fn retain(&mut self, keep: impl FnMut(&Parameter) -> bool) {
        self.0.retain(keep);
    }

    /// Adds one that a body or a filter tells.
    pub fn push(&mut self, name: &str, value: String, origin: Origin) {
        self.0.push(Parameter { name: name.to_owned(), value: Some(value), raw: String::new(), origin });
    }

    /// Adds one as if the query had it, so that links have it as well.
    pub fn push_query(&mut self, name: &str, value: String) {
        let raw = format!("{name}={}", percent_encoding::utf8_percent_encode(&value, super::request::COMPONENT));
        self.0.push(Parameter { name: name.to_owned(), value: Some(value), raw, origin: Origin::Query });
    }

    /// Takes a parameter away, whatever its case.
    pub fn remove(&mut self, name: &str) {
        self.0.retain(|parameter| !parameter.name.eq_ignore_ascii_case(name));
    }

    /// Adds the parameters of a form after those of the query.
    pub fn extend(&mut self, other: Parameters) {
        self.0.extend(other.0);
    }

    /// Sets a parameter in place, or adds it at the end, as a filter does. One that is there keeps its spelling, and links
    /// keep what the client sent: the filter will change that again.
    pub fn set(&mut self, name: &str, value: &str) {
        match self.0.iter_mut().find(|parameter| parameter.name.eq_ignore_ascii_case(name)) {
            Some(found) => found.value = Some(value.to_owned()),
            None => self.push(name, value.to_owned(), Origin::Filter),
        }
    }

    /// The query string of a link: the parameters of the client as they came, without those named, followed by others.
    pub fn query(&self, without: &[&str], more: &[(&str, &str)]) -> String {
        let mut query = String::with_capacity(64);
        let kept = self.0.iter().filter(|it| it.origin == Origin::Query && !without.contains(&it.name.as_str()));
        let join = |query: &mut String| query.push(if query.is_empty() { '?' } else { '&' });
        for parameter in kept {
            join(&mut query);
            query.push_str(&parameter.raw);
            if !parameter.raw.contains('=') {
                query.push('=');
            }
        }
        for (name, value) in more {
            join(&mut query);
            query.extend([name, "="]);
            query.extend(percent_encoding::utf8_percent_encode(value, super::request::COMPONENT));
        }
        query
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn values_are_decoded_and_links_keep_what_came() {
        let parameters = Parameters::parse("bbox=1%2C2%2c3,4&name=a+b%20c&limit=5&x", Origin::Query);
        assert_eq!(parameters.get("bbox").unwrap().value.as_deref(), Some("1,2,3,4"));
        assert_eq!(parameters.get("name").unwrap().value.as_deref(), Some("a b c"));
        assert_eq!(parameters.query(&["limit"], &[("offset", "10")]), "?bbox=1%2C2%2c3,4&name=a+b%20c&x=&offset=10");
        assert_eq!(parameters.value_of("LIMIT"), Some("5"));
        assert!(parameters.get("LIMIT").is_none());
    }

    /// As the URL standard decodes: an escape that is none is what it looks like.
    #[test]
    fn a_broken_escape_is_taken_as_it_stands() {
        let parameters = Parameters::parse("t=%zz&u=5%&v=%2", Origin::Query);
        let value = |name| parameters.get(name).and_then(|it| it.value.as_deref());
        assert_eq!((value("t"), value("u"), value("v")), (Some("%zz"), Some("5%"), Some("%2")));
    }

    #[test]
    fn what_a_filter_adds_is_never_in_links() {
        let mut parameters = Parameters::parse("a=1", Origin::Query);
        parameters.set("TEST_NEW_PARAM", "x y");
        assert_eq!(parameters.query(&[], &[]), "?a=1");
        assert_eq!(parameters.value_of("test_new_param"), Some("x y"));
        parameters.set("A", "2");
        assert_eq!(parameters.get("a").and_then(|it| it.value.as_deref()), Some("2"));
        assert_eq!(parameters.query(&[], &[]), "?a=1");
    }

    proptest! {
        #[test]
        fn no_query_panics(text in "\\PC{0,60}") {
            let parameters = Parameters::parse(&text, Origin::Query);
            let _ = parameters.query(&["a"], &[]);
        }
    }
}
