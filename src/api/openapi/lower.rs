//! From OpenAPI 3.1, which utoipa writes, down to 3.0, which the conformance class `oas30` wants: one pure function.

use serde_json::{Map, Value};

/// Lowers a schema in place. Null is stripped rather than made `nullable`: a parameter that is left out is left out, and
/// clients of `nullable` send the word null.
pub(crate) fn lower(schema: &mut Value) {
    match schema {
        Value::Array(items) => items.iter_mut().for_each(lower),
        Value::Object(object) => {
            lower_object(object);
            object.values_mut().for_each(lower);
        }
        _ => {}
    }
}

fn lower_object(object: &mut Map<String, Value>) {
    if let Some(Value::Array(types)) = object.get_mut("type") {
        types.retain(|name| name != "null");
        if let [one] = types.as_slice() {
            let one = one.clone();
            object.insert("type".into(), one);
        }
    }
    for key in ["oneOf", "anyOf"] {
        if let Some(Value::Array(choices)) = object.get_mut(key) {
            choices.retain(|choice| choice.get("type").is_none_or(|name| name != "null"));
            if let [Value::Object(one)] = choices.as_slice() {
                let one = one.clone();
                object.remove(key);
                object.extend(one);
            }
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
}
