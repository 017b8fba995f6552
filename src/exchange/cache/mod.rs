//! Caches of documents and images: whoever registers a cache filter is asked before the built-in memory; who may share an
//! entry is part of its key, so that no cache can leak what a policy cut.

use std::collections::HashMap;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use bytes::Bytes;

use crate::error::Result;

mod answers;
mod memory;

pub(crate) use answers::{Answers, Basis, Found, Keeping, Place};
pub use memory::MemoryCache;

/// What is cached.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CacheKind {
    /// Capabilities, schemas, API definitions, pages.
    Document,
    /// Legends and tiles.
    Image,
}

/// The key of an entry. It always has the state of the project, who may share the entry, the base URL, the path and query,
/// the format and the language.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct CacheKey {
    kind: CacheKind,
    text: String,
}

impl CacheKey {
    pub(crate) fn new(kind: CacheKind, text: String) -> Self {
        Self { kind, text }
    }

    /// What is cached under it.
    pub fn kind(&self) -> CacheKind {
        self.kind
    }

    /// The key as text.
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

impl fmt::Debug for CacheKey {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.text)
    }
}

/// An entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cached {
    /// The `Content-Type`.
    pub content_type: String,
    /// The body.
    pub body: Bytes,
}

/// A cache of one's own. Caches are asked in order of priority; the first that has an entry answers, the first that takes
/// one keeps it.
pub trait CacheFilter: Send + Sync + 'static {
    /// The entry, where it is there.
    fn get(&self, key: &CacheKey) -> impl Future<Output = Option<Cached>> + Send;

    /// Keeps an entry; false leaves it to the next cache.
    fn set(&self, key: &CacheKey, entry: &Cached) -> impl Future<Output = bool> + Send;

    /// Forgets all entries of a kind.
    fn clear(&self, kind: CacheKind) -> impl Future<Output = ()> + Send;
}

type Pending<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// A cache as the server keeps it.
pub(crate) trait DynCache: Send + Sync {
    fn get<'a>(&'a self, key: &'a CacheKey) -> Pending<'a, Option<Cached>>;
    fn set<'a>(&'a self, key: &'a CacheKey, entry: &'a Cached) -> Pending<'a, bool>;
    fn clear(&self, kind: CacheKind) -> Pending<'_, ()>;
}

impl<C: CacheFilter> DynCache for C {
    fn get<'a>(&'a self, key: &'a CacheKey) -> Pending<'a, Option<Cached>> {
        Box::pin(CacheFilter::get(self, key))
    }

    fn set<'a>(&'a self, key: &'a CacheKey, entry: &'a Cached) -> Pending<'a, bool> {
        Box::pin(CacheFilter::set(self, key, entry))
    }

    fn clear(&self, kind: CacheKind) -> Pending<'_, ()> {
        Box::pin(CacheFilter::clear(self, kind))
    }
}

/// All caches of a server, the built-in memory last.
pub(crate) struct Caches {
    caches: Vec<Arc<dyn DynCache>>,
    /// Entries that are being made: whoever asks meanwhile waits for the one that makes it.
    making: Mutex<HashMap<String, Weak<tokio::sync::Mutex<()>>>>,
}

impl Caches {
    pub(crate) fn new(caches: Vec<Arc<dyn DynCache>>) -> Self {
        Self { caches, making: Mutex::default() }
    }

    /// The entry, made where no cache has it, by one maker however many ask.
    pub(crate) async fn get_or_make(
        &self,
        key: &CacheKey,
        make: impl Future<Output = Result<Cached>> + Send,
    ) -> Result<Cached> {
        if let Some(entry) = self.get(key).await {
            return Ok(entry);
        }
        let gate = self.gate(key);
        let _one = gate.lock().await;
        if let Some(entry) = self.get(key).await {
            return Ok(entry);
        }
        let entry = make.await?;
        for cache in &self.caches {
            if cache.set(key, &entry).await {
                break;
            }
        }
        Ok(entry)
    }

    /// Forgets all entries of a kind in every cache.
    pub(crate) async fn clear(&self, kind: CacheKind) {
        for cache in &self.caches {
            cache.clear(kind).await;
        }
    }

    async fn get(&self, key: &CacheKey) -> Option<Cached> {
        for cache in &self.caches {
            if let Some(entry) = cache.get(key).await {
                return Some(entry);
            }
        }
        None
    }

    fn gate(&self, key: &CacheKey) -> Arc<tokio::sync::Mutex<()>> {
        let mut making = self.making.lock().unwrap_or_else(PoisonError::into_inner);
        making.retain(|_, gate| gate.strong_count() > 0);
        let found = making.get(key.as_str()).and_then(Weak::upgrade);
        found.unwrap_or_else(|| {
            let gate = Arc::default();
            making.insert(key.as_str().to_owned(), Arc::downgrade(&gate));
            gate
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::time::Duration;

    #[tokio::test]
    async fn an_entry_is_made_once_however_many_ask() {
        let memory = MemoryCache::new(4096, Duration::from_secs(60));
        let caches = Arc::new(Caches::new(vec![Arc::new(memory)]));
        let made = Arc::new(AtomicUsize::new(0));
        let asked = (0..20).map(|_| {
            let (caches, made) = (caches.clone(), made.clone());
            tokio::spawn(async move {
                let making = async {
                    tokio::task::yield_now().await;
                    made.fetch_add(1, Ordering::SeqCst);
                    Ok(Cached { content_type: "text/plain".to_owned(), body: "x".into() })
                };
                caches.get_or_make(&CacheKey::new(CacheKind::Document, "k".to_owned()), making).await.unwrap().body
            })
        });
        for answer in asked.collect::<Vec<_>>() {
            assert_eq!(answer.await.unwrap(), "x");
        }
        assert_eq!(made.load(Ordering::SeqCst), 1);
    }
}
