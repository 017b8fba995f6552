//! How layers look for which nobody wrote a style.

use super::raster::{Grey, Palette, RasterColours, RasterStyle, Rgb};
use super::rule::Rule;
use super::symbol::{Fill, Marker, Shape, Stroke, Symbol};
use super::{Colour, Length, Style};
use crate::data::coverage::{Band, Colour as Meaning};
use crate::model::schema::GeometryKind;

/// Muted colours that stay apart beside each other: inside, and border.
const PALETTE: [(Colour, Colour); 8] = [
    (Colour::rgb(0xdc, 0xe3, 0xd0), Colour::rgb(0x7c, 0x8f, 0x6a)),
    (Colour::rgb(0xd3, 0xde, 0xe8), Colour::rgb(0x5f, 0x83, 0xa3)),
    (Colour::rgb(0xf0, 0xe0, 0xc9), Colour::rgb(0xb0, 0x8a, 0x55)),
    (Colour::rgb(0xe6, 0xd6, 0xe0), Colour::rgb(0x94, 0x6c, 0x87)),
    (Colour::rgb(0xcf, 0xe5, 0xe0), Colour::rgb(0x4f, 0x90, 0x86)),
    (Colour::rgb(0xf0, 0xd9, 0xd2), Colour::rgb(0xb5, 0x72, 0x60)),
    (Colour::rgb(0xe9, 0xe6, 0xc4), Colour::rgb(0x9a, 0x92, 0x48)),
    (Colour::rgb(0xdc, 0xda, 0xea), Colour::rgb(0x78, 0x72, 0xa6)),
];

impl Style {
    /// A plain style for geometries of a kind, named `default`; `seed`, such as the layer's id, chooses the colour.
    pub fn default_for(kind: GeometryKind, seed: &str) -> Self {
        let (inside, border) = PALETTE[place(seed)];
        let fill = Symbol::Fill(Fill::from(inside));
        let edge = Symbol::Stroke(Stroke { width: Length::Pixels(0.8), ..Stroke::from(border) });
        let line = Symbol::Stroke(Stroke { width: Length::Pixels(1.2), ..Stroke::from(border) });
        let marker = Symbol::Marker(Marker {
            shape: Shape::Circle,
            size: Length::Pixels(7.0),
            fill: Some(Fill::from(border)),
            stroke: Some(Stroke::from(Colour::WHITE)),
        });
        let symbols = match kind {
            GeometryKind::Point | GeometryKind::MultiPoint => vec![marker],
            GeometryKind::LineString | GeometryKind::MultiLineString => vec![line],
            GeometryKind::Polygon | GeometryKind::MultiPolygon => vec![fill, edge],
            GeometryKind::Any | GeometryKind::GeometryCollection => vec![fill, edge, marker],
        };
        Self { name: DEFAULT.to_owned(), title: None, rules: vec![Rule::new(symbols)], raster: None }
    }

    /// A plain style for a raster with these bands, named `default`: its own colours where it has a palette, the first three
    /// bands as red, green and blue, or the first in greys. Opacity is no band that is shown.
    pub fn default_for_raster(bands: &[Band]) -> Self {
        let mut seen = (1..).zip(bands).filter(|(_, band)| band.colour != Meaning::Alpha);
        let (band, first) = seen.next().unzip();
        let (band, others) = (band.unwrap_or(1), (seen.next(), seen.next()));
        let colours = if first.is_some_and(|band| band.palette.is_some()) {
            RasterColours::Palette(Palette { band })
        } else if let (Some((green, _)), Some((blue, _))) = others {
            RasterColours::Rgb(Rgb { red: band, green, blue, min: None, max: None })
        } else {
            RasterColours::Grey(Grey { band, min: None, max: None })
        };
        let raster = RasterStyle { colours, opacity: 1.0 };
        Self { name: DEFAULT.to_owned(), title: None, rules: Vec::new(), raster: Some(raster) }
    }
}

/// The name of a style that nobody wrote.
const DEFAULT: &str = "default";

/// The same colour for the same seed, in every run and on every machine (FNV-1a).
fn place(seed: &str) -> usize {
    let hash = seed
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3));
    (hash >> 32) as usize % PALETTE.len()
}
