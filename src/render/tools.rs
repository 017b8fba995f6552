//! Symbols with their sizes in pixels, ready to draw.

use super::canvas::{Canvas, Colour, FillRule, Path, Pen, Stamp};
use super::frame::MapFrame;
use super::style::{Fill, Length, Marker, Shape, Stroke, Symbol};

/// A symbol for one map.
pub(super) enum Tool {
    /// The inside of polygons.
    Fill(Colour),
    /// Lines and borders.
    Stroke(Pen, Colour),
    /// Points.
    Marker(Box<Sign>),
}

/// How large lengths are in a picture.
#[derive(Clone, Copy, Debug)]
pub(super) struct Measure {
    /// Pixels of the picture in a pixel of 0.28 mm.
    pub(super) ratio: f64,
    /// Pixels of the picture in a metre on the ground.
    pub(super) pixels_per_metre: f64,
}

impl From<&MapFrame> for Measure {
    fn from(frame: &MapFrame) -> Self {
        Self { ratio: frame.ratio, pixels_per_metre: frame.pixels_per_metre() }
    }
}

impl Measure {
    fn pixels(self, length: Length) -> f64 {
        length.in_pixels(self.ratio, self.pixels_per_metre)
    }
}

impl Tool {
    pub(super) fn new(symbol: &Symbol, measure: Measure) -> Self {
        match symbol {
            Symbol::Fill(fill) => Self::Fill(ink(fill)),
            Symbol::Stroke(stroke) => {
                let (pen, colour) = pen(stroke, measure);
                Self::Stroke(pen, colour)
            }
            Symbol::Marker(marker) => Self::Marker(Box::new(Sign::new(marker, measure))),
        }
    }

    /// How far beyond a geometry it draws, in pixels.
    pub(super) fn reach(&self) -> f64 {
        match self {
            Self::Fill(_) => 0.0,
            Self::Stroke(pen, _) => pen.reach() + 1.0,
            Self::Marker(sign) => sign.radius + 1.0,
        }
    }

    /// Draws at a point.
    pub(super) fn point(&mut self, canvas: &mut Canvas, x: f64, y: f64) {
        if let Self::Marker(sign) = self {
            sign.draw(canvas, x, y);
        }
    }
}

fn ink(fill: &Fill) -> Colour {
    fill.color.faded(fill.opacity)
}

fn pen(stroke: &Stroke, measure: Measure) -> (Pen, Colour) {
    let pixels = |length: Length| measure.pixels(length);
    let dash = stroke.dash.iter().map(|&length| match stroke.width {
        Length::Pixels(_) => pixels(Length::Pixels(length)),
        Length::Metres(_) => pixels(Length::Metres(length)),
    });
    let pen = Pen { width: pixels(stroke.width), join: stroke.join, cap: stroke.cap, dash: dash.collect() };
    (pen, stroke.color.faded(stroke.opacity))
}

/// Each pixel has so many places across and down that a stamp is drawn for.
const PLACES: usize = 4;
/// Larger signs are drawn each time, for their stamps would be large too.
const LARGEST_STAMP: f64 = 128.0;

/// A marker: drawn once for each quarter of a pixel and then stamped.
pub(super) struct Sign {
    path: Path,
    fill: Option<Colour>,
    stroke: Option<(Pen, Colour)>,
    /// How far it reaches from its point, in pixels.
    radius: f64,
    stamps: [Option<Stamp>; PLACES * PLACES],
}

impl Sign {
    fn new(marker: &Marker, measure: Measure) -> Self {
        let size = measure.pixels(marker.size);
        let path = outline(marker.shape, size / 2.0);
        let stroke = marker.stroke.as_ref().map(|stroke| pen(stroke, measure));
        // A star's point reaches as far as a pointed join.
        let border = stroke.as_ref().map_or(0.0, |(pen, _)| pen.reach());
        let radius = size / 2.0 * std::f64::consts::SQRT_2 + border;
        Self { path, fill: marker.fill.as_ref().map(ink), stroke, radius, stamps: [const { None }; _] }
    }

    fn draw(&mut self, canvas: &mut Canvas, x: f64, y: f64) {
        let margin = self.radius + 2.0;
        let (width, height) = (f64::from(canvas.width()), f64::from(canvas.height()));
        if !(x > -margin && y > -margin && x < width + margin && y < height + margin) {
            return;
        }
        if self.radius > LARGEST_STAMP {
            return self.paint(canvas, x, y);
        }
        let place = |it: f64| ((it - it.floor()) * PLACES as f64) as usize % PLACES;
        let (across, down) = (place(x), place(y));
        let middle = self.radius.ceil() + 1.0;
        let at = down * PLACES + across;
        if self.stamps[at].is_none() {
            let side = middle as u32 * 2 + 1;
            let mut small = Canvas::new(side, side);
            let inner = |place: usize| middle + (place as f64 + 0.5) / PLACES as f64;
            self.paint(&mut small, inner(across), inner(down));
            self.stamps[at] = Some(Stamp::of(small));
        }
        if let Some(stamp) = &self.stamps[at] {
            canvas.stamp(stamp, x.floor() as i64 - middle as i64, y.floor() as i64 - middle as i64);
        }
    }

    fn paint(&self, canvas: &mut Canvas, x: f64, y: f64) {
        let path = self.path.moved(x, y);
        if let Some(colour) = self.fill {
            canvas.fill(&path, FillRule::NonZero, colour);
        }
        if let Some((pen, colour)) = &self.stroke {
            canvas.stroke(&path, pen, *colour);
        }
    }
}

/// The outline of a shape around (0, 0).
fn outline(shape: Shape, radius: f64) -> Path {
    let mut path = Path::new();
    match shape {
        Shape::Circle => path.circle(0.0, 0.0, radius),
        Shape::Square => path.rectangle(-radius, -radius, radius * 2.0, radius * 2.0),
        Shape::Triangle => path.ring(&[(0.0, -radius), (radius, radius), (-radius, radius)]),
        Shape::Cross => {
            let arm = radius / 3.0;
            path.ring(&[
                (-arm, -radius),
                (arm, -radius),
                (arm, -arm),
                (radius, -arm),
                (radius, arm),
                (arm, arm),
                (arm, radius),
                (-arm, radius),
                (-arm, arm),
                (-radius, arm),
                (-radius, -arm),
                (-arm, -arm),
            ]);
        }
        Shape::Star => {
            for point in 0..10 {
                // The inner corners of a star whose sides lie on straight lines.
                let reach = if point % 2 == 0 { radius } else { radius * 0.381_966 };
                let (sin, cos) = (f64::from(point) * std::f64::consts::PI / 5.0).sin_cos();
                path.push(reach * sin, -reach * cos);
            }
            path.end(true);
        }
    }
    path
}
