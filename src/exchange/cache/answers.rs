//! Answers with rows that were sent before and are asked for again: whoever opens a map or walks the first pages asks for
//! what others just asked for. Only what no policy cuts and whose source tells its state at every request is kept, and the
//! key has all that the answer was made from, so nothing is ever shown that a reading would not show.

use std::fmt::Debug;
use std::hash::Hasher;
use std::io::Write as _;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use quick_cache::sync::{Cache, DefaultLifecycle};
use quick_cache::{DefaultHashBuilder, OptionsBuilder, Weighter};

use crate::message::body::Body;
use crate::message::response::{Head, Response};

/// Larger ones are not kept, in bytes.
const LARGEST: usize = 512 * 1024;
/// What an answer costs besides its body, roughly.
const OVERHEAD: usize = 1024;
/// After this it is made anew: its time stamp should not be an old one.
const AGE: Duration = Duration::from_secs(60);
/// Parts of the memory, each with a lock of its own. Few: an answer must fit into one of them.
const SHARDS: usize = 4;

/// All that an answer is made from, as it would go into a hash: two answers with the same are the same.
#[derive(Clone, Default, PartialEq, Eq, Hash)]
pub(crate) struct Basis(Vec<u8>);

impl Basis {
    /// Adds what cannot be hashed, for there are floats in it.
    pub(crate) fn add(&mut self, part: &impl Debug) {
        // Writing to memory does not fail.
        let _ = write!(self.0, "{part:?}\0");
    }
}

impl Hasher for Basis {
    fn write(&mut self, bytes: &[u8]) {
        self.0.extend_from_slice(bytes);
    }

    /// None of its own: it is hashed itself.
    fn finish(&self) -> u64 {
        0
    }
}

struct Kept {
    head: Head,
    body: Bytes,
    rows: u64,
    made: Instant,
}

#[derive(Clone)]
struct Weight;

impl Weighter<Basis, Arc<Kept>> for Weight {
    fn weight(&self, basis: &Basis, kept: &Arc<Kept>) -> u64 {
        (basis.0.len() + kept.body.len() + OVERHEAD) as u64
    }
}

/// The answers that are kept.
pub(crate) struct Answers {
    /// None where nothing shall be kept.
    kept: Option<Cache<Basis, Arc<Kept>, Weight>>,
}

impl Answers {
    /// Room for so many bytes.
    pub(crate) fn new(bytes: u64) -> Self {
        let each = LARGEST + OVERHEAD;
        let options = OptionsBuilder::new()
            .shards(SHARDS)
            .weight_capacity(bytes)
            .estimated_items_capacity(usize::try_from(bytes).unwrap_or(usize::MAX) / each * 32)
            .build();
        let kept = options.ok().filter(|_| bytes > 0).map(|options| {
            Cache::with_options(options, Weight, DefaultHashBuilder::default(), DefaultLifecycle::default())
        });
        Self { kept }
    }

    /// Whether anything is kept at all.
    pub(crate) fn keep(&self) -> bool {
        self.kept.is_some()
    }

    /// The answer that was made from the same, and how many rows it has.
    pub(crate) fn get(&self, basis: &Basis) -> Option<(Response, u64)> {
        let kept = self.kept.as_ref()?.get(basis).filter(|kept| kept.made.elapsed() < AGE)?;
        Some((Response { head: kept.head.clone(), body: Body::Whole(kept.body.clone()) }, kept.rows))
    }
}

/// An answer on its way, which is kept once it is whole.
pub(crate) struct Keeping {
    basis: Basis,
    head: Head,
    body: Vec<u8>,
}

impl Keeping {
    pub(crate) fn new(basis: Basis, head: Head) -> Self {
        Self { basis, head: Head { is_kept: true, ..head }, body: Vec::new() }
    }

    /// Sees what is sent; false where it has become too large to be kept.
    pub(crate) fn push(&mut self, chunk: &[u8]) -> bool {
        let fits = self.body.len() + chunk.len() <= LARGEST;
        if fits {
            self.body.extend_from_slice(chunk);
        }
        fits
    }

    /// It has been sent whole.
    pub(crate) fn end(mut self, answers: &Answers, rows: u64) {
        let Some(cache) = &answers.kept else { return };
        self.body.shrink_to_fit();
        let kept = Kept { head: self.head, body: self.body.into(), rows, made: Instant::now() };
        cache.insert(self.basis, Arc::new(kept));
    }
}
