//! The index of an open table: its index block, and in front of it an array with the digest of each
//! restart point's key. A search is decided among those, and looks at whole keys only where they are
//! equal.

use std::ops::Range;

use super::block::{Block, Found};
use super::block_handle::BlockHandle;
use super::block_iterator::BlockIterator;
use crate::error::CorruptionKind;
use crate::key_digest::{common_prefix, key_digest};

/// The index of an open table.
pub(crate) struct Index {
    block: Block,
    /// What the user keys of all restart points start with, except perhaps that of the last.
    prefix: Vec<u8>,
    digests: Vec<u64>,
}

impl Index {
    /// Reads the whole block once: every key parses, and the data blocks follow one another up to
    /// `data_end`.
    pub(crate) fn new(block: Block, data_end: u64) -> Result<Self, CorruptionKind> {
        let mut entries = BlockIterator::new(block.clone());
        let mut end = 0;
        entries.seek_to_first()?;
        if !entries.valid() {
            return Ok(Self { block, prefix: Vec::new(), digests: Vec::new() });
        }
        while entries.valid() {
            let handle = decode_handle(entries.value(), data_end)?;
            if handle.offset < end {
                return Err(CorruptionKind::BadLength);
            }
            end = handle.offset + handle.stored_size();
            entries.next()?;
        }
        // The key behind the last block is cut to its first byte, more or less, and would leave
        // nothing in common.
        let (first, _) = block.restart_key(0)?;
        let (last, _) = block.restart_key(block.restarts().saturating_sub(2))?;
        let prefix = first.get(..common_prefix(first, last)).unwrap_or_default().to_vec();
        let digests = (0..block.restarts())
            .map(|restart| Ok(key_digest(&prefix, block.restart_key(restart)?.0)))
            .collect::<Result<_, CorruptionKind>>()?;
        Ok(Self { block, prefix, digests })
    }

    /// The index entry of the data block that `(user_key, tag)` belongs in: its value's place.
    #[inline]
    pub(crate) fn search(
        &self,
        user_key: &[u8],
        tag: u64,
    ) -> Result<Option<Found>, CorruptionKind> {
        let restart = self.restart_before(user_key, tag)?;
        self.block.search_from(restart, user_key, tag)
    }

    /// The restart point from which a search for `(user_key, tag)` goes on entry by entry.
    pub(crate) fn restart_before(
        &self,
        user_key: &[u8],
        tag: u64,
    ) -> Result<usize, CorruptionKind> {
        let undecided = self.undecided(user_key);
        self.block.restart_before(undecided, user_key, tag)
    }

    /// The restart points that the digests leave open. All before them sort before the key, all
    /// behind them do not.
    fn undecided(&self, user_key: &[u8]) -> Range<usize> {
        let searched = key_digest(&self.prefix, user_key);
        let low = self.digests.partition_point(|&digest| digest < searched);
        let open = self.digests.get(low..).unwrap_or_default();
        // One or none, but for keys of which the digests say little.
        low..low + open.iter().take_while(|&&digest| digest == searched).count()
    }

    pub(crate) fn value(&self, found: &Found) -> &[u8] {
        self.block.bytes().get(found.value.clone()).unwrap_or_default()
    }

    pub(crate) fn iterator(&self) -> BlockIterator {
        BlockIterator::new(self.block.clone())
    }

    /// Bytes of memory.
    pub(crate) fn memory(&self) -> usize {
        self.block.size() + self.prefix.len() + size_of_val(self.digests.as_slice())
    }
}

/// The handle that is the value of an index entry.
#[inline]
pub(crate) fn decode_handle(value: &[u8], data_end: u64) -> Result<BlockHandle, CorruptionKind> {
    BlockHandle::decode(value)
        .filter(|handle| handle.end_within(data_end).is_some())
        .ok_or(CorruptionKind::BadLength)
}
