//! Geometries that come into degrees, or into another system where the world goes on along x: PROJ tells each longitude within
//! one turn, so that one over the date line would span the world the wrong way. Its x is counted on instead (168 to 186), along the
//! edges as they run in the system that it comes from; a ring around a pole is led along it.

use std::ops::ControlFlow;

use super::reference;
use crate::base::crs::Crs;
use crate::model::batch::Remade;
use crate::model::geometry::points::{Ordinates, Points};
use crate::model::geometry::rewrite_xy;
use crate::model::geometry::wkb::{Shape, Sink, walk};

/// Into so many parts an edge is divided to see which way round it runs.
const PARTS: u8 = 32;
/// Parts of a turn by which the ends of a ring around a pole may be further apart than one.
const NOISE: f64 = 3e-9;

/// How a system goes round.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Round {
    /// How much further along x the same place comes again.
    pub(super) turn: f64,
    /// How far the poles are from the equator along y, or where maps end that have none.
    pub(super) pole: f64,
}

impl Round {
    /// That of a system, where it goes round.
    pub(super) fn of(crs: &Crs) -> Option<Self> {
        let found = reference::of(crs).ok()?;
        let turn = found.turn?;
        Some(Self { turn, pole: found.pole })
    }

    /// Whether a vertex and the next are more than half a turn apart.
    pub(super) fn jumps(self, xs: &[f64]) -> bool {
        xs.windows(2).any(|ends| (ends[0] - ends[1]).abs() > self.turn / 2.0)
    }

    fn is_turn(self, apart: f64) -> bool {
        (apart.abs() - self.turn).abs() < NOISE * self.turn
    }
}

/// The vertices of a geometry before they were moved.
#[derive(Default)]
pub(super) struct Before {
    xs: Vec<f64>,
    ys: Vec<f64>,
}

impl Before {
    pub(super) fn keep(&mut self, xs: &[f64], ys: &[f64]) {
        self.xs.clear();
        self.ys.clear();
        self.xs.extend_from_slice(xs);
        self.ys.extend_from_slice(ys);
    }

    /// By how much x at `to` must be counted on after that at `from`.
    fn turned(&self, round: Round, from: usize, to: usize, xs: &[f64], moved: &mut Moved<'_>) -> f64 {
        let turn = round.turn;
        let raw = xs[to] - xs[from];
        if raw.abs() <= turn / 2.0 {
            return 0.0;
        }
        let at = |all: &[f64], part: u8| all[from] + (all[to] - all[from]) * (f64::from(part) / f64::from(PARTS));
        let mut way: (Vec<f64>, Vec<f64>) = (1..PARTS).map(|part| (at(&self.xs, part), at(&self.ys, part))).unzip();
        if !moved(&mut way.0, &mut way.1) {
            return 0.0;
        }
        let (mut run, mut last) = (0.0, xs[from]);
        for longitude in way.0.into_iter().chain([xs[to]]) {
            let step = longitude - last;
            run += step - turn * (step / turn).round();
            last = longitude;
        }
        turn * ((run - raw) / turn).round()
    }
}

/// What moves points between the two systems, in place.
type Moved<'a> = dyn FnMut(&mut [f64], &mut [f64]) -> bool + 'a;

/// Counts x of one line or ring on.
pub(super) fn follow(round: Round, xs: &mut [f64], before: &Before, moved: &mut Moved<'_>) {
    run(round, xs, 0..xs.len(), 0.0, before, moved);
}

/// Counts x of a moved geometry on; says whether a ring of it goes around a pole.
pub(super) fn follow_all(round: Round, wkb: &mut [u8], before: &Before, moved: &mut Moved<'_>) -> bool {
    let mut runs = Runs::default();
    if walk(wkb, &mut runs).is_err() {
        return false;
    }
    let mut has_open = false;
    let _ = rewrite_xy(wkb, &mut |xs, _| {
        // Each run goes on from the start of the one before: a hole stays in its polygon.
        let (mut start, mut last, mut turned) = (0, 0, 0.0);
        let told = xs.to_vec();
        for &end in runs.0.iter().filter(|&&end| end <= told.len()) {
            if start < end {
                turned += before.turned(round, last, start, &told, moved);
                run(round, xs, start..end, turned, before, moved);
                has_open |= round.is_turn(xs[start] - xs[end - 1]);
                last = start;
            }
            start = end;
        }
        true
    });
    has_open
}

fn run(
    round: Round,
    xs: &mut [f64],
    of: std::ops::Range<usize>,
    mut turned: f64,
    before: &Before,
    moved: &mut Moved<'_>,
) {
    let told = xs.to_vec();
    for at in of.clone() {
        if at > of.start {
            turned += before.turned(round, at - 1, at, &told, moved);
        }
        xs[at] += turned;
    }
}

/// Where the lines, rings and points of a geometry end, in vertices.
#[derive(Default)]
struct Runs(Vec<usize>);

impl Sink for Runs {
    const STRAIGHTEN: bool = false;

    fn points(&mut self, points: Points<'_>, _: Shape, _: usize) -> ControlFlow<()> {
        let count = points.iter().filter(|vertex| !vertex.is_nowhere()).count();
        self.0.push(self.0.last().copied().unwrap_or(0) + count);
        ControlFlow::Continue(())
    }
}

/// Leads the rings of a geometry that end a turn beside their start along the pole that they go around, and back.
pub(super) fn closed(round: Round, wkb: &[u8], out: &mut Vec<u8>) -> Remade {
    let mut rings = Rings { round, found: Vec::new() };
    if walk(wkb, &mut rings).is_err() || rings.found.is_empty() {
        return Remade::Same;
    }
    let mut done = 0;
    for Ring { numbers, ordinates, end, more } in rings.found {
        let (Some(before), Some(ring)) = (wkb.get(done..numbers.start - 4), wkb.get(numbers.clone())) else {
            return Remade::Same;
        };
        let count = u32::try_from(ring.len() / 8 / ordinates.count() + more.len()).unwrap_or(u32::MAX);
        out.extend_from_slice(before);
        out.extend(if ordinates.little_endian { count.to_le_bytes() } else { count.to_be_bytes() });
        out.extend_from_slice(ring);
        for (x, y) in more {
            out.extend(ordinates.encode(x));
            out.extend(ordinates.encode(y));
            // Heights and measures stay those of the end.
            out.extend_from_slice(wkb.get(end + 16..numbers.end).unwrap_or_default());
        }
        done = numbers.end;
    }
    out.extend_from_slice(wkb.get(done..).unwrap_or_default());
    Remade::Other
}

/// A ring that is open.
struct Ring {
    /// Where its numbers stand.
    numbers: std::ops::Range<usize>,
    ordinates: Ordinates,
    /// Where its last vertex stands.
    end: usize,
    /// The vertices that close it.
    more: [(f64, f64); 3],
}

struct Rings {
    round: Round,
    found: Vec<Ring>,
}

impl Sink for Rings {
    const STRAIGHTEN: bool = false;

    fn points(&mut self, points: Points<'_>, of: Shape, _: usize) -> ControlFlow<()> {
        if of == Shape::Polygon
            && let (Some(first), Some(last)) = (points.first(), points.last())
            && self.round.is_turn(first.x - last.x)
        {
            // It goes around the pole on whose side of the equator most of it lies.
            let is_south = points.iter().map(|vertex| vertex.y).sum::<f64>() < 0.0;
            // A ring may reach further than the map.
            let furthest = points.iter().map(|vertex| vertex.y.abs()).fold(self.round.pole, f64::max);
            let pole = if is_south { -furthest } else { furthest };
            let numbers = points.place();
            let end = numbers.end - points.ordinates().count() * 8;
            let more = [(last.x, pole), (first.x, pole), (first.x, first.y)];
            self.found.push(Ring { numbers, ordinates: points.ordinates(), end, more });
        }
        ControlFlow::Continue(())
    }
}

#[cfg(test)]
#[path = "seam_tests.rs"]
mod tests;
