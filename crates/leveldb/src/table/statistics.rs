//! What a table's builder counted. It is stored in a block of its own, so that a database knows
//! how many deletions a table holds, and so that entries that went missing from one are noticed.
//! Other readers of the format skip it.

use crate::coding::{Decoder, put_varint64};
use crate::error::CorruptionKind;
use crate::internal_key::ParsedKey;
use crate::internal_key::ValueKind;

const VERSION: u64 = 1;

/// Counts over all entries of a table.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct TableStatistics {
    pub(crate) entries: u64,
    /// How many of them are deletions.
    pub(crate) deletions: u64,
    /// When the oldest of them was made, in seconds since 1970; 0 where there is none.
    pub(crate) oldest_deletion: u64,
    /// The largest sequence number.
    pub(crate) max_sequence: u64,
    /// Bytes of all internal keys and values, before any compression.
    pub(crate) raw_bytes: u64,
}

impl TableStatistics {
    pub(crate) fn count(&mut self, key: &ParsedKey<'_>, key_length: usize, value_length: usize) {
        self.entries += 1;
        self.deletions += u64::from(key.kind == ValueKind::Deletion);
        self.max_sequence = self.max_sequence.max(key.sequence);
        self.raw_bytes += (key_length + value_length) as u64;
    }

    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        let fields = [
            VERSION,
            self.entries,
            self.deletions,
            self.oldest_deletion,
            self.max_sequence,
            self.raw_bytes,
        ];
        for field in fields {
            put_varint64(&mut bytes, field);
        }
        bytes
    }

    pub(crate) fn decode(bytes: &[u8]) -> Result<Self, CorruptionKind> {
        let mut decoder = Decoder::new(bytes);
        let mut field = || decoder.varint64().ok_or(CorruptionKind::BadLength);
        if field()? != VERSION {
            return Err(CorruptionKind::UnknownType);
        }
        let statistics = Self {
            entries: field()?,
            deletions: field()?,
            oldest_deletion: field()?,
            max_sequence: field()?,
            raw_bytes: field()?,
        };
        if !decoder.is_empty() || statistics.deletions > statistics.entries {
            return Err(CorruptionKind::BadLength);
        }
        Ok(statistics)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statistics_survive_the_round_trip_and_cuts_do_not() {
        let statistics = TableStatistics {
            entries: 1000,
            deletions: 3,
            oldest_deletion: 1_700_000_000,
            max_sequence: (1 << 56) - 1,
            raw_bytes: 1 << 33,
        };
        let bytes = statistics.encode();
        assert_eq!(TableStatistics::decode(&bytes), Ok(statistics));
        for cut in 0..bytes.len() {
            assert!(TableStatistics::decode(&bytes[..cut]).is_err());
        }
        let longer = [&bytes[..], &[0]].concat();
        assert!(TableStatistics::decode(&longer).is_err());
    }
}
