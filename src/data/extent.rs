//! Where and when the features of a layer are.

use crate::base::bbox::Rect;
use crate::base::datetime::Instant;

/// The extent of a layer or of a part of it.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Extent {
    /// Smallest rectangle around all geometries; `None` where there is none.
    pub space: Option<Rect>,
    /// First and last instant, each `None` where unknown or open; `None` where no feature has a time.
    pub time: Option<(Option<Instant>, Option<Instant>)>,
}
