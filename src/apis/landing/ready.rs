//! Whether each source can be read: for whoever sends requests here, or elsewhere.

use std::collections::BTreeSet;
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

/// Whether the server can answer
#[derive(Clone, Serialize, ToSchema)]
struct Readiness {
    /// `ready`, `degraded` where some layers cannot be read, `unavailable` where none can
    status: &'static str,
    /// Number of layers that were tried
    layers: usize,
    /// Number of those that cannot be read
    failing: usize,
    /// Those that cannot be read, as far as whoever asks may see them
    #[serde(skip_serializing_if = "Vec::is_empty")]
    names: Vec<String>,
    /// Number of faults that were found when the project was opened; the log has them
    faults: usize,
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

#[derive(Clone)]
struct Looked {
    layers: usize,
    /// Project and layer.
    failing: Arc<BTreeSet<(Option<String>, String)>>,
}

impl Handler<NoParams> for Ready {
    type Output = Readiness;

    async fn handle(&self, cx: Context, _: NoParams) -> Result<Readiness> {
        let last = self.last.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let looked = if let Some((_, looked)) = last.filter(|(at, _)| at.elapsed() < GOOD) {
            looked
        } else {
            let looked = look(&cx).await;
            *self.last.lock().unwrap_or_else(PoisonError::into_inner) = Some((Instant::now(), looked.clone()));
            looked
        };
        let failing = looked.failing.len();
        let faults = cx.faults();
        let status = match (failing, looked.layers) {
            (0, 0) if faults > 0 => "unavailable",
            (0, _) if faults == 0 => "ready",
            (failing, layers) if failing == layers && layers > 0 => "unavailable",
            _ => "degraded",
        };
        let own = &cx.project().name;
        let names = cx.layers().map(|(layer, _)| layer.id.clone());
        let names = names.filter(|id| looked.failing.contains(&(own.clone(), id.clone()))).collect();
        Ok(Readiness { status, layers: looked.layers, failing, names, faults })
    }
}

async fn look(cx: &Context) -> Looked {
    let projects = cx.all_projects().map(|project| (project.name.clone(), project.clone()));
    let layers: Vec<(Option<String>, Arc<Layer>)> = projects
        .flat_map(|(name, project)| project.layers().to_vec().into_iter().map(move |layer| (name.clone(), layer)))
        .collect();
    let count = layers.len();
    let tried = stream::iter(layers).map(|(project, layer)| async move {
        match tokio::time::timeout(PATIENCE, try_layer(&layer)).await {
            Ok(Ok(())) => None,
            Ok(Err(error)) => {
                tracing::error!(layer = layer.id, ?error, "a layer cannot be read");
                Some((project, layer.id.clone()))
            }
            Err(_) => {
                tracing::error!(layer = layer.id, "a layer gives no row in time");
                Some((project, layer.id.clone()))
            }
        }
    });
    let failing = tried.buffer_unordered(AT_ONCE).filter_map(|failing| async move { failing }).collect().await;
    Looked { layers: count, failing: Arc::new(failing) }
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
