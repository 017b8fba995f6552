//! How features and rasters look: one model, written by people in TOML.
//!
//! ```
//! use graticule::render::style::Style;
//!
//! let style: Style = toml::from_str(r##"
//!     name = "population"
//!     title = "Countries by population"
//!
//!     [[rules]]
//!     title = "More than a hundred million"
//!     filter = "pop_est > 1e8"
//!     symbols = [{ fill = "#c98b5b" }, { stroke = { color = "#7a4a28", width = 0.5 } }]
//!
//!     [[rules]]
//!     title = "Fewer"
//!     otherwise = true
//!     symbols = [{ fill = { color = "#ecdcc8", opacity = 0.8 } }, { stroke = "#7a4a28" }]
//!
//!     [[rules]]
//!     title = "Roads, from nearby"
//!     max_scale = 50_000
//!     symbols = [
//!         { stroke = { color = "white", width = "12 m", cap = "round" } },
//!         { stroke = { color = "#555", dash = [6, 3] } },
//!         { marker = { shape = "star", size = 9, fill = "gold", stroke = "#0008" } },
//!     ]
//! "##).unwrap();
//! assert_eq!(style.rules.len(), 3);
//! assert!(style.rules[2].shows_at(25_000.0) && !style.rules[2].shows_at(100_000.0));
//! ```
//!
//! A rule draws each feature that passes its filter (CQL2 text), while the scale's denominator is `min_scale` or more and
//! less than `max_scale`. Rules that match draw one after the other; one with `otherwise = true` draws what no rule with a
//! filter took. A raster's style has a table `raster` instead of rules (see [`RasterStyle`]).

mod colour;
mod defaults;
mod length;
mod names;
mod raster;
mod rule;
mod symbol;

pub use length::Length;
pub use raster::{Grey, Interpolation, Palette, Ramp, RasterColours, RasterStyle, Rgb, Stop};
pub use rule::Rule;
pub use symbol::{Fill, Marker, Shape, Stroke, Symbol};

pub use super::canvas::{Cap, Colour, Join};

use serde::Deserialize;

use crate::expr::Expr;
use crate::model::schema::Schema;

/// A named style.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct Style {
    /// The name that clients use.
    pub name: String,
    /// Title for people.
    pub title: Option<String>,
    /// What is drawn of features, in order.
    #[serde(default)]
    pub rules: Vec<Rule>,
    /// How a raster is drawn.
    pub raster: Option<RasterStyle>,
}

impl Style {
    /// Checks the filters against a layer's schema and brings them into its types. The error is for whoever wrote the
    /// style.
    pub fn check(&mut self, schema: &Schema) -> Result<(), String> {
        let style = &self.name;
        if self.raster.is_some() {
            return Err(format!("style '{style}': the table raster is for rasters; features are drawn by rules"));
        }
        for (index, rule) in self.rules.iter_mut().enumerate() {
            rule.check(schema).map_err(|fault| format!("style '{style}', rule {}: {fault}", index + 1))?;
        }
        Ok(())
    }

    /// Checks that this is a style for a raster of so many bands.
    pub fn check_raster(&self, bands: usize) -> Result<(), String> {
        let style = &self.name;
        match &self.raster {
            Some(raster) if self.rules.is_empty() => {
                raster.check(bands).map_err(|fault| format!("style '{style}': {fault}"))
            }
            _ => Err(format!("style '{style}': a raster is drawn by a table raster, without rules")),
        }
    }

    /// The rules that draw at a scale, given by its denominator.
    pub fn rules_at(&self, scale: f64) -> impl Iterator<Item = &Rule> {
        self.rules.iter().filter(move |rule| rule.shows_at(scale))
    }

    /// The fields of the schema that the rules read at a scale: whoever asks for rows must ask for them.
    pub fn fields(&self, schema: &Schema, scale: f64) -> Result<Vec<usize>, String> {
        let mut fields = Vec::new();
        for filter in self.rules_at(scale).filter_map(|rule| rule.filter.as_ref()) {
            fields.extend(filter.fields(schema)?);
        }
        fields.sort_unstable();
        fields.dedup();
        Ok(fields)
    }

    /// What a feature must pass to be drawn at a scale; `None` where every one is.
    pub fn filter(&self, scale: f64) -> Option<Expr> {
        let filters: Option<Vec<Expr>> = self.rules_at(scale).map(|rule| rule.filter.clone()).collect();
        let mut filters = filters?;
        if filters.len() == 1 {
            return filters.pop();
        }
        Some(Expr::Or(filters))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Deserialize)]
    struct Project {
        layers: Vec<Layer>,
    }

    #[derive(Deserialize)]
    struct Layer {
        styles: Vec<Style>,
    }

    #[test]
    fn the_styles_of_the_guide_are_read() {
        let guide = include_str!("../../../docs/styles.md");
        let examples: Vec<&str> =
            guide.split("```toml\n").skip(1).map(|rest| rest.split("```").next().unwrap()).collect();
        assert_eq!(examples.len(), 3);
        for example in examples {
            let project: Project = toml::from_str(example).unwrap_or_else(|fault| panic!("{example}: {fault}"));
            assert!(project.layers.iter().all(|layer| !layer.styles.is_empty()));
        }
    }
}
