//! Where in a document stands what does not fit a layer.

use serde_json::Value as Json;

use super::fault::Fault;
use crate::expr::Misfit;
use crate::model::value::Value;

/// What does not fit, at the first place of its name or literal.
pub(super) fn misfit(json: &Json, path: &str, misfit: &Misfit) -> Fault {
    let of_name =
        |json: &Json| misfit.name.is_some() && json.get("property").and_then(Json::as_str) == misfit.name.as_deref();
    let is_written = |json: &Json, key: &str, text: &str| json.get(key).and_then(Json::as_str) == Some(text);
    #[allow(clippy::float_cmp)] // the same number
    let of_literal = |json: &Json| match (&misfit.literal, json) {
        (Some(Value::Text(literal)), Json::String(text)) => literal == text,
        (Some(Value::Bool(literal)), Json::Bool(truth)) => literal == truth,
        (Some(Value::Int(literal)), Json::Number(number)) => number.as_i64() == Some(*literal),
        (Some(Value::Float(literal)), Json::Number(number)) => number.as_f64() == Some(*literal),
        (Some(Value::Date(day)), json) => is_written(json, "date", &day.to_string()),
        (Some(Value::Instant(at)), json) => is_written(json, "timestamp", &at.to_string()),
        _ => false,
    };
    let place = place_of(json, &|json| of_name(json) || of_literal(json)).unwrap_or_default();
    Fault { hint: misfit.hint.clone(), ..Fault::within(&format!("{path}{place}"), misfit.message.as_str()) }
}

/// Where what is looked for stands first, as a JSON pointer.
fn place_of(json: &Json, is_it: &dyn Fn(&Json) -> bool) -> Option<String> {
    let within = |step: &str, part: &Json| place_of(part, is_it).map(|rest| format!("/{step}{rest}"));
    match json {
        _ if is_it(json) => Some(String::new()),
        Json::Object(object) => {
            object.iter().filter(|(step, _)| *step != "op").find_map(|(step, part)| within(step, part))
        }
        Json::Array(list) => list.iter().enumerate().find_map(|(at, part)| within(&at.to_string(), part)),
        _ => None,
    }
}
