//! Facts about a layer that cost a scan (its extent, how many rows match a filter): measured once for each state of the
//! source, in the background, by one measurer however many ask; whoever asks waits as long as its budget allows.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::watch;

use super::source::Pending;
use crate::error::Result;

/// Most facts that are kept for a layer.
const KEPT: usize = 256;
/// Most measurements that run at once for a layer: a flood of distinct filters must not take the machine.
const RUNNING: usize = 2;
/// How long a fact holds that may change without another state of the source, and how often as long as it took to measure.
const PASSING: Duration = Duration::from_millis(500);
const PASSING_TIMES: u32 = 4;

/// The facts of one layer by key.
pub struct Measured<K, T> {
    facts: Arc<Mutex<Facts<K, T>>>,
}

struct Facts<K, T> {
    known: HashMap<K, (u64, Fact<T>)>,
    running: usize,
}

/// A state of a source, by its number.
#[derive(Clone, Copy)]
pub struct State {
    number: u64,
    passes: bool,
}

impl State {
    /// One in which facts may become others: they are measured again soon.
    pub fn passing(number: u64) -> Self {
        Self { number, passes: true }
    }
}

impl From<u64> for State {
    fn from(number: u64) -> Self {
        Self { number, passes: false }
    }
}

enum Fact<T> {
    /// What it is, and until when it holds at most.
    Known(T, Option<Instant>),
    /// Being measured; the channel closes when it is done.
    Pending(watch::Receiver<()>),
}

impl<K, T> Default for Measured<K, T> {
    fn default() -> Self {
        Self { facts: Arc::new(Mutex::new(Facts { known: HashMap::new(), running: 0 })) }
    }
}

impl<K: Hash + Eq + Clone + Send + 'static, T: Clone + Send + 'static> Measured<K, T> {
    /// The fact for this state of the source, if it is known within the budget. Starts `measure` where nobody has; a
    /// measurement that takes longer than the budget goes on, and later askers have its result.
    pub async fn get(
        &self,
        key: K,
        state: impl Into<State>,
        budget: Duration,
        measure: impl FnOnce() -> Pending<Result<T>>,
    ) -> Option<T> {
        let state = state.into();
        let mut waiting = match self.find_or_start(&key, state, measure) {
            Found::Known(fact) => return Some(fact),
            Found::Busy => return None,
            Found::Pending(waiting) => waiting,
        };
        // The sender is dropped when the measurement is done, which ends the wait.
        let _ = tokio::time::timeout(budget, waiting.changed()).await;
        match self.facts.lock().unwrap_or_else(PoisonError::into_inner).known.get(&key) {
            Some((known_for, Fact::Known(fact, _))) if *known_for == state.number => Some(fact.clone()),
            _ => None,
        }
    }

    fn find_or_start(&self, key: &K, state: State, measure: impl FnOnce() -> Pending<Result<T>>) -> Found<T> {
        let State { number: state, passes } = state;
        let mut facts = self.facts.lock().unwrap_or_else(PoisonError::into_inner);
        match facts.known.get(key) {
            Some((known_for, Fact::Known(fact, until)))
                if *known_for == state && until.is_none_or(|until| Instant::now() < until) =>
            {
                return Found::Known(fact.clone());
            }
            Some((known_for, Fact::Pending(waiting))) if *known_for == state => return Found::Pending(waiting.clone()),
            _ => {}
        }
        if facts.running >= RUNNING {
            return Found::Busy;
        }
        if facts.known.len() >= KEPT {
            facts.known.retain(|_, (known_for, _)| *known_for == state);
            if facts.known.len() >= KEPT {
                facts.known.clear();
            }
        }
        let (done, waiting) = watch::channel(());
        facts.known.insert(key.clone(), (state, Fact::Pending(waiting.clone())));
        facts.running += 1;
        let (facts, key, measuring) = (self.facts.clone(), key.clone(), measure());
        tokio::spawn(async move {
            let begun = Instant::now();
            let result = measuring.await;
            // What takes long to measure may not take the source for itself.
            let until = passes.then(|| Instant::now() + PASSING.max(begun.elapsed() * PASSING_TIMES));
            let mut facts = facts.lock().unwrap_or_else(PoisonError::into_inner);
            facts.running -= 1;
            match result {
                Ok(fact) => {
                    facts.known.insert(key, (state, Fact::Known(fact, until)));
                }
                Err(error) => {
                    tracing::warn!(?error, "a measurement failed");
                    facts.known.remove(&key);
                }
            }
            drop(done);
        });
        Found::Pending(waiting)
    }
}

enum Found<T> {
    Known(T),
    Pending(watch::Receiver<()>),
    Busy,
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicUsize, Ordering};

    #[tokio::test]
    async fn a_fact_is_measured_once_for_each_state() {
        let measured = Measured::<&str, u64>::default();
        let runs = Arc::new(AtomicUsize::new(0));
        let measure = || -> Pending<Result<u64>> {
            let runs = runs.clone();
            Box::pin(async move { Ok(runs.fetch_add(1, Ordering::SeqCst) as u64) })
        };
        let budget = Duration::from_secs(5);
        assert_eq!(measured.get("all", 1, budget, measure).await, Some(0));
        assert_eq!(measured.get("all", 1, budget, measure).await, Some(0));
        assert_eq!(measured.get("all", 2, budget, measure).await, Some(1));
        assert_eq!(runs.load(Ordering::SeqCst), 2);
    }

    #[tokio::test]
    async fn a_fact_that_passes_is_measured_again() {
        let measured = Measured::<&str, u64>::default();
        let runs = Arc::new(AtomicUsize::new(0));
        let measure = || -> Pending<Result<u64>> {
            let runs = runs.clone();
            Box::pin(async move { Ok(runs.fetch_add(1, Ordering::SeqCst) as u64) })
        };
        let (begun, budget) = (Instant::now(), Duration::from_secs(5));
        let mut last = 0;
        while last < 2 {
            last = measured.get("all", State::passing(1), budget, measure).await.unwrap();
            tokio::task::yield_now().await;
        }
        assert!(begun.elapsed() >= PASSING * 2);
    }

    #[tokio::test]
    async fn who_asks_waits_no_longer_than_the_budget_and_the_result_is_kept() {
        let measured = Measured::<&str, u64>::default();
        let (go, gone) = tokio::sync::oneshot::channel::<()>();
        let slow = move || -> Pending<Result<u64>> {
            Box::pin(async move {
                let _ = gone.await;
                Ok(7)
            })
        };
        assert_eq!(measured.get("all", 1, Duration::ZERO, slow).await, None);
        go.send(()).unwrap();
        let again = || -> Pending<Result<u64>> { unreachable!("it is measured already") };
        assert_eq!(measured.get("all", 1, Duration::from_secs(5), again).await, Some(7));
    }
}
