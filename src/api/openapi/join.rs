//! The document of the whole server: those of all APIs in one.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

/// One API's part: its root, a word that tells its names from others', its document.
pub struct Part {
    /// Root of the API's paths.
    pub root: String,
    /// The document.
    pub document: Value,
}

/// Joins documents: paths get their root, operation ids that are taken get the root as prefix, and components of the same
/// name that differ are renamed.
pub fn join(info: &Value, server: &str, parts: Vec<Part>) -> Value {
    let mut paths = Map::new();
    let mut components: Map<String, Value> = Map::new();
    let mut ids = BTreeSet::new();
    // The same in all of them: it is the server's.
    let security = parts.iter().find_map(|part| part.document.get("security").cloned());
    for mut part in parts {
        let word: String = part.root.chars().filter(char::is_ascii_alphanumeric).collect();
        let own = part.document["components"].take();
        for (kind, named) in own.as_object().into_iter().flatten() {
            for (name, value) in named.as_object().into_iter().flatten() {
                let kept = components.entry(kind.clone()).or_insert_with(|| json!({}));
                if kept.get(name).is_none_or(|other| other == value) {
                    kept[name] = value.clone();
                    continue;
                }
                let renamed = format!("{word}_{name}");
                let (old, new) = (format!("#/components/{kind}/{name}"), format!("#/components/{kind}/{renamed}"));
                refer(&mut part.document, &old, &new);
                kept[&renamed] = value.clone();
            }
        }
        for (path, mut item) in part.document["paths"].as_object().cloned().unwrap_or_default() {
            for operation in item.as_object_mut().into_iter().flat_map(Map::values_mut) {
                let id = operation["operationId"].as_str().unwrap_or_default().to_owned();
                let id = if ids.contains(&id) { format!("{word}.{id}") } else { id };
                ids.insert(id.clone());
                operation["operationId"] = id.into();
            }
            let path = format!("{}{}", part.root, if path == "/" && !part.root.is_empty() { "" } else { &path });
            paths.insert(path, item);
        }
    }
    let mut joined = json!({ "openapi": "3.0.3", "info": info, "servers": [{ "url": server }], "paths": paths, "components": components });
    if let Some(security) = security {
        joined["security"] = security;
    }
    joined
}

/// Changes every reference to `old` into one to `new`.
fn refer(value: &mut Value, old: &str, new: &str) {
    match value {
        Value::Object(object) => {
            for (key, value) in object.iter_mut() {
                if key == "$ref" && value == old {
                    *value = new.into();
                } else {
                    refer(value, old, new);
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| refer(item, old, new)),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_clash_are_told_apart() {
        let document = |schema: &str| {
            json!({
                "paths": { "/": { "get": { "operationId": "a", "x": { "$ref": "#/components/schemas/S" } } } },
                "components": { "schemas": { "S": { "type": schema }, "Same": {} } },
            })
        };
        let parts = vec![
            Part { root: "/one".to_owned(), document: document("string") },
            Part { root: "/two".to_owned(), document: document("integer") },
        ];
        let joined = join(&json!({}), "http://h", parts);
        assert_eq!(joined["paths"]["/one"]["get"]["operationId"], "a");
        assert_eq!(joined["paths"]["/two"]["get"]["operationId"], "two.a");
        assert_eq!(joined["components"]["schemas"]["S"]["type"], "string");
        let renamed = joined["components"]["schemas"].as_object().unwrap();
        assert!(renamed.contains_key("two_S") && renamed.contains_key("Same"));
    }
}
