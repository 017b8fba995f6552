//! What stands beside a title: a symbol on a small geometry, or a colour.

use super::{LegendLook, Sample};
use crate::model::schema::GeometryKind;
use crate::render::canvas::{Canvas, Colour, FillRule, Path, Rgba};
use crate::render::style::Symbol;
use crate::render::tools::{Measure, Tool};

/// A sample as a picture of its own, of the size that the look says.
pub fn swatch(sample: &Sample, look: &LegendLook) -> Rgba {
    let look = look.bounded();
    let size = |length: f64| (length * look.ratio).round().max(1.0);
    let (width, height) = (size(look.symbol_width), size(look.symbol_height));
    let mut canvas = Canvas::new(width as u32, height as u32);
    draw(&mut canvas, sample, (0.0, 0.0, width, height), &look);
    canvas.finish()
}

/// Draws a sample in a box: left, top, width and height.
pub(super) fn draw(canvas: &mut Canvas, sample: &Sample, place: (f64, f64, f64, f64), look: &LegendLook) {
    let (x, y, width, height) = place;
    match sample {
        Sample::Plain(colour) => canvas.dot(x, y, width, height, 1.0, *colour),
        Sample::Shades(colours) => shades(canvas, *colours, place),
        Sample::Symbols(symbols, kind) => {
            let frame = Measure {
                ratio: look.ratio,
                // Without a scale a width on the ground is a few pixels.
                pixels_per_metre: look.scale.map_or(0.0, |scale| look.ratio / (scale * crate::render::frame::PIXEL)),
            };
            let mut small = Canvas::new(width.ceil() as u32, height.ceil() as u32);
            for symbol in symbols {
                draw_symbol(&mut small, Tool::new(symbol, frame), shape(symbols, *kind), (width, height), look.ratio);
            }
            canvas.lay_canvas(&small, x.round() as i64, y.round() as i64);
        }
    }
}

#[derive(Clone, Copy, PartialEq)]
enum Form {
    Area,
    Line,
    Point,
}

/// On what form of geometry the symbols of a rule are shown.
fn shape(symbols: &[Symbol], kind: GeometryKind) -> Form {
    let has = |test: fn(&Symbol) -> bool| symbols.iter().any(test);
    match kind {
        GeometryKind::Point | GeometryKind::MultiPoint => Form::Point,
        GeometryKind::LineString | GeometryKind::MultiLineString => Form::Line,
        GeometryKind::Polygon | GeometryKind::MultiPolygon => Form::Area,
        GeometryKind::Any | GeometryKind::GeometryCollection => {
            if has(|symbol| matches!(symbol, Symbol::Fill(_))) {
                Form::Area
            } else if has(|symbol| matches!(symbol, Symbol::Stroke(_))) {
                Form::Line
            } else {
                Form::Point
            }
        }
    }
}

fn draw_symbol(canvas: &mut Canvas, mut tool: Tool, form: Form, (width, height): (f64, f64), ratio: f64) {
    let mut path = Path::new();
    match (&mut tool, form) {
        (Tool::Fill(colour), Form::Area) => {
            area(&mut path, width, height, ratio);
            canvas.fill(&path, FillRule::NonZero, *colour);
        }
        (Tool::Stroke(pen, colour), Form::Area | Form::Line) => {
            // As wide as on the map, unless it would hide all else.
            pen.width = if pen.width > 0.0 { pen.width.min(height * 0.6) } else { 2.0 * ratio };
            if form == Form::Area {
                area(&mut path, width, height, ratio);
            } else {
                path.push(0.0, height / 2.0);
                path.push(width, height / 2.0);
                path.end(false);
            }
            canvas.stroke(&path, pen, *colour);
        }
        (tool @ Tool::Marker(_), Form::Point) => tool.point(canvas, width / 2.0, height / 2.0),
        _ => {}
    }
}

/// A rectangle that leaves room for its border, on whole pixels and a half, so that a thin border is sharp.
fn area(path: &mut Path, width: f64, height: f64, ratio: f64) {
    let inset = ratio.ceil() + 0.5;
    path.rectangle(inset, inset, (width - 2.0 * inset).max(1.0), (height - 2.0 * inset).max(1.0));
}

fn shades(canvas: &mut Canvas, [top, middle, bottom]: [Colour; 3], (x, y, width, height): (f64, f64, f64, f64)) {
    for row in 0..height.ceil() as u32 {
        let part = (f64::from(row) + 0.5) / height * 2.0;
        let colour = if part < 1.0 { mixed(top, middle, part) } else { mixed(middle, bottom, part - 1.0) };
        canvas.dot(x, y + f64::from(row), width, 1.0, 1.0, colour);
    }
}

fn mixed(from: Colour, to: Colour, part: f64) -> Colour {
    let mix = |from: u8, to: u8| (f64::from(from) + (f64::from(to) - f64::from(from)) * part.min(1.0)).round() as u8;
    Colour {
        red: mix(from.red, to.red),
        green: mix(from.green, to.green),
        blue: mix(from.blue, to.blue),
        alpha: mix(from.alpha, to.alpha),
    }
}
