//! The integers of the format: little-endian fixed widths, and varints of seven bits a byte,
//! lowest first. Readers are given bytes from a disk, so each answers `None` instead of reaching
//! past the end.

/// Appends `value` as a varint.
pub(crate) fn put_varint32(out: &mut Vec<u8>, value: u32) {
    put_varint64(out, u64::from(value));
}

/// Appends `value` as a varint.
pub(crate) fn put_varint64(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push((value as u8) | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

/// Appends a varint length and the bytes.
pub(crate) fn put_length_prefixed(out: &mut Vec<u8>, bytes: &[u8]) {
    put_varint64(out, bytes.len() as u64);
    out.extend_from_slice(bytes);
}

/// Reads a little-endian `u32` at `offset`.
pub(crate) fn fixed32(bytes: &[u8], offset: usize) -> Option<u32> {
    let field = bytes.get(offset..offset.checked_add(4)?)?;
    Some(u32::from_le_bytes(field.try_into().ok()?))
}

/// Reads a little-endian `u64` at `offset`.
pub(crate) fn fixed64(bytes: &[u8], offset: usize) -> Option<u64> {
    let field = bytes.get(offset..offset.checked_add(8)?)?;
    Some(u64::from_le_bytes(field.try_into().ok()?))
}

/// Decodes the varint that `bytes` starts with: its value and its length in bytes. A varint of
/// more than 32 bits is refused.
#[inline]
pub(crate) fn varint32(bytes: &[u8]) -> Option<(u32, usize)> {
    // Nearly every length in a block has one byte, or two.
    match *bytes {
        [byte, ..] if byte < 0x80 => Some((u32::from(byte), 1)),
        [low, high, ..] if high < 0x80 => Some((u32::from(low & 0x7f) | u32::from(high) << 7, 2)),
        _ => {
            let (value, length) = varint64(bytes)?;
            Some((u32::try_from(value).ok()?, length))
        }
    }
}

/// Decodes the varint that `bytes` starts with: its value and its length in bytes.
pub(crate) fn varint64(bytes: &[u8]) -> Option<(u64, usize)> {
    let mut value = 0u64;
    for (index, &byte) in bytes.iter().take(10).enumerate() {
        let bits = u64::from(byte & 0x7f);
        let shift = 7 * index as u32;
        if shift == 63 && bits > 1 {
            return None;
        }
        value |= bits << shift;
        if byte < 0x80 {
            return Some((value, index + 1));
        }
    }
    None
}

/// A cursor over bytes from a disk.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Decoder<'a> {
    rest: &'a [u8],
}

impl<'a> Decoder<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    pub(crate) fn byte(&mut self) -> Option<u8> {
        let (&first, rest) = self.rest.split_first()?;
        self.rest = rest;
        Some(first)
    }

    pub(crate) fn varint32(&mut self) -> Option<u32> {
        let (value, length) = varint32(self.rest)?;
        self.rest = self.rest.get(length..)?;
        Some(value)
    }

    pub(crate) fn varint64(&mut self) -> Option<u64> {
        let (value, length) = varint64(self.rest)?;
        self.rest = self.rest.get(length..)?;
        Some(value)
    }

    pub(crate) fn bytes(&mut self, length: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.rest.split_at_checked(length)?;
        self.rest = rest;
        Some(taken)
    }

    pub(crate) fn length_prefixed(&mut self) -> Option<&'a [u8]> {
        let length = self.varint32()?;
        self.bytes(length as usize)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn varints_survive_the_round_trip_at_every_width() {
        for shift in 0..64 {
            for value in [1u64 << shift, (1u64 << shift) - 1, u64::MAX >> shift] {
                let mut bytes = Vec::new();
                put_varint64(&mut bytes, value);
                assert_eq!(varint64(&bytes), Some((value, bytes.len())));
                for cut in 0..bytes.len() {
                    assert_eq!(varint64(&bytes[..cut]), None);
                }
            }
        }
    }

    #[test]
    fn varints_that_do_not_fit_are_refused() {
        assert_eq!(varint64(&[0xff; 11]), None);
        assert_eq!(varint64(&[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x02]), None);
        let mut bytes = Vec::new();
        put_varint64(&mut bytes, u64::from(u32::MAX) + 1);
        assert_eq!(varint32(&bytes), None);
    }
}
