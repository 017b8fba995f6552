//! The OpenAPI document of an API: from its routes, and from nothing else.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Map, Value, json};

use crate::base::format::Format;
use crate::server::context::Context;
use crate::web::problem::{self, Problem};

use super::ogc_api::OgcApi;
use super::param::Param;
use super::reply::Described;
use super::route::Route;

pub mod join;
pub(crate) mod lower;

/// Answers that any operation may give besides its own.
const FAULTS: [(&str, &str); 5] = [
    ("400", "A parameter is missing, unknown, or not as described"),
    ("404", "There is no such thing"),
    ("406", "It is not offered in the format that was asked for"),
    ("500", "The server failed"),
    ("503", "The server cannot answer now"),
];

/// Answers besides, of an operation that takes a body.
const BODY_FAULTS: [(&str, &str); 2] =
    [("413", "The body is larger than allowed"), ("415", "The body's media type is not understood")];

/// Makes the document of an API.
pub(crate) fn document(api: &OgcApi, cx: &Context) -> Value {
    let mut paths: Map<String, Value> = Map::new();
    let mut schemas = BTreeMap::new();
    let mut parameters = Shared::default();
    for (name, schema) in Described::json::<Problem>(&[]).components {
        schemas.insert(name, schema);
    }
    for route in api.routes().iter().filter(|route| !route.hidden) {
        for (name, schema) in &route.reply.components {
            schemas.entry(name.clone()).or_insert_with(|| schema.clone());
        }
        let Some(pattern) = &route.pattern else { continue };
        let method = route.method.as_str().to_ascii_lowercase();
        let mut add = |path: String, operation: Value| {
            let path = if path.is_empty() { "/".to_owned() } else { path };
            paths.entry(path).or_insert_with(|| json!({}))[&method] = operation;
        };
        match &route.dynamic {
            None => {
                let mut operation = operation(route, &route.params, None, &mut parameters);
                if route.open && !cx.security().schemes.is_empty() {
                    operation["security"] = json!([]);
                }
                add(pattern.template.clone(), operation);
            }
            Some(dynamic) => {
                for value in (dynamic.values)(cx) {
                    let segment =
                        percent_encoding::utf8_percent_encode(&value, crate::message::request::COMPONENT).to_string();
                    let path = pattern.template.replace(&format!("{{{}}}", dynamic.group), &segment);
                    let mut params = route.params_for(cx, Some(&value));
                    params.retain(|param| param.name != dynamic.group);
                    add(path, operation(route, &params, Some(&value), &mut parameters));
                }
            }
        }
    }
    let info = api.info();
    let project = cx.project();
    let mut about = json!({
        "title": if cx.root() == "" { project.title.clone() } else { info.title.clone() },
        "description": info.description, "version": info.version,
    });
    if let Some(contact) = &project.contact {
        about["contact"] = json!(contact);
    }
    if let Some(license) = &project.license {
        about["license"] = json!(license);
    }
    let responses: Map<String, Value> =
        FAULTS.iter().map(|(status, what)| (format!("Problem{status}"), fault(what))).collect();
    let server = format!("{}{}", cx.project_url(), cx.root());
    let mut document = json!({
        "openapi": "3.0.3",
        "info": about,
        "servers": [{ "url": server }],
        "paths": paths,
        "components": { "schemas": schemas, "parameters": parameters.0, "responses": responses },
    });
    cx.security().describe(&mut document);
    document
}

/// Parameters that stand in several operations are told once.
#[derive(Default)]
struct Shared(BTreeMap<String, Value>);

impl Shared {
    /// A reference to the parameter, or the parameter itself where another has its name.
    fn refer(&mut self, param: &Value) -> Value {
        let name: String =
            param["name"].as_str().unwrap_or_default().chars().filter(char::is_ascii_alphanumeric).collect();
        let spelled = param["name"].as_str() == Some(name.as_str()) && !name.is_empty();
        if spelled && self.0.entry(name.clone()).or_insert_with(|| param.clone()) == param {
            return json!({ "$ref": format!("#/components/parameters/{name}") });
        }
        param.clone()
    }
}

fn operation(route: &Route, params: &[Arc<Param>], value: Option<&str>, shared: &mut Shared) -> Value {
    let is_told = |param: &&Arc<Param>| !route.body.is_some_and(|body| body.tells(&param.name));
    let id = value.map_or_else(|| route.operation_id.clone(), |value| format!("{}.{value}", route.operation_id));
    let mut parameters: Vec<Value> =
        params.iter().filter(is_told).map(|param| shared.refer(&param.openapi())).collect();
    if route.formats.len() > 1 {
        parameters.push(format_param(&route.formats).openapi());
    }
    let content: Map<String, Value> = route
        .formats
        .iter()
        .map(|format| {
            let schema = if format.is_json() { route.reply.schema.clone() } else { json!({ "type": "string" }) };
            (format.media_type().to_owned(), json!({ "schema": schema }))
        })
        .collect();
    let mut responses = Map::new();
    responses.insert("200".to_owned(), json!({ "description": "The answer", "content": content }));
    for (status, _) in FAULTS {
        responses.insert(status.to_owned(), json!({ "$ref": format!("#/components/responses/Problem{status}") }));
    }
    let description = if route.description.is_empty() { &route.summary } else { &route.description };
    let summary = value.map_or_else(|| route.summary.clone(), |value| format!("{} ({value})", route.summary));
    let mut operation = json!({
        "operationId": id, "summary": summary, "description": description, "parameters": parameters, "responses": responses,
    });
    if let Some(body) = &route.body {
        let content: Map<String, Value> = body
            .media_types
            .iter()
            .map(|media_type| ((*media_type).to_owned(), json!({ "schema": { "type": "object" } })))
            .collect();
        operation["requestBody"] = json!({ "required": true, "content": content });
        for (status, what) in BODY_FAULTS {
            operation["responses"][status] = fault(what);
        }
    }
    if !route.tags.is_empty() {
        operation["tags"] = json!(route.tags);
    }
    operation
}

/// The parameter `f`, which the framework answers for every operation.
fn format_param(formats: &[Format]) -> Param {
    let mut names: Vec<&str> = formats.iter().map(|format| format.name()).collect();
    if !formats.contains(&Format::Json) && formats.iter().any(|format| format.is_json()) {
        names.insert(0, Format::Json.name());
    }
    Param::query("f", "The format of the answer; else it is negotiated", json!({ "type": "string", "enum": names }))
}

fn fault(what: &str) -> Value {
    json!({
        "description": what,
        "content": {
            problem::MEDIA_TYPE: { "schema": { "$ref": "#/components/schemas/Problem" } },
            "text/html": { "schema": { "type": "string" } },
        },
    })
}
