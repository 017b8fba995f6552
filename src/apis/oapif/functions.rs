//! The functions that a filter may call (Part 3, 8.3).

use serde::Serialize;
use utoipa::ToSchema;

use crate::api::{Json, NoParams, Route, get};
use crate::base::format::Format;
use crate::base::link::Rel;
use crate::error::Result;
use crate::expr::function::{Class, Function};
use crate::server::context::Context;

/// The functions that a filter may call
#[derive(Serialize, ToSchema)]
struct Functions {
    /// One entry a function
    functions: Vec<Described>,
}

/// A function
#[derive(Serialize, ToSchema)]
struct Described {
    /// Its name, in any case
    name: &'static str,
    /// What it gives
    description: &'static str,
    /// What it takes, in order
    arguments: Vec<Argument>,
    /// The type of what it gives
    returns: Vec<&'static str>,
}

/// What a function takes
#[derive(Serialize, ToSchema)]
struct Argument {
    /// A word for it
    title: &'static str,
    /// Its type
    #[serde(rename = "type")]
    kind: Vec<&'static str>,
}

pub(super) fn route() -> Route {
    get("/functions", "getFunctions", functions)
        .summary("Functions")
        .description("The functions that a filter may call, with what each takes and gives.")
        .tags(["Capabilities"])
        .link("Functions", Rel::Functions)
        .formats([Format::Json, Format::Html])
}

fn kind(class: Class) -> &'static str {
    match class {
        Class::Number => "number",
        Class::Truth => "boolean",
        Class::Text => "string",
        Class::Time => "datetime",
    }
}

async fn functions(_: Context, _: NoParams) -> Result<Json<Functions>> {
    let described = |function: Function| {
        let told = function.description();
        Described {
            name: told.name,
            description: told.words,
            arguments: told
                .arguments
                .iter()
                .map(|(title, class)| Argument { title, kind: vec![kind(*class)] })
                .collect(),
            returns: vec![kind(told.returns)],
        }
    };
    Ok(Json::new(Functions { functions: Function::LISTED.into_iter().map(described).collect() }))
}
