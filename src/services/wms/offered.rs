//! The reference systems that maps are offered in.

use crate::base::crs::Crs;
use crate::server::context::Context;

use super::layers::MapLayer;

/// Those of every layer: what web clients ask for, and what the project lists.
pub(super) fn everywhere(_cx: &Context) -> Vec<Crs> {
    vec![Crs::Crs84, Crs::Epsg(4326), Crs::Epsg(3857)]
}

/// The one that a layer is stored in, where it has a name.
pub(super) fn stored(layer: &MapLayer) -> Option<Crs> {
    layer.crs().filter(|crs| matches!(crs, Crs::Epsg(_))).cloned()
}

/// Whether a map may be asked for in this system. What one layer is stored in is taken for all.
pub(super) fn is_offered(cx: &Context, crs: &Crs) -> bool {
    let is_stored = || cx.published().any(|(layer, data)| MapLayer { layer: layer.clone(), data }.crs() == Some(crs));
    everywhere(cx).contains(crs) || (matches!(crs, Crs::Epsg(_)) && is_stored())
}

/// The name of a system in WMS.
pub(super) fn name(crs: &Crs) -> String {
    match crs {
        Crs::Crs84 => "CRS:84".to_owned(),
        other => other.to_string(),
    }
}
