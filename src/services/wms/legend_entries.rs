//! The lines of a layer's legend, as far as the client may know of them.

use crate::data::gate::View;
use crate::data::query::Query;
use crate::error::Result;
use crate::model::schema::GeometryKind;
use crate::render::legend::{LegendEntry, entries, entries_at, raster_entries};
use crate::render::style::Style;
use crate::server::context::Published;

use super::drawing;
use super::layers::MapLayer;

/// The lines of a layer in a style, at a scale or at all.
pub(super) async fn of(layer: &MapLayer, style: &Style, scale: Option<f64>) -> Result<Vec<LegendEntry>> {
    match &layer.data {
        Published::Features(view) => {
            let kind = view.schema().geometry.as_ref().map_or(GeometryKind::Any, |geometry| geometry.kind);
            let style = seen(style, view).await?;
            Ok(match scale {
                Some(scale) => entries_at(&style, kind, scale),
                None => entries(&style, kind),
            })
        }
        Published::Coverage(view) => {
            let Some(style) = &style.raster else { return Ok(Vec::new()) };
            let (style, bands) = drawing::bands(style, layer.layer.clone(), view.clone()).await?;
            Ok(raster_entries(&style, &bands))
        }
    }
}

/// The rules that draw something for this client: where policies hide rows, a rule of which all rows are hidden would tell
/// that they are there.
async fn seen(style: &Style, view: &View) -> Result<Style> {
    let mut style = style.clone();
    if !view.is_limited() {
        return Ok(style);
    }
    let mut rules = Vec::new();
    for rule in style.rules.drain(..) {
        let is_seen = match &rule.filter {
            None => true,
            Some(filter) => {
                let query = Query {
                    filter: Some(filter.clone()),
                    properties: Some(Vec::new()),
                    without_geometry: true,
                    limit: Some(1),
                    ..Query::default()
                };
                view.features(&query)?.next().await.transpose()?.is_some()
            }
        };
        if is_seen {
            rules.push(rule);
        }
    }
    style.rules = rules;
    Ok(style)
}
