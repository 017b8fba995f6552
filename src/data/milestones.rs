//! Where every so manieth row of a table stands, in the order of its keys, so that a page far behind the first passes over few rows. A source
//! keeps them for one state of its rows, and sees to it that they are of the very state that it reads.

/// From here on a page is far.
const FAR: u64 = if cfg!(test) { 6 } else { 1024 };
/// Rows from one milestone to the next, as long as there are few of them.
const STEP: u64 = if cfg!(test) { 3 } else { 256 };
/// Most milestones of a table: of more, every other one is left out.
const MOST: usize = if cfg!(test) { 8 } else { 8192 };

/// A way through the rows.
#[derive(Clone, Debug)]
pub struct Milestones {
    /// The keys of the rows behind one step, two steps, and so on.
    keys: Vec<i64>,
    step: u64,
    /// Whether there are not enough rows for another step.
    is_whole: bool,
}

impl Default for Milestones {
    fn default() -> Self {
        Self { keys: Vec::new(), step: STEP, is_whole: false }
    }
}

impl Milestones {
    /// Whether they are of use for a page behind so many rows.
    pub fn serve(offset: u64) -> bool {
        offset >= FAR
    }

    /// What is to be found out before the way to a page is known: the key of the row that is so many rows behind the one with the given key, or
    /// behind the first one where none is given. To be told by [`Milestones::found`].
    pub fn wanted(&self, offset: u64) -> Option<(Option<i64>, u64)> {
        let is_short = offset / self.step > self.keys.len() as u64;
        (is_short && !self.is_whole).then(|| (self.keys.last().copied(), self.step))
    }

    /// Takes the key that was wanted; none where there are not so many rows.
    pub fn found(&mut self, key: Option<i64>) {
        match key {
            Some(key) => self.keys.push(key),
            None => self.is_whole = true,
        }
        if self.keys.len() > MOST {
            let mut is_kept = true;
            self.keys.retain(|_| {
                is_kept = !is_kept;
                is_kept
            });
            self.step *= 2;
        }
    }

    /// The key of a row on the way, and how many rows from that one on are still to be passed over; none where the way begins with the first row.
    pub fn towards(&self, offset: u64) -> Option<(i64, u64)> {
        let steps = usize::try_from(offset / self.step).unwrap_or(usize::MAX).min(self.keys.len());
        let key = self.keys.get(steps.checked_sub(1)?)?;
        Some((*key, offset - steps as u64 * self.step))
    }
}
