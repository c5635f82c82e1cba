//! Reads a batch as it comes from a log. It is checked as a whole before anything of it is used,
//! because it is applied as a whole or not at all.

use super::BatchEntry;
use crate::coding::{Decoder, fixed32, fixed64};
use crate::error::CorruptionKind;
use crate::format::{BATCH_HEADER_SIZE, MAX_BATCH_SIZE};
use crate::internal_key::{MAX_SEQUENCE, SequenceNumber, ValueKind};

/// A batch that was found to be whole and sound.
#[derive(Debug, Clone, Copy)]
pub(crate) struct BatchReader<'a> {
    sequence: SequenceNumber,
    count: u32,
    entries: &'a [u8],
}

impl<'a> BatchReader<'a> {
    /// Checks all of the batch.
    pub(crate) fn new(record: &'a [u8]) -> Result<Self, CorruptionKind> {
        let (Some(sequence), Some(count), Some(encoded)) =
            (fixed64(record, 0), fixed32(record, 8), record.get(BATCH_HEADER_SIZE..))
        else {
            return Err(CorruptionKind::BadLength);
        };
        if record.len() > MAX_BATCH_SIZE {
            return Err(CorruptionKind::BadLength);
        }
        let last = sequence.checked_add(u64::from(count).saturating_sub(1));
        if last.is_none_or(|last| last > MAX_SEQUENCE) {
            return Err(CorruptionKind::Inconsistent);
        }
        let mut found = 0u64;
        for entry in entries(encoded) {
            entry?;
            found += 1;
        }
        if found != u64::from(count) {
            return Err(CorruptionKind::Inconsistent);
        }
        Ok(Self { sequence, count, entries: encoded })
    }

    /// The number of the first entry; the others follow.
    pub(crate) fn sequence(&self) -> SequenceNumber {
        self.sequence
    }

    pub(crate) fn count(&self) -> u32 {
        self.count
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = BatchEntry<'a>> {
        entries(self.entries).map_while(Result::ok)
    }
}

/// Encoded entries one after another, up to and including the first that is bad.
pub(super) fn entries(
    encoded: &[u8],
) -> impl Iterator<Item = Result<BatchEntry<'_>, CorruptionKind>> {
    let mut decoder = Decoder::new(encoded);
    let mut ended = false;
    std::iter::from_fn(move || {
        if ended || decoder.is_empty() {
            return None;
        }
        let entry = entry(&mut decoder);
        ended = entry.is_err();
        Some(entry)
    })
}

fn entry<'a>(decoder: &mut Decoder<'a>) -> Result<BatchEntry<'a>, CorruptionKind> {
    let kind = decoder.byte().and_then(ValueKind::from_byte).ok_or(CorruptionKind::UnknownType)?;
    let mut field = || decoder.length_prefixed().ok_or(CorruptionKind::BadLength);
    let key = field()?;
    Ok(match kind {
        ValueKind::Value => BatchEntry::Put { key, value: field()? },
        ValueKind::Deletion => BatchEntry::Delete { key },
    })
}
