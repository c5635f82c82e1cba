//! The directory of a block that is kept in memory: the digest and the place of each entry, close
//! together. A search in the block itself goes from entry to entry, and where values are large each
//! is a memory access of its own; with a directory it goes to the one entry that it ends at.
//!
//! It stands behind the block's content, in the same piece of memory: first the digests, then the
//! places, then the prefix that the digests are behind. Blocks of many small entries get none: there
//! it would take much memory, and restart points already lead a search to within a cache line or two.

use super::block::{Block, Found, Order, order};
use super::block_iterator::BlockIterator;
use crate::coding::{fixed32, fixed64};
use crate::error::CorruptionKind;
use crate::internal_key::{self, TAG_SIZE};
use crate::key_digest::{DIGEST_BYTES, common_prefix, key_digest};

const DIGEST: usize = 8;
const PLACE: usize = 4;

/// A directory takes one byte in so many of the block at most, its prefix not counted.
const SHARE: usize = 8;

/// Where a directory stands in the bytes of its block.
#[derive(Debug, Clone, Copy)]
pub(super) struct Directory {
    at: usize,
    entries: usize,
}

/// How a search with a directory ends.
pub(super) enum Search {
    /// At this entry, or behind the last one.
    Done(Option<Found>),
    /// At entries that share more than their digests cover.
    Undecided,
}

impl Directory {
    /// The block's content with a directory behind it. None where it would take too much, or where
    /// the entries are not such that a search can rely on them.
    pub(super) fn append_to(block: &Block) -> Option<(Vec<u8>, Self)> {
        let content = block.bytes();
        let most = content.len() / SHARE / (DIGEST + PLACE);
        // The user keys in a row, and where each ends, with its entry's place.
        let mut keys = Vec::with_capacity(content.len() / SHARE);
        let mut entries: Vec<(usize, u32)> = Vec::with_capacity(most);
        let (mut before, mut tag_before) = (0..0, u64::MAX);
        let mut iterator = BlockIterator::new(block.clone());
        iterator.seek_to_first().ok()?;
        while iterator.valid() {
            let (key, tag) = internal_key::split(iterator.key())?;
            let last = keys.get(before)?;
            let sorted = internal_key::compare_parts(last, tag_before, key, tag).is_lt();
            // Keys that are together longer than the block share so much that digests say little.
            let too_much = entries.len() == most || keys.len() + key.len() > content.len();
            if too_much || (!sorted && !entries.is_empty()) {
                return None;
            }
            let start = keys.len();
            keys.extend_from_slice(key);
            (before, tag_before) = (start..keys.len(), tag);
            entries.push((keys.len(), u32::try_from(iterator.position()).ok()?));
            iterator.next().ok()?;
        }
        let first = keys.get(..entries.first()?.0)?;
        let prefix = first.get(..common_prefix(first, keys.get(before)?))?;

        let size = entries.len() * (DIGEST + PLACE) + prefix.len();
        let mut bytes = Vec::with_capacity(content.len() + size);
        bytes.extend_from_slice(content);
        let mut start = 0;
        for &(end, _) in &entries {
            bytes.extend_from_slice(&key_digest(prefix, keys.get(start..end)?).to_le_bytes());
            start = end;
        }
        for (_, place) in &entries {
            bytes.extend_from_slice(&place.to_le_bytes());
        }
        bytes.extend_from_slice(prefix);
        Some((bytes, Self { at: content.len(), entries: entries.len() }))
    }

    /// Finds the first entry at or after `(user_key, tag)`.
    pub(super) fn search(
        self,
        block: &Block,
        user_key: &[u8],
        tag: u64,
    ) -> Result<Search, CorruptionKind> {
        let prefix = self.prefix(block);
        if !user_key.starts_with(prefix) {
            let index = if user_key < prefix { 0 } else { self.entries };
            return self.not_the_same(block, index);
        }
        let searched = key_digest(prefix, user_key);
        let mut index = self.digests(block).filter(|&digest| digest < searched).count();
        while self.digest(block, index) == Some(searched) {
            let Some(place) = self.place(block, index) else { break };
            let entry = block.entry(place)?;
            let Some(user_length) = entry.key_length().checked_sub(TAG_SIZE) else {
                return Err(CorruptionKind::BadKey);
            };
            // Entries of one key may share part of the tag too.
            if entry.shared > user_length.min(prefix.len() + DIGEST_BYTES) {
                return Ok(Search::Undecided);
            }
            if entry.shared > user_key.len() {
                // Equal as far as the searched key goes, and longer.
                break;
            }
            match order(user_key, tag, entry.shared, user_length, block.key_rest(&entry))? {
                Order::Smaller(_) => index += 1,
                Order::AtOrAfter(tag) => {
                    return Ok(Search::Done(Some(Found { value: entry.value(), tag })));
                }
            }
        }
        self.not_the_same(block, index)
    }

    /// The search ends at an entry of another key, or behind the last one.
    fn not_the_same(self, block: &Block, index: usize) -> Result<Search, CorruptionKind> {
        let Some(place) = self.place(block, index) else { return Ok(Search::Done(None)) };
        Ok(Search::Done(Some(Found { value: block.entry(place)?.value(), tag: None })))
    }

    fn digests(self, block: &Block) -> impl Iterator<Item = u64> {
        let bytes = block.bytes().get(self.at..self.at + self.entries * DIGEST).unwrap_or_default();
        bytes.as_chunks::<DIGEST>().0.iter().map(|chunk| u64::from_le_bytes(*chunk))
    }

    fn digest(self, block: &Block, index: usize) -> Option<u64> {
        if index >= self.entries {
            return None;
        }
        fixed64(block.bytes(), self.at + index * DIGEST)
    }

    fn place(self, block: &Block, index: usize) -> Option<usize> {
        if index >= self.entries {
            return None;
        }
        let at = self.at + self.entries * DIGEST + index * PLACE;
        fixed32(block.bytes(), at).map(|place| place as usize)
    }

    fn prefix(self, block: &Block) -> &[u8] {
        block.bytes().get(self.at + self.entries * (DIGEST + PLACE)..).unwrap_or_default()
    }
}
