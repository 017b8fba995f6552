//! The built-in cache: memory, with limits of size and age; the entry that was used longest ago goes first.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::{CacheFilter, CacheKey, CacheKind, Cached};

/// Entries in memory.
pub struct MemoryCache {
    most: usize,
    age: Duration,
    entries: Mutex<Entries>,
}

#[derive(Default)]
struct Entries {
    by_key: HashMap<CacheKey, Entry>,
    bytes: usize,
    /// Counts uses: the smaller, the longer ago.
    clock: u64,
}

struct Entry {
    cached: Cached,
    made: Instant,
    used: u64,
}

/// What an entry costs besides its body.
const OVERHEAD: usize = 256;

impl MemoryCache {
    /// A cache of at most so many bytes, whose entries are forgotten at this age.
    pub fn new(bytes: usize, age: Duration) -> Self {
        Self { most: bytes, age, entries: Mutex::default() }
    }
}

fn size(key: &CacheKey, cached: &Cached) -> usize {
    key.as_str().len() + cached.body.len() + OVERHEAD
}

impl Entries {
    fn remove(&mut self, key: &CacheKey) {
        if let Some(entry) = self.by_key.remove(key) {
            self.bytes -= size(key, &entry.cached);
        }
    }
}

impl CacheFilter for MemoryCache {
    async fn get(&self, key: &CacheKey) -> Option<Cached> {
        let mut entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        entries.clock += 1;
        let clock = entries.clock;
        let entry = entries.by_key.get_mut(key)?;
        if entry.made.elapsed() >= self.age {
            entries.remove(key);
            return None;
        }
        entry.used = clock;
        Some(entry.cached.clone())
    }

    async fn set(&self, key: &CacheKey, entry: &Cached) -> bool {
        let bytes = size(key, entry);
        if bytes > self.most / 4 {
            // One large entry must not drive all others out.
            return false;
        }
        let mut entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        entries.remove(key);
        while entries.bytes + bytes > self.most {
            let Some(oldest) = entries.by_key.iter().min_by_key(|(_, entry)| entry.used).map(|(key, _)| key.clone())
            else {
                break;
            };
            entries.remove(&oldest);
        }
        entries.clock += 1;
        let used = entries.clock;
        entries.bytes += bytes;
        entries.by_key.insert(key.clone(), Entry { cached: entry.clone(), made: Instant::now(), used });
        true
    }

    async fn clear(&self, kind: CacheKind) {
        let mut entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        let gone: Vec<CacheKey> = entries.by_key.keys().filter(|key| key.kind() == kind).cloned().collect();
        for key in &gone {
            entries.remove(key);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(name: &str) -> CacheKey {
        CacheKey::new(CacheKind::Document, name.to_owned())
    }

    fn entry(bytes: usize) -> Cached {
        Cached { content_type: "text/plain".to_owned(), body: vec![0; bytes].into() }
    }

    #[tokio::test]
    async fn what_was_used_longest_ago_goes_first() {
        let cache = MemoryCache::new(4 * (1000 + OVERHEAD + 1), Duration::from_secs(60));
        for name in ["a", "b", "c", "d"] {
            assert!(cache.set(&key(name), &entry(1000)).await);
        }
        assert!(cache.get(&key("a")).await.is_some());
        cache.set(&key("e"), &entry(1000)).await;
        assert!(cache.get(&key("a")).await.is_some() && cache.get(&key("b")).await.is_none());
        assert!(!cache.set(&key("large"), &entry(4000)).await);
        cache.clear(CacheKind::Document).await;
        assert!(cache.get(&key("a")).await.is_none());
    }

    #[tokio::test]
    async fn what_is_too_old_is_forgotten() {
        let cache = MemoryCache::new(10_000, Duration::ZERO);
        cache.set(&key("a"), &entry(1)).await;
        assert!(cache.get(&key("a")).await.is_none());
    }
}
