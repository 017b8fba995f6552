//! How samples become colours.

use serde::{Deserialize, Deserializer, de};

use super::symbol::share;
use crate::render::canvas::Colour;

/// The style of a raster: one of `grey`, `ramp`, `palette` and `rgb`.
///
/// ```
/// use graticule::render::style::RasterStyle;
///
/// let relief: RasterStyle = toml::from_str(r##"
///     opacity = 0.8
///     [ramp]
///     band = 1
///     stops = [
///         { value = 0, color = "#3b6ea5", label = "sea" },
///         { value = 1, color = "#5d8a4c" },
///         { value = 2500, color = "#f4f1ea", label = "2500 m" },
///     ]
/// "##).unwrap();
/// assert_eq!(relief.bands(), [0]);
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct RasterStyle {
    /// How samples become colours.
    pub colours: RasterColours,
    /// From 0, invisible, to 1.
    pub opacity: f64,
}

/// How samples become colours.
#[derive(Clone, Debug, PartialEq)]
pub enum RasterColours {
    /// One band in greys.
    Grey(Grey),
    /// One band in the colours of a ramp.
    Ramp(Ramp),
    /// One band in the colours that the file itself has for its samples.
    Palette(Palette),
    /// Three bands as red, green and blue.
    Rgb(Rgb),
}

/// One band in greys, the lowest value black.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct Grey {
    /// The band; the first is 1.
    #[serde(default = "first", deserialize_with = "band")]
    pub band: usize,
    /// The value that is black; the band's lowest where left out.
    pub min: Option<f64>,
    /// The value that is white; the band's highest where left out.
    pub max: Option<f64>,
}

/// One band in the colours of a ramp.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct Ramp {
    /// The band; the first is 1.
    #[serde(default = "first", deserialize_with = "band")]
    pub band: usize,
    /// What lies between two stops.
    #[serde(default)]
    pub interpolation: Interpolation,
    /// Values and their colours, from the lowest to the highest.
    #[serde(deserialize_with = "stops")]
    pub stops: Vec<Stop>,
}

/// What colour a value between two stops has.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub enum Interpolation {
    /// One between the two; below the first and above the last stop theirs.
    #[default]
    Linear,
    /// That of the stop above: a stop is the upper bound of its class. What is above the last is not drawn.
    Discrete,
    /// None: only the values of the stops are drawn.
    Exact,
}

/// A value and its colour.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct Stop {
    /// Value.
    pub value: f64,
    /// Colour.
    pub color: Colour,
    /// What the legend says; the value where left out.
    pub label: Option<String>,
}

/// One band in the colours that the file itself has for its samples.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct Palette {
    /// The band; the first is 1.
    #[serde(default = "first", deserialize_with = "band")]
    pub band: usize,
}

/// Three bands as red, green and blue.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct Rgb {
    /// The band of the red; the first is 1.
    #[serde(default = "first", deserialize_with = "band")]
    pub red: usize,
    /// The band of the green.
    #[serde(default = "second", deserialize_with = "band")]
    pub green: usize,
    /// The band of the blue.
    #[serde(default = "third", deserialize_with = "band")]
    pub blue: usize,
    /// The value that is dark; where left out, 0 for bytes, and the lowest of each band for other numbers.
    pub min: Option<f64>,
    /// The value that is bright; where left out, 255 for bytes, and the highest of each band for other numbers.
    pub max: Option<f64>,
}

impl RasterStyle {
    /// The bands that are read, in the order in which the painter takes them; the first is 0.
    pub fn bands(&self) -> Vec<usize> {
        match &self.colours {
            RasterColours::Grey(grey) => vec![grey.band - 1],
            RasterColours::Ramp(ramp) => vec![ramp.band - 1],
            RasterColours::Palette(palette) => vec![palette.band - 1],
            RasterColours::Rgb(rgb) => vec![rgb.red - 1, rgb.green - 1, rgb.blue - 1],
        }
    }

    /// Whether it fits a raster of so many bands; the error is for whoever wrote the style.
    pub fn check(&self, bands: usize) -> Result<(), String> {
        match self.bands().into_iter().find(|band| *band >= bands) {
            None => Ok(()),
            Some(band) => Err(format!("there is no band {}; the raster has {bands}", band + 1)),
        }
    }
}

impl<'de> Deserialize<'de> for RasterStyle {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Written {
            grey: Option<Grey>,
            ramp: Option<Ramp>,
            palette: Option<Palette>,
            rgb: Option<Rgb>,
            #[serde(default = "whole", deserialize_with = "share")]
            opacity: f64,
        }
        let written = Written::deserialize(deserializer)?;
        let colours = match (written.grey, written.ramp, written.palette, written.rgb) {
            (Some(grey), None, None, None) => RasterColours::Grey(grey),
            (None, Some(ramp), None, None) => RasterColours::Ramp(ramp),
            (None, None, Some(palette), None) => RasterColours::Palette(palette),
            (None, None, None, Some(rgb)) => RasterColours::Rgb(rgb),
            _ => return Err(de::Error::custom("a raster is drawn by one of grey, ramp, palette and rgb")),
        };
        Ok(Self { colours, opacity: written.opacity })
    }
}

fn first() -> usize {
    1
}

fn second() -> usize {
    2
}

fn third() -> usize {
    3
}

fn whole() -> f64 {
    1.0
}

fn band<'de, D: Deserializer<'de>>(deserializer: D) -> Result<usize, D::Error> {
    match usize::deserialize(deserializer)? {
        0 => Err(de::Error::custom("bands are counted from 1")),
        band => Ok(band),
    }
}

fn stops<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Stop>, D::Error> {
    let stops = Vec::<Stop>::deserialize(deserializer)?;
    if stops.is_empty() || stops.len() > 4096 {
        return Err(de::Error::custom("a ramp has from 1 to 4096 stops"));
    }
    if stops.iter().any(|stop| stop.value.is_nan()) || !stops.is_sorted_by(|a, b| a.value < b.value) {
        return Err(de::Error::custom("the values of a ramp's stops rise from one to the next"));
    }
    Ok(stops)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fault(text: &str) -> String {
        toml::from_str::<RasterStyle>(text).unwrap_err().to_string()
    }

    #[test]
    fn one_way_of_colouring_is_named() {
        let grey: RasterStyle = toml::from_str("grey = {}").unwrap();
        assert_eq!(grey.colours, RasterColours::Grey(Grey { band: 1, min: None, max: None }));
        assert!(fault("").contains("one of grey, ramp, palette and rgb"));
        assert!(fault("grey = {}\nrgb = {}").contains("one of grey, ramp, palette and rgb"));
        assert!(fault("gray = {}").contains("gray"));
        assert!(fault("grey = { band = 0 }").contains("counted from 1"));
    }

    #[test]
    fn stops_rise() {
        let stops = |values: [f64; 2]| {
            let [a, b] = values;
            format!("ramp.stops = [{{ value = {a:?}, color = 'red' }}, {{ value = {b:?}, color = 'blue' }}]")
        };
        assert!(toml::from_str::<RasterStyle>(&stops([-1.0, 2.0])).is_ok());
        assert!(fault(&stops([2.0, 2.0])).contains("rise"));
        assert!(fault("ramp.stops = []").contains("stops"));
    }

    #[test]
    fn bands_are_checked() {
        let rgb: RasterStyle = toml::from_str("rgb = { red = 4 }").unwrap();
        assert_eq!(rgb.bands(), [3, 1, 2]);
        assert_eq!(rgb.check(4), Ok(()));
        assert_eq!(rgb.check(3), Err("there is no band 4; the raster has 3".to_owned()));
    }
}
