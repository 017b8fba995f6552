//! A JSON Schema as a reply, with a page of its properties.

use serde_json::{Map, Value, json};

use crate::base::format::Format;
use crate::error::{Error, Result};
use crate::message::response::Response;

use super::super::html;
use super::{Described, Rendering, Reply};

/// A JSON Schema (2020-12) of an object. It is its own `$id`.
pub struct JsonSchema {
    /// The schema, without `$schema` and `$id`.
    pub schema: Map<String, Value>,
}

impl Reply for JsonSchema {
    fn describe() -> Described {
        Described {
            formats: vec![Format::SchemaJson, Format::Html],
            schema: json!({ "$ref": "#/components/schemas/JsonSchema" }),
            components: vec![(
                "JsonSchema".to_owned(),
                json!({
                    "type": "object", "description": "A JSON Schema (2020-12)", "required": ["type", "properties"],
                    "properties": {
                        "$schema": { "type": "string" }, "$id": { "type": "string" },
                        "type": { "type": "string", "enum": ["object"] }, "title": { "type": "string" },
                        "properties": { "type": "object", "additionalProperties": { "type": "object" } },
                    },
                }),
            )],
        }
    }

    async fn render(self, rendering: Rendering) -> Result<Response> {
        let mut whole = Map::new();
        whole.insert("$schema".to_owned(), "https://json-schema.org/draft/2020-12/schema".into());
        whole.insert("$id".to_owned(), rendering.url(&["f"], &[]).into());
        whole.extend(self.schema);
        let whole = Value::Object(whole);
        if rendering.format == Format::Html {
            return html::page(&rendering, &whole, None, Map::new());
        }
        Ok(rendering.response(serde_json::to_vec(&whole).map_err(Error::internal)?))
    }
}
