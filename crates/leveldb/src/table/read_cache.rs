//! The cache of what was read: blocks, decompressed and checked, shared by all tables of a database,
//! and rows, the values that were found in blocks again. A row is found by its key, past all tables
//! and their blocks. Both compete for the same memory: where single keys are read again and again,
//! their rows need less of it than their blocks, which are not asked for any more and fall out.
//!
//! Blocks are found by the file that they were read from, not by its number: a number can come to
//! mean another file, where a database was destroyed and made anew, or where a process was killed
//! before it had named what it wrote. A table that is closed and opened again finds its blocks as
//! long as its file is the same. Blocks of files that are gone need no removal: they are not asked
//! for any more and fall out.

use std::collections::{HashMap, HashSet};

use bytes::{Buf, Bytes};
use parking_lot::Mutex;
use quick_cache::Weighter;
use quick_cache::sync::Cache;

use super::block::Block;
use crate::env::FileIdentity;
use crate::internal_key::SequenceNumber;
use crate::lookup::Lookup;

/// What an entry weighs besides its bytes: the cache's own records and the allocations.
const OVERHEAD: usize = 160;

/// What the cache plans for, between the sizes of most rows and of most blocks.
const PLANNED_SIZE: usize = 2048;

/// Larger values are as good in their blocks, which they nearly have for themselves.
const LARGEST_ROW: usize = 1024;

/// What the blocks of one file are found by. It is never given to another file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct TableKey(u64);

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Key {
    /// By its file and its offset in it.
    Block(TableKey, u64),
    /// By the hash of its key. Of keys with the same hash one has a row.
    Row(u32),
}

#[derive(Clone)]
enum Item {
    Block(Block),
    Row(Row),
}

/// The newest entry of a key in all tables.
#[derive(Clone)]
struct Row {
    /// The newest entry of any key that was in the tables. As long as that is the same, so is this
    /// row: compactions take away only what is hidden.
    tables_up_to: SequenceNumber,
    tag: u64,
    key_length: usize,
    /// The key, and the value behind it.
    bytes: Bytes,
}

/// The cache.
pub(crate) struct ReadCache {
    items: Cache<Key, Item, Weight>,
    keys: Mutex<Keys>,
}

/// The keys of the files that were opened last under each number.
#[derive(Default)]
struct Keys {
    by_number: HashMap<u64, (FileIdentity, TableKey)>,
    given: u64,
}

#[derive(Clone)]
struct Weight;

impl Weighter<Key, Item> for Weight {
    fn weight(&self, _: &Key, item: &Item) -> u64 {
        let bytes = match item {
            Item::Block(block) => block.size(),
            Item::Row(row) => row.bytes.len(),
        };
        (bytes + OVERHEAD) as u64
    }
}

impl ReadCache {
    pub(crate) fn new(capacity_bytes: usize) -> Self {
        let planned = capacity_bytes / PLANNED_SIZE;
        let items = Cache::with_weighter(planned, capacity_bytes as u64, Weight);
        Self { items, keys: Mutex::default() }
    }

    /// The key of a file: a new one, unless the file that had the number last is the same.
    pub(crate) fn key_of(&self, number: u64, identity: FileIdentity) -> TableKey {
        let mut keys = self.keys.lock();
        match keys.by_number.get(&number) {
            Some((known, key)) if *known == identity => *key,
            _ => {
                keys.given += 1;
                let key = TableKey(keys.given);
                keys.by_number.insert(number, (identity, key));
                key
            }
        }
    }

    /// Forgets which file had a number.
    pub(crate) fn forget(&self, number: u64) {
        self.keys.lock().by_number.remove(&number);
    }

    /// Forgets which files had other numbers than these.
    pub(crate) fn keep_only(&self, numbers: &HashSet<u64>) {
        self.keys.lock().by_number.retain(|number, _| numbers.contains(number));
    }

    #[inline]
    pub(super) fn block(&self, table: TableKey, offset: u64) -> Option<Block> {
        match self.items.get(&Key::Block(table, offset)) {
            Some(Item::Block(block)) => Some(block),
            _ => None,
        }
    }

    pub(super) fn keep_block(&self, table: TableKey, offset: u64, block: Block) {
        self.items.insert(Key::Block(table, offset), Item::Block(block));
    }

    /// The entry that is looked for, if it has a row that tells: its tag and its value.
    /// `tables_up_to` is the newest entry of any key in the tables that the reader would search.
    #[inline]
    pub(crate) fn row(
        &self,
        lookup: &Lookup<'_>,
        tables_up_to: SequenceNumber,
    ) -> Option<(u64, Bytes)> {
        let Some(Item::Row(row)) = self.items.get(&Key::Row(lookup.hash)) else { return None };
        let Row { tables_up_to: then, tag, key_length, mut bytes } = row;
        let tells = then == tables_up_to && tag <= lookup.seek_tag;
        if !tells || bytes.get(..key_length) != Some(lookup.user_key) {
            return None;
        }
        bytes.advance(key_length);
        Some((tag, bytes))
    }

    /// Keeps what was found for a key. The lookup must have been for the newest entry: later ones
    /// than `tables_up_to` count.
    pub(crate) fn keep_row(
        &self,
        lookup: &Lookup<'_>,
        tables_up_to: SequenceNumber,
        tag: u64,
        value: &[u8],
    ) {
        if value.len() > LARGEST_ROW {
            return;
        }
        let bytes = Bytes::from([lookup.user_key, value].concat());
        let row = Row { tables_up_to, tag, key_length: lookup.user_key.len(), bytes };
        self.items.insert(Key::Row(lookup.hash), Item::Row(row));
    }

    /// Bytes that are held now.
    pub(crate) fn usage(&self) -> usize {
        self.items.weight() as usize
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::internal_key::{self, ValueKind};

    fn block(size: usize) -> Block {
        let mut bytes = vec![1; size];
        bytes.extend_from_slice(&[0, 0, 0, 0, 1, 0, 0, 0]);
        Block::new(Bytes::from(bytes)).unwrap()
    }

    fn identity(file: u64) -> FileIdentity {
        FileIdentity { volume: 1, file, changed: 7, size: 100 }
    }

    #[test]
    fn blocks_are_found_again_and_the_capacity_holds() {
        let cache = ReadCache::new(1 << 20);
        let (first, second) = (cache.key_of(1, identity(1)), cache.key_of(2, identity(2)));
        cache.keep_block(first, 0, block(4096));
        assert_eq!(cache.block(first, 0).unwrap().size(), 4104);
        assert!(cache.block(first, 1).is_none() && cache.block(second, 0).is_none());
        for offset in 0..1000 {
            cache.keep_block(second, offset, block(4096));
        }
        assert!(cache.usage() <= 1 << 20);
        assert!(cache.usage() > 1 << 19);
    }

    #[test]
    fn only_the_same_file_has_the_same_key() {
        let cache = ReadCache::new(1 << 20);
        let key = cache.key_of(1, identity(1));
        assert_eq!(cache.key_of(1, identity(1)), key);
        assert_ne!(cache.key_of(2, identity(1)), key);
        let changed = FileIdentity { changed: 8, ..identity(1) };
        let mut keys = vec![key, cache.key_of(1, changed), cache.key_of(1, identity(3))];
        keys.push(cache.key_of(1, identity(1)));
        cache.forget(1);
        keys.push(cache.key_of(1, identity(1)));
        let different: HashSet<_> = keys.iter().collect();
        assert_eq!(different.len(), keys.len());
    }

    #[test]
    fn a_row_tells_of_its_own_key_in_the_same_tables() {
        let cache = ReadCache::new(1 << 20);
        let at = |key, sequence| Lookup::new(key, internal_key::seek_tag(sequence));
        let tag = internal_key::pack_tag(7, ValueKind::Value);
        cache.keep_row(&at(b"key", 9), 8, tag, b"value");
        let found = Some((tag, Bytes::from("value")));
        assert_eq!(cache.row(&at(b"key", 9), 8), found);
        assert_eq!(cache.row(&at(b"key", 7), 8), found);
        // Who reads an older moment has to look for an older entry.
        assert_eq!(cache.row(&at(b"key", 6), 8), None);
        // Something was added to the tables, or not yet.
        assert_eq!(cache.row(&at(b"key", 9), 9), None);
        assert_eq!(cache.row(&at(b"key", 9), 7), None);
        let Lookup { hash, .. } = at(b"key", 9);
        for other in [&b"kez"[..], b"keyv", b"k", b""] {
            assert_eq!(cache.row(&Lookup { hash, ..at(other, 9) }, 8), None);
        }
        cache.keep_row(&at(b"large", 9), 8, tag, &[0; LARGEST_ROW + 1]);
        assert_eq!(cache.row(&at(b"large", 9), 8), None);
    }

    #[test]
    fn a_cache_of_no_bytes_keeps_none() {
        let cache = ReadCache::new(0);
        let key = cache.key_of(1, identity(1));
        cache.keep_block(key, 0, block(10));
        assert!(cache.block(key, 0).is_none());
        assert_eq!(cache.usage(), 0);
    }
}
