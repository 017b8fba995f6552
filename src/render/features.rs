//! Rows become pixels: straight from WKB, without geometry objects.
//!
//! Vertices that nobody could tell apart are joined on the way, and what is smaller than a pixel leaves a dot that covers
//! as much as it would.

use std::ops::ControlFlow;

use super::canvas::{Canvas, FillRule, Path};
use super::frame::MapFrame;
use super::outline::{Extent, Projection};
use super::style::Style;
use super::tools::Tool;
use crate::expr::evaluate::Predicate;
use crate::model::batch::{Batch, Layout, Row};
use crate::model::geometry::points::Points;
use crate::model::geometry::wkb::{Shape, Sink, walk};
use crate::model::schema::Schema;

/// Draws the rows of one layer in one style.
pub struct Painter {
    projection: Projection,
    rules: Vec<Prepared>,
    path: Path,
    /// Which rules the current row matches.
    matched: Vec<usize>,
}

/// A rule, ready to draw.
struct Prepared {
    test: Test,
    tools: Vec<Tool>,
}

enum Test {
    Always,
    Passes(Predicate),
    Otherwise,
}

impl Painter {
    /// Prepares a style for the rows of a layout. The error is a name that the layout does not have: the fields that a
    /// style reads are told by [`Style::fields`].
    pub fn new(style: &Style, schema: &Schema, layout: &Layout, frame: &MapFrame) -> Result<Self, String> {
        let mut rules = Vec::new();
        for rule in style.rules_at(frame.scale) {
            let test = match &rule.filter {
                Some(filter) => Test::Passes(Predicate::new(filter, schema, layout)?),
                None if rule.otherwise => Test::Otherwise,
                None => Test::Always,
            };
            let tools = rule.symbols.iter().map(|symbol| Tool::new(symbol, frame.into())).collect();
            rules.push(Prepared { test, tools });
        }
        Ok(Self { projection: Projection::new(frame), rules, path: Path::new(), matched: Vec::new() })
    }

    /// How far beyond its geometry a feature may draw, in pixels: rows from so far around the map are needed.
    pub fn reach(&self) -> f64 {
        self.rules.iter().flat_map(|rule| &rule.tools).map(Tool::reach).fold(0.0, f64::max)
    }

    /// Draws the rows of a batch. A geometry that cannot be read is drawn as far as it can.
    pub fn draw(&mut self, canvas: &mut Canvas, batch: &Batch) {
        for row in batch.rows() {
            self.draw_row(canvas, row);
        }
    }

    /// Draws a row.
    pub fn draw_row(&mut self, canvas: &mut Canvas, row: Row<'_>) {
        let Some(wkb) = row.geometry() else { return };
        self.matched.clear();
        let (mut passed, mut left) = (false, Vec::new());
        for (index, rule) in self.rules.iter().enumerate() {
            match &rule.test {
                Test::Always => self.matched.push(index),
                Test::Passes(predicate) if predicate.test(row) => {
                    passed = true;
                    self.matched.push(index);
                }
                Test::Passes(_) => {}
                Test::Otherwise => left.push(index),
            }
        }
        if !passed && !left.is_empty() {
            self.matched.extend(left);
            self.matched.sort_unstable();
        }
        for at in 0..self.matched.len() {
            let rule = self.matched[at];
            self.draw_geometry(canvas, wkb, rule);
        }
    }

    fn draw_geometry(&mut self, canvas: &mut Canvas, wkb: &[u8], rule: usize) {
        let Some(rule) = self.rules.get_mut(rule) else { return };
        let mut drawing = Drawing {
            projection: self.projection,
            size: (f64::from(canvas.width()), f64::from(canvas.height())),
            canvas,
            path: &mut self.path,
            tools: &mut rule.tools,
            extent: None,
        };
        drawing.path.clear();
        // What was told before a fault is drawn.
        let _ = walk(wkb, &mut drawing);
    }
}

/// Draws what a walk through WKB tells.
struct Drawing<'a> {
    projection: Projection,
    size: (f64, f64),
    canvas: &'a mut Canvas,
    path: &'a mut Path,
    tools: &'a mut [Tool],
    /// The reach of the current polygon's exterior ring; `None` where it has none.
    extent: Option<Extent>,
}

impl Sink for Drawing<'_> {
    fn points(&mut self, points: Points<'_>, of: Shape, ring: usize) -> ControlFlow<()> {
        match of {
            Shape::Polygon if ring == 0 => {
                self.extent = self.projection.append(points, true, self.path);
                // A ring below a pixel covers what its area is; holes in it do not matter.
                if let Some(extent) = self.extent.filter(Extent::is_dot) {
                    self.dot(points, extent);
                    self.extent = None;
                }
            }
            // Holes of what was drawn already, or of nothing.
            Shape::Polygon if self.extent.is_none() => {}
            Shape::Polygon => {
                self.projection.append(points, true, self.path);
            }
            Shape::LineString => {
                self.path.clear();
                match self.projection.append(points, false, self.path) {
                    Some(extent) if extent.is_dot() => self.short_line(points, extent),
                    Some(extent) => self.line(extent),
                    None => {}
                }
                self.path.clear();
            }
            _ => {
                if let Some(vertex) = points.first().filter(|vertex| !vertex.is_nowhere()) {
                    let (x, y) = self.projection.pixel(vertex.x, vertex.y);
                    self.tools.iter_mut().for_each(|tool| tool.point(self.canvas, x, y));
                }
            }
        }
        ControlFlow::Continue(())
    }

    fn end(&mut self, shape: Shape, _: Option<Shape>) -> ControlFlow<()> {
        if shape == Shape::Polygon {
            if let Some(extent) = self.extent.take() {
                self.polygon(extent);
            }
            self.path.clear();
        }
        ControlFlow::Continue(())
    }
}

impl Drawing<'_> {
    fn polygon(&mut self, extent: Extent) {
        for tool in self.tools.iter() {
            if !extent.is_near(self.size.0, self.size.1, tool.reach()) {
                continue;
            }
            match tool {
                Tool::Fill(colour) => self.canvas.fill(self.path, FillRule::EvenOdd, *colour),
                Tool::Stroke(pen, colour) => self.canvas.stroke(self.path, pen, *colour),
                Tool::Marker(_) => {}
            }
        }
    }

    fn line(&mut self, extent: Extent) {
        for tool in self.tools.iter() {
            if let Tool::Stroke(pen, colour) = tool
                && extent.is_near(self.size.0, self.size.1, tool.reach())
            {
                self.canvas.stroke(self.path, pen, *colour);
            }
        }
    }

    /// A line below a pixel: a dot of its length times its width.
    fn short_line(&mut self, line: Points<'_>, extent: Extent) {
        let places = || line.iter().map(|vertex| self.projection.pixel(vertex.x, vertex.y));
        let steps = places().zip(places().skip(1)).map(|(from, to)| (to.0 - from.0).hypot(to.1 - from.1));
        let length: f64 = steps.filter(|length| length.is_finite()).sum();
        let middle = (f64::midpoint(extent.left, extent.right), f64::midpoint(extent.top, extent.bottom));
        for tool in self.tools.iter() {
            if let Tool::Stroke(pen, colour) = tool {
                // However it winds, it hides no more than its box and its width around that.
                let most = (extent.right - extent.left).max(extent.bottom - extent.top) + pen.width;
                let side = (length * pen.width).sqrt().min(most);
                self.canvas.dot(middle.0 - side / 2.0, middle.1 - side / 2.0, side, side, 1.0, *colour);
            }
        }
    }

    /// A polygon below a pixel.
    fn dot(&mut self, ring: Points<'_>, extent: Extent) {
        let Extent { left, top, right, bottom } = extent;
        // Where a coordinate is out of reach the ring is no dot.
        let area = ring.twice_area().abs() / 2.0 * self.projection.pixels_per_area();
        for tool in self.tools.iter() {
            match tool {
                Tool::Fill(colour) => {
                    // At least so wide that the area fits.
                    let (width, height) = ((right - left).max(area.sqrt()), (bottom - top).max(area.sqrt()));
                    let part = if width * height > 0.0 { (area / (width * height)).min(1.0) } else { 0.0 };
                    self.canvas.dot(left, top, width, height, part, *colour);
                }
                Tool::Stroke(pen, colour) => {
                    let half = pen.width / 2.0;
                    let (width, height) = (right - left + pen.width, bottom - top + pen.width);
                    self.canvas.dot(left - half, top - half, width, height, 1.0, *colour);
                }
                Tool::Marker(_) => {}
            }
        }
    }
}
