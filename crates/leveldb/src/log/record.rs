//! The physical record: seven bytes of header, then the payload.
//!
//! The checksum covers the type and the payload but not the length; a damaged length shows because
//! the checksum is then taken of the wrong bytes. `docs/format/log.md` has the layout.

use crate::checksum::masked_crc32c;
use crate::format::{LOG_BLOCK_SIZE, LOG_HEADER_SIZE};

/// Which part of a logical record a physical one holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Part {
    Full = 1,
    First = 2,
    Middle = 3,
    Last = 4,
}

impl Part {
    /// Whether a record begins with it.
    pub(super) fn begins(self) -> bool {
        matches!(self, Self::Full | Self::First)
    }

    fn from_byte(byte: u8) -> Option<Self> {
        match byte {
            1 => Some(Self::Full),
            2 => Some(Self::First),
            3 => Some(Self::Middle),
            4 => Some(Self::Last),
            _ => None,
        }
    }
}

/// Why the bytes at some place are not a whole physical record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Defect {
    /// The block ends, because the file does, before the record is complete.
    Cut,
    /// The record is longer than what is left of a block.
    BadLength,
    /// The checksum is not that of the bytes.
    Checksum,
    /// The checksum is right and the type is none that is known.
    UnknownType,
}

/// A header, believed or not.
#[derive(Debug, Clone, Copy)]
pub(super) struct Header {
    pub(super) checksum: u32,
    pub(super) length: usize,
    /// `None` where the type is none that is known.
    pub(super) part: Option<Part>,
}

impl Header {
    /// Reads the header at `at`; `None` where `block` ends before it does.
    pub(super) fn read(block: &[u8], at: usize) -> Option<Self> {
        let &[a, b, c, d, low, high, kind] =
            block.get(at..at.checked_add(LOG_HEADER_SIZE)?)?.first_chunk()?;
        Some(Self {
            checksum: u32::from_le_bytes([a, b, c, d]),
            length: usize::from(u16::from_le_bytes([low, high])),
            part: Part::from_byte(kind),
        })
    }

    /// Where in its block a record with this header at `at` ends.
    pub(super) fn end(&self, at: usize) -> usize {
        at + LOG_HEADER_SIZE + self.length
    }
}

/// A physical record whose checksum is right.
#[derive(Debug, Clone, Copy)]
pub(super) struct Physical<'a> {
    pub(super) part: Part,
    pub(super) payload: &'a [u8],
    /// Where in its block it ends.
    pub(super) end: usize,
}

/// Reads the physical record at `at` in a block, of which `block` is what the file has.
pub(super) fn parse(block: &[u8], at: usize) -> Result<Physical<'_>, Defect> {
    let header = Header::read(block, at).ok_or(Defect::Cut)?;
    let end = header.end(at);
    if end > LOG_BLOCK_SIZE {
        return Err(Defect::BadLength);
    }
    let covered = block.get(at + LOG_HEADER_SIZE - 1..end).ok_or(Defect::Cut)?;
    if masked_crc32c(&[covered]) != header.checksum {
        return Err(Defect::Checksum);
    }
    let (part, payload) = header.part.zip(covered.get(1..)).ok_or(Defect::UnknownType)?;
    Ok(Physical { part, payload, end })
}

/// The physical record at `at`, if there is a valid one: [`parse`] for searches, which look at many
/// places and at few that can be a record.
pub(super) fn find(block: &[u8], at: usize) -> Option<Physical<'_>> {
    Header::read(block, at)?.part?;
    parse(block, at).ok()
}

/// Fills in the header of the physical record that `bytes` is, header included.
pub(super) fn seal(bytes: &mut [u8], part: Part) {
    let length = bytes.len().saturating_sub(LOG_HEADER_SIZE) as u16;
    if let Some((header, payload)) = bytes.split_first_chunk_mut::<LOG_HEADER_SIZE>() {
        let [a, b, c, d] = masked_crc32c(&[&[part as u8], payload]).to_le_bytes();
        let [low, high] = length.to_le_bytes();
        *header = [a, b, c, d, low, high, part as u8];
    }
}

/// Whether a block has only its trailer left at `at`: too little for a header.
pub(super) fn is_trailer(at: usize) -> bool {
    at + LOG_HEADER_SIZE > LOG_BLOCK_SIZE
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::coding::fixed32;

    #[test]
    fn a_sealed_record_parses_and_any_change_of_it_does_not() {
        let mut bytes = vec![0; LOG_HEADER_SIZE];
        bytes.extend_from_slice(b"payload");
        seal(&mut bytes, Part::Middle);
        assert_eq!(fixed32(&bytes, 0), Some(masked_crc32c(&[b"\x03payload"])));
        let physical = parse(&bytes, 0).unwrap();
        assert_eq!((physical.part, physical.payload), (Part::Middle, &b"payload"[..]));
        assert_eq!(physical.end, bytes.len());
        for index in 0..bytes.len() {
            let mut flipped = bytes.clone();
            flipped[index] ^= 1;
            assert!(parse(&flipped, 0).is_err());
            assert_eq!(parse(&bytes[..index], 0).err(), Some(Defect::Cut));
        }
    }

    #[test]
    fn a_whole_record_of_an_unknown_type_is_told_from_a_damaged_one() {
        let mut bytes = masked_crc32c(&[b"\x09x"]).to_le_bytes().to_vec();
        bytes.extend_from_slice(&[1, 0, 9, b'x']);
        assert_eq!(parse(&bytes, 0).err(), Some(Defect::UnknownType));
    }
}
