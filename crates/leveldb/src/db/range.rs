//! Which part of the database an iterator shows.

use std::ops::{Bound, RangeBounds};

/// A range of keys, and how to read it.
#[derive(Debug, Clone)]
pub struct Range {
    pub(crate) lower: Bound<Vec<u8>>,
    pub(crate) upper: Bound<Vec<u8>>,
    pub(crate) fill_cache: bool,
}

impl Default for Range {
    fn default() -> Self {
        Self::all()
    }
}

impl Range {
    /// Every key.
    pub fn all() -> Self {
        Self { lower: Bound::Unbounded, upper: Bound::Unbounded, fill_cache: false }
    }

    /// The keys between two bounds, such as `b"a".as_slice()..b"b".as_slice()`.
    pub fn between<'a>(bounds: impl RangeBounds<&'a [u8]>) -> Self {
        let owned = |bound: Bound<&&[u8]>| bound.map(|key| key.to_vec());
        Self { lower: owned(bounds.start_bound()), upper: owned(bounds.end_bound()), ..Self::all() }
    }

    /// The keys that begin with `prefix`.
    pub fn prefix(prefix: &[u8]) -> Self {
        let upper = match successor(prefix) {
            Some(key) => Bound::Excluded(key),
            None => Bound::Unbounded,
        };
        Self { lower: Bound::Included(prefix.to_vec()), upper, ..Self::all() }
    }

    /// Keeps the blocks that are read in the block cache. Off by default: a long scan would push
    /// out what point reads need.
    pub fn fill_cache(mut self, fill_cache: bool) -> Self {
        self.fill_cache = fill_cache;
        self
    }

    /// Whether the range begins after `key`.
    pub(crate) fn starts_after(&self, key: &[u8]) -> bool {
        match &self.lower {
            Bound::Unbounded => false,
            Bound::Included(lower) => key < lower.as_slice(),
            Bound::Excluded(lower) => key <= lower.as_slice(),
        }
    }

    /// Whether the range ends before `key`.
    pub(crate) fn ends_before(&self, key: &[u8]) -> bool {
        match &self.upper {
            Bound::Unbounded => false,
            Bound::Included(upper) => key > upper.as_slice(),
            Bound::Excluded(upper) => key >= upper.as_slice(),
        }
    }
}

/// The smallest key that is larger than every key beginning with `prefix`, if there is one.
fn successor(prefix: &[u8]) -> Option<Vec<u8>> {
    let last = prefix.iter().rposition(|&byte| byte != 0xff)?;
    let mut key = prefix.get(..=last)?.to_vec();
    if let Some(byte) = key.last_mut() {
        *byte += 1;
    }
    Some(key)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prefixes_end_where_the_next_prefix_begins() {
        assert_eq!(successor(b"ab"), Some(b"ac".to_vec()));
        assert_eq!(successor(b"a\xff\xff"), Some(b"b".to_vec()));
        assert_eq!(successor(b"\xff"), None);
        assert_eq!(successor(b""), None);
        let range = Range::prefix(b"a\xff");
        assert!(range.starts_after(b"a\xfe") && !range.starts_after(b"a\xff"));
        assert!(range.ends_before(b"b") && !range.ends_before(b"a\xff\xff\xff"));
    }
}
