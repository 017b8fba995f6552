//! What of a line comes near the canvas, so that a line of any length costs no more than what is seen of it.

use super::path::{Bounds, Path, Point};

/// Appends the runs of a line within some bounds, and for each how far along the line it starts.
pub(super) fn cut(line: &[Point], closed: bool, bounds: &Bounds, out: &mut Path, starts: &mut Vec<f64>) {
    let mut along = 0.0;
    let mut running = false;
    let back = closed.then(|| line.first().copied()).flatten();
    let ends = line.iter().skip(1).copied().chain(back);
    for (&from, to) in line.iter().zip(ends) {
        let length = (to.0 - from.0).hypot(to.1 - from.1);
        match within(from, to, bounds) {
            Some((enter, leave)) => {
                let at = |part: f64| (from.0 + (to.0 - from.0) * part, from.1 + (to.1 - from.1) * part);
                if !running || enter > 0.0 {
                    out.end(false);
                    starts.push(along + length * enter);
                    let (x, y) = at(enter);
                    out.push(x, y);
                }
                let (x, y) = if leave < 1.0 { at(leave) } else { to };
                out.push(x, y);
                running = leave >= 1.0;
            }
            None => running = false,
        }
        along += length;
    }
    out.end(false);
}

/// The part of a segment (from and to, of 1) within some bounds.
fn within(from: Point, to: Point, bounds: &Bounds) -> Option<(f64, f64)> {
    let (mut enter, mut leave) = (0.0_f64, 1.0_f64);
    for (start, end, low, high) in
        [(from.0, to.0, bounds.left, bounds.right), (from.1, to.1, bounds.top, bounds.bottom)]
    {
        let way = end - start;
        if way == 0.0 {
            if start < low || start > high {
                return None;
            }
            continue;
        }
        let (first, second) = ((low - start) / way, (high - start) / way);
        enter = enter.max(first.min(second));
        leave = leave.min(first.max(second));
    }
    (enter <= leave).then_some((enter, leave))
}
