//! Which entries of a compaction survive.
//!
//! Entries come in internal-key order: those of one key together, newest first. Below the oldest
//! snapshot only the newest entry of a key can ever be read, so the older ones go. A deletion goes
//! as well once nothing older of its key is left further down; before that it must stay, or what it
//! hides would come back. Of entries with the same number, which writers that use a number again
//! after a failure leave behind, the first stays.

use crate::internal_key::{ParsedKey, SequenceNumber, ValueKind};

/// See the module's documentation.
pub(crate) struct EntryFilter {
    oldest_snapshot: SequenceNumber,
    key: Option<Vec<u8>>,
    /// The sequence number of the entry of `key` that came last.
    newer: Option<SequenceNumber>,
}

impl EntryFilter {
    pub(crate) fn new(oldest_snapshot: SequenceNumber) -> Self {
        Self { oldest_snapshot, key: None, newer: None }
    }

    /// Whether `entry` is of the same key as the one before it.
    pub(crate) fn continues(&self, entry: &ParsedKey<'_>) -> bool {
        self.key.as_deref() == Some(entry.user_key)
    }

    /// Whether to keep `entry`. `is_bottom` says whether no older entry of its key can be in a
    /// deeper level; it is asked for deletions only.
    pub(crate) fn keep(&mut self, entry: &ParsedKey<'_>, is_bottom: impl FnOnce() -> bool) -> bool {
        if !self.continues(entry) {
            let key = self.key.get_or_insert_default();
            key.clear();
            key.extend_from_slice(entry.user_key);
            self.newer = None;
        }
        let hidden = self
            .newer
            .is_some_and(|newer| newer <= self.oldest_snapshot || newer == entry.sequence);
        self.newer = Some(entry.sequence);
        if hidden {
            return false;
        }
        let spent = entry.kind == ValueKind::Deletion
            && entry.sequence <= self.oldest_snapshot
            && is_bottom();
        !spent
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn survivors(
        oldest_snapshot: u64,
        bottom: bool,
        entries: &[(&str, u64, ValueKind)],
    ) -> Vec<u64> {
        let mut filter = EntryFilter::new(oldest_snapshot);
        let mut kept = Vec::new();
        for &(user_key, sequence, kind) in entries {
            let entry = ParsedKey { user_key: user_key.as_bytes(), sequence, kind };
            if filter.keep(&entry, || bottom) {
                kept.push(sequence);
            }
        }
        kept
    }

    use ValueKind::{Deletion, Value};

    #[test]
    fn only_the_newest_entry_below_the_oldest_snapshot_stays() {
        let entries =
            [("a", 9, Value), ("a", 6, Value), ("a", 4, Value), ("a", 2, Value), ("b", 1, Value)];
        assert_eq!(survivors(10, true, &entries), [9, 1]);
        assert_eq!(survivors(5, true, &entries), [9, 6, 4, 1]);
        assert_eq!(survivors(0, true, &entries), [9, 6, 4, 2, 1]);
    }

    #[test]
    fn a_deletion_goes_only_at_the_bottom_and_takes_what_it_hides_along() {
        let entries = [("a", 9, Deletion), ("a", 6, Value), ("b", 3, Value)];
        assert_eq!(survivors(10, true, &entries), [3]);
        assert_eq!(survivors(10, false, &entries), [9, 3]);
        assert_eq!(survivors(7, true, &entries), [9, 6, 3]);
    }

    #[test]
    fn a_number_that_was_used_twice_is_kept_once() {
        assert_eq!(
            survivors(0, true, &[("a", 2, Value), ("a", 2, Value), ("a", 1, Value)]),
            [2, 1]
        );
    }

    #[test]
    fn the_empty_key_is_a_key() {
        assert_eq!(survivors(10, true, &[("", 2, Value), ("", 1, Value)]), [2]);
    }
}
