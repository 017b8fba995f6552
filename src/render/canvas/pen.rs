//! How a line is drawn.

/// How two segments meet on the outer side of a bend.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Join {
    /// Pointed, up to four times the width; sharper bends are cut off.
    #[default]
    Miter,
    /// Rounded.
    Round,
    /// Cut off.
    Bevel,
}

/// How a line ends.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Cap {
    /// At its last point.
    #[default]
    Butt,
    /// In a half circle around it.
    Round,
    /// Half a width behind it.
    Square,
}

/// A pen.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Pen {
    /// Width in pixels; what is thinner than a pixel is paler.
    pub width: f64,
    /// Bends.
    pub join: Join,
    /// Ends.
    pub cap: Cap,
    /// Lengths in pixels of dash and gap in turn; a line without gaps where empty.
    pub dash: Vec<f64>,
}

impl Pen {
    /// A plain pen.
    pub fn new(width: f64) -> Self {
        Self { width, ..Self::default() }
    }

    /// How far from a line it may draw.
    pub(crate) fn reach(&self) -> f64 {
        self.width.max(0.0) / 2.0 * MITER_LIMIT
    }
}

/// How many times the width a pointed join may be long.
pub(super) const MITER_LIMIT: f64 = 4.0;
