//! Legends: what a style's symbols look like, with their titles; as data, as a picture, and as JSON in the form that
//! QGIS Server gives and its clients read.
//!
//! ```
//! use graticule::model::schema::GeometryKind;
//! use graticule::render::legend::{self, LegendLayer, LegendLook};
//! use graticule::render::style::Style;
//!
//! let style = Style::default_for(GeometryKind::MultiPolygon, "countries");
//! let layer = LegendLayer { title: "Countries".to_owned(), entries: legend::entries(&style, GeometryKind::MultiPolygon) };
//! let picture = legend::draw(&[layer], &LegendLook::default()).unwrap();
//! assert!(picture.width > 60 && picture.height > 20);
//! ```

mod entries;
mod json;
mod layout;
mod swatch;

#[cfg(test)]
mod tests;

pub use entries::{entries, entries_at, raster_entries};
pub use json::{json, node};
pub use layout::draw;
pub use swatch::swatch;

use super::canvas::Colour;
use super::style::Symbol;
use crate::model::schema::GeometryKind;

/// A line of a legend.
#[derive(Clone, Debug, PartialEq)]
pub struct LegendEntry {
    /// What it says; nothing where a style has a single rule without a title.
    pub title: String,
    /// What it shows.
    pub sample: Sample,
}

/// What stands beside a title.
#[derive(Clone, Debug, PartialEq)]
pub enum Sample {
    /// The symbols of a rule, on a geometry of this kind.
    Symbols(Vec<Symbol>, GeometryKind),
    /// A colour of a raster.
    Plain(Colour),
    /// Colours from top to bottom: a piece of a ramp, which goes on in the entries above and below.
    Shades([Colour; 3]),
}

/// A layer in a legend.
#[derive(Clone, Debug, PartialEq)]
pub struct LegendLayer {
    /// Its title.
    pub title: String,
    /// Its lines.
    pub entries: Vec<LegendEntry>,
}

/// How a legend looks. Lengths are in pixels of 0.28 mm.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LegendLook {
    /// Width of samples.
    pub symbol_width: f64,
    /// Height of samples.
    pub symbol_height: f64,
    /// Size of the entries' font.
    pub font_size: f64,
    /// Size of the font of the layers' titles.
    pub title_size: f64,
    /// Colour of all text.
    pub text: Colour,
    /// What is behind all; transparent where left alone.
    pub background: Colour,
    /// Whether layers have their titles.
    pub titles: bool,
    /// Whether entries have theirs.
    pub labels: bool,
    /// How many pixels of the picture a pixel of 0.28 mm is.
    pub ratio: f64,
    /// The scale's denominator, by which symbols in metres on the ground are drawn.
    pub scale: Option<f64>,
}

/// No sample is wider or higher, in pixels of the picture.
const LARGEST_SYMBOL: f64 = 1000.0;

impl Default for LegendLook {
    fn default() -> Self {
        Self {
            symbol_width: 24.0,
            symbol_height: 16.0,
            font_size: 13.0,
            title_size: 14.0,
            text: Colour::rgb(0x22, 0x22, 0x22),
            background: Colour::TRANSPARENT,
            titles: true,
            labels: true,
            ratio: 1.0,
            scale: None,
        }
    }
}

impl LegendLook {
    /// The look within what can be drawn: clients choose these numbers.
    fn bounded(self) -> Self {
        let within = |number: f64, low: f64, high: f64| if number.is_nan() { low } else { number.clamp(low, high) };
        let ratio = within(self.ratio, 0.1, 20.0);
        Self {
            symbol_width: within(self.symbol_width, 1.0, LARGEST_SYMBOL / ratio),
            symbol_height: within(self.symbol_height, 1.0, LARGEST_SYMBOL / ratio),
            font_size: within(self.font_size, 1.0, 100.0),
            title_size: within(self.title_size, 1.0, 100.0),
            ratio,
            ..self
        }
    }
}
