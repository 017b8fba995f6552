//! Whether each source can be read: for whoever sends requests here, or elsewhere.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use futures_util::{StreamExt, stream};
use http::{HeaderValue, StatusCode, header};
use serde::Serialize;
use serde_json::Map;
use utoipa::ToSchema;

use crate::api::reply::Described;
use crate::api::{Handler, NoParams, Rendering, Reply, Route, get};
use crate::base::bbox::Rect;
use crate::base::format::Format;
use crate::data::coverage::{CoverageQuery, Resampling};
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

/// Whether the server can answer. Anybody may ask, so layers are named only where nothing is hidden from anybody
#[derive(Clone, Serialize, ToSchema)]
struct Readiness {
    /// `ready`, `degraded` where some layers cannot be read, `unavailable` where none can
    status: &'static str,
    /// Each layer; left out where the server has users or policies
    #[serde(skip_serializing_if = "Vec::is_empty")]
    layers: Vec<LayerState>,
}

/// Whether one layer can be read
#[derive(Clone, Serialize, ToSchema)]
struct LayerState {
    /// The collection, or the file, table or layer that could not be opened
    id: String,
    /// The project, where it is not the one at the root
    #[serde(skip_serializing_if = "Option::is_none")]
    project: Option<String>,
    /// `ready`, `failing` where no row or pixel can be read now, `unopened` where that was so at the start
    status: &'static str,
}

const READY: &str = "ready";

pub(super) fn route() -> Route {
    get("/ready", "getReadiness", Ready::default())
        .summary("Readiness")
        .description("Reads a row or a pixel of each layer. 503 where none can be read.")
        .tags(["Operations"])
        .open()
}

/// What the last look found.
#[derive(Default)]
struct Ready {
    last: Mutex<Option<(Instant, Vec<LayerState>)>>,
}

impl Handler<NoParams> for Ready {
    type Output = Readiness;

    async fn handle(&self, cx: Context, _: NoParams) -> Result<Readiness> {
        let last = self.last.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let layers = if let Some((_, layers)) = last.filter(|(at, _)| at.elapsed() < GOOD) {
            layers
        } else {
            let layers = look(&cx).await;
            *self.last.lock().unwrap_or_else(PoisonError::into_inner) = Some((Instant::now(), layers.clone()));
            layers
        };
        let ready = layers.iter().filter(|layer| layer.status == READY).count();
        let status = match ready {
            all if all == layers.len() => READY,
            0 => "unavailable",
            _ => "degraded",
        };
        Ok(Readiness { status, layers: if cx.is_open() { layers } else { Vec::new() } })
    }
}

async fn look(cx: &Context) -> Vec<LayerState> {
    let layers = cx.all_projects().flat_map(|project| {
        let of = project.name.clone();
        project.layers().to_vec().into_iter().map(move |layer| (of.clone(), layer))
    });
    let layers: Vec<(Option<String>, Arc<Layer>)> = layers.collect();
    let tried = stream::iter(layers).map(|(project, layer)| async move {
        let status = match tokio::time::timeout(PATIENCE, try_layer(&layer)).await {
            Ok(Ok(())) => READY,
            Ok(Err(error)) => {
                tracing::error!(layer = layer.id, ?error, "a layer cannot be read");
                "failing"
            }
            Err(_) => {
                tracing::error!(layer = layer.id, "a layer gives nothing in time");
                "failing"
            }
        };
        LayerState { id: layer.id.clone(), project, status }
    });
    let mut states: Vec<LayerState> = tried.buffered(AT_ONCE).collect().await;
    let unopened = cx.unopened().iter();
    states.extend(unopened.map(|id| LayerState { id: id.clone(), project: None, status: "unopened" }));
    states
}

async fn try_layer(layer: &Layer) -> Result<()> {
    if let Some(view) = layer.view() {
        let query = Query { limit: Some(1), without_geometry: true, ..Query::default() };
        view.features(&query)?.next().await.transpose()?;
    } else if let Some(view) = layer.coverage_view(None, Vec::new())? {
        let grid = view.grid();
        // The first pixel alone.
        let ((left, top), (right, bottom)) = (grid.affine.apply(0.0, 0.0), grid.affine.apply(1.0, 1.0));
        let (min_x, max_x) = (left.min(right), left.max(right));
        let area = Rect { min_x, min_y: top.min(bottom), max_x, max_y: top.max(bottom) };
        let query = CoverageQuery {
            area,
            crs: grid.crs.clone(),
            width: 1,
            height: 1,
            bands: None,
            resampling: Resampling::Nearest,
            opacity: None,
        };
        view.read(&query)?.next().await.transpose()?;
    }
    Ok(())
}

impl Reply for Readiness {
    fn describe() -> Described {
        Described::json::<Self>(&[Format::Json, Format::Html])
    }

    async fn render(self, rendering: Rendering) -> Result<Response> {
        let mut response = if rendering.format() == Format::Html {
            rendering.value(serde_json::to_value(&self).map_err(Error::internal)?, Map::new())?
        } else {
            rendering.response(serde_json::to_vec(&self).map_err(Error::internal)?)
        };
        response.set(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if self.status == "unavailable" {
            response.status = StatusCode::SERVICE_UNAVAILABLE;
            response.set(header::RETRY_AFTER, HeaderValue::from_static("10"));
        }
        Ok(response)
    }
}
