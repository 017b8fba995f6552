//! Changes the coordinates of a geometry in place: how rows are reprojected without being rebuilt.

use std::cell::Cell;
use std::ops::ControlFlow;

use super::Malformed;
use super::points::{Ordinates, Points};
use super::wkb::{Shape, Sink, walk};

thread_local! {
    // One geometry after the other goes through here: its memory is kept, taken while in use, so that no call is in the way of another.
    static SCRATCH: Cell<Scratch> = Cell::default();
}

/// What is kept between geometries, in vertices; a larger one's memory is given back.
const KEPT: usize = 64 * 1024;

#[derive(Default)]
struct Scratch {
    x: Vec<f64>,
    y: Vec<f64>,
    runs: Vec<Run>,
}

/// Where some vertices stand in the WKB.
struct Run {
    start: usize,
    end: usize,
    ordinates: Ordinates,
}

/// Gives the x and y of all vertices to `change` at once, and writes them back where it says so; returns what it said.
/// Empty points are passed over, z and m stay, and a geometry without vertices counts as changed.
pub fn rewrite_xy(wkb: &mut [u8], change: &mut dyn FnMut(&mut [f64], &mut [f64]) -> bool) -> Result<bool, Malformed> {
    let mut scratch = SCRATCH.take();
    scratch.x.clear();
    scratch.y.clear();
    scratch.runs.clear();
    let result = walk(wkb, &mut scratch).map(|()| {
        let changed = scratch.x.is_empty() || change(&mut scratch.x, &mut scratch.y);
        if changed {
            scratch.write_back(wkb);
        }
        changed
    });
    if scratch.x.capacity() <= KEPT && scratch.runs.capacity() <= KEPT {
        SCRATCH.set(scratch);
    }
    result
}

impl Sink for Scratch {
    const STRAIGHTEN: bool = false;

    fn points(&mut self, points: Points<'_>, _: Shape, _: usize) -> ControlFlow<()> {
        for vertex in points.iter().filter(|vertex| !vertex.is_nowhere()) {
            self.x.push(vertex.x);
            self.y.push(vertex.y);
        }
        let end = points.start + points.numbers.len() * 8;
        self.runs.push(Run { start: points.start, end, ordinates: points.ordinates });
        ControlFlow::Continue(())
    }
}

impl Scratch {
    fn write_back(&self, wkb: &mut [u8]) {
        let mut changed = self.x.iter().zip(&self.y);
        for Run { start, end, ordinates } in &self.runs {
            let numbers = wkb.get_mut(*start..*end).unwrap_or_default().as_chunks_mut::<8>().0;
            for vertex in numbers.chunks_exact_mut(ordinates.count()) {
                let [x, y, ..] = vertex else { continue };
                if ordinates.decode(*x).is_nan() || ordinates.decode(*y).is_nan() {
                    continue;
                }
                if let Some((new_x, new_y)) = changed.next() {
                    (*x, *y) = (ordinates.encode(*new_x), ordinates.encode(*new_y));
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::geometry::samples::{Sample, Style, any_sample, any_style, wkb};
    use proptest::prelude::*;

    #[test]
    fn an_empty_geometry_is_left_alone() {
        let empty = wkb(&Sample::Members(4, vec![Sample::Point([f64::NAN; 4])]), Style::default());
        let mut bytes = empty.clone();
        assert_eq!(rewrite_xy(&mut bytes, &mut |_, _| false), Ok(true));
        assert_eq!(bytes, empty);
    }

    #[test]
    fn a_change_may_change_another_geometry() {
        let mut outer = wkb(&Sample::Point([1.0, 2.0, 0.0, 0.0]), Style::default());
        let mut inner = outer.clone();
        let result = rewrite_xy(&mut outer, &mut |x, _| {
            x[0] = 5.0;
            rewrite_xy(&mut inner, &mut |x, _| {
                x[0] = 7.0;
                true
            }) == Ok(true)
        });
        assert_eq!(result, Ok(true));
        assert_eq!(outer, wkb(&Sample::Point([5.0, 2.0, 0.0, 0.0]), Style::default()));
        assert_eq!(inner, wkb(&Sample::Point([7.0, 2.0, 0.0, 0.0]), Style::default()));
    }

    proptest! {
        #[test]
        fn every_vertex_is_changed_once_and_nothing_else(sample in any_sample(), style in any_style()) {
            let mut bytes = wkb(&sample, style);
            prop_assert_eq!(rewrite_xy(&mut bytes, &mut |x, y| {
                for (x, y) in x.iter_mut().zip(y) {
                    (*x, *y) = (*y + 1.0, *x * 2.0);
                }
                true
            }), Ok(true));
            let mut expected = sample;
            expected.change(&|v| [v[1] + 1.0, v[0] * 2.0, v[2], v[3]]);
            prop_assert_eq!(&bytes, &wkb(&expected, style));

            let before = bytes.clone();
            let empty = expected.vertices().iter().all(|v| v[0].is_nan());
            prop_assert_eq!(rewrite_xy(&mut bytes, &mut |x, _| { x[0] = 9.0; false }), Ok(empty));
            prop_assert_eq!(bytes, before);
        }
    }
}
