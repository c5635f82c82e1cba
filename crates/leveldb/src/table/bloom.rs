//! The bloom filter `leveldb.BuiltinBloomFilter2`: a bit array, and behind it one byte with the
//! number of probes. A key sets or tests the bits at `h, h + d, h + 2d, ...`, where `h` is a
//! 32-bit hash of the user's key and `d` is `h` rotated by 17 bits. A key that was added always
//! passes; of others about one in a hundred does, at ten bits a key.

/// More probes than this are reserved for other encodings; such a filter lets every key pass.
const MAX_PROBES: u8 = 30;

/// Positions are 32 bits wide.
const MAX_BITS: usize = u32::MAX as usize / 8 * 8;

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
    use crate::key_hash::key_hash as hash;

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
