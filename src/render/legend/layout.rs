//! A legend as a picture.

use super::swatch::draw as draw_sample;
use super::{LegendEntry, LegendLayer, LegendLook, Sample};
use crate::error::{Error, Kind, Result};
use crate::render::canvas::{Canvas, Rgba};
use crate::render::text::TextStyle;

/// No legend has more pixels.
const LARGEST: f64 = 32e6;
/// Titles are cut at this width, in pixels of 0.28 mm.
const WIDEST: f64 = 600.0;

/// A thing in a legend, with the height that it takes.
enum Row<'a> {
    Title(&'a str, f64),
    Entry(&'a LegendEntry, &'a str, f64),
    Gap(f64),
}

/// Draws a legend. It is refused where it would be too large.
pub fn draw(layers: &[LegendLayer], look: &LegendLook) -> Result<Rgba> {
    let look = look.bounded();
    let ratio = look.ratio;
    let text = TextStyle { colour: look.text, ..TextStyle::new(look.font_size * ratio) };
    let heading = TextStyle { colour: look.text, bold: true, ..TextStyle::new(look.title_size * ratio) };
    let (symbol_width, symbol_height) = ((look.symbol_width * ratio).round(), (look.symbol_height * ratio).round());
    let (margin, space) = ((4.0 * ratio).round(), (6.0 * ratio).round());
    let rows = rows(layers, &look, &text, &heading, symbol_height);
    let widest = WIDEST * ratio;
    let inner = rows.iter().map(|row| match row {
        Row::Title(title, _) => heading.width(title).min(widest),
        Row::Entry(_, "", _) => symbol_width,
        Row::Entry(_, title, _) => symbol_width + space + text.width(title).min(widest),
        Row::Gap(_) => 0.0,
    });
    let width = inner.fold(symbol_width, f64::max).ceil() + 2.0 * margin;
    let height = rows.iter().map(Row::height).sum::<f64>().ceil() + 2.0 * margin;
    if width * height > LARGEST {
        return Err(Error::new(
            Kind::TooLarge,
            "the legend would be too large; ask for smaller symbols or fewer layers",
        ));
    }
    let mut canvas = Canvas::new(width as u32, height as u32);
    canvas.clear(look.background);
    let mut y = margin;
    for row in &rows {
        match row {
            Row::Title(title, _) => heading.draw(&mut canvas, &heading.fitted(title, widest), margin, y),
            Row::Entry(entry, title, height) => {
                let top = if matches!(entry.sample, Sample::Shades(_)) {
                    y
                } else {
                    (y + (height - symbol_height) / 2.0).round()
                };
                let symbol = if matches!(entry.sample, Sample::Shades(_)) { *height } else { symbol_height };
                draw_sample(&mut canvas, &entry.sample, (margin, top, symbol_width, symbol), &look);
                let left = margin + symbol_width + space;
                text.draw(&mut canvas, &text.fitted(title, widest), left, y + (height - text.line_height()) / 2.0);
            }
            Row::Gap(_) => {}
        }
        y += row.height();
    }
    Ok(canvas.finish())
}

fn rows<'a>(
    layers: &'a [LegendLayer],
    look: &LegendLook,
    text: &TextStyle,
    heading: &TextStyle,
    symbol_height: f64,
) -> Vec<Row<'a>> {
    let gap = (3.0 * look.ratio).round();
    let mut rows = Vec::new();
    for layer in layers {
        if !rows.is_empty() {
            rows.push(Row::Gap(gap * 2.0));
        }
        let height = |title: &str| {
            if title.is_empty() { symbol_height } else { symbol_height.max(text.line_height().ceil()) }
        };
        // A layer with one symbol and no more to say has both in one line.
        if let [entry] = layer.entries.as_slice()
            && entry.title.is_empty()
        {
            let title = if look.titles { layer.title.as_str() } else { "" };
            rows.push(Row::Entry(entry, title, height(title)));
            continue;
        }
        if look.titles && !layer.title.is_empty() {
            rows.push(Row::Title(&layer.title, heading.line_height().ceil()));
            rows.push(Row::Gap(gap));
        }
        let mut last_is_shade = false;
        for (index, entry) in layer.entries.iter().enumerate() {
            let shade = matches!(entry.sample, Sample::Shades(_));
            // The pieces of a ramp touch.
            if index > 0 && !(shade && last_is_shade) {
                rows.push(Row::Gap(gap));
            }
            let title = if look.labels { entry.title.as_str() } else { "" };
            rows.push(Row::Entry(entry, title, height(title)));
            last_is_shade = shade;
        }
    }
    rows
}

impl Row<'_> {
    fn height(&self) -> f64 {
        match self {
            Self::Title(_, height) | Self::Entry(_, _, height) | Self::Gap(height) => *height,
        }
    }
}
