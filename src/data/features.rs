//! Rows on their way out of the gate: tested, sorted and paged where the source did not, and brought into the system that
//! was asked for.

use std::sync::Arc;

use crate::base::crs::Crs;
use crate::error::Result;
use crate::model::batch::{Batch, Layout, Remade};
use crate::model::geometry::simplify::simplify;

use super::attended::Attended;
use super::frame::Frame;
use super::order::Sorter;
use super::position::{Position, Stretch};
use super::rows::Rows;
use super::test::Tests;
use super::transform;

/// Rows that passed the gate.
pub struct Features {
    pub(super) rows: Rows,
    pub(super) layout: Arc<Layout>,
    /// The system of the source's geometries, where there are some.
    pub(super) stored: Option<Crs>,
    /// The system in which they leave.
    pub(super) crs: Crs,
    /// For a map: what it shows.
    pub(super) frame: Option<Frame>,
    /// For a map: what is too small to be seen, where the source did not simplify.
    pub(super) detail: Option<(f64, f64)>,
    /// What the source did not take; where it is there, the gate pages as well.
    pub(super) tests: Option<Tests>,
    pub(super) attended: Attended,
    /// Between which places rows lie, where the source does not see to it.
    pub(super) stretch: Option<Stretch>,
    pub(super) sorter: Option<Sorter>,
    pub(super) skip: u64,
    pub(super) left: Option<u64>,
    pub(super) more: bool,
    /// The cells that make the place of a row; none where nobody wants to know.
    pub(super) marks: Vec<usize>,
    pub(super) ends: Option<(Position, Position)>,
}

/// What is to be done next.
enum Step {
    /// The source has to give the next batch.
    Wait,
    /// The reader gets this.
    Give(Option<Result<Batch>>),
}

impl Features {
    /// What the cells of the rows are, with the fields of the view's schema.
    pub fn layout(&self) -> &Arc<Layout> {
        &self.layout
    }

    /// The system of the geometries, x before y.
    pub fn crs(&self) -> &Crs {
        &self.crs
    }

    /// Whether there are rows beyond the limit; known when the last batch has come.
    pub fn more(&self) -> bool {
        self.more
    }

    /// How many rows match, page or not, where the source came to know it on its way; asked after the last batch.
    pub fn matched(&self) -> Option<u64> {
        if self.tests.is_some() { None } else { self.rows.matched() }
    }

    /// The state that the rows are in for certain, where the source tells it with them; asked after the first batch.
    pub fn state(&self) -> Option<u64> {
        self.rows.state()
    }

    /// The places of the first and the last row that were given, where the query wanted to know.
    pub fn ends(&self) -> Option<&(Position, Position)> {
        self.ends.as_ref()
    }

    /// Gives a batch back to be filled again.
    pub fn recycle(&self, batch: Batch) {
        self.rows.recycle(batch);
    }

    /// The next batch, never empty; `None` after the last.
    pub async fn next(&mut self) -> Option<Result<Batch>> {
        loop {
            if let Step::Give(given) = self.ready() {
                return given;
            }
            let arrived = self.rows.next().await;
            let step = match self.taken(arrived) {
                Ok((batch, at)) => self.tested_aside(batch, at).await,
                Err(step) => step,
            };
            if let Step::Give(given) = step {
                return given;
            }
        }
    }

    /// The same for a thread that may block.
    pub fn blocking_next(&mut self) -> Option<Result<Batch>> {
        loop {
            if let Step::Give(given) = self.ready() {
                return given;
            }
            let arrived = self.rows.blocking_next();
            let step = match self.taken(arrived) {
                Ok((batch, at)) => self.tested(batch, at.as_ref()),
                Err(step) => step,
            };
            if let Step::Give(given) = step {
                return given;
            }
        }
    }

    /// What can be had without the source.
    fn ready(&mut self) -> Step {
        while !self.more {
            let Some(sorter) = self.sorter.as_mut().filter(|sorter| sorter.is_ready()) else { return Step::Wait };
            let Some(batch) = sorter.next() else { break };
            if let Step::Give(given) = self.out(batch, None) {
                return Step::Give(given);
            }
        }
        Step::Give(None)
    }

    /// A batch of the source, and in which system its geometries are where that is another than theirs.
    fn taken(&mut self, arrived: Option<Result<Batch>>) -> std::result::Result<(Batch, Option<Crs>), Step> {
        let wrong = |error| Step::Give(Some(Err(error)));
        let arrived = arrived.transpose().map_err(wrong)?;
        self.attended.verdict().map_err(wrong)?;
        let Some(mut batch) = arrived else {
            let Some(sorter) = &mut self.sorter else { return Err(Step::Give(None)) };
            sorter.finish();
            return Err(Step::Wait);
        };
        if let (Some(stored), Some(tests)) = (&self.stored, &self.tests)
            && self.sorter.is_none()
            && self.frame.is_none()
            && tests.only_frame().is_some_and(|frame| frame.is_same_plane(&self.crs))
        {
            transform::reproject(&mut batch, 1, stored, &self.crs).map_err(wrong)?;
            return Ok((batch, Some(self.crs.clone())));
        }
        Ok((batch, None))
    }

    /// Tests a batch, whose geometries are in `at`, or as they are stored.
    fn tested(&mut self, mut batch: Batch, at: Option<&Crs>) -> Step {
        let told = match &mut self.tests {
            Some(tests) => tests.apply(&mut batch, self.stored.as_ref(), at),
            None => Ok(()),
        };
        self.passed(batch, at, told)
    }

    /// The same on another thread where it may take long.
    async fn tested_aside(&mut self, batch: Batch, at: Option<Crs>) -> Step {
        let tests = match &mut self.tests {
            // Should nobody wait for them, no further row gets past.
            Some(tests) if tests.is_dear() => std::mem::replace(tests, Tests::away()),
            _ => return self.tested(batch, at.as_ref()),
        };
        match tests.aside(batch, self.stored.clone(), at.clone()).await {
            Ok((tests, batch, told)) => {
                self.tests = Some(tests);
                self.passed(batch, at.as_ref(), told)
            }
            Err(error) => Step::Give(Some(Err(error))),
        }
    }

    /// What becomes of the rows that passed the tests.
    fn passed(&mut self, mut batch: Batch, at: Option<&Crs>, told: Result<()>) -> Step {
        if let Err(error) = told.and_then(|()| self.attended.verdict()) {
            return Step::Give(Some(Err(error)));
        }
        if let Some(stretch) = &self.stretch {
            stretch.apply(&mut batch);
        }
        match &mut self.sorter {
            Some(_) if batch.is_empty() => self.recycle(batch),
            Some(sorter) => {
                if let Err(error) = sorter.add(batch) {
                    return Step::Give(Some(Err(error)));
                }
            }
            None => return self.out(batch, at),
        }
        Step::Wait
    }

    /// Pages, and makes of the rows what leaves; their geometries are in `at`, or as they are stored.
    fn out(&mut self, mut batch: Batch, at: Option<&Crs>) -> Step {
        self.take_page(&mut batch);
        if batch.is_empty() {
            self.recycle(batch);
            return Step::Wait;
        }
        if !self.marks.is_empty() {
            self.note_ends(&batch);
        }
        if let Some(stored) = self.stored.as_ref().filter(|_| at.is_none() && self.layout.geometry)
            && let Err(error) = self.place(&mut batch, stored)
        {
            return Step::Give(Some(Err(error)));
        }
        if self.rows.layout().geometry && !self.layout.geometry {
            batch.leave_out(1);
        }
        batch.narrow(self.layout.width());
        Step::Give(Some(Ok(batch)))
    }

    fn note_ends(&mut self, batch: &Batch) {
        let last = Position::of(batch.row(batch.len() - 1), &self.marks);
        self.ends = Some(match self.ends.take() {
            Some((first, _)) => (first, last),
            None => (Position::of(batch.row(0), &self.marks), last),
        });
    }

    /// Brings the geometries into the system in which they leave.
    fn place(&self, batch: &mut Batch, stored: &Crs) -> Result<()> {
        if let Some(least) = self.detail {
            batch.remake_blobs(1, |wkb, out| match simplify(wkb, least, out) {
                Ok(()) => Remade::Other,
                Err(_) => Remade::Nothing,
            });
        }
        match &self.frame {
            Some(frame) => frame.apply(batch, 1),
            None if stored.is_same_plane(&self.crs) => Ok(()),
            None => transform::reproject(batch, 1, stored, &self.crs),
        }
    }

    /// Skips and limits.
    fn take_page(&mut self, batch: &mut Batch) {
        if self.skip == 0 && self.left.is_none() {
            return;
        }
        let (skip, left, more) = (&mut self.skip, &mut self.left, &mut self.more);
        batch.retain(usize::MAX, |_| {
            if *more {
                return false;
            }
            if *skip > 0 {
                *skip -= 1;
                return false;
            }
            match left {
                Some(0) => *more = true,
                Some(left) => *left -= 1,
                None => {}
            }
            !*more
        });
    }
}
