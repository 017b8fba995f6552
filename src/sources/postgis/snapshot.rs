//! Which transactions of which server a statement sees, as the database tells it: the state of all rows.

use std::hash::{DefaultHasher, Hash, Hasher};

use super::instance::Instance;

/// What a statement selects to tell which it sees itself; the same for all of its rows.
pub(super) const OWN: &str = "(SELECT txid_current_snapshot()::text)";

/// The transactions that are seen: all before a number, but for those that had not ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Snapshot {
    /// The server's run whose transactions they are.
    pub(super) instance: u64,
    /// The first number that no transaction had.
    next: u64,
    /// How many had not ended are missing to those that may be, so that a later one is greater.
    ended: u64,
}

impl Snapshot {
    /// Reads `first:next:those,that,had,not,ended`.
    pub(super) fn parse(text: &str, instance: Instance) -> Option<Self> {
        let mut parts = text.splitn(3, ':');
        let (_first, next, open) = (parts.next()?, parts.next()?, parts.next()?);
        let open = if open.is_empty() { 0 } else { open.split(',').count() };
        Some(Self { instance: instance.whole, next: next.parse().ok()?, ended: u64::MAX - open as u64 })
    }

    /// A number that is the same only where no transaction ended between two looks; none while one is open that may end
    /// unseen.
    pub(super) fn settled(self) -> Option<u64> {
        let number = || {
            let mut hasher = DefaultHasher::new();
            (self.instance, self.next).hash(&mut hasher);
            hasher.finish()
        };
        (self.ended == u64::MAX).then(number)
    }

    /// Whether it was seen earlier than another of the same run.
    pub(super) fn is_before(self, other: Self) -> bool {
        self.instance == other.instance && (self.next, self.ended) < (other.next, other.ended)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_seen_grows_with_each_transaction_that_begins_or_ends() {
        let (one, other) = (Instance::numbered(1), Instance::numbered(2));
        let texts = ["7:7:", "7:8:7", "7:10:7,8,9", "7:10:7,9", "9:10:9", "10:10:"];
        let seen = |instance| texts.map(|text| Snapshot::parse(text, instance).unwrap());
        assert!(seen(one).is_sorted_by(|a, b| a.is_before(*b) && !b.is_before(*a)));
        let settled = seen(one).map(Snapshot::settled);
        assert_eq!(settled.map(|it| it.is_some()), [true, false, false, false, false, true]);
        assert_ne!(settled[0], settled[5]);
        // The same numbers of another run mean nothing.
        assert!(seen(other).iter().zip(settled).all(|(there, here)| here.is_none() || there.settled() != here));
        assert!(!seen(one)[0].is_before(seen(other)[5]));
        assert!(["", "7", "7:8", "a:b:c"].iter().all(|text| Snapshot::parse(text, one).is_none()));
    }
}
