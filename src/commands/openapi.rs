//! `graticule openapi`.

use clap::Args;
use graticule::message::request::Request;

use super::publish::Publish;
use super::{Done, print};

/// Options of `openapi`.
#[derive(Args)]
pub(crate) struct Options {
    #[command(flatten)]
    publish: Publish,
    /// Root of one API, such as /ogcapi; the document of the whole server where left out
    #[arg(long, value_name = "ROOT", default_value = "")]
    api: String,
}

pub(crate) fn run(options: &Options) -> Done {
    let mut publish = options.publish.clone();
    publish.base_url.get_or_insert_with(|| "http://127.0.0.1:8080".to_owned());
    let published = publish.build(None)?;
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(|cause| cause.to_string())?;
    let url = format!("{}/api?f=openapi3", options.api.trim_end_matches('/'));
    let text = runtime.block_on(async {
        let response = published.server.handle(Request::get(&url)).await;
        let found = response.status.is_success();
        let body = response.body.collect(usize::MAX).await.map_err(|error| error.to_string())?;
        found.then_some(body).ok_or_else(|| format!("there is no API at '{}'", options.api))
    })?;
    let document: serde_json::Value = serde_json::from_slice(&text).map_err(|cause| cause.to_string())?;
    print(&serde_json::to_string_pretty(&document).map_err(|cause| cause.to_string())?)
}
