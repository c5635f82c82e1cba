//! The cache of blocks that were read, decompressed and checked, shared by all tables of a
//! database.
//!
//! Blocks are found by the file that they were read from, not by its number: a number can come to
//! mean another file, where a database was destroyed and made anew, or where a process was killed
//! before it had named what it wrote. A table that is closed and opened again finds its blocks as
//! long as its file is the same. Blocks of files that are gone need no removal: they are not asked
//! for any more and fall out.

use std::collections::{HashMap, HashSet};

use parking_lot::Mutex;
use quick_cache::Weighter;
use quick_cache::sync::Cache;

use super::block::Block;
use crate::env::FileIdentity;

/// What an entry weighs besides its bytes: the cache's own records and the allocation.
const OVERHEAD: usize = 96;

/// Below the size of most blocks, so that the cache plans for enough entries.
const PLANNED_BLOCK_SIZE: usize = 4096;

/// What the blocks of one file are found by. It is never given to another file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct TableKey(u64);

/// A block's file and offset in it.
type Key = (TableKey, u64);

/// The cache.
pub(crate) struct BlockCache {
    blocks: Cache<Key, Block, BlockWeight>,
    keys: Mutex<Keys>,
}

/// The keys of the files that were opened last under each number.
#[derive(Default)]
struct Keys {
    by_number: HashMap<u64, (FileIdentity, TableKey)>,
    given: u64,
}

#[derive(Clone)]
struct BlockWeight;

impl Weighter<Key, Block> for BlockWeight {
    fn weight(&self, _: &Key, block: &Block) -> u64 {
        (block.size() + OVERHEAD) as u64
    }
}

impl BlockCache {
    pub(crate) fn new(capacity_bytes: usize) -> Self {
        let planned = capacity_bytes / PLANNED_BLOCK_SIZE;
        let blocks = Cache::with_weighter(planned, capacity_bytes as u64, BlockWeight);
        Self { blocks, keys: Mutex::default() }
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
    pub(crate) fn get(&self, table: TableKey, offset: u64) -> Option<Block> {
        self.blocks.get(&(table, offset))
    }

    pub(crate) fn insert(&self, table: TableKey, offset: u64, block: Block) {
        self.blocks.insert((table, offset), block);
    }

    /// Bytes that are held now.
    pub(crate) fn usage(&self) -> usize {
        self.blocks.weight() as usize
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;

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
        let cache = BlockCache::new(1 << 20);
        let (first, second) = (cache.key_of(1, identity(1)), cache.key_of(2, identity(2)));
        cache.insert(first, 0, block(4096));
        assert_eq!(cache.get(first, 0).unwrap().size(), 4104);
        assert!(cache.get(first, 1).is_none() && cache.get(second, 0).is_none());
        for offset in 0..1000 {
            cache.insert(second, offset, block(4096));
        }
        assert!(cache.usage() <= 1 << 20);
        assert!(cache.usage() > 1 << 19);
    }

    #[test]
    fn only_the_same_file_has_the_same_key() {
        let cache = BlockCache::new(1 << 20);
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
    fn a_cache_of_no_bytes_keeps_none() {
        let cache = BlockCache::new(0);
        let key = cache.key_of(1, identity(1));
        cache.insert(key, 0, block(10));
        assert!(cache.get(key, 0).is_none());
        assert_eq!(cache.usage(), 0);
    }
}
