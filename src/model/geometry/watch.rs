//! Between whoever asks and the threads that relate geometries for them.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering::Relaxed};

/// Nobody waits any more.
const STOPPED: u8 = 1;
/// Something was too dear to be said.
const TOO_DEAR: u8 = 2;

/// What a question tells the relations that are worked out for it, and they tell it. Its copies are the same.
#[derive(Clone, Debug, Default)]
pub struct Watch(Arc<AtomicU8>);

impl Watch {
    /// Has what is being worked out end early: nobody waits for it.
    pub fn stop(&self) {
        self.0.fetch_or(STOPPED, Relaxed);
    }

    /// Whether nobody waits.
    pub fn is_stopped(&self) -> bool {
        self.0.load(Relaxed) & STOPPED != 0
    }

    /// Notes that a relation would have been too dear.
    pub fn refuse(&self) {
        self.0.fetch_or(TOO_DEAR, Relaxed);
    }

    /// Whether one would have been.
    pub fn has_refused(&self) -> bool {
        self.0.load(Relaxed) & TOO_DEAR != 0
    }
}

/// Who watches makes no geometry another.
impl PartialEq for Watch {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}
