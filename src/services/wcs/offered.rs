//! What documents of both versions say of a coverage.

use std::sync::Arc;

use crate::base::crs::Crs;
use crate::base::xml::escaped_name;
use crate::data::coverage_gate::CoverageView;
use crate::error::{Kind, Result};
use crate::project::catalog::Layer;
use crate::server::context::Context;

use super::frame::Frame;
use super::unknown;

/// A coverage with the grid in which it is offered.
pub(super) struct Offered {
    pub(super) layer: Arc<Layer>,
    pub(super) view: CoverageView,
    pub(super) frame: Frame,
}

impl Offered {
    /// Every coverage that the client may see. One whose system is not known is left out, and the log says so.
    pub(super) fn all(cx: &Context) -> Vec<Self> {
        let offered = cx.coverages().filter_map(|(layer, view)| match Self::new(layer.clone(), view) {
            Ok(offered) => Some(offered),
            Err(error) => {
                tracing::error!(layer = layer.id, ?error, "a coverage cannot be offered");
                None
            }
        });
        offered.collect()
    }

    pub(super) fn new(layer: Arc<Layer>, view: CoverageView) -> Result<Self> {
        let frame = Frame::of(view.grid())?;
        Ok(Self { layer, view, frame })
    }

    /// The systems that a coverage is named to be had in; any other that is known will do as well.
    pub(super) fn systems(&self) -> Vec<Crs> {
        let mut systems = vec![self.frame.crs.clone()];
        for crs in [Crs::Epsg(4326), Crs::Epsg(3857), Crs::Crs84] {
            if !systems.contains(&crs) {
                systems.push(crs);
            }
        }
        systems
    }
}

/// The coverage of a name, as documents of each version have it or as the project does.
pub(super) fn find(cx: &Context, name: &str, parameter: &'static str) -> Result<(Arc<Layer>, CoverageView)> {
    let is_named =
        |layer: &&Arc<Layer>| layer.id == name || escaped_name(&layer.id) == name || layer.map_name() == name;
    let layer = cx.project().layers().iter().filter(|layer| layer.is_coverage()).find(is_named);
    let layer = layer.ok_or_else(|| unknown(name, parameter))?;
    cx.coverage(&layer.id).map_err(|error| match error.kind() {
        // One that may not be seen does not exist, by whatever name.
        Kind::UnknownLayer => unknown(name, parameter),
        _ => error.at(parameter),
    })
}

/// A number as documents write it: exact, and never with an exponent.
pub(super) fn number(value: f64) -> String {
    let text = format!("{value}");
    if text == "-0" { "0".to_owned() } else { text }
}

/// Two numbers, in the order of a system's axes.
pub(super) fn pair(x: f64, y: f64, lat_first: bool) -> String {
    let (first, second) = if lat_first { (y, x) } else { (x, y) };
    format!("{} {}", number(first), number(second))
}
