//! Parameters: one description that documents a parameter and is enforced, read off utoipa's schema of a handler's struct
//! or made at run time (a collection's properties).

use serde_json::{Map, Value, json};
use utoipa::IntoParams;
use utoipa::openapi::path::ParameterIn;

use super::openapi::lower::lower;

/// A parameter of an operation.
#[derive(Clone, Debug)]
#[allow(clippy::struct_excessive_bools)] // each is a word of its description
pub struct Param {
    pub(crate) name: String,
    pub(crate) description: String,
    pub(crate) required: bool,
    /// Whether it stands in the path.
    pub(crate) in_path: bool,
    /// The OpenAPI 3.0 schema.
    pub(crate) schema: Value,
    /// The value where the client gives none.
    pub(crate) default: Option<String>,
    /// Whether a number above the maximum is lowered to it, as the standard demands of `limit`.
    pub(crate) clamps: bool,
    /// Whether the empty text is a value; else it is refused.
    pub(crate) may_be_empty: bool,
    pub(crate) pattern: Option<regex::Regex>,
}

impl Param {
    /// An optional parameter of the query with a JSON Schema of its value: type, enum, minimum, maximum, pattern … One of
    /// type `object` stands for a parameter for each of its `properties`, which is written `name[property]`.
    pub fn query(name: impl Into<String>, description: impl Into<String>, schema: Value) -> Self {
        let mut param = Self {
            name: name.into(),
            description: description.into(),
            required: false,
            in_path: false,
            schema,
            default: None,
            clamps: false,
            may_be_empty: false,
            pattern: None,
        };
        param.settle();
        param
    }

    /// Takes the empty text as a value. A page's form that leaves the field empty still means nothing by it.
    #[must_use]
    pub fn or_empty(mut self) -> Self {
        self.may_be_empty = true;
        self
    }

    /// Lowers numbers above the maximum instead of refusing them.
    #[must_use]
    pub fn clamping(mut self) -> Self {
        self.clamps = true;
        self
    }

    /// What in its own description does not go together.
    pub(crate) fn contradiction(&self) -> Option<String> {
        if self.name == "f" && !self.in_path {
            return Some("the parameter 'f' is the framework's own: it chooses the format".to_owned());
        }
        let bound = |key: &str| self.schema.get(key).and_then(Value::as_f64);
        if let (Some(least), Some(most)) = (bound("minimum"), bound("maximum"))
            && least > most
        {
            return Some(format!("parameter '{}': its minimum {least} is above its maximum {most}", self.name));
        }
        let default = self.default.as_ref()?;
        let error = self.check(default).err()?;
        Some(format!("parameter '{}': its default is not allowed: {error}", self.name))
    }

    /// Takes what is checked often out of the schema; a default that the schema states makes the parameter optional.
    fn settle(&mut self) {
        self.default = self.schema.get("default").map(as_text);
        self.required &= self.default.is_none();
        self.pattern = self.schema.get("pattern").and_then(Value::as_str).and_then(|text| regex::Regex::new(text).ok());
    }

    /// The parameter of one member of an object, where it has one of this name: `at-least[height]` of `at-least`.
    pub(crate) fn member(&self, name: &str) -> Option<Self> {
        let member = name.strip_prefix(self.name.as_str())?.strip_prefix('[')?.strip_suffix(']')?;
        let schema = self.schema.get("properties")?.get(member)?;
        (self.kind() == "object").then(|| Self::query(name, self.description.clone(), schema.clone()))
    }

    /// Its name as a client writes it.
    pub(crate) fn written(&self) -> String {
        if self.kind() == "object" { format!("{}[…]", self.name) } else { self.name.clone() }
    }

    /// The type of the value in words of JSON Schema.
    pub(crate) fn kind(&self) -> &str {
        self.schema.get("type").and_then(Value::as_str).unwrap_or("string")
    }

    /// The parameter object of an OpenAPI document.
    pub(crate) fn openapi(&self) -> Value {
        let mut object = Map::new();
        object.insert("name".into(), self.name.clone().into());
        object.insert("in".into(), if self.in_path { "path" } else { "query" }.into());
        if !self.description.is_empty() {
            object.insert("description".into(), self.description.clone().into());
        }
        object.insert("required".into(), (self.required || self.in_path).into());
        object.insert("schema".into(), self.schema.clone());
        let style = match self.kind() {
            "object" => "deepObject",
            _ if self.in_path => "simple",
            _ => "form",
        };
        object.insert("style".into(), style.into());
        object.insert("explode".into(), (style == "deepObject").into());
        Value::Object(object)
    }

    /// What a template is told of it.
    pub(crate) fn words(&self, given: Option<&str>) -> Value {
        let mut words = json!({
            "name": self.name, "description": self.description, "required": self.required || self.in_path,
            "type": self.kind(), "in": if self.in_path { "path" } else { "query" },
        });
        for key in ["format", "enum", "default", "minimum", "maximum", "exclusiveMinimum", "pattern"] {
            if let Some(value) = self.schema.get(key) {
                words[key] = value.clone();
            }
        }
        if words.get("exclusiveMinimum").is_some_and(|exclusive| *exclusive == true) {
            // OpenAPI 3.0 has a bound and a word; a form needs the number.
            words["exclusiveMinimum"] = words["minimum"].take();
        }
        if let Some(given) = given {
            words["value"] = given.into();
        }
        words
    }
}

/// Reads the fields of a handler's struct; fields that are groups of the path are path parameters. Every fault is told.
pub(crate) fn read<P: IntoParams>(groups: &[String], faults: &mut Vec<String>) -> Vec<Param> {
    let described = P::into_params(|| Some(ParameterIn::Query));
    let mut params = Vec::new();
    for parameter in described {
        let Ok(object) = serde_json::to_value(&parameter) else { continue };
        let name = parameter.name;
        let raw = object.get("schema").cloned().unwrap_or_else(|| json!({}));
        let nullable = raw.to_string().contains("\"null\"");
        let mut schema = raw;
        lower(&mut schema);
        join_parts(&mut schema);
        if schema.to_string().contains("\"$ref\"") {
            faults.push(format!("parameter '{name}': its schema is a reference; write #[param(inline)] on the field"));
        }
        if let Some(text) = schema.get("pattern").and_then(Value::as_str)
            && let Err(cause) = regex::Regex::new(text)
        {
            faults.push(format!("parameter '{name}': its pattern is no regular expression: {cause}"));
        }
        let in_path = groups.contains(&name);
        let required = object.get("required").and_then(Value::as_bool).unwrap_or(false);
        let mut param = Param {
            description: parameter.description.unwrap_or_default().trim().to_owned(),
            required: required && !nullable,
            ..Param::query(name, "", schema)
        };
        param.in_path = in_path;
        param.settle();
        if !param.required && !nullable && param.default.is_none() && !in_path {
            faults.push(format!(
                "parameter '{}': a default that only serde knows is not documented; write #[param(default = …)]",
                param.name
            ));
        }
        params.push(param);
    }
    for group in groups {
        if !params.iter().any(|param| param.name == *group) {
            faults.push(format!("the path has a group '{group}' that is no field of the parameters"));
        }
    }
    params
}

/// utoipa writes a type of its own that has a default as `allOf` of the type and an object with the default: one schema again.
fn join_parts(schema: &mut Value) {
    let Some(Value::Array(parts)) = schema.as_object_mut().and_then(|object| object.remove("allOf")) else { return };
    for (key, value) in parts.into_iter().filter_map(|part| part.as_object().cloned()).flatten() {
        if schema.get(&key).is_none() {
            schema[key] = value;
        }
    }
}

/// A value as a client writes it in a query.
pub(crate) fn as_text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;
    use utoipa::ToSchema;

    #[derive(ToSchema)]
    #[schema(rename_all = "lowercase")]
    #[allow(dead_code)] // only its schema is read
    enum Unit {
        Celsius,
        Fahrenheit,
    }

    #[derive(IntoParams)]
    #[allow(dead_code)] // only its schema is read
    struct Question {
        /// Unit of the answer
        #[param(inline, default = "celsius")]
        unit: Unit,
    }

    #[test]
    fn a_choice_may_have_a_default() {
        let mut faults = Vec::new();
        let params = read::<Question>(&[], &mut faults);
        assert_eq!(faults, Vec::<String>::new());
        assert_eq!((params[0].required, params[0].default.as_deref()), (false, Some("celsius")));
        assert_eq!(
            params[0].schema,
            json!({ "type": "string", "enum": ["celsius", "fahrenheit"], "default": "celsius" })
        );
    }
}
