//! Dashes: a line as many short ones.

use super::path::{Path, Point};

/// A pattern repeats after at least so many pixels; a finer one is a plain line to the eye.
const FINEST: f64 = 0.5;
/// More dashes than this in a line are drawn as a plain line.
const MOST: f64 = 250_000.0;

/// Appends the dashes of a line, which starts `along` pixels into the whole; a plain line where dashes make no sense.
pub(super) fn dash(line: &[Point], closed: bool, pattern: &[f64], along: f64, out: &mut Path) {
    let back = closed.then(|| line.first().copied()).flatten();
    let ends = || line.iter().skip(1).copied().chain(back);
    let length: f64 = line.iter().zip(ends()).map(|(from, to)| (to.0 - from.0).hypot(to.1 - from.1)).sum();
    // A pattern of an odd number of lengths is repeated with dashes and gaps exchanged.
    let lengths = pattern.len() * (1 + pattern.len() % 2);
    let period: f64 = pattern.iter().sum::<f64>() * (lengths / pattern.len().max(1)) as f64;
    if !(period >= FINEST && period.is_finite()) || length / period > MOST || pattern.iter().any(|it| *it < 0.0) {
        out.points.extend_from_slice(line);
        out.end(closed);
        return;
    }
    let of = |at: usize| pattern[at % pattern.len()];
    let mut rest = along % period;
    let mut at = 0;
    while rest >= of(at) && at < lengths {
        rest -= of(at);
        at += 1;
    }
    // What remains of the current dash or gap; dashes have even places.
    let mut left = of(at) - rest;
    for (index, (&from, to)) in line.iter().zip(ends()).enumerate() {
        let whole = (to.0 - from.0).hypot(to.1 - from.1);
        let place = |done: f64| {
            let part = if whole > 0.0 { done / whole } else { 0.0 };
            (from.0 + (to.0 - from.0) * part, from.1 + (to.1 - from.1) * part)
        };
        let mut done = 0.0;
        if index == 0 && at.is_multiple_of(2) {
            out.push(from.0, from.1);
        }
        while left < whole - done {
            done += left;
            let (x, y) = place(done);
            out.push(x, y);
            if at.is_multiple_of(2) {
                out.end(false);
            }
            at = (at + 1) % lengths;
            left = of(at);
        }
        left -= whole - done;
        if at.is_multiple_of(2) {
            out.push(to.0, to.1);
        }
    }
    out.end(false);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dashes(line: &[Point], closed: bool, pattern: &[f64], along: f64) -> Vec<Vec<Point>> {
        let mut out = Path::new();
        dash(line, closed, pattern, along, &mut out);
        out.parts().map(|(points, _)| points.to_vec()).collect()
    }

    #[test]
    fn dashes_and_gaps_take_turns() {
        let line = [(0.0, 0.0), (10.0, 0.0)];
        assert_eq!(
            dashes(&line, false, &[3.0, 2.0], 0.0),
            [[(0.0, 0.0), (3.0, 0.0)], [(5.0, 0.0), (8.0, 0.0)]].map(Vec::from)
        );
        assert_eq!(dashes(&line, false, &[3.0, 2.0], 4.0)[0], [(1.0, 0.0), (4.0, 0.0)]);
        assert_eq!(
            dashes(&line, false, &[4.0], 0.0),
            [[(0.0, 0.0), (4.0, 0.0)], [(8.0, 0.0), (10.0, 0.0)]].map(Vec::from)
        );
    }

    #[test]
    fn a_dash_goes_round_a_corner() {
        let line = [(0.0, 0.0), (2.0, 0.0), (2.0, 2.0)];
        assert_eq!(dashes(&line, false, &[3.0, 5.0], 0.0), [vec![(0.0, 0.0), (2.0, 0.0), (2.0, 1.0)]]);
    }

    #[test]
    fn a_pattern_that_makes_no_sense_is_a_plain_line() {
        let line = [(0.0, 0.0), (2.0, 0.0)];
        for pattern in [
            vec![],
            vec![0.0],
            vec![0.0, 0.0],
            vec![-1.0, 3.0],
            vec![f64::NAN],
            vec![0.1, 0.1],
            vec![f64::INFINITY, 1.0],
        ] {
            assert_eq!(dashes(&line, false, &pattern, 0.0), [line.to_vec()], "{pattern:?}");
        }
    }
}
