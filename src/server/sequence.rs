//! When each project was last seen to change.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use crate::project::catalog::Project;

/// Of each project the state of its sources, and since when it is so.
#[derive(Default)]
pub(super) struct Sequences(Mutex<HashMap<usize, (u64, u64)>>);

impl Sequences {
    /// The number of a state: the time at which it was first seen, and always more than that of the state before.
    pub(super) fn at(&self, project: &Arc<Project>, state: u64) -> u64 {
        // The projects of a server live as long as it does, so their addresses are theirs alone.
        let key = Arc::as_ptr(project).addr();
        let mut seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let now = chrono::Utc::now().timestamp_millis().unsigned_abs();
        let entry = seen.entry(key).or_insert((state, now));
        if entry.0 != state {
            *entry = (state, now.max(entry.1 + 1));
        }
        entry.1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_stays_with_a_state_and_grows_with_the_next() {
        let (sequences, project) = (Sequences::default(), Arc::new(Project::new("p")));
        let first = sequences.at(&project, 7);
        assert_eq!(sequences.at(&project, 7), first);
        assert!(sequences.at(&project, 8) > first);
        assert!(sequences.at(&project, 7) > first + 1);
    }
}
