//! A block handle: where a block stands in its table, as two varints, offset and size. The size
//! does not count the trailer of compression type and checksum that follows every block.

use crate::coding::{put_varint64, varint64};
use crate::format::{BLOCK_TRAILER_SIZE, MAX_BLOCK_SIZE};

/// Where a block stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct BlockHandle {
    pub(crate) offset: u64,
    pub(crate) size: u64,
}

impl BlockHandle {
    /// The longest encoding: two varints of ten bytes.
    pub(crate) const MAX_ENCODED_SIZE: usize = 20;

    pub(crate) fn encode_to(self, out: &mut Vec<u8>) {
        put_varint64(out, self.offset);
        put_varint64(out, self.size);
    }

    /// Decodes the handle that `bytes` starts with, and how many bytes it takes.
    #[inline]
    pub(crate) fn decode_prefix(bytes: &[u8]) -> Option<(Self, usize)> {
        let (offset, first) = varint64(bytes)?;
        let (size, second) = varint64(bytes.get(first..)?)?;
        Some((Self { offset, size }, first + second))
    }

    /// Decodes a handle that is all of `bytes`.
    #[inline]
    pub(crate) fn decode(bytes: &[u8]) -> Option<Self> {
        let (handle, length) = Self::decode_prefix(bytes)?;
        (length == bytes.len()).then_some(handle)
    }

    /// The offset behind the block's trailer, if the block is no larger than a block can be and
    /// ends at `limit` at the latest. Only a handle that passed this is worth allocating for.
    pub(crate) fn end_within(self, limit: u64) -> Option<u64> {
        let end = self.offset.checked_add(self.size)?.checked_add(BLOCK_TRAILER_SIZE as u64)?;
        (self.size <= MAX_BLOCK_SIZE && end <= limit).then_some(end)
    }

    /// Bytes of the block in the file, with its trailer.
    pub(crate) fn stored_size(self) -> u64 {
        self.size + BLOCK_TRAILER_SIZE as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn handles_survive_the_round_trip_and_nothing_may_follow() {
        for (offset, size) in [(0, 0), (127, 128), (1 << 40, 4096), (u64::MAX, u64::MAX)] {
            let handle = BlockHandle { offset, size };
            let mut bytes = Vec::new();
            handle.encode_to(&mut bytes);
            assert!(bytes.len() <= BlockHandle::MAX_ENCODED_SIZE);
            assert_eq!(BlockHandle::decode(&bytes), Some(handle));
            bytes.push(0);
            assert_eq!(BlockHandle::decode(&bytes), None);
        }
    }

    #[test]
    fn handles_that_reach_outside_are_refused() {
        let end = |offset, size| BlockHandle { offset, size }.end_within(100);
        assert_eq!(end(0, 95), Some(100));
        assert_eq!(end(0, 96), None);
        assert_eq!(end(u64::MAX, 1), None);
        assert_eq!(end(1, u64::MAX), None);
        assert_eq!(BlockHandle { offset: 0, size: 1 << 40 }.end_within(u64::MAX), None);
    }
}
