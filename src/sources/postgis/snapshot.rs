//! Which transactions a statement sees, as the database tells it: the state of all rows.

/// What a statement selects to tell which it sees itself; the same for all of its rows.
pub(super) const OWN: &str = "(SELECT txid_current_snapshot()::text)";

/// The transactions that are seen: all before a number, but for those that had not ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Snapshot {
    /// The first number that no transaction had.
    next: u64,
    /// How many had not ended are missing to those that may be, so that a later one is greater.
    ended: u64,
}

impl Snapshot {
    /// Reads `first:next:those,that,had,not,ended`.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let mut parts = text.splitn(3, ':');
        let (_first, next, open) = (parts.next()?, parts.next()?, parts.next()?);
        let open = if open.is_empty() { 0 } else { open.split(',').count() };
        Some(Self { next: next.parse().ok()?, ended: u64::MAX - open as u64 })
    }

    /// A number that is the same only where no transaction ended between two looks; none while one is open that may end
    /// unseen.
    pub(super) fn settled(self) -> Option<u64> {
        (self.ended == u64::MAX).then_some(self.next)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_seen_grows_with_each_transaction_that_begins_or_ends() {
        let texts = ["7:7:", "7:8:7", "7:10:7,8,9", "7:10:7,9", "9:10:9", "10:10:"];
        let snapshots: Vec<_> = texts.iter().map(|text| Snapshot::parse(text).unwrap()).collect();
        assert!(snapshots.is_sorted_by(|a, b| a < b));
        let settled: Vec<_> = snapshots.iter().map(|snapshot| snapshot.settled()).collect();
        assert_eq!(settled, [Some(7), None, None, None, None, Some(10)]);
        assert!(["", "7", "7:8", "a:b:c"].iter().all(|text| Snapshot::parse(text).is_none()));
    }
}
