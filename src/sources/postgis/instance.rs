//! Which run of which server a connection leads to. After a crash, on a promoted replica or from a backup, transactions have
//! numbers that others had before, so that the numbers alone say nothing of the rows.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use deadpool_postgres::ClientWrapper;
use tokio_postgres::Client;

/// When the server was started, and when its statistics began: they do so again when it recovers from a crash without being
/// started anew.
const ASK: &str = "SELECT concat_ws(' ', pg_postmaster_start_time(), pg_is_in_recovery()),
    coalesce(pg_stat_get_bgwriter_stat_reset_time()::text, '')";

/// Addresses of connections that are kept, at most.
const MOST: usize = 4096;

/// A run of a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Instance {
    start: u64,
    /// Of all that tells it from others.
    pub(super) whole: u64,
}

#[cfg(test)]
impl Instance {
    pub(super) fn numbered(number: u64) -> Self {
        Self { start: number, whole: number }
    }
}

/// The runs that were met.
#[derive(Debug, Default)]
pub(super) struct Instances {
    met: Mutex<Met>,
    count: AtomicU64,
    /// By where a connection of a pool keeps its statements, which is its own as long as it lives.
    of: Mutex<HashMap<usize, Instance>>,
}

#[derive(Debug, Default)]
struct Met {
    /// By the start.
    each: HashMap<u64, Instance>,
    newest: Option<Instance>,
}

impl Instances {
    /// Asks on a new connection; nothing where the server does not say.
    pub(super) async fn meet(&self, client: &Client) -> Option<Instance> {
        let row = client.query_one(ASK, &[]).await.ok()?;
        let (start, since): (&str, &str) = (row.get(0), row.get(1));
        let now = Instance { start: hash(&start), whole: hash(&(start, since)) };
        let mut met = self.met();
        if met.each.insert(now.start, now) != Some(now) {
            met.newest = Some(now);
            self.count.fetch_add(1, Ordering::AcqRel);
        }
        Some(now)
    }

    /// The same for a connection of a pool, of which it is known from now on.
    pub(super) async fn meet_for(&self, client: &ClientWrapper) {
        let met = self.meet(client).await;
        let mut of = self.of.lock().unwrap_or_else(PoisonError::into_inner);
        if of.len() >= MOST {
            of.clear();
        }
        match met {
            Some(instance) => of.insert(address(client), instance),
            None => of.remove(&address(client)),
        };
    }

    /// Where a connection of a pool leads, if that is known.
    pub(super) fn of(&self, client: &ClientWrapper) -> Option<Instance> {
        self.of.lock().unwrap_or_else(PoisonError::into_inner).get(&address(client)).copied()
    }

    /// Whether nothing else was met of the same start later.
    pub(super) fn is_current(&self, instance: Instance) -> bool {
        self.met().each.get(&instance.start) == Some(&instance)
    }

    /// Whether it is the one that was met last.
    pub(super) fn is_newest(&self, whole: u64) -> bool {
        self.met().newest.is_some_and(|newest| newest.whole == whole)
    }

    /// A number that grows with each that is met.
    pub(super) fn count(&self) -> u64 {
        self.count.load(Ordering::Acquire)
    }

    fn met(&self) -> MutexGuard<'_, Met> {
        self.met.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn address(client: &ClientWrapper) -> usize {
    std::sync::Arc::as_ptr(&client.statement_cache).addr()
}

fn hash(of: &impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    of.hash(&mut hasher);
    hasher.finish()
}
