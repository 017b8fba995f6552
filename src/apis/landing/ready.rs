//! Whether each source can be read: for whoever sends requests here, or elsewhere.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use futures_util::{StreamExt, stream};
use http::{HeaderValue, StatusCode, header};
use serde::Serialize;
use utoipa::ToSchema;

use crate::api::reply::Described;
use crate::api::{Handler, NoParams, Rendering, Reply, Route, get};
use crate::base::format::Format;
use crate::data::query::Query;
use crate::error::{Error, Result};
use crate::message::response::Response;
use crate::project::catalog::Layer;
use crate::server::context::Context;

/// How long one layer may take to give its first row.
const PATIENCE: Duration = Duration::from_secs(3);
/// Layers that are tried at once.
const AT_ONCE: usize = 8;
/// How long a look is good: those who watch look often.
const GOOD: Duration = Duration::from_secs(5);

/// Whether the server can answer; no names and no numbers, for anybody may ask, and layers may be hidden
#[derive(Clone, Serialize, ToSchema)]
struct Readiness {
    /// `ready`, `degraded` where some layers cannot be read, `unavailable` where none can
    status: &'static str,
}

pub(super) fn route() -> Route {
    get("/ready", "getReadiness", Ready::default())
        .summary("Readiness")
        .description("Reads a row of each layer. 503 where none can be read.")
        .tags(["Operations"])
        .open()
}

/// What the last look found.
#[derive(Default)]
struct Ready {
    last: Mutex<Option<(Instant, Looked)>>,
}

#[derive(Clone, Copy)]
struct Looked {
    layers: usize,
    failing: usize,
}

impl Handler<NoParams> for Ready {
    type Output = Readiness;

    async fn handle(&self, cx: Context, _: NoParams) -> Result<Readiness> {
        let last = *self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let looked = if let Some((_, looked)) = last.filter(|(at, _)| at.elapsed() < GOOD) {
            looked
        } else {
            let looked = look(&cx).await;
            *self.last.lock().unwrap_or_else(PoisonError::into_inner) = Some((Instant::now(), looked));
            looked
        };
        let faults = cx.faults();
        let status = match (looked.failing, looked.layers) {
            (0, 0) if faults > 0 => "unavailable",
            (0, _) if faults == 0 => "ready",
            (failing, layers) if failing == layers && layers > 0 => "unavailable",
            _ => "degraded",
        };
        Ok(Readiness { status })
    }
}

async fn look(cx: &Context) -> Looked {
    let layers: Vec<Arc<Layer>> = cx.all_projects().flat_map(|project| project.layers().to_vec()).collect();
    let count = layers.len();
    let tried = stream::iter(layers).map(|layer| async move {
        match tokio::time::timeout(PATIENCE, try_layer(&layer)).await {
            Ok(Ok(())) => false,
            Ok(Err(error)) => {
                tracing::error!(layer = layer.id, ?error, "a layer cannot be read");
                true
            }
            Err(_) => {
                tracing::error!(layer = layer.id, "a layer gives no row in time");
                true
            }
        }
    });
    let failing = tried.buffer_unordered(AT_ONCE).filter(|failing| std::future::ready(*failing)).count().await;
    Looked { layers: count, failing }
}

async fn try_layer(layer: &Layer) -> Result<()> {
    let query = Query { limit: Some(1), without_geometry: true, ..Query::default() };
    let Some(view) = layer.view() else { return Ok(()) };
    view.features(&query)?.next().await.transpose()?;
    Ok(())
}

impl Reply for Readiness {
    fn describe() -> Described {
        Described::json::<Self>(&[Format::Json])
    }

    async fn render(self, rendering: Rendering) -> Result<Response> {
        let mut response = rendering.response(serde_json::to_vec(&self).map_err(Error::internal)?);
        response.set(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if self.status == "unavailable" {
            response.status = StatusCode::SERVICE_UNAVAILABLE;
            response.set(header::RETRY_AFTER, HeaderValue::from_static("10"));
        }
        Ok(response)
    }
}
