//! Validates a JSON value against a schema of an OpenAPI 3.0 document. A keyword that is not known here fails the test, so
//! that nothing is passed over in silence.

use graticule::base::datetime::Instant;
use serde_json::{Map, Value};

/// What is wrong with a value, each with its place; empty where nothing is.
pub(crate) fn faults(document: &Value, schema: &Value, value: &Value) -> Vec<String> {
    let mut check = Check { document, faults: Vec::new() };
    check.value(schema, value, "$");
    check.faults
}

/// The value that a reference names; the document is one of its own.
pub(crate) fn resolve<'a>(document: &'a Value, reference: &str) -> Option<&'a Value> {
    document.pointer(reference.strip_prefix('#')?)
}

/// What a value refers to, or the value itself.
pub(crate) fn deref<'a>(document: &'a Value, value: &'a Value) -> &'a Value {
    match value.get("$ref").and_then(Value::as_str) {
        Some(reference) => resolve(document, reference).unwrap_or_else(|| panic!("{reference} leads nowhere")),
        None => value,
    }
}

struct Check<'a> {
    document: &'a Value,
    faults: Vec<String>,
}

impl Check<'_> {
    fn fault(&mut self, at: &str, what: impl std::fmt::Display) {
        self.faults.push(format!("{at}: {what}"));
    }

    fn value(&mut self, schema: &Value, value: &Value, at: &str) {
        if let Some(reference) = schema.get("$ref").and_then(Value::as_str) {
            match resolve(self.document, reference) {
                Some(schema) => self.value(schema, value, at),
                None => self.fault(at, format!("{reference} leads nowhere")),
            }
            return;
        }
        let Some(schema) = schema.as_object() else { return self.fault(at, "the schema is no object") };
        if value.is_null() && schema.get("nullable") == Some(&Value::Bool(true)) {
            return;
        }
        for (keyword, wanted) in schema {
            self.keyword(schema, keyword, wanted, value, at);
        }
    }

    fn keyword(&mut self, schema: &Map<String, Value>, keyword: &str, wanted: &Value, value: &Value, at: &str) {
        let size = value.as_array().map(Vec::len);
        let length = value.as_str().map(|text| text.chars().count());
        let bound = wanted.as_u64().and_then(|number| usize::try_from(number).ok());
        let exclusive = |name: &str| schema.get(name) == Some(&Value::Bool(true));
        let number = value.as_f64().zip(wanted.as_f64());
        let fine = match keyword {
            "type" => has_type(wanted.as_str().unwrap_or_default(), value),
            "enum" => wanted.as_array().is_some_and(|choices| choices.contains(value)),
            "required" => {
                let names = wanted.as_array().into_iter().flatten().filter_map(Value::as_str);
                value.as_object().is_none_or(|object| names.into_iter().all(|name| object.contains_key(name)))
            }
            "minimum" => number.is_none_or(|(it, least)| it > least || (it == least && !exclusive("exclusiveMinimum"))),
            "maximum" => number.is_none_or(|(it, most)| it < most || (it == most && !exclusive("exclusiveMaximum"))),
            "minItems" => size.is_none_or(|size| Some(size) >= bound),
            "maxItems" => size.is_none_or(|size| bound.is_some_and(|most| size <= most)),
            "minLength" => length.is_none_or(|length| Some(length) >= bound),
            "maxLength" => length.is_none_or(|length| bound.is_some_and(|most| length <= most)),
            "format" => value.as_str().is_none_or(|text| wanted != "date-time" || Instant::parse(text).is_some()),
            "properties" | "items" | "additionalProperties" | "allOf" => {
                self.parts(schema, keyword, wanted, value, at);
                true
            }
            "anyOf" | "oneOf" => {
                let choices = wanted.as_array().into_iter().flatten();
                let fitting = choices.filter(|choice| faults(self.document, choice, value).is_empty()).count();
                if keyword == "oneOf" { fitting == 1 } else { fitting > 0 }
            }
            "title" | "description" | "example" | "default" | "nullable" | "exclusiveMinimum" | "exclusiveMaximum"
            | "pattern" | "readOnly" | "deprecated" | "externalDocs" | "discriminator" | "uniqueItems" => true,
            other => return self.fault(at, format!("OpenAPI 3.0 has no keyword '{other}'")),
        };
        if !fine {
            let shown: String = value.to_string().chars().take(120).collect();
            self.fault(at, format!("{shown} does not fit {keyword} {wanted}"));
        }
    }

    fn parts(&mut self, schema: &Map<String, Value>, keyword: &str, wanted: &Value, value: &Value, at: &str) {
        match (keyword, value) {
            ("allOf", _) => {
                for part in wanted.as_array().into_iter().flatten() {
                    self.value(part, value, at);
                }
            }
            ("items", Value::Array(items)) => {
                for (index, item) in items.iter().enumerate() {
                    self.value(wanted, item, &format!("{at}[{index}]"));
                }
            }
            ("properties", Value::Object(object)) => {
                for (name, schema) in wanted.as_object().into_iter().flatten() {
                    if let Some(value) = object.get(name) {
                        self.value(schema, value, &format!("{at}.{name}"));
                    }
                }
            }
            ("additionalProperties", Value::Object(object)) => {
                let declared = schema.get("properties").and_then(Value::as_object);
                for (name, value) in
                    object.iter().filter(|(name, _)| declared.is_none_or(|all| !all.contains_key(*name)))
                {
                    match wanted {
                        Value::Bool(true) => {}
                        Value::Bool(false) => self.fault(at, format!("'{name}' is not declared")),
                        schema => self.value(schema, value, &format!("{at}.{name}")),
                    }
                }
            }
            _ => {}
        }
    }
}

fn has_type(name: &str, value: &Value) -> bool {
    match name {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "boolean" => value.is_boolean(),
        "number" => value.is_number(),
        "integer" => value.is_i64() || value.is_u64() || value.as_f64().is_some_and(|number| number.fract() == 0.0),
        _ => false,
    }
}
