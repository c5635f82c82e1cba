//! The cache of blocks that were read, decompressed and checked, shared by all tables of a
//! database. A file number is never used again, so blocks of removed tables need no removal: they
//! are not asked for any more and fall out.

use quick_cache::Weighter;
use quick_cache::sync::Cache;

use super::block::Block;

/// What an entry weighs besides its bytes: the cache's own records and the allocation.
const OVERHEAD: usize = 96;

/// Below the size of most blocks, so that the cache plans for enough entries.
const PLANNED_BLOCK_SIZE: usize = 4096;

/// A table's number and a block's offset in it.
type Key = (u64, u64);

/// The cache.
pub(crate) struct BlockCache {
    blocks: Cache<Key, Block, BlockWeight>,
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
        Self { blocks: Cache::with_weighter(planned, capacity_bytes as u64, BlockWeight) }
    }

    #[inline]
    pub(crate) fn get(&self, file: u64, offset: u64) -> Option<Block> {
        self.blocks.get(&(file, offset))
    }

    pub(crate) fn insert(&self, file: u64, offset: u64, block: Block) {
        self.blocks.insert((file, offset), block);
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

    #[test]
    fn blocks_are_found_again_and_the_capacity_holds() {
        let cache = BlockCache::new(1 << 20);
        cache.insert(1, 0, block(4096));
        assert_eq!(cache.get(1, 0).unwrap().size(), 4104);
        assert!(cache.get(1, 1).is_none() && cache.get(2, 0).is_none());
        for offset in 0..1000 {
            cache.insert(2, offset, block(4096));
        }
        assert!(cache.usage() <= 1 << 20);
        assert!(cache.usage() > 1 << 19);
    }

    #[test]
    fn a_cache_of_no_bytes_keeps_none() {
        let cache = BlockCache::new(0);
        cache.insert(1, 0, block(10));
        assert!(cache.get(1, 0).is_none());
        assert_eq!(cache.usage(), 0);
    }
}
