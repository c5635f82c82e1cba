//! An entry of a memtable, and the memory that entries are kept in.

use std::cmp::Ordering;

use bytes::{Bytes, BytesMut};

use crate::internal_key::{self, TAG_SIZE};

/// Entries share pieces of memory of this size.
const PIECE_SIZE: usize = 256 * 1024;

/// An internal key with its value behind it.
#[derive(Debug)]
pub(super) struct Entry {
    bytes: Bytes,
    key_length: u32,
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

    #[inline]
    pub(super) fn compare(&self, user_key: &[u8], tag: u64) -> Ordering {
        let (own_key, own_tag) = self.position();
        internal_key::compare_parts(own_key, own_tag, user_key, tag)
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
        if self.piece.capacity() < size {
            self.piece = BytesMut::with_capacity(size.max(PIECE_SIZE));
        }
        self.piece.extend_from_slice(user_key);
        self.piece.extend_from_slice(&tag.to_le_bytes());
        self.piece.extend_from_slice(value);
        Entry { bytes: self.piece.split().freeze(), key_length: key_length as u32 }
    }
}
