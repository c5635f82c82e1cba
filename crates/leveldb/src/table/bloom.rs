//! The bloom filter `leveldb.BuiltinBloomFilter2`: a bit array, and behind it one byte with the
//! number of probes. A key sets or tests the bits at `h, h + d, h + 2d, ...`, where `h` is a
//! 32-bit hash of the user's key and `d` is `h` rotated by 17 bits. A key that was added always
//! passes; of others about one in a hundred does, at ten bits a key.

use crate::coding::fixed32;

const HASH_SEED: u32 = 0xbc9f_1d34;
const HASH_MULTIPLIER: u32 = 0xc6a4_a793;

/// More probes than this are reserved for other encodings; such a filter lets every key pass.
const MAX_PROBES: u8 = 30;

/// Positions are 32 bits wide.
const MAX_BITS: usize = u32::MAX as usize / 8 * 8;

/// The hash of a user's key that filters are made of.
pub(crate) fn hash(key: &[u8]) -> u32 {
    hash_with_seed(key, HASH_SEED)
}

fn hash_with_seed(key: &[u8], seed: u32) -> u32 {
    let mut h = seed ^ (key.len() as u32).wrapping_mul(HASH_MULTIPLIER);
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

/// Appends the filter of the keys with these hashes.
pub(crate) fn append_filter(out: &mut Vec<u8>, hashes: &[u32], bits_per_key: usize) {
    let probes = ((bits_per_key as f64 * 0.69) as u8).clamp(1, MAX_PROBES);
    // A filter of very few bits would let far too many keys pass.
    let bits = hashes.len().saturating_mul(bits_per_key).clamp(64, MAX_BITS);
    let bytes = bits.div_ceil(8);
    let start = out.len();
    out.resize(start + bytes, 0);
    if let Some(array) = out.get_mut(start..) {
        for &hash in hashes {
            for position in positions(hash, probes, bytes as u32 * 8) {
                if let Some(byte) = array.get_mut(position as usize / 8) {
                    *byte |= 1 << (position % 8);
                }
            }
        }
    }
    out.push(probes);
}

/// Whether the key with this hash can be one of those that `filter` was made of.
#[inline]
pub(crate) fn may_contain(filter: &[u8], hash: u32) -> bool {
    let Some((&probes, array)) = filter.split_last() else { return false };
    if array.is_empty() {
        return false;
    }
    probes > MAX_PROBES
        || array.len() > MAX_BITS / 8
        || positions(hash, probes, array.len() as u32 * 8).all(|position| {
            array.get(position as usize / 8).is_some_and(|byte| byte & (1 << (position % 8)) != 0)
        })
}

#[inline]
fn positions(hash: u32, probes: u8, bits: u32) -> impl Iterator<Item = u32> {
    let delta = hash.rotate_left(15);
    (0..u32::from(probes)).map(move |probe| hash.wrapping_add(probe.wrapping_mul(delta)) % bits)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hash_is_leveldbs() {
        assert_eq!(hash(b""), 0xbc9f_1d34);
        assert_eq!(hash(&[0x62]), 0xef13_45c4);
        assert_eq!(hash(&[0xc3, 0x97]), 0x5b66_3814);
        assert_eq!(hash(&[0xe2, 0x99, 0xa5]), 0x323c_078f);
        assert_eq!(hash(&[0xe1, 0x80, 0xb9, 0x32]), 0xed21_633a);
    }

    fn filter(keys: impl Iterator<Item = u32>) -> Vec<u8> {
        let hashes: Vec<u32> = keys.map(|key| hash(&key.to_le_bytes())).collect();
        let mut out = Vec::new();
        append_filter(&mut out, &hashes, 10);
        out
    }

    #[test]
    fn added_keys_pass_and_few_others_do() {
        for count in [1, 10, 100, 1_000, 10_000] {
            let filter = filter(0..count);
            assert!(filter.len() as u32 <= count * 10 / 8 + 40);
            assert!((0..count).all(|key| may_contain(&filter, hash(&key.to_le_bytes()))));
            let passed = (0..10_000u32)
                .filter(|key| may_contain(&filter, hash(&(key + 1_000_000_000).to_le_bytes())))
                .count();
            assert!(passed <= 200, "{passed} of 10,000 at {count} keys");
        }
    }

    #[test]
    fn the_filter_of_hello_and_world_is_leveldbs() {
        let mut out = Vec::new();
        append_filter(&mut out, &[hash(b"hello"), hash(b"world")], 10);
        assert_eq!(out.len(), 9);
        assert_eq!(out[8], 6);
        assert!(may_contain(&out, hash(b"hello")) && may_contain(&out, hash(b"world")));
        assert!(!may_contain(&out, hash(b"x")) && !may_contain(&out, hash(b"foo")));
    }

    #[test]
    fn filters_without_bits_contain_nothing_and_unknown_ones_everything() {
        assert!(!may_contain(&[], 1));
        assert!(!may_contain(&[6], 1));
        assert!(may_contain(&[0, 31], 1));
    }
}
