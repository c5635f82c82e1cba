//! The footer: the last 48 bytes of a table, from which everything else in it is found. Two
//! handles, metaindex and index, padded with zeros to 40 bytes, then the magic number.
//!
//! Every writer of the format puts the metaindex, the index and the footer directly behind one
//! another. Holding a footer to that makes damage to its own bytes visible, which no checksum
//! covers.

use super::block_handle::BlockHandle;
use crate::coding::fixed64;
use crate::error::CorruptionKind;
use crate::format::{FOOTER_SIZE, TABLE_MAGIC};

const MAGIC_OFFSET: usize = FOOTER_SIZE - 8;
const _: () = assert!(MAGIC_OFFSET == 2 * BlockHandle::MAX_ENCODED_SIZE);

/// The two handles.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Footer {
    pub(crate) metaindex: BlockHandle,
    pub(crate) index: BlockHandle,
}

impl Footer {
    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(FOOTER_SIZE);
        self.metaindex.encode_to(&mut bytes);
        self.index.encode_to(&mut bytes);
        bytes.resize(MAGIC_OFFSET, 0);
        bytes.extend_from_slice(&TABLE_MAGIC.to_le_bytes());
        bytes
    }

    /// Decodes the footer of a table of `file_size` bytes.
    pub(crate) fn decode(bytes: &[u8], file_size: u64) -> Result<Self, CorruptionKind> {
        if fixed64(bytes, MAGIC_OFFSET) != Some(TABLE_MAGIC) {
            return Err(CorruptionKind::BadMagic);
        }
        let footer = Self::handles(bytes).ok_or(CorruptionKind::BadLength)?;
        // The encoding is unique, so this also finds bytes in the padding.
        if footer.encode() != bytes {
            return Err(CorruptionKind::BadLength);
        }
        let end = file_size.checked_sub(FOOTER_SIZE as u64).ok_or(CorruptionKind::BadLength)?;
        if footer.index.end_within(end) != Some(end)
            || footer.metaindex.end_within(footer.index.offset) != Some(footer.index.offset)
        {
            return Err(CorruptionKind::BadLength);
        }
        Ok(footer)
    }

    fn handles(bytes: &[u8]) -> Option<Self> {
        let (metaindex, length) = BlockHandle::decode_prefix(bytes)?;
        let (index, _) = BlockHandle::decode_prefix(bytes.get(length..)?)?;
        Some(Self { metaindex, index })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_changed_byte_is_noticed() {
        let footer = Footer {
            metaindex: BlockHandle { offset: 1000, size: 95 },
            index: BlockHandle { offset: 1100, size: 395 },
        };
        let (bytes, size) = (footer.encode(), 1500 + FOOTER_SIZE as u64);
        assert_eq!(Footer::decode(&bytes, size), Ok(footer));
        for at in 0..bytes.len() {
            for change in 1..=255 {
                let mut damaged = bytes.clone();
                damaged[at] ^= change;
                assert!(Footer::decode(&damaged, size).is_err(), "byte {at} ^ {change}");
            }
        }
        assert!(Footer::decode(&bytes, size + 1).is_err());
        assert!(Footer::decode(&bytes[1..], size).is_err());
        assert!(Footer::decode(&bytes, 3).is_err());
    }
}
