//! From OpenAPI 3.1, which utoipa writes, down to 3.0, which the conformance class `oas30` wants: one pure function.

use serde_json::{Map, Value};

/// What becomes of null, which 3.0 has as a word beside the type.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Nulls {
    Stripped,
    Kept,
}

/// Lowers the schema of a parameter in place. Null is stripped: a parameter that is left out is left out, and clients of
/// `nullable` send the word null.
pub(crate) fn lower(schema: &mut Value) {
    walk(schema, Nulls::Stripped);
}

/// Lowers the schema of a reply in place: what may be null says so.
pub(crate) fn lower_reply(schema: &mut Value) {
    walk(schema, Nulls::Kept);
}

fn walk(schema: &mut Value, nulls: Nulls) {
    match schema {
        Value::Array(items) => items.iter_mut().for_each(|item| walk(item, nulls)),
        Value::Object(object) => {
            lower_object(object, nulls);
            for (key, value) in object.iter_mut() {
                match value {
                    // Their names are words of whoever wrote the type: one may be called `const`.
                    Value::Object(named) if key == "properties" => {
                        named.values_mut().for_each(|value| walk(value, nulls));
                    }
                    _ if ["default", "enum", "example"].contains(&key.as_str()) => {}
                    _ => walk(value, nulls),
                }
            }
        }
        _ => {}
    }
}

fn lower_object(object: &mut Map<String, Value>, nulls: Nulls) {
    let mut has_null = false;
    if let Some(Value::Array(types)) = object.get_mut("type") {
        let before = types.len();
        types.retain(|name| name != "null");
        has_null = types.len() < before;
        if let [one] = types.as_slice() {
            let one = one.clone();
            object.insert("type".into(), one);
        }
    }
    for key in ["oneOf", "anyOf"] {
        if let Some(Value::Array(choices)) = object.get_mut(key) {
            let before = choices.len();
            choices.retain(|choice| choice.get("type").is_none_or(|name| name != "null"));
            has_null |= choices.len() < before;
            if let [Value::Object(one)] = choices.as_slice() {
                let one = one.clone();
                object.remove(key);
                if has_null && nulls == Nulls::Kept && one.contains_key("$ref") {
                    // Nothing beside a reference is read.
                    object.insert("allOf".into(), Value::Array(vec![one.into()]));
                } else {
                    object.extend(one);
                }
            }
        }
    }
    if has_null && nulls == Nulls::Kept {
        object.insert("nullable".into(), true.into());
        if let Some(Value::Array(choices)) = object.get_mut("enum") {
            choices.push(Value::Null);
        }
    }
    for (exclusive, bound) in [("exclusiveMinimum", "minimum"), ("exclusiveMaximum", "maximum")] {
        if let Some(number) = object.get(exclusive).filter(|value| value.is_number()).cloned() {
            object.insert(bound.into(), number);
            object.insert(exclusive.into(), true.into());
        }
    }
    if let Some(constant) = object.remove("const") {
        object.insert("enum".into(), Value::Array(vec![constant]));
    }
    if let Some(Value::Array(examples)) = object.remove("examples") {
        object.extend(examples.into_iter().next().map(|first| ("example".to_owned(), first)));
    }
    object.remove("propertyNames");
    object.remove("$schema");
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_3_0_does_not_know_is_said_otherwise() {
        let mut schema = json!({
            "type": ["integer", "null"], "exclusiveMinimum": 0,
            "properties": {"a": {"oneOf": [{"type": "null"}, {"$ref": "#/components/schemas/A"}]}, "b": {"const": 1}},
        });
        lower(&mut schema);
        assert_eq!(
            schema,
            json!({
                "type": "integer", "exclusiveMinimum": true, "minimum": 0,
                "properties": {"a": {"$ref": "#/components/schemas/A"}, "b": {"enum": [1]}},
            })
        );
    }

    #[test]
    fn what_may_be_null_in_a_reply_says_so() {
        let mut schema = json!({
            "type": "object",
            "properties": {
                "a": {"oneOf": [{"type": "null"}, {"$ref": "#/components/schemas/A"}], "description": "An A"},
                "b": {"type": ["number", "null"]},
                "c": {"oneOf": [{"type": "null"}, {"type": "string", "enum": ["x"]}]},
                "const": {"type": "array", "items": {"type": ["string", "null"]}},
            },
        });
        lower_reply(&mut schema);
        let expected = json!({
            "type": "object",
            "properties": {
                "a": {"allOf": [{"$ref": "#/components/schemas/A"}], "nullable": true, "description": "An A"},
                "b": {"type": "number", "nullable": true},
                "c": {"type": "string", "enum": ["x", null], "nullable": true},
                "const": {"type": "array", "items": {"type": "string", "nullable": true}},
            },
        });
        assert_eq!(schema, expected);
    }
}
