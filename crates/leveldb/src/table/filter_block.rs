//! The filter block: one bloom filter for each 2 KiB of a table's data blocks. The filters stand
//! one behind the other, then the array of their offsets, the array's own offset and, in the last
//! byte, the stretch's size as a power of two. A data block that starts at `o` has its keys in
//! filter `o >> 11`; a filter of no bytes stands for a stretch in which no block starts.

use bytes::Bytes;

use super::bloom;
use crate::coding::fixed32;
use crate::error::CorruptionKind;
use crate::format::FILTER_BASE_LG;
use crate::key_hash::key_hash;

/// Makes a filter block.
pub(crate) struct FilterBlockBuilder {
    bits_per_key: usize,
    /// Of the keys whose filter is not made yet.
    hashes: Vec<u32>,
    filters: Vec<u8>,
    offsets: Vec<u32>,
}

impl FilterBlockBuilder {
    pub(crate) fn new(bits_per_key: usize) -> Self {
        Self { bits_per_key, hashes: Vec::new(), filters: Vec::new(), offsets: Vec::new() }
    }

    /// Says that the keys to come are in a data block that starts at `offset`.
    pub(crate) fn start_block(&mut self, offset: u64) {
        while (self.offsets.len() as u64) < offset >> FILTER_BASE_LG {
            self.make_filter();
        }
    }

    pub(crate) fn add(&mut self, user_key: &[u8]) {
        self.hashes.push(key_hash(user_key));
    }

    pub(crate) fn finish(mut self) -> Vec<u8> {
        if !self.hashes.is_empty() {
            self.make_filter();
        }
        let array_offset = self.filters.len() as u32;
        for offset in self.offsets.iter().chain([&array_offset]) {
            self.filters.extend_from_slice(&offset.to_le_bytes());
        }
        self.filters.push(FILTER_BASE_LG);
        self.filters
    }

    fn make_filter(&mut self) {
        self.offsets.push(self.filters.len() as u32);
        if !self.hashes.is_empty() {
            bloom::append_filter(&mut self.filters, &self.hashes, self.bits_per_key);
            self.hashes.clear();
        }
    }
}

/// A filter block, ready to be asked.
pub(crate) struct FilterBlock {
    bytes: Bytes,
    array_offset: usize,
    filters: u64,
    base_lg: u8,
}

impl FilterBlock {
    /// Takes the block apart. Every offset is checked here, so that damage is found when the table
    /// is opened.
    pub(crate) fn new(bytes: Bytes) -> Result<Self, CorruptionKind> {
        Self::parse(bytes).ok_or(CorruptionKind::BadLength)
    }

    fn parse(bytes: Bytes) -> Option<Self> {
        let array_end = bytes.len().checked_sub(5)?;
        let array_offset = fixed32(&bytes, array_end)? as usize;
        let base_lg = *bytes.last()?;
        let array = bytes.get(array_offset..array_end)?;
        if base_lg >= 64 || array.len() % 4 != 0 {
            return None;
        }
        let mut last = 0;
        for at in (array_offset..=array_end).step_by(4) {
            let offset = fixed32(&bytes, at)? as usize;
            if offset < last || offset > array_offset {
                return None;
            }
            last = offset;
        }
        let filters = array.len() as u64 / 4;
        Some(Self { bytes, array_offset, filters, base_lg })
    }

    /// Whether the data block that starts at `block_offset` can hold the key with this hash.
    #[inline]
    pub(crate) fn may_contain(&self, block_offset: u64, hash: u32) -> bool {
        let index = block_offset >> self.base_lg;
        if index >= self.filters {
            return true;
        }
        let at = self.array_offset + 4 * index as usize;
        let (Some(start), Some(end)) = (fixed32(&self.bytes, at), fixed32(&self.bytes, at + 4))
        else {
            return true;
        };
        match self.bytes.get(start as usize..end as usize) {
            Some(filter) => bloom::may_contain(filter, hash),
            None => true,
        }
    }

    pub(crate) fn memory(&self) -> usize {
        self.bytes.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn finish(builder: FilterBlockBuilder) -> FilterBlock {
        FilterBlock::new(Bytes::from(builder.finish())).unwrap()
    }

    #[test]
    fn a_block_without_keys_is_what_leveldb_writes() {
        assert_eq!(FilterBlockBuilder::new(10).finish(), [0, 0, 0, 0, 11]);
        assert!(finish(FilterBlockBuilder::new(10)).may_contain(0, 1));
    }

    #[test]
    fn each_stretch_has_its_own_filter() {
        let mut builder = FilterBlockBuilder::new(10);
        builder.start_block(0);
        builder.add(b"foo");
        builder.start_block(2000);
        builder.add(b"bar");
        builder.start_block(3100);
        builder.add(b"box");
        builder.start_block(9000);
        builder.add(b"hello");
        let block = finish(builder);
        let contains = |offset, key: &[u8]| block.may_contain(offset, key_hash(key));
        assert!(contains(0, b"foo") && contains(2000, b"bar"));
        assert!(!contains(0, b"box") && !contains(0, b"hello"));
        assert!(contains(3100, b"box") && !contains(3100, b"foo"));
        assert!(!contains(4100, b"foo") && !contains(4100, b"box"));
        assert!(contains(9000, b"hello") && !contains(9000, b"foo"));
    }

    #[test]
    fn offsets_that_point_outside_are_refused() {
        for bytes in [
            &[0, 0, 0, 11][..],
            &[1, 0, 0, 0, 11],
            &[0, 0, 0, 0, 64],
            &[9, 0, 0, 0, 0, 0, 0, 0, 11],
            &[0, 0, 0, 0, 0, 0, 11],
            &[0xff, 0xff, 0xff, 0xff, 11],
        ] {
            assert!(FilterBlock::new(Bytes::copy_from_slice(bytes)).is_err(), "{bytes:?}");
        }
    }
}
