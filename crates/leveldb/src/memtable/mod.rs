//! The memtable: the newest writes, sorted, in memory.
//!
//! A skip list of entries in internal-key order. One thread inserts (the leader of a group commit);
//! any number read at the same time without waiting.
//!
//! A memtable belongs to one log file. When it is full it becomes immutable and waits for its
//! flush; once its table is in the manifest, both it and its log are let go.

mod entry;
mod filter;
mod iterator;
mod segmented;
mod skip_list;

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use parking_lot::Mutex;

use self::entry::EntrySpace;
use self::filter::Filter;
use self::skip_list::{SkipList, Writer};
use crate::internal_key::{self, SequenceNumber, ValueKind};
use crate::key_hash::key_hash;
use crate::lookup::Lookup;
use crate::write_batch::BatchEntry;

pub(crate) use iterator::MemTableIterator;

/// What an entry costs in memory besides its key and value: its node and links, and what segments
/// of nodes keep in stock.
const ENTRY_OVERHEAD: usize = 104;

/// See the module's documentation.
pub(crate) struct MemTable {
    list: SkipList,
    filter: Filter,
    filling: Mutex<Filling>,
    log_number: u64,
    created: SystemTime,
    memory: AtomicUsize,
    deletions: AtomicU64,
    last_sequence: AtomicU64,
}

/// What only the inserting thread needs.
#[derive(Default)]
struct Filling {
    writer: Writer,
    space: EntrySpace,
}

impl MemTable {
    /// An empty memtable for the writes of the log `log_number`.
    pub(crate) fn new(log_number: u64) -> Self {
        Self::for_writes(log_number, 0, &[])
    }

    /// One that will take about so much memory, and many point reads. Most of the keys will begin
    /// with `prefix`.
    pub(crate) fn for_writes(log_number: u64, memory: usize, prefix: &[u8]) -> Self {
        Self {
            list: SkipList::new(prefix.into()),
            filter: Filter::new(memory),
            filling: Mutex::default(),
            log_number,
            created: SystemTime::now(),
            memory: AtomicUsize::new(0),
            deletions: AtomicU64::new(0),
            last_sequence: AtomicU64::new(0),
        }
    }

    /// Inserts the entries of a batch, whose sequence numbers begin with `first`. The entries become
    /// readable one by one; readers do not see them before the batch's last sequence number is
    /// published.
    pub(crate) fn insert<'a>(
        &self,
        first: SequenceNumber,
        entries: impl Iterator<Item = BatchEntry<'a>>,
    ) {
        let mut filling = self.filling.lock();
        let Filling { writer, space } = &mut *filling;
        let mut sequence = first;
        let mut memory = 0;
        for entry in entries {
            let (kind, user_key, value) = entry.parts();
            memory += ENTRY_OVERHEAD + user_key.len() + value.len();
            if kind == ValueKind::Deletion {
                self.deletions.fetch_add(1, Relaxed);
            }
            self.filter.add(key_hash(user_key));
            let entry = space.entry(user_key, internal_key::pack_tag(sequence, kind), value);
            let inserted = self.list.insert(writer, entry);
            debug_assert!(inserted, "memory ends long before the numbers of nodes do");
            sequence += 1;
        }
        self.memory.fetch_add(memory, Relaxed);
        self.last_sequence.store(sequence.saturating_sub(1), Relaxed);
    }

    /// The entry that is looked for: its tag and value.
    pub(crate) fn get(&self, lookup: &Lookup<'_>) -> Option<(u64, Bytes)> {
        let Lookup { user_key, seek_tag, hash } = *lookup;
        if !self.filter.may_contain(hash) {
            return None;
        }
        let entry = self.list.entry(self.list.seek(user_key, seek_tag))?;
        let (found, tag) = entry.position();
        (found == user_key).then(|| (tag, entry.value_bytes()))
    }

    /// What the keys of its entries begin with; nothing where that is a whole key, as it is of a single
    /// one, which does not show where others would differ.
    pub(crate) fn shared_prefix(&self) -> &[u8] {
        let prefix = self.list.shared_prefix();
        let first = self.list.entry(self.list.next(skip_list::NONE));
        match first.map(|entry| entry.position().0.len()) {
            Some(length) if length > prefix.len() => prefix,
            _ => &[],
        }
    }

    #[cfg(test)]
    pub(crate) fn expected_prefix(&self) -> &[u8] {
        &self.list.prefix
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.list.next(skip_list::NONE) == skip_list::NONE
    }

    /// Bytes of memory that it takes, roughly.
    pub(crate) fn memory(&self) -> usize {
        self.memory.load(Relaxed)
    }

    /// Bytes of its filter, which are not part of [`MemTable::memory`]: that says how full it is.
    pub(crate) fn filter_bytes(&self) -> usize {
        self.filter.bytes()
    }

    /// Deletions among its entries.
    pub(crate) fn deletions(&self) -> u64 {
        self.deletions.load(Relaxed)
    }

    /// When it was made, in seconds since 1970. A clock that was set back makes it look younger.
    pub(crate) fn created(&self) -> u64 {
        self.created.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
    }

    /// How long ago it was made.
    pub(crate) fn age(&self) -> Duration {
        self.created.elapsed().unwrap_or_default()
    }

    /// The number of the log that holds the same writes.
    pub(crate) fn log_number(&self) -> u64 {
        self.log_number
    }

    /// The sequence number of its last entry; 0 where it is empty.
    pub(crate) fn last_sequence(&self) -> SequenceNumber {
        self.last_sequence.load(Relaxed)
    }
}
