//! What the project file says of maps: groups of layers, scales, whose data it is, and the limits of a map.

use std::time::Duration;

use serde::Deserialize;

/// Layers that maps show as one, such as a base map. A group is a layer of WMS; OGC API Features does not know it.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Group {
    /// Name by which maps ask for it.
    pub id: String,
    /// Title; the id where left out.
    pub title: Option<String>,
    /// Description.
    pub description: Option<String>,
    /// Words to find it by.
    #[serde(default)]
    pub keywords: Vec<String>,
    /// Ids of its layers and groups, in the order of drawing: the first lies at the bottom.
    pub layers: Vec<String>,
    /// Whose data it is.
    pub attribution: Option<Attribution>,
}

/// Whose data a layer is.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Attribution {
    /// Name.
    pub title: Option<String>,
    /// Web page.
    pub url: Option<String>,
}

/// The limits of the WMS: a larger wish is refused with an exception that says the limit.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Wms {
    /// Widest map in pixels.
    pub max_width: u32,
    /// Highest map in pixels.
    pub max_height: u32,
    /// Most layers of one map.
    pub max_layers: u32,
    /// Seconds after which a map is given up.
    pub timeout: u32,
}

impl Default for Wms {
    fn default() -> Self {
        Self { max_width: 4096, max_height: 4096, max_layers: 50, timeout: 30 }
    }
}

impl Wms {
    /// How long a map may take, with its wait for a free thread.
    pub fn deadline(&self) -> Duration {
        Duration::from_secs(self.timeout.into())
    }

    /// What is wrong with the limits.
    pub(super) fn faults(&self) -> Vec<String> {
        let mut faults = Vec::new();
        // Above, a map would take more than a gigabyte.
        for (name, size) in [("max_width", self.max_width), ("max_height", self.max_height)] {
            if !(1..=16_384).contains(&size) {
                faults.push(format!("wms.{name} is {size}, expected 1 to 16384"));
            }
        }
        for (name, number) in [("max_layers", self.max_layers), ("timeout", self.timeout)] {
            if number == 0 {
                faults.push(format!("wms.{name} is 0, expected at least 1"));
            }
        }
        faults
    }
}

/// The scale denominators between which maps show something: from `min` on, and below `max`.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Scales {
    /// The largest scale, such as 1000 for 1:1000; none where it has no end.
    pub min: Option<f64>,
    /// The smallest scale, such as 50000 for 1:50000; none where it has no end.
    pub max: Option<f64>,
}

impl Scales {
    /// Whether a map of this scale denominator shows it.
    pub fn hold(&self, denominator: f64) -> bool {
        self.min.is_none_or(|min| denominator >= min) && self.max.is_none_or(|max| denominator < max)
    }

    /// Whether the two ends make a range.
    pub(super) fn are_sound(&self) -> bool {
        let ends = [self.min, self.max];
        ends.iter().flatten().all(|end| end.is_finite() && *end >= 0.0)
            && !matches!(ends, [Some(min), Some(max)] if min >= max)
    }
}
