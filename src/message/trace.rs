//! What a request turned out to be: told by whoever answers it, read by the log and the metrics at its end.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

/// What is told of one request; shared by all copies of its head.
#[derive(Debug, Default)]
pub struct Trace {
    operation: OnceLock<Box<str>>,
    collection: OnceLock<Box<str>>,
    rows: AtomicU64,
}

impl Trace {
    /// Names the operation, such as `getFeatures` or `WMS.GetMap`: one of a fixed set, never what a client made up. The
    /// first name counts.
    pub fn set_operation(&self, name: &str) {
        self.operation.get_or_init(|| name.into());
    }

    /// The operation; none where nothing serves the request.
    pub fn operation(&self) -> Option<&str> {
        self.operation.get().map(AsRef::as_ref)
    }

    /// Names the collection or layer that is read; the first counts.
    pub fn set_collection(&self, id: &str) {
        self.collection.get_or_init(|| id.into());
    }

    /// The collection or layer.
    pub fn collection(&self) -> Option<&str> {
        self.collection.get().map(AsRef::as_ref)
    }

    /// Counts rows that were sent, or drawn.
    pub fn add_rows(&self, count: u64) {
        self.rows.fetch_add(count, Ordering::Relaxed);
    }

    /// The rows so far.
    pub fn rows(&self) -> u64 {
        self.rows.load(Ordering::Relaxed)
    }
}
