//! Cuts geometries to a rectangle, for maps: what lies beyond it need not be drawn, and often has no place there.

use std::ops::ControlFlow;

use crate::base::bbox::Rect;

use super::Malformed;
use super::points::Points;
use super::wkb::{Shape, Sink, walk};
use super::write::Writer;

type At = (f64, f64);

/// How a geometry is cut.
#[derive(Clone, Copy, Debug)]
pub struct Clip<'a> {
    /// What is kept.
    pub rect: &'a Rect,
    /// By how much x is moved first; what each leaves is put together.
    pub shifts: &'a [f64],
    /// Edges longer than this are divided, for projections in which they bend.
    pub step: Option<f64>,
}

/// Appends what lies in the rectangle, heights and measures left out: rings are closed along its edges, lines end there. A
/// line becomes a set of lines, a polygon a set of polygons. False where nothing is left, and nothing is appended.
pub fn clip(wkb: &[u8], how: Clip<'_>, out: &mut Vec<u8>) -> Result<bool, Malformed> {
    let start = out.len();
    let mut cutter = Cutter {
        writer: Writer::new(out),
        how,
        shift: 0.0,
        run: Vec::new(),
        cut: Vec::new(),
        left: false,
        turn: 0,
        is_open: false,
    };
    for (turn, &shift) in how.shifts.iter().enumerate() {
        (cutter.shift, cutter.turn) = (shift, turn);
        walk(wkb, &mut cutter)?;
    }
    cutter.writer.end();
    let left = cutter.left;
    if !left {
        out.truncate(start);
    }
    Ok(left)
}

struct Cutter<'a> {
    writer: Writer<'a>,
    how: Clip<'a>,
    shift: f64,
    /// The vertices of the ring or line.
    run: Vec<At>,
    cut: Vec<At>,
    /// Whether anything was written.
    left: bool,
    turn: usize,
    /// Whether a polygon is being written.
    is_open: bool,
}

impl Sink for Cutter<'_> {
    fn begin(&mut self, shape: Shape, parent: Option<Shape>) -> ControlFlow<()> {
        // The outermost is opened once for all turns; the members of sets are written where something is left.
        if (parent.is_none() && self.turn == 0) || parent == Some(Shape::GeometryCollection) {
            self.writer.begin(match shape {
                Shape::Point | Shape::MultiPoint => Shape::MultiPoint,
                Shape::LineString | Shape::MultiLineString => Shape::MultiLineString,
                Shape::Polygon | Shape::MultiPolygon => Shape::MultiPolygon,
                Shape::GeometryCollection => Shape::GeometryCollection,
            });
        }
        ControlFlow::Continue(())
    }

    fn points(&mut self, points: Points<'_>, of: Shape, ring: usize) -> ControlFlow<()> {
        let shift = self.shift;
        self.run.clear();
        self.run.extend(points.iter().map(|vertex| (vertex.x + shift, vertex.y)));
        match of {
            Shape::Point => self.place(),
            Shape::Polygon => self.ring(ring),
            _ => self.line(),
        }
        ControlFlow::Continue(())
    }

    fn end(&mut self, shape: Shape, parent: Option<Shape>) -> ControlFlow<()> {
        if shape == Shape::Polygon {
            self.close();
        }
        if parent == Some(Shape::GeometryCollection) {
            self.writer.end();
        }
        ControlFlow::Continue(())
    }
}

impl Cutter<'_> {
    fn place(&mut self) {
        if let Some(&(x, y)) = self.run.first()
            && self.how.rect.holds(x, y)
        {
            self.writer.begin(Shape::Point);
            self.writer.point((x, y));
            self.writer.end();
            self.left = true;
        }
    }

    /// One ring, cut by each side in turn (Sutherland and Hodgman); the rectangle is convex.
    fn ring(&mut self, ring: usize) {
        if ring == 0 {
            self.is_open = false;
        } else if !self.is_open {
            // Of a polygon whose outside is gone no hole is left.
            return;
        }
        for side in 0..4 {
            self.cut.clear();
            let mut before = self.run.last().copied();
            for &at in &self.run {
                if let Some(last) = before {
                    let (from, to) = (beyond(self.how.rect, side, last), beyond(self.how.rect, side, at));
                    if (from > 0.0) != (to > 0.0) {
                        self.cut.push(crossing(self.how.rect, side, last, at));
                    }
                    if to <= 0.0 {
                        self.cut.push(at);
                    }
                }
                before = Some(at);
            }
            std::mem::swap(&mut self.run, &mut self.cut);
        }
        if self.run.len() < 3 {
            return;
        }
        if self.run.first() != self.run.last() {
            self.run.extend(self.run.first().copied());
        }
        self.divide();
        if !self.is_open {
            self.writer.begin(Shape::Polygon);
            (self.is_open, self.left) = (true, true);
        }
        self.writer.ring(&self.run);
    }

    /// Ends the polygon, where one was begun.
    fn close(&mut self) {
        if std::mem::take(&mut self.is_open) {
            self.writer.end();
        }
    }

    /// A line in parts: each edge is cut to what lies within (Liang and Barsky).
    fn line(&mut self) {
        let whole = std::mem::take(&mut self.run);
        for edge in whole.windows(2) {
            let Some((from, to)) = within(self.how.rect, edge[0], edge[1]) else {
                self.part();
                continue;
            };
            if self.run.last() != Some(&from) {
                self.part();
                self.run.push(from);
            }
            self.run.push(to);
        }
        self.part();
        self.run = whole;
    }

    fn part(&mut self) {
        if self.run.len() > 1 {
            self.divide();
            self.writer.begin(Shape::LineString);
            self.writer.run(&self.run);
            self.writer.end();
            self.left = true;
        }
        self.run.clear();
    }

    /// Divides long edges.
    fn divide(&mut self) {
        let Some(step) = self.how.step.filter(|&step| step > 0.0) else { return };
        self.cut.clear();
        let mut before: Option<At> = None;
        for &at in &self.run {
            if let Some(last) = before {
                let (x, y) = (at.0 - last.0, at.1 - last.1);
                let parts = (x.abs().max(y.abs()) / step).ceil().clamp(1.0, 1000.0);
                let mut part = 1.0;
                while part < parts {
                    self.cut.push((last.0 + x * part / parts, last.1 + y * part / parts));
                    part += 1.0;
                }
            }
            self.cut.push(at);
            before = Some(at);
        }
        std::mem::swap(&mut self.run, &mut self.cut);
    }
}

/// By how much a vertex lies beyond a side.
fn beyond(rect: &Rect, side: u8, (x, y): At) -> f64 {
    match side {
        0 => rect.min_x - x,
        1 => x - rect.max_x,
        2 => rect.min_y - y,
        _ => y - rect.max_y,
    }
}

/// Where an edge crosses the line of a side.
fn crossing(rect: &Rect, side: u8, a: At, b: At) -> At {
    match side {
        0 | 1 => {
            let x = if side == 0 { rect.min_x } else { rect.max_x };
            (x, a.1 + (b.1 - a.1) * ((x - a.0) / (b.0 - a.0)))
        }
        _ => {
            let y = if side == 2 { rect.min_y } else { rect.max_y };
            (a.0 + (b.0 - a.0) * ((y - a.1) / (b.1 - a.1)), y)
        }
    }
}

/// The part of an edge in the rectangle.
fn within(rect: &Rect, a: At, b: At) -> Option<(At, At)> {
    let (mut from, mut to) = (0.0, 1.0);
    let (x, y) = (b.0 - a.0, b.1 - a.1);
    for (along, room) in [(-x, a.0 - rect.min_x), (x, rect.max_x - a.0), (-y, a.1 - rect.min_y), (y, rect.max_y - a.1)]
    {
        if along == 0.0 {
            if room < 0.0 {
                return None;
            }
        } else if along < 0.0 {
            from = f64::max(from, room / along);
        } else {
            to = f64::min(to, room / along);
        }
    }
    if from > to {
        return None;
    }
    let at = |part: f64| (a.0 + x * part, a.1 + y * part);
    // The ends stay exactly what they are, so that parts join.
    Some((if from > 0.0 { at(from) } else { a }, if to < 1.0 { at(to) } else { b }))
}

#[cfg(test)]
#[path = "clip_tests.rs"]
mod tests;
