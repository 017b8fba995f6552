//! Maps, drawn: rows and samples stream from their views straight onto canvases, on threads of its own.

use std::sync::Arc;
use std::time::Duration;

use crate::data::coverage::Band;
use crate::data::coverage_gate::CoverageView;
use crate::error::{Error, Result};
use crate::project::catalog::Layer;
use crate::render::canvas::{Canvas, Colour};
use crate::render::picture;
use crate::render::style::RasterStyle;

use super::image_request::Image;
use super::map_area::MapArea;
use super::map_request::Drawn;

mod cancel;
mod layer;
mod pool;
mod raster;

use cancel::Cancel;

/// The largest canvas, in pixels, of which a map may have several at once: beyond, its layers are drawn one by one.
const SHARED: u64 = 2048 * 2048;

/// The longest that a legend waits for the range of a band.
const LEGEND: Duration = Duration::from_secs(30);

/// A map to be drawn.
pub(super) struct Work {
    /// What it shows.
    pub(super) area: MapArea,
    /// Its layers, the lowest first.
    pub(super) layers: Vec<Drawn>,
    /// How its image is made.
    pub(super) image: Image,
}

/// Draws a map. Dropped, it stops the drawing.
pub(super) async fn draw(work: Work, limit: Duration) -> Result<Vec<u8>> {
    let Work { area, mut layers, image } = work;
    let (width, height) = (area.frame.width as usize, area.frame.height as usize);
    let (_waiting, cancel) = cancel::cancel(limit, width.saturating_mul(height).saturating_mul(4));
    let mut ready = Vec::new();
    // A run of layers drawn upon each other is the same as one laid over the rest, so idle threads take runs of their own.
    let parts = parts(&area, layers.len());
    if parts > 1 {
        let each = layers.len().div_ceil(parts);
        while layers.len() > each {
            let run = layers.split_off(layers.len() - each);
            let (area, cancel) = (area.clone(), cancel.clone());
            ready.push(pool::run(move || on_canvas(&area, &run, None, cancel))?);
        }
    }
    let mut upper = Vec::new();
    let lowest = {
        let (area, cancel) = (area.clone(), cancel.clone());
        let alone = ready.is_empty();
        pool::run(move || {
            let canvas = on_canvas(&area, &layers, image.ground, cancel)?;
            // Nothing comes above: this thread makes the image as well.
            if alone { finish(canvas, image).map(Made::Image) } else { Ok(Made::Canvas(Box::new(canvas))) }
        })?
    };
    for run in ready {
        upper.push(run.await.map_err(gone)??);
    }
    match lowest.await.map_err(gone)?? {
        Made::Image(image) => Ok(image),
        Made::Canvas(mut canvas) => {
            let compose = move || {
                // They were cut off from the top downwards.
                upper.iter().rev().for_each(|above| canvas.merge(above, 1.0));
                finish(*canvas, image)
            };
            pool::run(compose)?.await.map_err(gone)?
        }
    }
}

/// Has something else drawn, such as a legend, on the threads that draw.
pub(super) async fn run<T: Send + 'static>(job: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
    pool::run(job)?.await.map_err(gone)?
}

/// The style of a coverage in terms of its visible bands, and those with the ranges that it needs.
pub(super) async fn bands(
    style: &RasterStyle,
    layer: Arc<Layer>,
    view: CoverageView,
) -> Result<(RasterStyle, Arc<[Band]>)> {
    let (_waiting, mut cancel) = cancel::cancel(LEGEND, 0);
    let style = raster::visible(style, &layer, &view).into_owned();
    run(move || {
        let bands = raster::with_ranges(&style, &layer, &view, &mut cancel)?;
        Ok((style, bands))
    })
    .await
}

enum Made {
    Canvas(Box<Canvas>),
    Image(Vec<u8>),
}

fn gone(_: tokio::sync::oneshot::error::RecvError) -> Error {
    Error::internal("a thread that draws gave up")
}

/// How many canvases a map gets: one for each idle thread, where that pays.
fn parts(area: &MapArea, layers: usize) -> usize {
    let is_small = u64::from(area.frame.width) * u64::from(area.frame.height) <= SHARED;
    if layers > 1 && is_small { pool::idle().clamp(1, layers.min(pool::threads())) } else { 1 }
}

/// Draws some layers upon each other.
fn on_canvas(area: &MapArea, layers: &[Drawn], ground: Option<Colour>, mut cancel: Cancel) -> Result<Canvas> {
    cancel.check()?;
    let mut canvas = Canvas::new(area.frame.width, area.frame.height);
    if let Some(colour) = ground {
        canvas.clear(colour);
    }
    for drawn in layers.iter().filter(|drawn| drawn.opacity > 0 && drawn.layer.layer.scales.hold(area.frame.scale)) {
        if drawn.opacity == u8::MAX {
            layer::draw(area, drawn, &mut canvas, &mut cancel)?;
        } else {
            // As a whole, for what overlaps within the layer must not show through.
            let mut apart = Canvas::new(area.frame.width, area.frame.height);
            layer::draw(area, drawn, &mut apart, &mut cancel)?;
            canvas.merge(&apart, f64::from(drawn.opacity) / 255.0);
        }
    }
    Ok(canvas)
}

fn finish(canvas: Canvas, image: Image) -> Result<Vec<u8>> {
    picture::encode(&canvas.finish(), image.format)
}
