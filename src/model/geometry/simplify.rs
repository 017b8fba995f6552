//! Geometries with no more vertices than a map can show.

use std::ops::ControlFlow;

use crate::base::bbox::Rect;

use super::Malformed;
use super::points::Points;
use super::wkb::{Shape, Sink, type_code, walk};
use super::write::Writer;

/// Appends a geometry without the vertices that lie within `least` (width and height) of the one before. What is smaller
/// than that as a whole is written as large as that, so that it still shows: a rectangle or a short line. Heights and
/// measures are left out, curves are straightened.
pub fn simplify(wkb: &[u8], least: (f64, f64), out: &mut Vec<u8>) -> Result<(), Malformed> {
    let mut sink = Simplifier { writer: Writer::new(out), least, kept: Vec::new() };
    walk(wkb, &mut sink)
}

/// Appends what stands for a geometry of this envelope that is smaller than `least`; false where its kind alone does not
/// tell what that is.
pub fn dot(wkb: &[u8], envelope: &Rect, least: (f64, f64), out: &mut Vec<u8>) -> bool {
    let Some(code) = type_code(wkb) else { return false };
    let mut writer = Writer::new(out);
    match code {
        2 | 5 | 8 | 9 | 11 => {
            writer.begin(Shape::LineString);
            writer.run(&dash(envelope, least));
        }
        3 | 6 | 10 | 12 | 15 | 16 | 17 => {
            writer.begin(Shape::Polygon);
            writer.ring(&box_of(envelope, least));
        }
        _ => return false,
    }
    writer.end();
    true
}

/// Whether a map shows nothing of the size of this.
pub fn is_below(rect: &Rect, least: (f64, f64)) -> bool {
    rect.max_x - rect.min_x < least.0 && rect.max_y - rect.min_y < least.1
}

struct Simplifier<'a> {
    writer: Writer<'a>,
    least: (f64, f64),
    kept: Vec<(f64, f64)>,
}

impl Sink for Simplifier<'_> {
    fn begin(&mut self, shape: Shape, _: Option<Shape>) -> ControlFlow<()> {
        self.writer.begin(shape);
        ControlFlow::Continue(())
    }

    fn points(&mut self, points: Points<'_>, of: Shape, ring: usize) -> ControlFlow<()> {
        if of == Shape::Point {
            let at = points.first().map_or((f64::NAN, f64::NAN), |vertex| (vertex.x, vertex.y));
            self.writer.point(at);
            return ControlFlow::Continue(());
        }
        let envelope = self.thin(&points, self.least);
        let is_small = is_below(&envelope, self.least);
        match of {
            Shape::Polygon if is_small && ring > 0 => {}
            Shape::Polygon if is_small && !envelope.is_empty() => self.writer.ring(&box_of(&envelope, self.least)),
            Shape::Polygon => {
                let mut least = self.least;
                // What is long and thin would fall together: it keeps more.
                while self.kept.len() < 4.min(points.len()) {
                    least = if least.0 > self.least.0 / 16.0 { (least.0 / 2.0, least.1 / 2.0) } else { (0.0, 0.0) };
                    self.thin(&points, least);
                }
                self.writer.ring(&self.kept);
            }
            _ if is_small && !envelope.is_empty() => self.writer.run(&dash(&envelope, self.least)),
            _ => self.writer.run(&self.kept),
        }
        ControlFlow::Continue(())
    }

    fn end(&mut self, _: Shape, _: Option<Shape>) -> ControlFlow<()> {
        self.writer.end();
        ControlFlow::Continue(())
    }
}

impl Simplifier<'_> {
    /// Keeps the vertices that are to be seen, the first and the last among them; gives the rectangle around all.
    fn thin(&mut self, points: &Points<'_>, (width, height): (f64, f64)) -> Rect {
        self.kept.clear();
        let mut envelope = Rect::EMPTY;
        let (mut last, mut is_last_kept) = ((f64::NAN, f64::NAN), true);
        for vertex in points.iter() {
            envelope.include(vertex.x, vertex.y);
            let from = self.kept.last().copied().unwrap_or((f64::NAN, f64::NAN));
            last = (vertex.x, vertex.y);
            // Beside what is no number nothing is near.
            is_last_kept = !((last.0 - from.0).abs() < width && (last.1 - from.1).abs() < height);
            if is_last_kept {
                self.kept.push(last);
            }
        }
        if !is_last_kept {
            self.kept.push(last);
        }
        envelope
    }
}

/// A line of the size that is just shown.
fn dash(envelope: &Rect, least: (f64, f64)) -> [(f64, f64); 2] {
    let rect = widened(envelope, least);
    let y = f64::midpoint(rect.min_y, rect.max_y);
    [(rect.min_x, y), (rect.max_x, y)]
}

/// A rectangle of the size that is just shown.
fn box_of(envelope: &Rect, least: (f64, f64)) -> [(f64, f64); 5] {
    let Rect { min_x, min_y, max_x, max_y } = widened(envelope, least);
    [(min_x, min_y), (max_x, min_y), (max_x, max_y), (min_x, max_y), (min_x, min_y)]
}

fn widened(rect: &Rect, least: (f64, f64)) -> Rect {
    let side = |min: f64, max: f64, least: f64| {
        let more = ((least - (max - min)) / 2.0).max(0.0);
        (min - more, max + more)
    };
    let ((min_x, max_x), (min_y, max_y)) =
        (side(rect.min_x, rect.max_x, least.0), side(rect.min_y, rect.max_y, least.1));
    Rect { min_x, min_y, max_x, max_y }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::geometry::envelope;
    use crate::model::geometry::samples::{Sample, Style, any_curve, any_sample, any_style, wkb};
    use proptest::prelude::*;

    fn simplified(bytes: &[u8], least: f64) -> Vec<u8> {
        let mut out = Vec::new();
        simplify(bytes, (least, least), &mut out).unwrap();
        out
    }

    #[test]
    fn what_is_too_small_to_be_seen_is_a_dot() {
        let ring = [(5.0, 5.0), (5.1, 5.0), (5.1, 5.1), (5.0, 5.0)].map(|(x, y)| [x, y, 0.0, 0.0]).to_vec();
        let small = wkb(&Sample::Polygon(vec![ring.clone()]), Style::default());
        let rect = envelope(&simplified(&small, 2.0)).unwrap().unwrap();
        assert!((rect.max_x - rect.min_x - 2.0).abs() < 1e-9 && rect.holds(5.05, 5.05), "{rect:?}");
        let mut quick = Vec::new();
        assert!(dot(&small, &envelope(&small).unwrap().unwrap(), (2.0, 2.0), &mut quick));
        assert_eq!(quick, simplified(&small, 2.0));
        let line = wkb(&Sample::Line(ring), Style { z: true, big_endian: true, ..Style::default() });
        let mut quick = Vec::new();
        assert!(dot(&line, &envelope(&line).unwrap().unwrap(), (2.0, 2.0), &mut quick));
        assert_eq!(quick, simplified(&line, 2.0));
    }

    proptest! {
        #[test]
        fn nothing_is_lost_and_nothing_moves_further_than_the_tolerance(
            sample in prop_oneof![any_sample(), any_curve()], style in any_style(), least in 0.0..50.0f64,
        ) {
            let mut sample = sample;
            without_holes(&mut sample);
            let bytes = wkb(&sample, style);
            let thin = simplified(&bytes, least);
            let (before, after) = (envelope(&bytes).unwrap(), envelope(&thin).unwrap());
            prop_assert_eq!(before.is_some(), after.is_some());
            if let (Some(before), Some(after)) = (before, after) {
                for (a, b) in [(before.min_x, after.min_x), (before.max_x, after.max_x), (before.min_y, after.min_y), (before.max_y, after.max_y)] {
                    prop_assert!((a - b).abs() <= least, "{before:?} {after:?}");
                }
            }
            prop_assert!(walk(&thin, &mut Nothing).is_ok());
        }
    }

    /// Holes of samples lie anywhere, and what lies outside of its polygon may be lost.
    fn without_holes(sample: &mut Sample) {
        match sample {
            Sample::Polygon(rings) | Sample::Triangle(rings) => rings.truncate(1),
            Sample::Members(code, members) => {
                members.truncate(if *code == 10 { 1 } else { members.len() });
                members.iter_mut().for_each(without_holes);
            }
            Sample::Point(_) | Sample::Line(_) | Sample::Arc(_) => {}
        }
    }

    struct Nothing;

    impl Sink for Nothing {
        fn points(&mut self, _: Points<'_>, _: Shape, _: usize) -> ControlFlow<()> {
            ControlFlow::Continue(())
        }
    }
}
