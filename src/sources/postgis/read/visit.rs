//! Takes the rows of a page: looks at what the first tells beside itself, tests them, and hands them out batch by batch.

use std::pin::pin;

use tokio::time::{Instant, sleep};
use tokio_postgres::Row;

use super::super::cells;
use super::super::selected::{push, raw};
use super::super::snapshot::Snapshot;
use super::super::sparse;
use super::{Early, Reader};
use crate::data::rows::SLOW;

impl Reader<'_> {
    /// Takes a row; false where no more is wanted.
    pub(super) async fn visit(&mut self, row: &Row) -> bool {
        if self.left == Some(0) {
            return false;
        }
        if self.meet(row) {
            return true;
        }
        if self.repeats.meet(row) {
            self.early = Some(Early::Repeated);
            return false;
        }
        let number =
            |at| raw(row, at).and_then(|raw| raw.try_into().ok()).map(i64::from_be_bytes).map(i64::unsigned_abs);
        if let Some(count) = self.few.take().and_then(number) {
            if count > sparse::MOST {
                self.early = Some(Early::Many);
                return false;
            }
            self.sender.tell_matched(count);
        }
        if let Some(count) = self.count.take().and_then(|(at, _)| number(at)) {
            self.sender.tell_matched(count);
        }
        // Of several statements the first: where a transaction ended between them, its state is gone for good.
        if let Some(at) = self.snapshot.take()
            && let Some(instance) = self.instance
            && let Some(text) = raw(row, at).and_then(|text| std::str::from_utf8(text).ok())
            && let Some(now) = Snapshot::parse(text, instance)
        {
            self.room.watch.note(now);
            if self.way.as_ref().is_some_and(|way| now.settled() != Some(way.state)) {
                self.early = Some(Early::Moved);
                return false;
            }
            if let Some((far, state)) = self.far.zip(now.settled()) {
                self.sender.tell_state(state);
                if self.way.is_none() && self.is_far() {
                    far.note(state);
                }
            }
        }
        let (key, geometry) = (self.table.key.form, self.selected.geometry);
        if let Some(test) = &self.filter.test {
            self.scratch.reset(test.layout.width());
            let tested = geometry.filter(|_| test.layout.geometry);
            let tested = tested.map(|place| place.tested(self.filter.only_finds));
            if !push(&mut self.scratch, row, key, tested, &self.tested) {
                self.early = Some(Early::Elsewhere);
                return false;
            }
            if !test.predicate.test(self.scratch.row(0)) {
                return true;
            }
        }
        if self.skip > 0 {
            self.skip -= 1;
            return true;
        }
        if !push(&mut self.batch, row, key, geometry.filter(|_| self.plan.layout().geometry), &self.places) {
            self.early = Some(Early::Elsewhere);
            return false;
        }
        for &(at, form) in self.selected.marks.iter().filter(|_| self.plan.has_marks()) {
            cells::push(&mut self.batch, form, raw(row, at));
        }
        if let Some(left) = &mut self.left {
            *left -= 1;
            // Where the database counts as well, it is at its end.
            if *left == 0 && self.filter.test.is_some() {
                return false;
            }
        }
        if !self.batch.is_full() {
            return true;
        }
        self.sent += self.batch.len() as u64;
        let empty = self.sender.batch(self.plan.width());
        let full = std::mem::replace(&mut self.batch, empty);
        let mut sending = pin!(self.sender.send_later(full));
        loop {
            tokio::select! {
                is_there = &mut sending => {
                    self.fed = Instant::now();
                    return is_there;
                }
                () = sleep(SLOW) => {
                    if self.room.pools.are_wanted() {
                        self.early = Some(Early::GaveWay);
                        return false;
                    }
                }
            }
        }
    }

    pub(super) async fn flush(&mut self) {
        if !self.batch.is_empty() && self.early.is_none() {
            // Whether the reader is still there does not matter any more.
            let _ = self.sender.send_later(std::mem::take(&mut self.batch)).await;
        }
    }
}
