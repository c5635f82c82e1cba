//! A group of writes that are made together or not at all.
//!
//! A batch is kept in the form that the log stores: a header with the sequence number of its first
//! entry and the count of its entries, then the entries. Committing it is appending these bytes,
//! and a memtable can keep them instead of copying keys and values out. `docs/format/log.md` has
//! the layout.

mod decode;
#[cfg(test)]
mod tests;

use std::fmt;

use bytes::Bytes;

pub(crate) use self::decode::{BatchReader, RawEntry};
use crate::coding::put_length_prefixed;
use crate::error::{Error, Result};
use crate::format::{BATCH_HEADER_SIZE, MAX_BATCH_SIZE, MAX_KEY_SIZE, MAX_VALUE_SIZE};
use crate::internal_key::{SequenceNumber, ValueKind};

/// The longest varint of a length.
const MAX_LENGTH_SIZE: usize = 5;

// Every entry takes two bytes at least, so a count of 32 bits cannot overflow.
const _: () = assert!(MAX_BATCH_SIZE / 2 <= u32::MAX as usize);

/// Puts and deletions that are written in one step. Of several for one key, the last counts.
///
/// A key, value or batch above its limit does not fail here but when the batch is written, and
/// then nothing of it is.
#[derive(Clone, Default)]
pub struct WriteBatch {
    sequence: SequenceNumber,
    count: u32,
    /// The encoded batch, with room for the header; empty where the batch is.
    bytes: Vec<u8>,
    too_large: Option<TooLarge>,
}

/// An entry of a batch.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum BatchEntry<'a> {
    /// The key gets this value.
    Put {
        /// The key.
        key: &'a [u8],
        /// Its value.
        value: &'a [u8],
    },
    /// The key loses its value, if it has one.
    Delete {
        /// The key.
        key: &'a [u8],
    },
}

/// Which limit a batch does not keep.
#[derive(Debug, Clone, Copy)]
enum TooLarge {
    Key(usize),
    Value(usize),
    Batch,
}

impl WriteBatch {
    /// An empty batch.
    pub fn new() -> Self {
        Self::default()
    }

    /// An empty batch with memory for this many encoded bytes.
    pub fn with_capacity(bytes: usize) -> Self {
        Self { bytes: Vec::with_capacity(bytes.min(MAX_BATCH_SIZE)), ..Self::default() }
    }

    /// Gives the key a value.
    pub fn put(&mut self, key: &[u8], value: &[u8]) {
        if value.len() > MAX_VALUE_SIZE {
            self.too_large = Some(TooLarge::Value(value.len()));
            return;
        }
        if self.start_entry(ValueKind::Value, key, value.len() + MAX_LENGTH_SIZE) {
            put_length_prefixed(&mut self.bytes, value);
        }
    }

    /// Takes the key's value away.
    pub fn delete(&mut self, key: &[u8]) {
        self.start_entry(ValueKind::Deletion, key, 0);
    }

    /// Adds the entries of `other` behind those of this batch.
    pub fn append(&mut self, other: &WriteBatch) {
        self.too_large = self.too_large.or(other.too_large);
        let entries = other.bytes.get(BATCH_HEADER_SIZE..).unwrap_or_default();
        if self.make_room(entries.len()) {
            self.bytes.extend_from_slice(entries);
            self.count += other.count;
        }
    }

    /// Removes all entries, and keeps the memory.
    pub fn clear(&mut self) {
        self.sequence = 0;
        self.count = 0;
        self.bytes.clear();
        self.too_large = None;
    }

    /// How many entries there are.
    pub fn len(&self) -> usize {
        self.count as usize
    }

    /// Whether there are no entries.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// The encoded size.
    pub fn byte_size(&self) -> usize {
        self.bytes.len().max(BATCH_HEADER_SIZE)
    }

    /// The entries, in the order in which they were added.
    pub fn iter(&self) -> impl Iterator<Item = BatchEntry<'_>> {
        decode::entries(&self.bytes).map_while(|entry| {
            let entry = entry.ok()?;
            let slice = |range: std::ops::Range<u32>| {
                self.bytes.get(range.start as usize..range.end as usize)
            };
            let key = slice(entry.key)?;
            Some(match entry.kind {
                ValueKind::Value => BatchEntry::Put { key, value: slice(entry.value)? },
                ValueKind::Deletion => BatchEntry::Delete { key },
            })
        })
    }

    /// Whether the batch can be written.
    pub(crate) fn check(&self) -> Result<()> {
        let message = match self.too_large {
            None => return Ok(()),
            Some(TooLarge::Key(size)) => {
                format!("a key of {size} bytes; {MAX_KEY_SIZE} is the most")
            }
            Some(TooLarge::Value(size)) => {
                format!("a value of {size} bytes; {MAX_VALUE_SIZE} is the most")
            }
            Some(TooLarge::Batch) => format!("a batch of more than {MAX_BATCH_SIZE} bytes"),
        };
        Err(Error::InvalidArgument(message))
    }

    /// Sets the number of the first entry; the others follow.
    pub(crate) fn set_sequence(&mut self, sequence: SequenceNumber) {
        self.sequence = sequence;
    }

    pub(crate) fn sequence(&self) -> SequenceNumber {
        self.sequence
    }

    pub(crate) fn count(&self) -> u32 {
        self.count
    }

    /// The encoded batch.
    pub(crate) fn into_bytes(mut self) -> Bytes {
        let (sequence, count) = (self.sequence.to_le_bytes(), self.count.to_le_bytes());
        self.bytes.resize(self.byte_size(), 0);
        for (target, source) in self.bytes.iter_mut().zip(sequence.iter().chain(&count)) {
            *target = *source;
        }
        self.bytes.into()
    }

    /// Adds an entry up to its key, if there is room for that and `more` bytes.
    fn start_entry(&mut self, kind: ValueKind, key: &[u8], more: usize) -> bool {
        if key.len() > MAX_KEY_SIZE {
            self.too_large = Some(TooLarge::Key(key.len()));
            return false;
        }
        let room = self.make_room(1 + MAX_LENGTH_SIZE + key.len() + more);
        if room {
            self.bytes.push(kind as u8);
            put_length_prefixed(&mut self.bytes, key);
            self.count += 1;
        }
        room
    }

    /// Makes room for `size` bytes of entries, or remembers that there is none.
    fn make_room(&mut self, size: usize) -> bool {
        let fits = size <= MAX_BATCH_SIZE - self.byte_size();
        if fits {
            self.bytes.resize(self.byte_size(), 0);
            self.bytes.reserve(size);
        } else {
            self.too_large = Some(TooLarge::Batch);
        }
        fits
    }
}

// Keys and values are kept out of what may end up in a log for humans.
impl fmt::Debug for WriteBatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WriteBatch")
            .field("entries", &self.count)
            .field("bytes", &self.byte_size())
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for BatchEntry<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Put { key, value } => {
                write!(f, "Put({} bytes, {} bytes)", key.len(), value.len())
            }
            Self::Delete { key } => write!(f, "Delete({} bytes)", key.len()),
        }
    }
}
