//! The styles of a layer by name. The first is the usual one, which also answers to `default`.

use std::sync::Arc;

use crate::error::{Error, Kind, Result};
use crate::render::style::{Rule, Style};
use crate::server::context::Published;

use super::layers::MapLayer;

/// The name by which clients also ask for the usual style.
pub(super) const DEFAULT: &str = "default";

/// A style as clients see it.
pub(super) struct Named<'a> {
    /// Its name.
    pub(super) name: &'a str,
    /// Its title.
    pub(super) title: &'a str,
}

/// The styles of a layer, the usual one first.
pub(super) fn named(layer: &MapLayer) -> Vec<Named<'_>> {
    fn one(style: &Arc<Style>) -> Named<'_> {
        Named { name: &style.name, title: style.title.as_deref().unwrap_or(&style.name) }
    }
    layer.layer.styles.iter().map(one).collect()
}

/// The styles of a layer as the client may know them, in the same order.
pub(super) fn all(layer: &MapLayer) -> impl Iterator<Item = Arc<Style>> {
    layer.layer.styles.iter().map(|style| visible(style, layer))
}

/// The style of this name, or the usual one.
pub(super) fn choose(layer: &MapLayer, name: Option<&str>) -> Result<Arc<Style>> {
    let styles = &layer.layer.styles;
    let found = match name {
        None => styles.first(),
        Some(name) => {
            let by_name = styles.iter().find(|style| style.name == name);
            by_name.or_else(|| styles.first().filter(|_| name == DEFAULT))
        }
    };
    found.map(|style| visible(style, layer)).ok_or_else(|| {
        let all: Vec<&str> = named(layer).iter().map(|style| style.name).collect();
        let (name, of) = (name.unwrap_or(DEFAULT), layer.name());
        let message = format!("the layer '{of}' has no style '{name}', only: {}", all.join(", "));
        Error::new(Kind::InvalidParameter, message).at("STYLES").coded("StyleNotDefined")
    })
}

/// The style without rules that read what is hidden from the client: they are for those who may see it.
fn visible(style: &Arc<Style>, layer: &MapLayer) -> Arc<Style> {
    let Published::Features(view) = &layer.data else { return style.clone() };
    let is_visible = |rule: &Rule| rule.filter.as_ref().is_none_or(|filter| filter.fields(view.schema()).is_ok());
    if style.rules.iter().all(is_visible) {
        return style.clone();
    }
    let mut left = Style::clone(style);
    left.rules.retain(is_visible);
    Arc::new(left)
}
