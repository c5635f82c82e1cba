//! What keys a memtable may have. Most of the keys that are read are not in it, and to find that out
//! in the skip list costs as much as the rest of a read from the block cache.
//!
//! A bloom filter whose bits for one key lie in one cache line. One thread adds, any number ask:
//! bits are only ever set, and set before the sequence number of their entry is published.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// Memory of the memtable for each bit: ten bits for an entry of a hundred bytes, which is about
/// the least that an entry takes.
const MEMORY_PER_BIT: usize = 10;
/// Words of a cache line, and its bits as a power of two.
const LINE_WORDS: usize = 8;
const LINE_BITS_LG: u32 = 9;
const PROBES: u32 = 5;
const MOST_LINES: usize = 1 << 17;

/// See the module's documentation.
pub(super) struct Filter {
    words: Box<[AtomicU64]>,
}

impl Filter {
    /// A filter for a memtable that takes about so much memory.
    pub(super) fn new(memory: usize) -> Self {
        let lines = memory.div_ceil(MEMORY_PER_BIT << LINE_BITS_LG).min(MOST_LINES);
        Self { words: (0..lines * LINE_WORDS).map(|_| AtomicU64::new(0)).collect() }
    }

    /// The memory that it takes.
    pub(super) fn bytes(&self) -> usize {
        size_of_val(&*self.words)
    }

    #[inline]
    pub(super) fn add(&self, hash: u32) {
        let (line, positions) = self.place(hash);
        for (word, bit) in positions {
            if let Some(word) = line.get(word) {
                // There is one writer, so nothing is lost between the two.
                word.store(word.load(Relaxed) | bit, Relaxed);
            }
        }
    }

    /// Whether a key with this hash may have been added.
    #[inline]
    pub(super) fn may_contain(&self, hash: u32) -> bool {
        let (line, mut positions) = self.place(hash);
        positions.all(|(word, bit)| line.get(word).is_none_or(|word| word.load(Relaxed) & bit != 0))
    }

    /// The key's line, and the words and bits in it.
    #[inline]
    fn place(&self, hash: u32) -> (&[AtomicU64], impl Iterator<Item = (usize, u64)>) {
        let hash = u64::from(hash);
        let lines = (self.words.len() / LINE_WORDS) as u64;
        let line = ((hash * lines) >> 32) as usize * LINE_WORDS;
        let line = self.words.get(line..line + LINE_WORDS).unwrap_or_default();
        let spread = hash.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let positions = (0..PROBES).map(move |probe| {
            let position =
                (spread >> (64 - LINE_BITS_LG * (probe + 1))) as usize % (1 << LINE_BITS_LG);
            (position / 64, 1 << (position % 64))
        });
        (line, positions)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::key_hash::key_hash;

    fn hash(number: u32) -> u32 {
        key_hash(&number.to_be_bytes())
    }

    #[test]
    fn what_was_added_is_found_and_little_else() {
        let filter = Filter::new(100 * 10_000);
        for number in 0..10_000_u32 {
            filter.add(hash(number));
        }
        assert!((0..10_000_u32).all(|number| filter.may_contain(hash(number))));
        let wrong = (10_000..20_000_u32).filter(|number| filter.may_contain(hash(*number))).count();
        assert!(wrong < 500, "{wrong}");
    }

    #[test]
    fn one_without_memory_lets_every_key_pass() {
        let filter = Filter::new(0);
        filter.add(1);
        assert!(filter.may_contain(1) && filter.may_contain(2));
    }
}
