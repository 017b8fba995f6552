//! The lines of a legend, from a style.

use super::{LegendEntry, Sample};
use crate::data::coverage::Band;
use crate::model::schema::GeometryKind;
use crate::render::canvas::Colour;
use crate::render::style::{Interpolation, Ramp, RasterColours, RasterStyle, Style};

/// Of a palette at most so many colours are listed.
const MOST_COLOURS: usize = 64;

/// The entries of a style for features: a line for each rule that draws something.
pub fn entries(style: &Style, kind: GeometryKind) -> Vec<LegendEntry> {
    entries_of(style.rules.iter().map(|rule| (rule.title.clone(), &rule.symbols)), kind)
}

/// The entries of the rules that draw at a scale, given by its denominator.
pub fn entries_at(style: &Style, kind: GeometryKind, scale: f64) -> Vec<LegendEntry> {
    entries_of(style.rules_at(scale).map(|rule| (rule.title.clone(), &rule.symbols)), kind)
}

fn entries_of<'a>(
    rules: impl Iterator<Item = (Option<String>, &'a Vec<crate::render::style::Symbol>)>,
    kind: GeometryKind,
) -> Vec<LegendEntry> {
    let drawing = rules.filter(|(_, symbols)| !symbols.is_empty());
    let entry = |(title, symbols): (Option<String>, &Vec<_>)| LegendEntry {
        title: title.unwrap_or_default(),
        sample: Sample::Symbols(symbols.clone(), kind),
    };
    drawing.map(entry).collect()
}

/// The entries of a raster's style. `bands` are the raster's, for names and ranges that the style leaves out.
pub fn raster_entries(style: &RasterStyle, bands: &[Band]) -> Vec<LegendEntry> {
    let entries = match &style.colours {
        RasterColours::Grey(grey) => {
            let band = bands.get(grey.band - 1);
            let known = |pick: fn(&Band) -> Option<f64>| band.and_then(pick);
            let bytes = |band: &Band| band.kind.bytes() == 1;
            let min = grey.min.or_else(|| known(|band| band.statistics.map(|it| it.min)));
            let max = grey.max.or_else(|| known(|band| band.statistics.map(|it| it.max)));
            let (min, max) = match band {
                Some(band) if bytes(band) => (grey.min.or(Some(0.0)), grey.max.or(Some(255.0))),
                _ => (min, max),
            };
            let title = |value: Option<f64>, word: &str| value.map_or_else(|| word.to_owned(), number);
            let middle = Colour::rgb(128, 128, 128);
            vec![
                shades(title(min, "lowest"), [Colour::BLACK, Colour::BLACK, middle]),
                shades(title(max, "highest"), [middle, Colour::WHITE, Colour::WHITE]),
            ]
        }
        RasterColours::Ramp(ramp) => ramp_entries(ramp),
        RasterColours::Palette(palette) => {
            let colours = bands.get(palette.band - 1).and_then(|band| band.palette.as_deref()).unwrap_or_default();
            let visible = colours.iter().enumerate().filter(|(_, colour)| colour[3] > 0).take(MOST_COLOURS);
            visible
                .map(|(index, &[red, green, blue, alpha])| plain(index.to_string(), Colour { red, green, blue, alpha }))
                .collect()
        }
        RasterColours::Rgb(rgb) => {
            let name =
                |band: usize| bands.get(band - 1).map_or_else(|| format!("band {band}"), |band| band.name.clone());
            let channels = [
                ("red", rgb.red, Colour::rgb(255, 0, 0)),
                ("green", rgb.green, Colour::rgb(0, 255, 0)),
                ("blue", rgb.blue, Colour::rgb(0, 0, 255)),
            ];
            channels.map(|(channel, band, colour)| plain(format!("{channel}: {}", name(band)), colour)).into()
        }
    };
    entries.into_iter().map(|entry| LegendEntry { sample: faded(entry.sample, style.opacity), ..entry }).collect()
}

fn ramp_entries(ramp: &Ramp) -> Vec<LegendEntry> {
    let stops = &ramp.stops;
    let between = |a: Colour, b: Colour| {
        let mix = |a: u8, b: u8| u8::midpoint(a, b);
        Colour {
            red: mix(a.red, b.red),
            green: mix(a.green, b.green),
            blue: mix(a.blue, b.blue),
            alpha: mix(a.alpha, b.alpha),
        }
    };
    let entry = |(at, stop): (usize, &crate::render::style::Stop)| {
        let title = stop.label.clone().unwrap_or_else(|| match (ramp.interpolation, at.checked_sub(1)) {
            (Interpolation::Discrete, None) => format!("≤ {}", number(stop.value)),
            (Interpolation::Discrete, Some(below)) => {
                format!("{} – {}", number(stops[below].value), number(stop.value))
            }
            _ => number(stop.value),
        });
        if ramp.interpolation != Interpolation::Linear {
            return plain(title, stop.color);
        }
        let above = at.checked_sub(1).map_or(stop.color, |above| between(stops[above].color, stop.color));
        let below = stops.get(at + 1).map_or(stop.color, |below| between(stop.color, below.color));
        shades(title, [above, stop.color, below])
    };
    stops.iter().enumerate().map(entry).collect()
}

/// A number without more digits than it needs.
fn number(value: f64) -> String {
    let rounded = format!("{value:.3}");
    let short = rounded.trim_end_matches('0').trim_end_matches('.');
    if value.abs() >= 1e15 || (value != 0.0 && value.abs() < 1e-3) { format!("{value:e}") } else { short.to_owned() }
}

fn plain(title: String, colour: Colour) -> LegendEntry {
    LegendEntry { title, sample: Sample::Plain(colour) }
}

fn shades(title: String, colours: [Colour; 3]) -> LegendEntry {
    LegendEntry { title, sample: Sample::Shades(colours) }
}

fn faded(sample: Sample, opacity: f64) -> Sample {
    match sample {
        Sample::Plain(colour) => Sample::Plain(colour.faded(opacity)),
        Sample::Shades(colours) => Sample::Shades(colours.map(|colour| colour.faded(opacity))),
        symbols @ Sample::Symbols(..) => symbols,
    }
}
