//! Names of coverages, systems and axes.

use crate::base::crs::Crs;
use crate::base::xml::escaped_name;
use crate::data::reference;
use crate::project::catalog::Layer;

/// The name of a coverage in documents, which XML must take as one.
pub(super) fn id_of(layer: &Layer) -> String {
    escaped_name(&layer.id).into_owned()
}

/// How a system names its axes, in its own order.
pub(super) struct Axes {
    pub(super) uri: String,
    /// Whether the first is north or latitude.
    pub(super) lat_first: bool,
    /// Labels, across before down.
    x: &'static str,
    y: &'static str,
    unit: &'static str,
}

impl Axes {
    pub(super) fn of(crs: &Crs) -> Self {
        let facts = reference::of(crs).ok();
        let is_geographic = facts.as_ref().is_some_and(|facts| facts.is_geographic);
        let is_metre = facts.is_none_or(|facts| (facts.metres_per_unit - 1.0).abs() < 1e-9);
        let (x, y, unit) = match (is_geographic, is_metre) {
            (true, _) => ("Long", "Lat", "deg"),
            (false, true) => ("E", "N", "m"),
            (false, false) => ("E", "N", "ft"),
        };
        Self { uri: crs.uri().unwrap_or_default(), lat_first: crs.is_lat_first(), x, y, unit }
    }

    pub(super) fn labels(&self) -> String {
        if self.lat_first { format!("{} {}", self.y, self.x) } else { format!("{} {}", self.x, self.y) }
    }

    /// The labels of a grid's axes, which run along those of the system: columns come first.
    pub(super) fn grid_labels(&self) -> String {
        format!("{} {}", self.x, self.y)
    }

    pub(super) fn units(&self) -> String {
        format!("{0} {0}", self.unit)
    }
}
