//! GetLegendGraphic: what the styles of layers look like, as a picture or as JSON in QGIS Server's form.

use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderValue, Method, header};

use crate::error::{Error, Kind, Result};
use crate::exchange::cache::{CacheKind, Cached};
use crate::message::response::Response;
use crate::render::canvas::Colour;
use crate::render::legend::{self, LegendLayer, LegendLook};
use crate::render::picture;
use crate::render::style::Style;
use crate::server::context::Context;
use crate::services::ows::kvp::{Kvp, invalid};

use super::drawing;
use super::image_request::{Image, colour};
use super::layers::{MapLayer, find};
use super::legend_entries;
use super::map_area::{STANDARD_DPI, dpi};
use super::styles;

/// Pixels of 0.28 mm in a millimetre, and in a point of a font.
const PER_MILLIMETRE: f64 = 1.0 / 0.28;
const PER_POINT: f64 = 25.4 / 72.0 / 0.28;

/// Answers the request.
pub(super) async fn answer(cx: &Context, kvp: Kvp<'_>) -> Result<Response> {
    let is_json = kvp.text("FORMAT")?.is_some_and(|format| format.eq_ignore_ascii_case("application/json"));
    let image = if is_json || kvp.text("FORMAT")?.is_none() { Image::of(kvp) } else { Image::read(kvp)? };
    let media_type = if is_json { "application/json" } else { image.media_type };
    let chosen = chosen(cx, kvp)?;
    let look = look(kvp, &image)?;
    if cx.head().method == Method::HEAD {
        return Ok(Response::ok(media_type, Vec::new()));
    }
    // What depends on rows and samples is part of the key: those change without the server's knowing.
    let key = format!("legend {}", cx.update_sequence());
    let make = async {
        let mut layers = Vec::new();
        for (layer, style) in &chosen {
            let entries = legend_entries::of(layer, style, look.scale).await?;
            layers.push(LegendLayer { title: layer.layer.title.clone(), entries });
        }
        let body = if let Some(rule) = kvp.text("RULE")? {
            let entries = layers.iter().flat_map(|layer| &layer.entries);
            let found = entries.into_iter().find(|entry| entry.title == rule).cloned();
            let entry = found.ok_or_else(|| invalid("RULE", rule, "the title of a rule of the style"))?;
            drawing::run(move || picture::encode(&legend::swatch(&entry.sample, &look), image.format)).await?
        } else if is_json {
            drawing::run(move || serde_json::to_vec(&legend::json("", &layers, &look)?).map_err(Error::internal))
                .await?
        } else {
            drawing::run(move || picture::encode(&legend::draw(&layers, &look)?, image.format)).await?
        };
        Ok(Cached { content_type: media_type.to_owned(), body: Bytes::from(body) })
    };
    let entry = cx.cached(CacheKind::Image, &key, make).await?;
    let mut response = Response::ok("image/png", entry.body);
    response.set(header::CONTENT_TYPE, HeaderValue::from_static(media_type));
    Ok(response)
}

/// The layers of the legend with their styles, in the spellings of the legend and of the map. Groups are their layers.
fn chosen(cx: &Context, kvp: Kvp<'_>) -> Result<Vec<(MapLayer, Arc<Style>)>> {
    let names = match kvp.first(&["LAYER", "LAYERS"])? {
        Some((_, names)) => names,
        None => kvp.required("LAYER")?,
    };
    let styles: Vec<&str> =
        kvp.first(&["STYLE", "STYLES"])?.map(|(_, text)| text.split(',').collect()).unwrap_or_default();
    let mut chosen = Vec::new();
    for (at, name) in names.split(',').map(str::trim).enumerate() {
        let style = styles.get(at).map(|style| style.trim()).filter(|style| !style.is_empty());
        let shown = find(cx, name)?;
        let mut flat = Vec::new();
        shown.flat(&mut flat);
        for layer in flat {
            chosen.push((layer.clone(), styles::choose(layer, style)?));
        }
        if chosen.len() > cx.project().wms.max_layers as usize {
            return Err(Error::new(Kind::OutOfRange, "the legend has more layers than a map may have").at("LAYER"));
        }
    }
    Ok(chosen)
}

/// How the legend looks.
fn look(kvp: Kvp<'_>, image: &Image) -> Result<LegendLook> {
    let usual = LegendLook::default();
    let is_off = |name| Ok::<_, Error>(kvp.text(name)?.is_some_and(|text| text.eq_ignore_ascii_case("false")));
    let size = |name, per: f64, usual: f64| Ok::<_, Error>(kvp.number(name)?.map_or(usual, |number| number * per));
    let is_bare = kvp.text("RULE")?.is_some();
    // A single symbol has the size of the whole picture, and that in pixels.
    let (width, height) = if is_bare {
        (size("WIDTH", 1.0, usual.symbol_width)?, size("HEIGHT", 1.0, usual.symbol_height)?)
    } else {
        let (width, height) = (usual.symbol_width, usual.symbol_height);
        (size("SYMBOLWIDTH", PER_MILLIMETRE, width)?, size("SYMBOLHEIGHT", PER_MILLIMETRE, height)?)
    };
    let text = kvp.first(&["ITEMFONTCOLOR", "LAYERFONTCOLOR"])?;
    let text = text.map(|(name, given)| colour(name, given)).transpose()?;
    Ok(LegendLook {
        symbol_width: width,
        symbol_height: height,
        font_size: size("ITEMFONTSIZE", PER_POINT, usual.font_size)?,
        title_size: size("LAYERFONTSIZE", PER_POINT, usual.title_size)?,
        text: text.unwrap_or(usual.text),
        background: image.ground.unwrap_or(Colour::TRANSPARENT),
        titles: !is_off("LAYERTITLE")?,
        labels: !is_off("RULELABEL")?,
        ratio: if is_bare { 1.0 } else { dpi(kvp)? / STANDARD_DPI },
        scale: kvp.number("SCALE")?.filter(|scale| *scale > 0.0),
    })
}
