//! What a map shows: layers with their styles and conditions, over a piece of the world. Read once for GetMap and
//! GetFeatureInfo.

use std::sync::Arc;

use crate::error::{Error, Kind, Result};
use crate::expr::Expr;
use crate::message::trace::Trace;
use crate::render::style::Style;
use crate::server::context::Context;
use crate::services::ows::kvp::Kvp;

use super::layers::{MapLayer, Shown, find};
use super::parameters::list;
use super::{filter, styles, time};

/// A layer of a map.
#[derive(Clone)]
pub(super) struct Drawn {
    /// The layer.
    pub(super) layer: MapLayer,
    /// By which names the map has it: its own, and those of the groups down from the one in LAYERS.
    pub(super) names: Vec<String>,
    /// How it is drawn.
    pub(super) style: Arc<Style>,
    /// From 0 (not seen) to 255.
    pub(super) opacity: u8,
    /// Conditions of the client.
    pub(super) filter: Option<Expr>,
    /// Whether FILTER names it.
    pub(super) is_filtered: bool,
    /// Where its rows are counted.
    pub(super) trace: Arc<Trace>,
}

/// The layers of a map, in the order of drawing: the first lies at the bottom.
pub(super) fn layers(cx: &Context, kvp: Kvp<'_>) -> Result<Vec<Drawn>> {
    kvp.required("LAYERS")?;
    let names = list(kvp, "LAYERS")?;
    let styles = styles_of(&list(kvp, "STYLES")?, names.len())?;
    let opacities = list(kvp, "OPACITIES")?;
    let count = names.len();
    if opacities.len() > count {
        let message = format!("OPACITIES has {} numbers for {count} layers", opacities.len());
        return Err(Error::new(Kind::InvalidParameter, message).at("OPACITIES"));
    }
    let time = time::condition(kvp)?;
    let filters = filter::read(kvp)?;
    let most = cx.project().wms.max_layers as usize;
    let mut drawn = Vec::new();
    for (at, (name, style)) in names.into_iter().zip(styles).enumerate() {
        let opacity = opacity(opacities.get(at).copied())?;
        let shown = find(cx, name)?;
        // The styles of a group are those of its layers.
        let style = if matches!(shown, Shown::Group(..)) { style.filter(|style| *style != "default") } else { style };
        for (layer, names) in shown.named() {
            let style = styles::choose(layer, style)?;
            let mut conditions = filters.of(layer, &names, at)?;
            let is_filtered = !conditions.is_empty();
            conditions.extend(time.clone().filter(|_| layer.has_time()));
            drawn.push(Drawn {
                layer: layer.clone(),
                names,
                style,
                opacity,
                filter: (!conditions.is_empty()).then_some(Expr::And(conditions)),
                is_filtered,
                trace: Arc::clone(&cx.head().trace),
            });
        }
        if drawn.len() > most {
            let message = format!("LAYERS names more layers than the {most} that a map may have");
            return Err(Error::new(Kind::OutOfRange, message).at("LAYERS"));
        }
    }
    filters.check(&drawn, count)?;
    Ok(drawn)
}

/// A style for each layer: none for the usual one.
fn styles_of<'a>(given: &[&'a str], layers: usize) -> Result<Vec<Option<&'a str>>> {
    if given.is_empty() {
        return Ok(vec![None; layers]);
    }
    if given.len() != layers {
        let message =
            format!("STYLES names {} styles for {layers} layers; an empty one is the usual style", given.len());
        return Err(Error::new(Kind::InvalidParameter, message).at("STYLES").coded("StyleNotDefined"));
    }
    Ok(given.iter().map(|style| Some(*style).filter(|style| !style.is_empty())).collect())
}

/// One value of OPACITIES.
fn opacity(given: Option<&str>) -> Result<u8> {
    let Some(given) = given.filter(|given| !given.is_empty()) else { return Ok(u8::MAX) };
    given.parse().map_err(|_| {
        Error::new(Kind::InvalidParameter, format!("OPACITIES has '{given}', expected numbers from 0 to 255"))
            .at("OPACITIES")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn styles_are_counted() {
        assert_eq!(styles_of(&[], 2).unwrap(), [None, None]);
        assert_eq!(styles_of(&["", "a"], 2).unwrap(), [None, Some("a")]);
        assert_eq!(styles_of(&["a"], 2).unwrap_err().code(), Some("StyleNotDefined"));
        assert_eq!(styles_of(&["a", "", ""], 2).unwrap_err().code(), Some("StyleNotDefined"));
    }

    #[test]
    fn opacities_are_bytes() {
        assert_eq!(
            (opacity(None).unwrap(), opacity(Some("")).unwrap(), opacity(Some("128")).unwrap()),
            (255, 255, 128)
        );
        assert!(opacity(Some("256")).is_err() && opacity(Some("x")).is_err());
    }
}
