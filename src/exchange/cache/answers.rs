//! Answers with rows that were sent before and are asked for again: whoever opens a map or walks the first pages asks for
//! what others just asked for. Only what no policy cuts is kept, and is given only while the source says for certain that its
//! rows stand as they stood; the key has all else that the answer was made from. So nothing is ever shown that a reading
//! would not show.

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
/// What a question costs besides its basis, and an answer besides its body, roughly.
const OVERHEAD: usize = 128;
const HEAD: usize = 1024;
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

/// What is known of a question.
enum Entry {
    /// It was asked before.
    Asked,
    /// It was asked before, and answered.
    Kept(Kept),
}

struct Kept {
    /// That of the rows.
    state: u64,
    head: Head,
    body: Bytes,
    rows: u64,
    made: Instant,
}

#[derive(Clone)]
struct Weight;

impl Weighter<Basis, Arc<Entry>> for Weight {
    fn weight(&self, basis: &Basis, entry: &Arc<Entry>) -> u64 {
        let body = match &**entry {
            Entry::Asked => 0,
            Entry::Kept(kept) => kept.body.len() + HEAD,
        };
        (basis.0.len() + body + OVERHEAD) as u64
    }
}

/// The answers that are kept.
pub(crate) struct Answers {
    /// None where nothing shall be kept.
    entries: Option<Cache<Basis, Arc<Entry>, Weight>>,
}

/// What there is for a question.
pub(crate) enum Found {
    /// The answer, and how many rows it has.
    Kept(Response, u64),
    /// A place for the answer.
    Place(Place),
    /// Nothing.
    None,
}

impl Answers {
    /// Room for so many bytes.
    pub(crate) fn new(bytes: u64) -> Self {
        let estimated = usize::try_from(bytes).unwrap_or(usize::MAX) / (16 * 1024);
        let options =
            OptionsBuilder::new().shards(SHARDS).weight_capacity(bytes).estimated_items_capacity(estimated).build();
        let entries = options.ok().filter(|_| bytes > 0).map(|options| {
            Cache::with_options(options, Weight, DefaultHashBuilder::default(), DefaultLifecycle::default())
        });
        Self { entries }
    }

    /// Finds the answer that was made of the same in this state of the rows. Of what is asked for the first time only that is
    /// noted: most is never asked again.
    pub(crate) fn find(&self, basis: Basis, state: u64) -> Found {
        let Some(entries) = &self.entries else { return Found::None };
        let Some(entry) = entries.get(&basis) else {
            entries.insert(basis, Arc::new(Entry::Asked));
            return Found::None;
        };
        match &*entry {
            Entry::Kept(kept) if kept.state == state && kept.made.elapsed() < AGE => {
                let response = Response { head: kept.head.clone(), body: Body::Whole(kept.body.clone()) };
                Found::Kept(response, kept.rows)
            }
            _ => Found::Place(Place { basis, state }),
        }
    }
}

/// Where an answer will be kept, that is made after the state of the rows was asked for.
pub(crate) struct Place {
    basis: Basis,
    state: u64,
}

impl Place {
    /// What keeps the answer that begins so.
    pub(crate) fn keeping(self, head: &Head) -> Keeping {
        Keeping { place: self, head: Head { is_kept: true, ..head.clone() }, body: Vec::new() }
    }
}

/// An answer on its way, which is kept once it is whole.
pub(crate) struct Keeping {
    place: Place,
    head: Head,
    body: Vec<u8>,
}

impl Keeping {
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
        let Some(entries) = &answers.entries else { return };
        self.body.shrink_to_fit();
        let Place { basis, state } = self.place;
        let kept = Kept { state, head: self.head, body: self.body.into(), rows, made: Instant::now() };
        entries.insert(basis, Arc::new(Entry::Kept(kept)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn basis(name: &str) -> Basis {
        let mut basis = Basis::default();
        basis.add(&name);
        basis
    }

    fn ask(answers: &Answers, name: &str, state: u64) -> Found {
        answers.find(basis(name), state)
    }

    /// Asks twice, and keeps an answer of so many bytes.
    fn keep(answers: &Answers, name: &str, state: u64, size: usize) -> bool {
        ask(answers, name, state);
        let Found::Place(place) = ask(answers, name, state) else { return false };
        let mut keeping = place.keeping(&Response::ok("text/plain", "").head);
        let fits = keeping.push(&vec![b'x'; size]);
        if fits {
            keeping.end(answers, 7);
        }
        fits
    }

    #[test]
    fn an_answer_is_given_in_the_state_it_was_made_in() {
        let answers = Answers::new(1 << 20);
        assert!(matches!(ask(&answers, "a", 1), Found::None), "the first is only noted");
        assert!(keep(&answers, "a", 1, 100));
        let Found::Kept(response, 7) = ask(&answers, "a", 1) else { panic!("it is kept") };
        assert!(response.is_kept && response.body.len() == Some(100));
        assert!(matches!(ask(&answers, "a", 2), Found::Place(_)));
        assert!(matches!(ask(&answers, "b", 1), Found::None));
    }

    #[test]
    fn what_is_kept_has_a_limit() {
        let answers = Answers::new(1 << 20);
        assert!(!keep(&answers, "large", 1, LARGEST + 1));
        for number in 0..100 {
            assert!(keep(&answers, &number.to_string(), 1, 50_000));
        }
        let entries = answers.entries.as_ref().unwrap();
        assert!(entries.weight() <= 1 << 20 && entries.len() > 5);
        assert!(matches!(ask(&Answers::new(0), "a", 1), Found::None));
    }
}
