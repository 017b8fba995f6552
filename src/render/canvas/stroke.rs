//! The outline of a line: what a pen of some width covers.

use super::path::{Path, Point, arc_step};
use super::pen::{Cap, Join, MITER_LIMIT, Pen};

/// Makes outlines; keeps its memory between lines.
#[derive(Debug, Default)]
pub(super) struct Stroker {
    /// The line without points on top of each other.
    points: Vec<Point>,
    /// The direction from each point to the next, of length one, and how far it is.
    directions: Vec<(f64, f64, f64)>,
}

/// Points nearer than this are one.
const SAME: f64 = 1e-6;
/// Up to this half width nobody can tell joins in gentle bends from each other, and the cheapest is drawn.
const THIN: f64 = 1.0;

impl Stroker {
    /// Appends the outline of a line (or ring) to a path, to be filled by non-zero winding.
    pub(super) fn outline(&mut self, line: &[Point], closed: bool, pen: &Pen, out: &mut Path) {
        let half = pen.width / 2.0;
        self.read(line, closed);
        let Some(&(x, y)) = self.points.first() else { return };
        if self.points.len() == 1 {
            // A line without length has only its ends.
            match pen.cap {
                Cap::Round => out.circle(x, y, half),
                Cap::Square => out.rectangle(x - half, y - half, pen.width, pen.width),
                Cap::Butt => {}
            }
            return;
        }
        let side = Side { half, join: pen.join };
        let (points, directions) = (&self.points, &self.directions);
        let count = points.len();
        if closed && count > 2 {
            let mut before = directions[count - 1];
            for (point, &after) in points.iter().zip(directions) {
                side.join(*point, before, after, out);
                before = after;
            }
            out.end(true);
            for at in (0..count).rev() {
                let into = reversed(directions[at]);
                let out_of = reversed(directions[(at + count - 1) % count]);
                side.join(points[at], into, out_of, out);
            }
            out.end(true);
            return;
        }
        let (first, last) = (points[0], points[count - 1]);
        let (start, end) = (directions[0], directions[count - 2]);
        side.cap(first, reversed(start), pen.cap, out);
        for at in 1..count - 1 {
            side.join(points[at], directions[at - 1], directions[at], out);
        }
        side.cap(last, end, pen.cap, out);
        for at in (1..count - 1).rev() {
            side.join(points[at], reversed(directions[at]), reversed(directions[at - 1]), out);
        }
        out.end(true);
    }

    /// Takes the points of a line that differ, with their directions; the last of a ring leads to the first.
    fn read(&mut self, line: &[Point], closed: bool) {
        self.points.clear();
        self.directions.clear();
        let direct = |from: Point, to: Point| {
            let (x, y) = (to.0 - from.0, to.1 - from.1);
            let length = (x * x + y * y).sqrt();
            (length > SAME).then(|| (x / length, y / length, length))
        };
        for &point in line {
            if let Some(&last) = self.points.last() {
                let Some(direction) = direct(last, point) else { continue };
                self.directions.push(direction);
            }
            self.points.push(point);
        }
        if closed && let (Some(&first), Some(&last)) = (self.points.first(), self.points.last()) {
            match direct(last, first) {
                Some(direction) => self.directions.push(direction),
                // The ring's end repeats its start: the direction that led there leads on.
                None if self.points.len() > 1 => {
                    self.points.pop();
                }
                None => {}
            }
        }
    }
}

fn reversed((x, y, length): (f64, f64, f64)) -> (f64, f64, f64) {
    (-x, -y, length)
}

/// One side of a line; the other is this one on the way back.
struct Side {
    half: f64,
    join: Join,
}

impl Side {
    /// The points beside a bend at `point`. Seen along the way, the side is to the right on a canvas, where y runs down.
    #[inline]
    fn join(&self, point: Point, before: (f64, f64, f64), after: (f64, f64, f64), out: &mut Path) {
        let half = self.half;
        let (bx, by) = (-before.1 * half, before.0 * half);
        let (ax, ay) = (-after.1 * half, after.0 * half);
        let cosine = before.0 * after.0 + before.1 * after.1;
        let sine = before.0 * after.1 - before.1 * after.0;
        let meet = |out: &mut Path| {
            let scale = 1.0 / (1.0 + cosine);
            out.push(point.0 + (bx + ax) * scale, point.1 + (by + ay) * scale);
        };
        // Straight on, or nearly.
        if cosine > 0.999 {
            return meet(out);
        }
        if sine > 0.0 {
            // The inner side: where the borders cross, if they do; else by way of the vertex, so that nothing is lost.
            let back = half * sine / (1.0 + cosine);
            if cosine > -0.9 && back <= before.2.min(after.2) {
                return meet(out);
            }
            out.push(point.0 + bx, point.1 + by);
            out.push(point.0, point.1);
            out.push(point.0 + ax, point.1 + ay);
            return;
        }
        let gentle = cosine > 0.5 && half <= THIN;
        match self.join {
            _ if gentle => meet(out),
            Join::Round if half <= THIN => {
                out.push(point.0 + bx, point.1 + by);
                if cosine > -0.99 {
                    // The middle of the arc is as much of it as can be seen.
                    let scale = (0.5 / (1.0 + cosine)).sqrt();
                    out.push(point.0 + (bx + ax) * scale, point.1 + (by + ay) * scale);
                }
                out.push(point.0 + ax, point.1 + ay);
            }
            Join::Miter if 2.0 <= (1.0 + cosine) * MITER_LIMIT * MITER_LIMIT => meet(out),
            Join::Round => {
                out.push(point.0 + bx, point.1 + by);
                arc(point, half, (bx, by), sine.atan2(cosine), out);
                out.push(point.0 + ax, point.1 + ay);
            }
            Join::Miter | Join::Bevel => {
                out.push(point.0 + bx, point.1 + by);
                out.push(point.0 + ax, point.1 + ay);
            }
        }
    }

    /// The points around an end that the line reaches in this direction, from this side to the other.
    fn cap(&self, point: Point, (x, y, _): (f64, f64, f64), cap: Cap, out: &mut Path) {
        let half = self.half;
        let (side_x, side_y) = (-y * half, x * half);
        let (on_x, on_y) = if cap == Cap::Square { (x * half, y * half) } else { (0.0, 0.0) };
        out.push(point.0 + side_x + on_x, point.1 + side_y + on_y);
        if cap == Cap::Round {
            arc(point, half, (side_x, side_y), -std::f64::consts::PI, out);
        }
        out.push(point.0 - side_x + on_x, point.1 - side_y + on_y);
    }
}

/// The points between the ends of an arc around `centre` that starts at `from` (seen from there) and turns by `angle`.
fn arc(centre: Point, radius: f64, from: (f64, f64), angle: f64, out: &mut Path) {
    let steps = (angle.abs() / arc_step(radius)).ceil().clamp(1.0, 128.0);
    let (sin, cos) = (angle / steps).sin_cos();
    let (mut x, mut y) = from;
    for _ in 1..steps as usize {
        (x, y) = (x * cos - y * sin, x * sin + y * cos);
        out.push(centre.0 + x, centre.1 + y);
    }
}
