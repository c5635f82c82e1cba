//! The memtable: the newest writes, sorted, in memory.
//!
//! A lock-free skip list of entries in internal-key order. One thread inserts (the leader of a
//! group commit); any number read at the same time without waiting. An entry does not copy its key
//! and value: it points into the buffer of the batch that wrote it, which is the very buffer that
//! went to the log, so a write costs one allocation for the batch and one for each node.
//!
//! A memtable belongs to one log file. When it is full it becomes immutable and waits for its
//! flush; once its table is in the manifest, both it and its log are let go.

mod iterator;

use std::borrow::Borrow;
use std::cmp::Ordering;
use std::ops::{Bound, Range};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use crossbeam_skiplist::SkipMap;

use crate::internal_key::{self, SequenceNumber, ValueKind};
use crate::write_batch::BatchReader;

pub(crate) use iterator::MemTableIterator;

/// What an entry costs in memory besides its key and value: the entry, and a skip-list node with
/// its links and count.
const ENTRY_OVERHEAD: usize = 128;

/// Where a key stands in the order of a memtable, for entries and for look-ups alike.
trait Position {
    fn user_key(&self) -> &[u8];
    fn tag(&self) -> u64;
}

impl PartialEq for dyn Position + '_ {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for dyn Position + '_ {}

impl PartialOrd for dyn Position + '_ {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for dyn Position + '_ {
    fn cmp(&self, other: &Self) -> Ordering {
        internal_key::compare_parts(self.user_key(), self.tag(), other.user_key(), other.tag())
    }
}

/// A look-up: the newest entry of `user_key` that is not newer than `tag`.
struct Lookup<'a> {
    user_key: &'a [u8],
    tag: u64,
}

impl Position for Lookup<'_> {
    fn user_key(&self) -> &[u8] {
        self.user_key
    }
    fn tag(&self) -> u64 {
        self.tag
    }
}

#[derive(Debug, Clone)]
struct Entry {
    batch: Bytes,
    key: Range<u32>,
    value: Range<u32>,
    tag: u64,
}

impl Entry {
    fn value(&self) -> Bytes {
        self.batch.slice(self.value.start as usize..self.value.end as usize)
    }

    fn value_slice(&self) -> &[u8] {
        self.batch.get(self.value.start as usize..self.value.end as usize).unwrap_or_default()
    }
}

impl Position for Entry {
    #[inline]
    fn user_key(&self) -> &[u8] {
        self.batch.get(self.key.start as usize..self.key.end as usize).unwrap_or_default()
    }
    #[inline]
    fn tag(&self) -> u64 {
        self.tag
    }
}

impl<'a> Borrow<dyn Position + 'a> for Entry {
    fn borrow(&self) -> &(dyn Position + 'a) {
        self
    }
}

impl PartialEq for Entry {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Entry {}

impl PartialOrd for Entry {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Entry {
    fn cmp(&self, other: &Self) -> Ordering {
        internal_key::compare_parts(self.user_key(), self.tag, other.user_key(), other.tag)
    }
}

/// See the module's documentation.
pub(crate) struct MemTable {
    entries: SkipMap<Entry, ()>,
    log_number: u64,
    created: SystemTime,
    memory: AtomicUsize,
    deletions: AtomicU64,
    last_sequence: AtomicU64,
}

impl MemTable {
    /// An empty memtable for the writes of the log `log_number`.
    pub(crate) fn new(log_number: u64) -> Self {
        Self {
            entries: SkipMap::new(),
            log_number,
            created: SystemTime::now(),
            memory: AtomicUsize::new(0),
            deletions: AtomicU64::new(0),
            last_sequence: AtomicU64::new(0),
        }
    }

    /// Inserts every entry of a batch. The entries become readable one by one; readers do not see
    /// them before the batch's last sequence number is published.
    pub(crate) fn insert(&self, batch: &BatchReader) {
        let mut sequence = batch.sequence();
        let mut memory = 0;
        for entry in batch.iter() {
            memory += ENTRY_OVERHEAD + (entry.value.end - entry.key.start) as usize;
            if entry.kind == ValueKind::Deletion {
                self.deletions.fetch_add(1, Relaxed);
            }
            let tag = internal_key::pack_tag(sequence, entry.kind);
            let batch = batch.bytes().clone();
            self.entries.insert(Entry { batch, key: entry.key, value: entry.value, tag }, ());
            sequence += 1;
        }
        self.memory.fetch_add(memory, Relaxed);
        self.last_sequence.store(sequence.saturating_sub(1), Relaxed);
    }

    /// The newest entry of `user_key` at or below `seek_tag`: its tag and value.
    pub(crate) fn get(&self, user_key: &[u8], seek_tag: u64) -> Option<(u64, Bytes)> {
        let lookup = Lookup { user_key, tag: seek_tag };
        let found = self.entries.lower_bound::<dyn Position>(Bound::Included(&lookup))?;
        let entry = found.key();
        (entry.user_key() == user_key).then(|| (entry.tag, entry.value()))
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Bytes of memory that it takes, roughly.
    pub(crate) fn memory(&self) -> usize {
        self.memory.load(Relaxed)
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
