//! What the project file says of coverages: the limits of the WCS.

use std::time::Duration;

use serde::Deserialize;

/// The limits of the WCS: a larger wish is refused with an exception that says the limit.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Wcs {
    /// Most pixels of an answer, width by height.
    pub max_pixels: u64,
    /// Most bytes of its samples.
    pub max_bytes: u64,
    /// Seconds after which an answer that makes no progress is given up.
    pub timeout: u32,
}

impl Default for Wcs {
    fn default() -> Self {
        Self { max_pixels: 100_000_000, max_bytes: 1_000_000_000, timeout: 60 }
    }
}

impl Wcs {
    /// How long a part of an answer may take.
    pub fn deadline(&self) -> Duration {
        Duration::from_secs(self.timeout.into())
    }

    /// What is wrong with the limits.
    pub(super) fn faults(&self) -> Vec<String> {
        let numbers =
            [("max_pixels", self.max_pixels), ("max_bytes", self.max_bytes), ("timeout", self.timeout.into())];
        let none = numbers.iter().filter(|(_, number)| *number == 0);
        none.map(|(name, _)| format!("wcs.{name} is 0, expected at least 1")).collect()
    }
}
