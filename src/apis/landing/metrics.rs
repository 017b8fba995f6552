//! Counters of all requests, for Prometheus.

use http::{HeaderValue, header};

use crate::api::{NoParams, Route, get};
use crate::error::{Error, Result};
use crate::message::response::Response;
use crate::server::context::Context;

/// Prometheus's text format.
const TEXT: &str = "text/plain; version=0.0.4; charset=utf-8";

pub(super) fn route() -> Route {
    get("/metrics", "getMetrics", metrics)
        .summary("Metrics")
        .description("Counters of requests, in Prometheus's text format.")
        .tags(["Operations"])
        .formats([crate::base::format::Format::Text])
}

async fn metrics(cx: Context, _: NoParams) -> Result<Response> {
    // The system's files are read for it.
    let text = tokio::task::spawn_blocking(move || cx.metrics()).await.map_err(Error::internal)?;
    let mut response = Response::ok(TEXT, text);
    response.set(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(response)
}
