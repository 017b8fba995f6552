//! Answers with rows that were sent before and are asked for again: whoever opens a map or walks the first pages asks for
//! what others just asked for. Only what no policy cuts is kept, and is given only while the source says for certain that its
//! rows stand as they stood; the key has all else that the answer was made from. So nothing is ever shown that a reading
//! would not show.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use bytes::Bytes;
use quick_cache::sync::{Cache, DefaultLifecycle};
use quick_cache::{DefaultHashBuilder, OptionsBuilder, Weighter};

use crate::message::body::Body;
use crate::message::response::{Head, Response};

/// Larger ones are not kept, in bytes; nor such as would take more than an eighth of the room.
const LARGEST: usize = 4 << 20;
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
    /// A number that tells it from others.
    pub(crate) fn number(&self) -> u64 {
        let mut hasher = DefaultHasher::new();
        self.hash(&mut hasher);
        hasher.finish()
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
    making: Arc<Making>,
}

/// What holds for all answers that are on their way into the memory.
struct Making {
    /// Bytes of the largest, and of all together.
    largest: usize,
    most: usize,
    now: AtomicUsize,
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
        let eighth = usize::try_from(bytes / 8).unwrap_or(usize::MAX);
        let making = Making { largest: LARGEST.min(eighth), most: eighth, now: AtomicUsize::new(0) };
        Self { entries, making: Arc::new(making) }
    }

    /// Whether there is an answer that was made of the same, in whatever state of the rows.
    pub(crate) fn has(&self, basis: &Basis) -> bool {
        let entry = self.entries.as_ref().and_then(|entries| entries.peek(basis));
        entry.is_some_and(|entry| matches!(&*entry, Entry::Kept(kept) if kept.made.elapsed() < AGE))
    }

    /// Finds the answer that was made of the same in this state of the rows, where that is known. Of what is asked for the
    /// first time only that is noted: most is never asked again.
    pub(crate) fn find(&self, basis: Basis, state: Option<u64>) -> Found {
        let Some(entries) = &self.entries else { return Found::None };
        let Some(entry) = entries.get(&basis) else {
            entries.insert(basis, Arc::new(Entry::Asked));
            return Found::None;
        };
        match &*entry {
            Entry::Kept(kept) if Some(kept.state) == state && kept.made.elapsed() < AGE => {
                let response = Response { head: kept.head.clone(), body: Body::Whole(kept.body.clone()) };
                Found::Kept(response, kept.rows)
            }
            _ => Found::Place(Place { basis, making: self.making.clone() }),
        }
    }
}

/// Where an answer will be kept.
pub(crate) struct Place {
    basis: Basis,
    making: Arc<Making>,
}

impl Place {
    /// What keeps the answer that begins so, from rows in a state that was known for certain before they were read, or came
    /// with them.
    pub(crate) fn keeping(self, state: u64, head: &Head) -> Keeping {
        Keeping { place: self, state, head: Head { is_kept: true, ..head.clone() }, body: Vec::new() }
    }
}

/// An answer on its way, which is kept once it is whole.
pub(crate) struct Keeping {
    place: Place,
    state: u64,
    head: Head,
    body: Vec<u8>,
}

impl Keeping {
    /// Sees what is sent; false where it has become too large to be kept, or too much is on its way at once.
    pub(crate) fn push(&mut self, chunk: &[u8]) -> bool {
        let making = &self.place.making;
        if self.body.len() + chunk.len() > making.largest {
            return false;
        }
        self.body.extend_from_slice(chunk);
        making.now.fetch_add(chunk.len(), Ordering::Relaxed) + chunk.len() <= making.most
    }

    /// It has been sent whole.
    pub(crate) fn end(mut self, answers: &Answers, rows: u64) {
        let Some(entries) = &answers.entries else { return };
        // A copy of its very size: what it was gathered in has room to spare.
        let body = Bytes::copy_from_slice(&self.body);
        let (basis, head) = (std::mem::take(&mut self.place.basis), self.head.clone());
        let kept = Kept { state: self.state, head, body, rows, made: Instant::now() };
        entries.insert(basis, Arc::new(Entry::Kept(kept)));
    }
}

impl Drop for Keeping {
    fn drop(&mut self) {
        self.place.making.now.fetch_sub(self.body.len(), Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn basis(name: &str) -> Basis {
        let mut basis = Basis::default();
        name.hash(&mut basis);
        basis
    }

    fn ask(answers: &Answers, name: &str, state: u64) -> Found {
        answers.find(basis(name), Some(state))
    }

    /// Asks twice, and keeps an answer of so many bytes.
    fn keep(answers: &Answers, name: &str, state: u64, size: usize) -> bool {
        ask(answers, name, state);
        let Found::Place(place) = ask(answers, name, state) else { return false };
        let mut keeping = place.keeping(state, &Response::ok("text/plain", "").head);
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
    fn what_is_on_its_way_has_a_limit() {
        let answers = Answers::new(1 << 20);
        let begin = |name| {
            ask(&answers, name, 1);
            let Found::Place(place) = ask(&answers, name, 1) else { panic!("it was asked before") };
            place.keeping(1, &Response::ok("text/plain", "").head)
        };
        let (mut first, mut second, much) = (begin("a"), begin("b"), vec![b'x'; 100_000]);
        assert!(first.push(&much) && !second.push(&much));
        drop((first, second));
        assert!(begin("c").push(&much), "those before have ended");
    }

    #[test]
    fn what_is_kept_has_a_limit() {
        let answers = Answers::new(1 << 20);
        assert!(!keep(&answers, "large", 1, (1 << 17) + 1));
        for number in 0..100 {
            assert!(keep(&answers, &number.to_string(), 1, 50_000));
        }
        let entries = answers.entries.as_ref().unwrap();
        assert!(entries.weight() <= 1 << 20 && entries.len() > 5);
        assert!(matches!(ask(&Answers::new(0), "a", 1), Found::None));
    }
}
