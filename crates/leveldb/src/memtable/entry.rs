//! An entry of a memtable, and the memory that entries are kept in.

use std::cmp::Ordering;

use bytes::{Bytes, BytesMut};

use crate::internal_key::{self, TAG_SIZE};
use crate::key_digest::key_digest;

/// Entries share pieces of memory of this size.
const PIECE_SIZE: usize = 256 * 1024;

/// Larger entries have memory of their own: one that does not fit leaves the end of a piece unused, and
/// that is never more than this.
const LARGEST_SHARED: usize = PIECE_SIZE / 16;

/// An internal key with its value behind it.
#[derive(Debug)]
pub(super) struct Entry {
    bytes: Bytes,
    key_length: u32,
    /// The user key's, behind the prefix of the list that it is in.
    digest: u64,
}

/// A place in the order of a list's entries, ready to be compared with many of them.
pub(super) struct Position<'a> {
    digest: u64,
    user_key: &'a [u8],
    tag: u64,
}

impl<'a> Position<'a> {
    pub(super) fn new(prefix: &[u8], user_key: &'a [u8], tag: u64) -> Self {
        Self { digest: key_digest(prefix, user_key), user_key, tag }
    }
}

impl Entry {
    #[inline]
    pub(super) fn internal_key(&self) -> &[u8] {
        self.bytes.get(..self.key_length as usize).unwrap_or_default()
    }

    /// The user key and the tag.
    #[inline]
    pub(super) fn position(&self) -> (&[u8], u64) {
        internal_key::split(self.internal_key()).unwrap_or_default()
    }

    pub(super) fn value(&self) -> &[u8] {
        self.bytes.get(self.key_length as usize..).unwrap_or_default()
    }

    pub(super) fn value_bytes(&self) -> Bytes {
        self.bytes.slice(self.key_length as usize..)
    }

    /// Where it belongs in a list with this prefix, which it has to know before it is in one.
    pub(super) fn place(&mut self, prefix: &[u8]) -> Position<'_> {
        let (user_key, _) = self.position();
        self.digest = key_digest(prefix, user_key);
        let (user_key, tag) = self.position();
        Position { digest: self.digest, user_key, tag }
    }

    #[inline]
    pub(super) fn compare(&self, position: &Position<'_>) -> Ordering {
        // Mostly this decides, and the key, which is another access to memory, is left alone.
        self.digest.cmp(&position.digest).then_with(|| {
            let (own_key, own_tag) = self.position();
            internal_key::compare_parts(own_key, own_tag, position.user_key, position.tag)
        })
    }
}

/// Where new entries are put. One allocation serves hundreds of entries: memtables are filled by
/// one thread and dropped by another, and an allocation for each entry makes the two fight over the
/// allocator.
#[derive(Default)]
pub(super) struct EntrySpace {
    piece: BytesMut,
}

impl EntrySpace {
    pub(super) fn entry(&mut self, user_key: &[u8], tag: u64, value: &[u8]) -> Entry {
        let key_length = user_key.len() + TAG_SIZE;
        let size = key_length + value.len();
        let mut own = BytesMut::new();
        let piece = if size > LARGEST_SHARED { &mut own } else { &mut self.piece };
        if piece.capacity() < size {
            *piece = BytesMut::with_capacity(if size > LARGEST_SHARED { size } else { PIECE_SIZE });
        }
        piece.extend_from_slice(user_key);
        piece.extend_from_slice(&tag.to_le_bytes());
        piece.extend_from_slice(value);
        Entry { bytes: piece.split().freeze(), key_length: key_length as u32, digest: 0 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_entries_share_a_piece_that_large_ones_do_not_use_up() {
        let mut space = EntrySpace::default();
        let first = space.entry(b"first", 0, b"value").bytes;
        for size in [LARGEST_SHARED, PIECE_SIZE / 2, PIECE_SIZE * 2] {
            let large = space.entry(b"large", 0, &vec![1; size]);
            assert_eq!((large.position().0, large.value().len()), (&b"large"[..], size));
        }
        let second = space.entry(b"second", 0, b"value").bytes;
        assert_eq!(first.as_ptr() as usize + first.len(), second.as_ptr() as usize);
    }
}
