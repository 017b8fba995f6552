//! Conditions that the gate tests itself: each sees the geometry in the system of its own places, whatever the layer's.

use std::sync::LazyLock;

use tokio::sync::Semaphore;

use crate::base::bbox::Rect;
use crate::base::crs::Crs;
use crate::error::{Error, Kind, Result};
use crate::expr::evaluate::Predicate;
use crate::expr::{Expr, GeometryLiteral};
use crate::model::batch::{Batch, Layout};
use crate::model::schema::Schema;

use super::{reference, transform, worker};

/// What remains of a filter.
#[derive(Default)]
pub(super) struct Tests {
    frames: Vec<Frame>,
    passed: Vec<bool>,
    is_dear: bool,
    is_away: bool,
}

/// As many batches are tested aside at a time.
static ASIDE: LazyLock<Semaphore> = LazyLock::new(|| Semaphore::new(worker::most()));

/// Conditions that see the geometry in one system.
struct Frame {
    /// None where they see it as it is stored, or not at all.
    crs: Option<Crs>,
    predicate: Predicate,
    scratch: Batch,
}

/// The system in which a condition sees the geometry: that of its places, so that they mean what the client means. Where
/// it is not the layer's, it is given back; where places differ, they are brought into that of the first.
pub(super) fn framed(expr: Expr, stored: Option<&Crs>) -> Result<(Expr, Option<Crs>)> {
    let mut frame: Option<Crs> = None;
    let mut is_mixed = false;
    expr.walk(&mut |part| {
        if let Expr::Bbox { crs, .. } | Expr::Spatial { geometry: GeometryLiteral { crs, .. }, .. } = part {
            is_mixed |= frame.get_or_insert_with(|| crs.clone()) != crs;
        }
    });
    let Some(frame) = frame else { return Ok((expr, None)) };
    let expr =
        if is_mixed { expr.map_literals(&mut |literal, distance| brought(literal, distance, &frame))? } else { expr };
    let mut is_apart = false;
    expr.walk(&mut |part| is_apart |= matches!(part, Expr::Bbox { crs, .. } if !crs.is_same_plane(&frame)));
    if is_apart {
        return Err(Error::new(Kind::Unsupported, "boxes of several coordinate reference systems in one condition"));
    }
    let is_foreign = stored.is_some_and(|stored| !stored.is_same_plane(&frame));
    Ok((expr, Some(frame).filter(|_| is_foreign)))
}

/// A condition for geometries that are brought into its system: where the world goes on there along x, those over the date line are
/// counted on past its end, and its places are there as well.
pub(super) fn in_every_turn(expr: Expr, frame: &Crs) -> Result<Expr> {
    match reference::of(frame)?.turn.filter(|_| !frame.is_lon_lat_wgs84()) {
        Some(turn) => turned(expr, turn),
        None => Ok(expr),
    }
}

fn turned(expr: Expr, turn: f64) -> Result<Expr> {
    let all = |parts: Vec<Expr>| parts.into_iter().map(|part| turned(part, turn)).collect::<Result<_>>();
    Ok(match expr {
        Expr::Bbox { rects, z, crs } => {
            let moved = |rect: &Rect, by: f64| Rect { min_x: rect.min_x + by, max_x: rect.max_x + by, ..*rect };
            let rects = rects.iter().flat_map(|rect| [0.0, -turn, turn].map(|by| moved(rect, by))).collect();
            Expr::Bbox { rects, z, crs }
        }
        Expr::And(parts) => Expr::And(all(parts)?),
        Expr::Or(parts) => Expr::Or(all(parts)?),
        Expr::Not(part) => Expr::Not(Box::new(turned(*part, turn)?)),
        Expr::IsUnknown(part) => Expr::IsUnknown(Box::new(turned(*part, turn)?)),
        other => other.map_literals::<Error>(&mut |literal, distance| {
            Ok((GeometryLiteral { turn: Some(turn), ..literal }, distance))
        })?,
    })
}

/// A literal in another system. A distance goes by the length of the units.
fn brought(literal: GeometryLiteral, distance: Option<f64>, to: &Crs) -> Result<(GeometryLiteral, Option<f64>)> {
    if literal.crs.is_same_plane(to) {
        return Ok((literal, distance));
    }
    // Distances from longitude and latitude are metres already.
    let metres = |crs: &Crs| -> Result<f64> {
        Ok(if crs.is_lon_lat_wgs84() { 1.0 } else { reference::of(crs)?.metres_per_unit })
    };
    let distance = match distance {
        Some(distance) => Some(distance * metres(&literal.crs)? / metres(to)?),
        None => None,
    };
    let moved = literal.moved(to, |xs, ys| {
        let has_all = transform::line(xs, ys, &literal.crs, to)?;
        let lost = || Error::new(Kind::OutOfRange, format!("a geometry of the filter has no place in {to}"));
        if has_all { Ok(()) } else { Err(lost()) }
    });
    moved.map(|literal| (literal, distance))
}

impl Tests {
    /// Conditions, each with the system of its places where that is not the layer's.
    pub(super) fn new(rest: &[(Expr, Option<Crs>)], schema: &Schema, layout: &Layout) -> Result<Self> {
        let mut parts: Vec<(Option<Crs>, Vec<Expr>)> = Vec::new();
        for (expr, frame) in rest {
            match parts.iter_mut().find(|(other, _)| other == frame) {
                Some((_, all)) => all.push(expr.clone()),
                None => parts.push((frame.clone(), vec![expr.clone()])),
            }
        }
        // What needs no other system is cheap, and spares the rest rows.
        parts.sort_by_key(|(frame, _)| frame.is_some());
        let frame = |(crs, all): (Option<Crs>, Vec<Expr>)| {
            let predicate = Predicate::new(&Expr::And(all), schema, layout).map_err(unknown)?;
            Ok(Frame { crs, predicate, scratch: Batch::default() })
        };
        let frames = parts.into_iter().map(frame).collect::<Result<_>>()?;
        Ok(Self { frames, is_dear: rest.iter().any(|(expr, _)| expr.is_dear()), ..Self::default() })
    }

    /// In the place of those that another thread has.
    pub(super) fn away() -> Self {
        Self { is_away: true, ..Self::default() }
    }

    /// Whether a batch may take longer than the thread can be spared that answers others meanwhile.
    pub(super) fn is_dear(&self) -> bool {
        self.is_dear
    }

    /// Drops the rows that fail on a thread that may block, where there is one.
    pub(super) async fn aside(
        mut self,
        mut batch: Batch,
        stored: Option<Crs>,
        at: Option<Crs>,
    ) -> Result<(Self, Batch, Result<()>)> {
        let turn = ASIDE.acquire().await.map_err(Error::internal)?;
        let work = move || {
            let _turn = turn;
            let told = self.apply(&mut batch, stored.as_ref(), at.as_ref());
            (self, batch, told)
        };
        tokio::task::spawn_blocking(work).await.map_err(Error::internal)
    }

    /// The one other system in which the geometry is seen: where it is also wanted in that, it is moved only once.
    pub(super) fn only_frame(&self) -> Option<&Crs> {
        let mut frames = self.frames.iter().filter_map(|frame| frame.crs.as_ref());
        frames.next().filter(|_| frames.next().is_none())
    }

    /// Drops the rows that fail. The geometries are in `at`: as stored, or in another system.
    pub(super) fn apply(&mut self, batch: &mut Batch, stored: Option<&Crs>, at: Option<&Crs>) -> Result<()> {
        if self.is_away {
            return Err(Error::internal("rows came while others were being tested"));
        }
        for Frame { crs, predicate, scratch } in &mut self.frames {
            let moved = crs.as_ref().filter(|crs| at.is_none_or(|at| !at.is_same_plane(crs))).zip(stored);
            let Some((crs, stored)) = moved else {
                batch.retain(usize::MAX, |row| predicate.test(row));
                continue;
            };
            scratch.clone_from(batch);
            transform::reproject(scratch, 1, stored, crs)?;
            self.passed.clear();
            self.passed.extend(scratch.rows().map(|row| predicate.test(row)));
            let mut passed = self.passed.iter();
            batch.retain(usize::MAX, |_| passed.next().is_some_and(|&passed| passed));
        }
        Ok(())
    }
}

/// A name that the client cannot know.
pub(super) fn unknown(name: String) -> Error {
    Error::new(Kind::UnknownParameter, format!("there is no property '{name}'")).at(name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::batch::Cell;

    #[test]
    fn no_row_gets_past_tests_that_another_thread_has() {
        let mut batch = Batch::new(1);
        batch.push(Cell::Int(1));
        assert!(Tests::default().apply(&mut batch, None, None).is_ok());
        assert!(Tests::away().apply(&mut batch, None, None).is_err());
    }
}
