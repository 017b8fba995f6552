//! Whether the process answers at all: for whoever watches it.

use crate::api::{NoParams, Route, Text, get};
use crate::error::Result;
use crate::server::context::Context;

pub(super) fn route() -> Route {
    get("/health", "getHealth", health)
        .summary("Health")
        .description("Answers as long as the process does.")
        .tags(["Operations"])
        .open()
}

async fn health(_: Context, _: NoParams) -> Result<Text> {
    Ok(Text("ok\n".to_owned()))
}
