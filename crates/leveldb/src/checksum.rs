//! crc32c as LevelDB stores it: masked, so that the checksum of bytes which themselves hold a
//! checksum is not a fixed point.

const MASK_DELTA: u32 = 0xa282_ead8;

/// The masked checksum of `parts`, as if they stood in one piece.
pub(crate) fn masked_crc32c(parts: &[&[u8]]) -> u32 {
    mask(parts.iter().fold(0, |crc, part| crc32c::crc32c_append(crc, part)))
}

/// Masks a plain checksum.
pub(crate) fn mask(crc: u32) -> u32 {
    crc.rotate_right(15).wrapping_add(MASK_DELTA)
}

/// The plain checksum behind a masked one.
pub(crate) fn unmask(masked: u32) -> u32 {
    masked.wrapping_sub(MASK_DELTA).rotate_left(15)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mask_matches_a_checksum_written_by_leveldb() {
        // The first record of a MANIFEST that C++ LevelDB left behind: type FULL, then the edit
        // that sets the comparator.
        let payload = b"\x01\x1aleveldb.BytewiseComparator";
        let joined = masked_crc32c(&[&[1], payload]);
        let mut whole = vec![1];
        whole.extend_from_slice(payload);
        assert_eq!(joined, masked_crc32c(&[&whole]));
        assert_eq!(crc32c::crc32c(b"123456789"), 0xe306_9283);
        assert_eq!(
            masked_crc32c(&[b"123456789"]),
            0xe306_9283u32.rotate_right(15).wrapping_add(MASK_DELTA)
        );
    }
}
