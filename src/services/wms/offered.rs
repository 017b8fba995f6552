//! The reference systems that maps are offered in.

use crate::base::crs::Crs;
use crate::server::context::Context;

use super::layers::MapLayer;
use super::version::Version;

/// Those of every layer, which are what clients on the web ask for. Programs take the first, and 1.1.1 has no name for CRS84
/// that all of them know.
pub(super) fn everywhere(version: &Version) -> [Crs; 3] {
    if version.is_1_3() {
        [Crs::Crs84, Crs::Epsg(4326), Crs::Epsg(3857)]
    } else {
        [Crs::Epsg(4326), Crs::Epsg(3857), Crs::Crs84]
    }
}

/// Those of one layer besides: the one that it is stored in, and what the project lists for it.
pub(super) fn own(layer: &MapLayer) -> Vec<Crs> {
    let mut own: Vec<Crs> = Vec::new();
    for crs in layer.crs().into_iter().chain(layer.layer.crs.iter().flatten()) {
        let is_new = matches!(crs, Crs::Epsg(_)) && !is_common(crs) && !own.contains(crs);
        if is_new {
            own.push(crs.clone());
        }
    }
    own
}

fn is_common(crs: &Crs) -> bool {
    matches!(crs, Crs::Crs84 | Crs::Epsg(4326 | 3857))
}

/// Whether a map may be asked for in this system. What one layer has is taken for all.
pub(super) fn is_offered(cx: &Context, crs: &Crs) -> bool {
    is_common(crs) || cx.published().any(|(layer, data)| own(&MapLayer { layer: layer.clone(), data }).contains(crs))
}

/// The name of a system in WMS.
pub(super) fn name(crs: &Crs) -> String {
    match crs {
        Crs::Crs84 => "CRS:84".to_owned(),
        other => other.to_string(),
    }
}
