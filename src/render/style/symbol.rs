//! What is drawn for a feature: fills, strokes and markers.

use std::fmt;
use std::marker::PhantomData;

use serde::de::value::MapAccessDeserializer;
use serde::{Deserialize, Deserializer, de};

use super::length::Length;
use crate::render::canvas::{Cap, Colour, Join};

/// One symbol of a rule; several are drawn in order, the first at the bottom.
///
/// Fills are for polygons, strokes for lines and the borders of polygons, markers for points. A symbol that does not fit
/// a geometry draws nothing for it.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[serde(rename_all = "lowercase")]
pub enum Symbol {
    /// The inside of polygons: `{ fill = "#dde5d0" }` or `{ fill = { color = "#dde5d0", opacity = 0.5 } }`.
    #[serde(deserialize_with = "colour_or_table")]
    Fill(Fill),
    /// Lines and borders: `{ stroke = "#333" }` or `{ stroke = { color = "#333", width = 1.5, dash = [4, 2] } }`.
    #[serde(deserialize_with = "colour_or_table")]
    Stroke(Stroke),
    /// Points: `{ marker = { shape = "circle", size = 7, fill = "#c33", stroke = "white" } }`.
    Marker(Marker),
}

/// The inside of a polygon or a marker.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct Fill {
    /// Colour.
    pub color: Colour,
    /// From 0, invisible, to 1.
    #[serde(default = "whole", deserialize_with = "share")]
    pub opacity: f64,
}

/// A line.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct Stroke {
    /// Colour.
    pub color: Colour,
    /// From 0, invisible, to 1.
    #[serde(default = "whole", deserialize_with = "share")]
    pub opacity: f64,
    /// Width; one pixel where left out.
    #[serde(default = "one_pixel")]
    pub width: Length,
    /// Lengths of dash and gap in turn, in the unit of the width: pixels, or metres on the ground.
    #[serde(default, deserialize_with = "dashes")]
    pub dash: Vec<f64>,
    /// `round` (where left out), `miter` or `bevel`.
    #[serde(default = "round_join", deserialize_with = "join")]
    pub join: Join,
    /// `butt` (where left out), `round` or `square`.
    #[serde(default, deserialize_with = "cap")]
    pub cap: Cap,
}

/// A sign at a point.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct Marker {
    /// Shape; a circle where left out.
    #[serde(default)]
    pub shape: Shape,
    /// Width and height; six pixels where left out.
    #[serde(default = "six_pixels")]
    pub size: Length,
    /// Inside; none where left out.
    #[serde(default, deserialize_with = "some_colour_or_table")]
    pub fill: Option<Fill>,
    /// Border; none where left out.
    #[serde(default, deserialize_with = "some_colour_or_table")]
    pub stroke: Option<Stroke>,
}

/// Shapes of markers.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub enum Shape {
    /// A circle.
    #[default]
    Circle,
    /// A square.
    Square,
    /// A triangle that stands on its base.
    Triangle,
    /// A star of five points.
    Star,
    /// A cross with upright arms.
    Cross,
}

impl From<Colour> for Fill {
    fn from(color: Colour) -> Self {
        Self { color, opacity: whole() }
    }
}

impl From<Colour> for Stroke {
    fn from(color: Colour) -> Self {
        Self { color, opacity: whole(), width: one_pixel(), dash: Vec::new(), join: round_join(), cap: Cap::default() }
    }
}

fn whole() -> f64 {
    1.0
}

fn one_pixel() -> Length {
    Length::Pixels(1.0)
}

fn six_pixels() -> Length {
    Length::Pixels(6.0)
}

fn round_join() -> Join {
    Join::Round
}

/// A number from 0 to 1.
pub(super) fn share<'de, D: Deserializer<'de>>(deserializer: D) -> Result<f64, D::Error> {
    let number = f64::deserialize(deserializer)?;
    if (0.0..=1.0).contains(&number) {
        Ok(number)
    } else {
        Err(de::Error::custom(format!("an opacity is between 0 and 1, and {number} is not")))
    }
}

fn dashes<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<f64>, D::Error> {
    let dashes = Vec::<f64>::deserialize(deserializer)?;
    if dashes.len() > 32 || dashes.iter().any(|it| !(0.0..=1e6).contains(it)) || dashes.iter().sum::<f64>() <= 0.0 {
        let message = "dashes are up to 32 lengths of dash and gap in turn, such as [4, 2], and not all 0";
        return Err(de::Error::custom(message));
    }
    Ok(dashes)
}

fn join<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Join, D::Error> {
    match String::deserialize(deserializer)?.as_str() {
        "miter" => Ok(Join::Miter),
        "round" => Ok(Join::Round),
        "bevel" => Ok(Join::Bevel),
        other => Err(de::Error::unknown_variant(other, &["round", "miter", "bevel"])),
    }
}

fn cap<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Cap, D::Error> {
    match String::deserialize(deserializer)?.as_str() {
        "butt" => Ok(Cap::Butt),
        "round" => Ok(Cap::Round),
        "square" => Ok(Cap::Square),
        other => Err(de::Error::unknown_variant(other, &["butt", "round", "square"])),
    }
}

/// A colour alone, or the whole table.
fn colour_or_table<'de, D: Deserializer<'de>, T: From<Colour> + Deserialize<'de>>(from: D) -> Result<T, D::Error> {
    from.deserialize_any(ColourOrTable(PhantomData))
}

fn some_colour_or_table<'de, D, T>(from: D) -> Result<Option<T>, D::Error>
where
    D: Deserializer<'de>,
    T: From<Colour> + Deserialize<'de>,
{
    colour_or_table(from).map(Some)
}

struct ColourOrTable<T>(PhantomData<T>);

impl<'de, T: From<Colour> + Deserialize<'de>> de::Visitor<'de> for ColourOrTable<T> {
    type Value = T;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("a colour such as \"#4f7a5b\", or a table such as { color = \"#4f7a5b\", opacity = 0.5 }")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<T, E> {
        text.parse::<Colour>().map(T::from).map_err(E::custom)
    }

    fn visit_map<A: de::MapAccess<'de>>(self, map: A) -> Result<T, A::Error> {
        T::deserialize(MapAccessDeserializer::new(map))
    }
}
