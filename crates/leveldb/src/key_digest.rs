//! Keys as numbers that sort as the keys do: eight bytes of each, those behind a prefix that most of
//! the keys share. Numbers stand close together where keys do not, so a search that is decided
//! among them touches little memory. Equal numbers say nothing.

use crate::coding::fixed64;

/// The number of a key.
#[inline]
pub(crate) fn key_digest(prefix: &[u8], key: &[u8]) -> u64 {
    // Comparing nothing is not free: an empty slice may point to where no memory is, and vector
    // instructions whose mask leaves nothing over take some hundred cycles there.
    if prefix.is_empty() {
        return first_eight(key);
    }
    match key.strip_prefix(prefix) {
        Some(behind) => first_eight(behind),
        None if key < prefix => 0,
        None => u64::MAX,
    }
}

/// How many leading bytes are covered, together with the prefix: keys of the same number that both
/// have so many bytes, and the prefix, agree in them.
pub(crate) const DIGEST_BYTES: usize = 8;

#[inline]
fn first_eight(bytes: &[u8]) -> u64 {
    if let Some(chunk) = bytes.first_chunk::<DIGEST_BYTES>() {
        return u64::from_be_bytes(*chunk);
    }
    let number = bytes.iter().fold(0, |number, &byte| number << 8 | u64::from(byte));
    number.checked_shl(8 * (DIGEST_BYTES - bytes.len()) as u32).unwrap_or(0)
}

/// How many leading bytes are equal.
#[inline]
pub(crate) fn common_prefix(a: &[u8], b: &[u8]) -> usize {
    let mut common = 0;
    for (a, b) in a.chunks_exact(8).zip(b.chunks_exact(8)) {
        let different = fixed64(a, 0).unwrap_or_default() ^ fixed64(b, 0).unwrap_or_default();
        if different != 0 {
            return common + different.trailing_zeros() as usize / 8;
        }
        common += 8;
    }
    let rest = a.iter().skip(common).zip(b.iter().skip(common));
    common + rest.take_while(|(a, b)| a == b).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prefix_ends_where_two_keys_differ() {
        let key = b"abcdefghijklmnopqrstuvwxyz";
        for at in 0..key.len() {
            let mut other = *key;
            other[at] ^= 1;
            assert_eq!(common_prefix(key, &other), at);
            assert_eq!(common_prefix(key, &key[..at]), at);
        }
        assert_eq!(common_prefix(key, key), key.len());
    }

    #[test]
    fn digests_sort_like_the_keys_they_are_made_of() {
        let keys: [&[u8]; 14] = [
            b"",
            b"\0",
            b"a",
            b"a\0",
            b"ab",
            b"abcdefgh",
            b"abcdefghz",
            b"b",
            b"key",
            b"key\0",
            b"key1",
            b"key2222222222",
            b"kez",
            b"\xff\xff",
        ];
        for prefix in [&b""[..], b"key", b"abcdefgh", b"zz"] {
            for (a, b) in keys.iter().zip(keys.iter().skip(1)) {
                assert!(key_digest(prefix, a) <= key_digest(prefix, b), "{prefix:?} {a:?} {b:?}");
            }
        }
        assert_eq!(key_digest(b"", b"a"), u64::from(b'a') << 56);
        assert_eq!(key_digest(b"key", b"key1"), u64::from(b'1') << 56);
    }
}
