//! The hash of a key that bloom filters are made of: those of tables, where it is part of the format
//! (`docs/format/table.md` has it step by step), and those of memtables.

use crate::coding::fixed32;

const HASH_SEED: u32 = 0xbc9f_1d34;
const HASH_MULTIPLIER: u32 = 0xc6a4_a793;

/// The hash of a user's key that filters are made of.
pub(crate) fn key_hash(key: &[u8]) -> u32 {
    let mut h = HASH_SEED ^ (key.len() as u32).wrapping_mul(HASH_MULTIPLIER);
    let words = key.chunks_exact(4);
    let rest = words.remainder();
    for word in words {
        h = h.wrapping_add(fixed32(word, 0).unwrap_or_default()).wrapping_mul(HASH_MULTIPLIER);
        h ^= h >> 16;
    }
    if !rest.is_empty() {
        let last = rest.iter().rev().fold(0, |word, &byte| (word << 8) | u32::from(byte));
        h = h.wrapping_add(last).wrapping_mul(HASH_MULTIPLIER);
        h ^= h >> 24;
    }
    h
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hash_is_leveldbs() {
        assert_eq!(key_hash(b""), 0xbc9f_1d34);
        assert_eq!(key_hash(&[0x62]), 0xef13_45c4);
        assert_eq!(key_hash(&[0xc3, 0x97]), 0x5b66_3814);
        assert_eq!(key_hash(&[0xe2, 0x99, 0xa5]), 0x323c_078f);
        assert_eq!(key_hash(&[0xe1, 0x80, 0xb9, 0x32]), 0xed21_633a);
    }
}
