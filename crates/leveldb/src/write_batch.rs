//! A group of writes that are made together or not at all.
//!
//! A batch keeps its entries in the form that the log stores, where a header stands before them: the
//! sequence number of the first entry, and how many there are. `docs/format/log.md` has the layout.

mod decode;
#[cfg(test)]
mod tests;

use std::fmt;

pub(crate) use self::decode::BatchReader;
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
/// then nothing of it is. Until then such an entry is not among those that [`WriteBatch::len`],
/// [`WriteBatch::is_empty`] and [`WriteBatch::iter`] know.
#[derive(Clone, Default)]
pub struct WriteBatch {
    count: u32,
    /// The encoded entries.
    entries: Vec<u8>,
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
        Self { entries: Vec::with_capacity(bytes.min(MAX_BATCH_SIZE)), ..Self::default() }
    }

    /// Gives the key a value.
    pub fn put(&mut self, key: &[u8], value: &[u8]) {
        if value.len() > MAX_VALUE_SIZE {
            self.too_large = Some(TooLarge::Value(value.len()));
            return;
        }
        if self.start_entry(ValueKind::Value, key, value.len() + MAX_LENGTH_SIZE) {
            put_length_prefixed(&mut self.entries, value);
        }
    }

    /// Takes the key's value away.
    pub fn delete(&mut self, key: &[u8]) {
        self.start_entry(ValueKind::Deletion, key, 0);
    }

    /// Adds the entries of `other` behind those of this batch.
    pub fn append(&mut self, other: &WriteBatch) {
        self.too_large = self.too_large.or(other.too_large);
        if self.make_room(other.entries.len()) {
            self.entries.extend_from_slice(&other.entries);
            self.count += other.count;
        }
    }

    /// Removes all entries, and keeps the memory.
    pub fn clear(&mut self) {
        self.count = 0;
        self.entries.clear();
        self.too_large = None;
    }

    /// How many entries there are, not counting those above their limits.
    pub fn len(&self) -> usize {
        self.count as usize
    }

    /// Whether there are no entries, not counting those above their limits.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// The encoded size.
    pub fn byte_size(&self) -> usize {
        BATCH_HEADER_SIZE + self.entries.len()
    }

    /// The entries, in the order in which they were added.
    pub fn iter(&self) -> impl Iterator<Item = BatchEntry<'_>> {
        decode::entries(&self.entries).map_while(Result::ok)
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

    /// The header of a record that holds the batch; its entries follow.
    pub(crate) fn header(&self, sequence: SequenceNumber) -> [u8; BATCH_HEADER_SIZE] {
        header(sequence, self.count)
    }

    /// The encoded entries.
    pub(crate) fn entries(&self) -> &[u8] {
        &self.entries
    }

    /// Adds an entry up to its key, if there is room for that and `more` bytes.
    fn start_entry(&mut self, kind: ValueKind, key: &[u8], more: usize) -> bool {
        if key.len() > MAX_KEY_SIZE {
            self.too_large = Some(TooLarge::Key(key.len()));
            return false;
        }
        let room = self.make_room(1 + MAX_LENGTH_SIZE + key.len() + more);
        if room {
            self.entries.push(kind as u8);
            put_length_prefixed(&mut self.entries, key);
            self.count += 1;
        }
        room
    }

    /// Makes room for `size` bytes of entries, or remembers that there is none.
    fn make_room(&mut self, size: usize) -> bool {
        let fits = size <= MAX_BATCH_SIZE - self.byte_size();
        if fits {
            self.entries.reserve(size);
        } else {
            self.too_large = Some(TooLarge::Batch);
        }
        fits
    }
}

/// The header of a batch.
pub(crate) fn header(sequence: SequenceNumber, count: u32) -> [u8; BATCH_HEADER_SIZE] {
    let mut header = [0; BATCH_HEADER_SIZE];
    let (number, rest) = header.split_at_mut(8);
    number.copy_from_slice(&sequence.to_le_bytes());
    rest.copy_from_slice(&count.to_le_bytes());
    header
}

impl<'a> BatchEntry<'a> {
    /// The kind, key and value; a deletion's value is empty.
    pub(crate) fn parts(self) -> (ValueKind, &'a [u8], &'a [u8]) {
        match self {
            Self::Put { key, value } => (ValueKind::Value, key, value),
            Self::Delete { key } => (ValueKind::Deletion, key, &[]),
        }
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
