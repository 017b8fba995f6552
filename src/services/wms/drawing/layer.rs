//! One layer on a canvas: rows become paths, batch by batch.

use crate::data::gate::View;
use crate::data::query::{Area, Query};
use crate::error::{Error, Result};
use crate::model::batch::Layout;
use crate::render::canvas::Canvas;
use crate::render::features::Painter;
use crate::server::context::Published;

use super::super::map_area::MapArea;
use super::super::map_request::Drawn;
use super::cancel::Cancel;
use super::raster;

/// Draws a layer.
pub(super) fn draw(area: &MapArea, drawn: &Drawn, canvas: &mut Canvas, cancel: &mut Cancel) -> Result<()> {
    match &drawn.layer.data {
        Published::Features(view) => features(area, drawn, view, canvas, cancel),
        Published::Coverage(view) => raster::draw(area, drawn, view, canvas, cancel),
    }
}

fn features(area: &MapArea, drawn: &Drawn, view: &View, canvas: &mut Canvas, cancel: &mut Cancel) -> Result<()> {
    let (style, schema) = (&drawn.style, view.schema());
    if style.rules_at(area.frame.scale).next().is_none() {
        return Ok(());
    }
    let fields = style.fields(schema, area.frame.scale).map_err(Error::internal)?;
    let properties: Vec<String> = fields.iter().map(|&field| schema.fields[field].name.clone()).collect();
    let layout = Layout { geometry: true, fields };
    let shown = Area { rect: area.frame.rect, crs: area.crs.clone() };
    // What comes to every turn at once would be drawn as often as there are turns.
    let turns = if shown.has_all_turns() { vec![0.0] } else { area.turns() };
    for turn in turns {
        let mut frame = area.frame;
        frame.rect.min_x -= turn;
        frame.rect.max_x -= turn;
        let mut painter = Painter::new(style, schema, &layout, &frame).map_err(Error::internal)?;
        let mut query = Query {
            filter: drawn.filter.clone(),
            properties: Some(properties.clone()),
            crs: area.crs.clone(),
            // Lines and markers reach into the map from outside.
            area: Some(Area { rect: frame.grown(painter.reach()), crs: area.crs.clone() }),
            detail: Some(frame.detail()),
            ..Query::default()
        };
        if let Some(rules) = style.filter(frame.scale) {
            query.and(rules);
        }
        let mut features = view.features(&query)?;
        while let Some(batch) = cancel.wait(features.next())? {
            let batch = batch?;
            drawn.trace.add_rows(batch.len() as u64);
            painter.draw(canvas, &batch);
            features.recycle(batch);
            cancel.check()?;
        }
    }
    Ok(())
}
