//! Reads a batch as it comes from a log.
//!
//! A batch is checked as a whole before anything of it is used, because it is applied as a whole
//! or not at all. Entries are then places in the batch's bytes, so that what keeps the bytes need
//! not copy keys and values.

use std::ops::Range;

use bytes::Bytes;

use crate::coding::{Decoder, fixed32, fixed64};
use crate::error::CorruptionKind;
use crate::format::{BATCH_HEADER_SIZE, MAX_BATCH_SIZE};
use crate::internal_key::{MAX_SEQUENCE, SequenceNumber, ValueKind};

/// An entry, as places in the bytes of its batch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RawEntry {
    pub(crate) kind: ValueKind,
    pub(crate) key: Range<u32>,
    /// Empty for a deletion.
    pub(crate) value: Range<u32>,
}

/// A batch that was found to be whole and sound.
#[derive(Debug, Clone)]
pub(crate) struct BatchReader {
    bytes: Bytes,
    sequence: SequenceNumber,
    count: u32,
}

impl BatchReader {
    /// Checks all of the batch.
    pub(crate) fn new(bytes: Bytes) -> Result<Self, CorruptionKind> {
        let (Some(sequence), Some(count)) = (fixed64(&bytes, 0), fixed32(&bytes, 8)) else {
            return Err(CorruptionKind::BadLength);
        };
        if bytes.len() > MAX_BATCH_SIZE {
            return Err(CorruptionKind::BadLength);
        }
        let last = sequence.checked_add(u64::from(count).saturating_sub(1));
        if last.is_none_or(|last| last > MAX_SEQUENCE) {
            return Err(CorruptionKind::Inconsistent);
        }
        let mut found = 0u64;
        for entry in entries(&bytes) {
            entry?;
            found += 1;
        }
        if found != u64::from(count) {
            return Err(CorruptionKind::Inconsistent);
        }
        Ok(Self { bytes, sequence, count })
    }

    /// The number of the first entry; the others follow.
    pub(crate) fn sequence(&self) -> SequenceNumber {
        self.sequence
    }

    pub(crate) fn count(&self) -> u32 {
        self.count
    }

    /// What the places of the entries are places in.
    pub(crate) fn bytes(&self) -> &Bytes {
        &self.bytes
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = RawEntry> {
        entries(&self.bytes).map_while(Result::ok)
    }
}

/// The entries of an encoded batch, up to and including the first that is bad.
pub(super) fn entries(batch: &[u8]) -> impl Iterator<Item = Result<RawEntry, CorruptionKind>> {
    let mut at = BATCH_HEADER_SIZE;
    std::iter::from_fn(move || {
        let rest = batch.get(at..).filter(|rest| !rest.is_empty())?;
        let entry = entry(rest, at);
        at = entry.as_ref().map_or(batch.len(), |entry| entry.value.end as usize);
        Some(entry)
    })
}

/// The entry that `rest` starts with, which is at `at` in its batch.
fn entry(rest: &[u8], at: usize) -> Result<RawEntry, CorruptionKind> {
    let mut decoder = Decoder::new(rest);
    let kind = decoder.byte().and_then(ValueKind::from_byte).ok_or(CorruptionKind::UnknownType)?;
    let mut field = || {
        let length = decoder.length_prefixed().ok_or(CorruptionKind::BadLength)?.len();
        let end = at + rest.len() - decoder.remaining();
        let place = |at: usize| u32::try_from(at).map_err(|_| CorruptionKind::BadLength);
        Ok(place(end - length)?..place(end)?)
    };
    let key = field()?;
    let value = match kind {
        ValueKind::Value => field()?,
        ValueKind::Deletion => key.end..key.end,
    };
    Ok(RawEntry { kind, key, value })
}
