//! A coverage on a canvas: samples become pixels, strip by strip.

use std::borrow::Cow;
use std::sync::Arc;

use crate::data::coverage::{Band, CoverageQuery, Resampling, Statistics};
use crate::data::coverage_gate::CoverageView;
use crate::error::Result;
use crate::project::catalog::Layer;
use crate::render::canvas::Canvas;
use crate::render::raster::{Range, RasterPainter};
use crate::render::style::{RasterColours, RasterStyle, Style};

use super::super::map_area::MapArea;
use super::super::map_request::Drawn;
use super::cancel::Cancel;

/// The range of a band is looked for in a picture of this many pixels a side.
const SIDE: u32 = 256;

/// Draws a coverage.
pub(super) fn draw(
    area: &MapArea,
    drawn: &Drawn,
    view: &CoverageView,
    canvas: &mut Canvas,
    cancel: &mut Cancel,
) -> Result<()> {
    let Some(style) = &drawn.style.raster else { return Ok(()) };
    let style = visible(style, &drawn.layer.layer, view);
    let bands = with_ranges(&style, &drawn.layer.layer, view, cancel)?;
    let painter = RasterPainter::new(&style, &bands);
    let (wanted, opacity) = seen(style.bands(), view);
    let query = CoverageQuery {
        area: area.frame.rect,
        crs: area.crs.clone(),
        width: area.frame.width,
        height: area.frame.height,
        bands: Some(wanted),
        resampling: resampling(&style, view),
        opacity,
    };
    let mut strips = view.read(&query)?;
    while let Some(strip) = cancel.wait(strips.next())? {
        painter.draw(canvas, &strip?);
        cancel.check()?;
    }
    Ok(())
}

/// The style in terms of the visible bands: where one that it reads is hidden, the usual style of what is left.
pub(super) fn visible<'a>(style: &'a RasterStyle, layer: &Layer, view: &CoverageView) -> Cow<'a, RasterStyle> {
    let shown = &view.grid().bands;
    let Some(full) = layer.full_grid().filter(|full| full.bands.len() != shown.len()) else {
        return Cow::Borrowed(style);
    };
    let mut moved = style.clone();
    let mut is_whole = true;
    let mut move_band = |band: &mut usize| {
        let name = full.bands.get(*band - 1).map(|band| &band.name);
        match shown.iter().position(|band| Some(&band.name) == name) {
            Some(at) => *band = at + 1,
            None => is_whole = false,
        }
    };
    match &mut moved.colours {
        RasterColours::Grey(grey) => move_band(&mut grey.band),
        RasterColours::Ramp(ramp) => move_band(&mut ramp.band),
        RasterColours::Palette(palette) => move_band(&mut palette.band),
        RasterColours::Rgb(rgb) => [&mut rgb.red, &mut rgb.green, &mut rgb.blue].into_iter().for_each(move_band),
    }
    if !is_whole && let Some(usual) = Style::default_for_raster(shown).raster {
        moved = usual;
    }
    Cow::Owned(moved)
}

/// The bands that are read, with the raster's opacity behind them, and where that is.
fn seen(mut bands: Vec<usize>, view: &CoverageView) -> (Vec<usize>, Option<usize>) {
    let opacity = Band::opacity_of(&view.grid().bands, &bands);
    let at = opacity.map(|_| bands.len());
    bands.extend(opacity);
    (bands, at)
}

/// Values that are names of something have none between them.
fn resampling(style: &RasterStyle, view: &CoverageView) -> Resampling {
    let is_named = matches!(&style.colours, RasterColours::Palette(_))
        || view.grid().bands.iter().any(|band| band.palette.is_some());
    if is_named { Resampling::Nearest } else { Resampling::Bilinear }
}

/// The bands with statistics, as far as the style needs those: of what the client may see alone.
pub(super) fn with_ranges(
    style: &RasterStyle,
    layer: &Layer,
    view: &CoverageView,
    cancel: &mut Cancel,
) -> Result<Arc<[Band]>> {
    let (state, grid) = (view.state(), view.grid());
    let is_whole = !view.is_limited() && layer.full_grid().is_some_and(|full| full.bands.len() == grid.bands.len());
    let kept = layer.measured_bands().filter(|_| is_whole);
    let bands = kept.as_deref().unwrap_or(&grid.bands);
    let unknown = style.unknown_ranges(bands);
    if unknown.is_empty() {
        return Ok(kept.unwrap_or_else(|| grid.bands.as_slice().into()));
    }
    let mut bands = bands.to_vec();
    let (wanted, opacity) = seen(unknown.clone(), view);
    let query = CoverageQuery {
        area: grid.extent(),
        crs: grid.crs.clone(),
        width: grid.width.min(SIDE),
        height: grid.height.min(SIDE),
        bands: Some(wanted),
        resampling: Resampling::Nearest,
        opacity,
    };
    let mut ranges = vec![None; unknown.len()];
    let mut strips = view.read(&query)?;
    while let Some(strip) = cancel.wait(strips.next())? {
        let strip = strip?;
        for (at, range) in ranges.iter_mut().enumerate() {
            *range = Range::with(*range, &strip, at);
        }
    }
    for (band, range) in unknown.into_iter().zip(ranges) {
        if let Some(Range { min, max }) = range {
            bands[band].statistics = Some(Statistics { min, max, mean: f64::midpoint(min, max), deviation: 0.0 });
        }
    }
    let bands: Arc<[Band]> = bands.into();
    if is_whole {
        layer.keep_measured(state, bands.clone());
    }
    Ok(bands)
}
