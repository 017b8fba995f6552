//! What is declared is enforced: every parameter of a request against its description.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::Value;

use crate::error::{Error, Kind, Result};
use crate::message::parameters::{Origin, Parameters};

use super::param::{Param, as_text};

/// The values of a request's parameters that passed, by name.
pub(crate) type Values = BTreeMap<String, String>;

/// Checks the parameters of a request; `ignored` says which unknown names are let through.
pub(crate) fn check(
    params: &[Arc<Param>],
    given: &Parameters,
    path: &[(String, String)],
    ignored: impl Fn(&str) -> bool,
) -> Result<Values> {
    let mut values = Values::new();
    for (name, value) in path {
        let declared = params.iter().find(|param| param.in_path && param.name == *name);
        let value = declared.map_or_else(|| Ok(value.clone()), |param| param.check(value))?;
        values.insert(name.clone(), value);
    }
    // Fields of a form are of whoever reads them.
    for parameter in given.iter().filter(|parameter| parameter.origin != Origin::Form) {
        let name = &parameter.name;
        let Some(param) = declared(params, name) else {
            if name == "f" || parameter.origin == Origin::Filter || ignored(name) {
                continue;
            }
            return Err(unknown(params, name));
        };
        let wrong = |kind, what: String| Err(Error::new(kind, format!("parameter '{name}' {what}")).at(name.clone()));
        let Some(value) = &parameter.value else {
            return wrong(Kind::InvalidParameter, "is no UTF-8".to_owned());
        };
        if value.contains('\0') {
            return wrong(Kind::InvalidParameter, "has a null character".to_owned());
        }
        if values.contains_key(name) {
            return wrong(Kind::InvalidParameter, "is given more than once".to_owned());
        }
        if value.is_empty() && !param.may_be_empty {
            return wrong(Kind::InvalidParameter, format!("is empty, expected {}", expected(&param)));
        }
        let value = param.check(value)?;
        values.insert(name.clone(), value);
    }
    for param in params.iter().filter(|param| param.default.is_some() || param.required) {
        if values.contains_key(&param.name) {
            continue;
        }
        if let Some(default) = &param.default {
            values.insert(param.name.clone(), default.clone());
        } else {
            let message = format!("parameter '{}' is missing, expected {}", param.name, expected(param));
            return Err(Error::new(Kind::MissingParameter, message).at(param.name.clone()));
        }
    }
    Ok(values)
}

/// The description of a parameter of the query; that of a member, where it is one of an object.
pub(crate) fn declared(params: &[Arc<Param>], name: &str) -> Option<Arc<Param>> {
    let mut asked = params.iter().filter(|param| !param.in_path);
    let whole = asked.clone().find(|param| param.name == name && param.kind() != "object").cloned();
    whole.or_else(|| asked.find_map(|param| param.member(name)).map(Arc::new))
}

fn unknown(params: &[Arc<Param>], name: &str) -> Error {
    let asked = params.iter().filter(|param| !param.in_path);
    let known: Vec<String> = asked.map(|param| param.written()).chain(["f".to_owned()]).collect();
    let way_out = match known.iter().find(|other| other.eq_ignore_ascii_case(name)) {
        Some(right) => format!("it is written '{right}'"),
        None => format!("known here: {}", known.join(", ")),
    };
    Error::new(Kind::UnknownParameter, format!("parameter '{name}' is not known; {way_out}")).at(name)
}

impl Param {
    /// Checks one value; gives it back as it is to be read (a number above the maximum of a clamping parameter is lowered).
    pub(crate) fn check(&self, value: &str) -> Result<String> {
        let wrong = |kind| {
            let shown: String = value.chars().take(80).collect();
            let message = format!("parameter '{}' is '{shown}', expected {}", self.name, expected(self));
            Error::new(kind, message).at(self.name.clone())
        };
        if self.kind() == "array" {
            let items = self.schema.get("items").unwrap_or(&Value::Null);
            let count = value.split(',').count() as u64;
            let bound = |key: &str| self.schema.get(key).and_then(Value::as_u64);
            let fits =
                bound("minItems").is_none_or(|min| count >= min) && bound("maxItems").is_none_or(|max| count <= max);
            if !fits {
                return Err(wrong(Kind::InvalidParameter));
            }
            for item in value.split(',') {
                one(items, None, item).map_err(wrong)?;
            }
            return Ok(value.to_owned());
        }
        if self.clamps
            && let Some(maximum) = self.schema.get("maximum").and_then(Value::as_u64)
            && let Some(number) = whole(value)
            && number > i128::from(maximum)
        {
            return Ok(maximum.to_string());
        }
        one(&self.schema, self.pattern.as_ref(), value).map_err(wrong)?;
        Ok(value.to_owned())
    }
}

/// A whole number, however long: what is too large to be counted is as large as can be.
fn whole(text: &str) -> Option<i128> {
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) || text.starts_with('+') {
        return None;
    }
    Some(text.parse().unwrap_or(if text.starts_with('-') { i128::MIN } else { i128::MAX }))
}

/// Checks one scalar against a schema.
fn one(schema: &Value, pattern: Option<&regex::Regex>, text: &str) -> Result<(), Kind> {
    let kind = schema.get("type").and_then(Value::as_str).unwrap_or("string");
    match kind {
        "integer" => {
            let number = whole(text).ok_or(Kind::InvalidParameter)?;
            #[allow(clippy::cast_precision_loss)] // bounds of parameters are small
            range(schema, number as f64)?;
            i64::try_from(number).map_err(|_| Kind::OutOfRange)?;
        }
        "number" => {
            let number = text.parse::<f64>().ok().filter(|number| number.is_finite()).ok_or(Kind::InvalidParameter)?;
            range(schema, number)?;
        }
        "boolean" if !matches!(text, "true" | "false") => return Err(Kind::InvalidParameter),
        _ => {}
    }
    if let Some(choices) = schema.get("enum").and_then(Value::as_array)
        && !choices.iter().any(|choice| as_text(choice) == text)
    {
        return Err(Kind::InvalidParameter);
    }
    let length = |key: &str| schema.get(key).and_then(Value::as_u64);
    let characters = text.chars().count() as u64;
    if kind == "string"
        && (length("minLength").is_some_and(|min| characters < min)
            || length("maxLength").is_some_and(|max| characters > max))
    {
        return Err(Kind::InvalidParameter);
    }
    if pattern.is_some_and(|pattern| !pattern.is_match(text)) {
        return Err(Kind::InvalidParameter);
    }
    Ok(())
}

fn range(schema: &Value, number: f64) -> Result<(), Kind> {
    let bound = |key: &str| schema.get(key).and_then(Value::as_f64);
    let exclusive = |key: &str| schema.get(key).and_then(Value::as_bool).unwrap_or(false);
    let low = bound("minimum").is_none_or(|min| number > min || (number >= min && !exclusive("exclusiveMinimum")));
    let high = bound("maximum").is_none_or(|max| number < max || (number <= max && !exclusive("exclusiveMaximum")));
    if low && high { Ok(()) } else { Err(Kind::OutOfRange) }
}

/// What a value must be, in words.
pub(crate) fn expected(param: &Param) -> String {
    let schema = &param.schema;
    let get = |key: &str| schema.get(key);
    let mut words = vec![match (param.kind(), get("enum").and_then(Value::as_array)) {
        (_, Some(choices)) => {
            let choices: Vec<String> = choices.iter().map(as_text).collect();
            format!("one of {}", choices.join(", "))
        }
        ("array", _) => {
            let items = get("items").and_then(|items| items.get("type")).and_then(Value::as_str).unwrap_or("value");
            match (get("minItems"), get("maxItems")) {
                // A box has no five.
                (Some(min), Some(max)) if *min == 4 && *max == 6 => format!("4 or 6 {items}s with commas between"),
                (Some(min), Some(max)) => format!("{min} to {max} {items}s with commas between"),
                _ => format!("{items}s with commas between"),
            }
        }
        ("integer", _) => "an integer".to_owned(),
        ("number", _) => "a number".to_owned(),
        ("boolean", _) => "true or false".to_owned(),
        _ => match (get("minLength"), get("maxLength")) {
            (Some(min), Some(max)) => format!("text of {min} to {max} characters"),
            (Some(min), None) => format!("text of at least {min} characters"),
            (None, Some(max)) => format!("text of at most {max} characters"),
            (None, None) => "text".to_owned(),
        },
    }];
    let exclusive = |key: &str| get(key).and_then(Value::as_bool).unwrap_or(false);
    if let Some(min) = get("minimum") {
        words.push(format!("{} {min}", if exclusive("exclusiveMinimum") { "greater than" } else { "of at least" }));
    }
    if let Some(max) = get("maximum").filter(|_| !param.clamps) {
        let and = if get("minimum").is_some() { "and " } else { "" };
        words.push(format!("{and}{} {max}", if exclusive("exclusiveMaximum") { "less than" } else { "at most" }));
    }
    if let Some(pattern) = get("pattern").and_then(Value::as_str) {
        words.push(format!("that matches {pattern}"));
    }
    words.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    fn params() -> Vec<Arc<Param>> {
        let params = vec![
            Param::query("x", "", json!({"type": "number"})),
            Param::query("limit", "", json!({"type": "integer", "minimum": 1, "maximum": 100, "default": 10}))
                .clamping(),
            Param::query("r", "", json!({"type": "number", "minimum": 0, "exclusiveMinimum": true})),
            Param::query("kind", "", json!({"type": "string", "enum": ["a", "b"]})),
            Param::query(
                "list",
                "",
                json!({"type": "array", "items": {"type": "integer"}, "minItems": 2, "maxItems": 3}),
            ),
            Param::query("b", "", json!({"type": "boolean"})),
            Param::query("code", "", json!({"type": "string", "pattern": "^[A-Z]{2}$"})),
            Param::query("least", "", json!({"type": "object", "properties": {"a": {"type": "number"}, "b[c]": {}}})),
        ];
        params.into_iter().map(Arc::new).collect()
    }

    fn checked(query: &str) -> Result<Values, Kind> {
        check(&params(), &Parameters::parse(query, Origin::Query), &[], |name| name == "utm")
            .map_err(|error| error.kind())
    }

    #[test]
    fn what_is_declared_is_enforced() {
        let bad = [
            "x=abc",
            "x=",
            "x=nan",
            "x=inf",
            "x=1e400",
            "x=1&x=2",
            "y=1",
            "X=1",
            "limit=0",
            "limit=-1",
            "limit=1.5",
            "limit=+1",
            "r=0",
            "r=-1",
            "kind=c",
            "list=1",
            "list=1,2,3,4",
            "list=1,a",
            "b=yes",
            "code=abc",
            "x=%FF",
            "x=%00",
            "limit=99999999999999999999999999999999999999999999x",
            "least=1",
            "least[b]=1",
            "least[a]=b",
            "least[a]=",
            "least[a=1",
            "least[a]=1&least%5Ba%5D=2",
        ];
        for query in bad {
            assert!(checked(query).is_err(), "{query}");
        }
        for query in [
            "x=-1.5e3",
            "r=0.1",
            "kind=a",
            "list=1,2",
            "b=true",
            "code=AB",
            "utm=1",
            "f=json",
            "x=%2D1",
            "",
            "least%5Ba%5D=1&least[b[c]]=x",
        ] {
            assert!(checked(query).is_ok(), "{query}");
        }
    }

    #[test]
    fn a_limit_above_the_maximum_is_lowered() {
        for query in ["limit=101", "limit=99999999999999999999999999999999999999999999"] {
            assert_eq!(checked(query).unwrap()["limit"], "100", "{query}");
        }
        assert_eq!(checked("").unwrap()["limit"], "10");
    }

    #[test]
    fn the_message_names_the_parameter_and_the_way_out() {
        let message = |query: &str| {
            check(&params(), &Parameters::parse(query, Origin::Query), &[], |_| false).unwrap_err().message().to_owned()
        };
        assert_eq!(message("Limit=1"), "parameter 'Limit' is not known; it is written 'limit'");
        assert!(message("a=1").ends_with("code, least[…], f"), "{}", message("a=1"));
        assert_eq!(message("least[a]=x"), "parameter 'least[a]' is 'x', expected a number");
        assert_eq!(message("r=-1"), "parameter 'r' is '-1', expected a number greater than 0");
        assert_eq!(message("kind=c"), "parameter 'kind' is 'c', expected one of a, b");
        let text = Param::query("t", "", json!({"type": "string", "minLength": 2, "maxLength": 5}));
        assert_eq!(expected(&text), "text of 2 to 5 characters");
        let items = json!({"type": "array", "items": {"type": "number"}, "minItems": 4, "maxItems": 6});
        assert_eq!(expected(&Param::query("bbox", "", items)), "4 or 6 numbers with commas between");
    }

    proptest! {
        #[test]
        fn no_value_panics(query in "\\PC{0,60}") {
            let _ = checked(&query);
        }
    }
}
