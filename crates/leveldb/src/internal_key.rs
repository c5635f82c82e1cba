//! Internal keys: what memtables and tables are sorted by.
//!
//! An internal key is the user's key followed by eight bytes: the sequence number of the write in
//! the upper 56 bits and the kind of entry in the lower eight. They sort by user key upwards, then
//! by sequence number *downwards*, so that the first entry at or after `(key, snapshot)` is the
//! newest one that the snapshot may see.

use std::cmp::Ordering;

use crate::coding::fixed64;

/// The number of a write. Numbers only grow; every entry of the database has its own.
pub(crate) type SequenceNumber = u64;

/// The largest number that fits next to the kind.
pub(crate) const MAX_SEQUENCE: SequenceNumber = (1 << 56) - 1;

/// Bytes that an internal key adds to the user's key.
pub(crate) const TAG_SIZE: usize = 8;

/// What an entry says of its key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum ValueKind {
    /// The key has no value any more.
    Deletion = 0,
    /// The key has this value.
    Value = 1,
}

impl ValueKind {
    pub(crate) fn from_byte(byte: u8) -> Option<Self> {
        match byte {
            0 => Some(Self::Deletion),
            1 => Some(Self::Value),
            _ => None,
        }
    }
}

/// The eight bytes behind the user's key, as a number.
pub(crate) fn pack_tag(sequence: SequenceNumber, kind: ValueKind) -> u64 {
    (sequence << 8) | kind as u64
}

/// The tag that sorts before every entry of a key that a snapshot at `sequence` may see.
pub(crate) fn seek_tag(sequence: SequenceNumber) -> u64 {
    pack_tag(sequence, ValueKind::Value)
}

/// An internal key taken apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ParsedKey<'a> {
    pub(crate) user_key: &'a [u8],
    pub(crate) sequence: SequenceNumber,
    pub(crate) kind: ValueKind,
}

/// Takes an internal key apart; `None` where it is too short or of an unknown kind.
#[inline]
pub(crate) fn parse(internal_key: &[u8]) -> Option<ParsedKey<'_>> {
    let (user_key, tag) = split(internal_key)?;
    Some(ParsedKey { user_key, sequence: tag >> 8, kind: ValueKind::from_byte(tag as u8)? })
}

/// The user's key and the tag of an internal key; `None` where it is too short.
#[inline]
pub(crate) fn split(internal_key: &[u8]) -> Option<(&[u8], u64)> {
    let at = internal_key.len().checked_sub(TAG_SIZE)?;
    Some((internal_key.get(..at)?, fixed64(internal_key, at)?))
}

/// The user's key of an internal key. A key too short to have one stands for the empty key:
/// readers check keys before they compare them.
#[inline]
pub(crate) fn user_key(internal_key: &[u8]) -> &[u8] {
    split(internal_key).map_or(&[], |(user_key, _)| user_key)
}

/// Builds an internal key.
pub(crate) fn encode(user_key: &[u8], tag: u64) -> Vec<u8> {
    let mut key = Vec::with_capacity(user_key.len() + TAG_SIZE);
    key.extend_from_slice(user_key);
    key.extend_from_slice(&tag.to_le_bytes());
    key
}

/// Orders keys that are already taken apart.
#[inline]
pub(crate) fn compare_parts(a_user: &[u8], a_tag: u64, b_user: &[u8], b_tag: u64) -> Ordering {
    a_user.cmp(b_user).then(b_tag.cmp(&a_tag))
}

/// Orders internal keys. Keys too short to have a tag sort first.
#[inline]
pub(crate) fn compare(a: &[u8], b: &[u8]) -> Ordering {
    match (split(a), split(b)) {
        (Some((a_user, a_tag)), Some((b_user, b_tag))) => {
            compare_parts(a_user, a_tag, b_user, b_tag)
        }
        (None, None) => a.cmp(b),
        (None, Some(_)) => Ordering::Less,
        (Some(_), None) => Ordering::Greater,
    }
}

/// A short internal key `k` with `start <= k < limit`, for index blocks: shorter separators make
/// smaller indexes. What C++ LevelDB's `InternalKeyComparator` computes.
pub(crate) fn shortest_separator(start: &[u8], limit: &[u8]) -> Vec<u8> {
    let (start_user, limit_user) = (user_key(start), user_key(limit));
    let shared = start_user.iter().zip(limit_user).take_while(|(a, b)| a == b).count();
    if let (Some(&a), Some(&b)) = (start_user.get(shared), limit_user.get(shared))
        && a < 0xff
        && a + 1 < b
    {
        return shortened(start_user, shared, a + 1);
    }
    start.to_vec()
}

/// A short internal key `k >= key`, for the last entry of an index.
pub(crate) fn short_successor(key: &[u8]) -> Vec<u8> {
    let user = user_key(key);
    match user.iter().enumerate().find(|&(_, &byte)| byte != 0xff) {
        Some((index, &byte)) if index + 1 < user.len() => shortened(user, index, byte + 1),
        _ => key.to_vec(),
    }
}

/// The first `keep` bytes of `user`, then `last`, with the tag that sorts first of its key.
fn shortened(user: &[u8], keep: usize, last: u8) -> Vec<u8> {
    let mut short = user.get(..keep).unwrap_or_default().to_vec();
    short.push(last);
    encode(&short, seek_tag(MAX_SEQUENCE))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(user: &[u8], sequence: u64) -> Vec<u8> {
        encode(user, pack_tag(sequence, ValueKind::Value))
    }

    #[test]
    fn newer_entries_of_a_key_sort_first() {
        assert_eq!(compare(&key(b"a", 2), &key(b"a", 1)), Ordering::Less);
        assert_eq!(compare(&key(b"a", 1), &key(b"b", 9)), Ordering::Less);
        assert_eq!(compare(&key(b"a", 1), &key(b"aa", 1)), Ordering::Less);
    }

    #[test]
    fn separators_lie_between_their_keys() {
        let users: [&[u8]; 8] = [b"", b"a", b"aa", b"ab", b"abz", b"ad", b"b\xff\xff", b"\xff\xff"];
        for a in users {
            for b in users {
                if a < b {
                    let (start, limit) = (key(a, 5), key(b, 5));
                    let separator = shortest_separator(&start, &limit);
                    assert_ne!(compare(&start, &separator), Ordering::Greater);
                    assert_eq!(compare(&separator, &limit), Ordering::Less);
                }
            }
            let successor = short_successor(&key(a, 5));
            assert_ne!(compare(&key(a, 5), &successor), Ordering::Greater);
        }
    }

    #[test]
    fn short_keys_are_not_parsed() {
        assert_eq!(parse(b"1234567"), None);
        assert_eq!(parse(b"\x02\0\0\0\0\0\0\0"), None);
        assert_eq!(parse(b"\x01\0\0\0\0\0\0\0").map(|key| key.user_key.len()), Some(0));
    }
}
