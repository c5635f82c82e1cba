//! Which part of the database an iterator shows.

use std::ops::{self, Bound};

/// A range of keys, and how to read it. The ranges of the standard library over anything that is bytes
/// convert into it, and so does a pair of [`Bound`]s.
///
/// ```
/// use sigil_leveldb::Range;
///
/// # fn main() -> sigil_leveldb::Result<()> {
/// # let directory = tempfile::tempdir().unwrap();
/// # let options = sigil_leveldb::Options { create_if_missing: true, ..Default::default() };
/// # let db = sigil_leveldb::Db::open(directory.path(), options)?;
/// let all = db.range(..)?;
/// let some = db.range("a".."c")?;
/// let cursor = db.iter(Range::between(vec![0]..=vec![7, 7]).fill_cache(true))?;
/// # db.close()
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct Range {
    pub(crate) lower: Bound<Vec<u8>>,
    pub(crate) upper: Bound<Vec<u8>>,
    pub(crate) fill_cache: bool,
    pub(crate) past_damage: bool,
    pub(crate) steps: Option<u32>,
}

impl Default for Range {
    fn default() -> Self {
        Self::all()
    }
}

impl Range {
    /// Every key.
    pub fn all() -> Self {
        Self {
            lower: Bound::Unbounded,
            upper: Bound::Unbounded,
            fill_cache: false,
            past_damage: false,
            steps: None,
        }
    }

    /// The keys between two bounds, such as `"a".."b"`.
    pub fn between(bounds: impl Into<Self>) -> Self {
        bounds.into()
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

    /// Goes on behind damage instead of ending there. Off by default.
    ///
    /// Damage is an error as ever, once for each block or file that cannot be read and is met; the
    /// next move in the same direction then goes on with the first entry behind it. What was shown
    /// before the first such error is certain. **What comes after it is not**: an entry may have a newer version in a
    /// damaged block, or may have been deleted there. So take the keys for what might be there, and
    /// ask for each of them with [`crate::Db::get_at`]: that gives the newest version or the damage.
    pub fn past_damage(mut self, past_damage: bool) -> Self {
        self.past_damage = past_damage;
        self
    }

    /// Never waits for a disk, and takes so many steps at most: what would need more is
    /// [`Error::WouldBlock`](crate::Error::WouldBlock), and the cursor is nowhere. Like
    /// [`crate::Db::try_get`] it reads what is in memory, the system's included. A step is an entry that
    /// is passed, also one that was deleted or replaced and is not shown.
    pub fn at_once(mut self, steps: u32) -> Self {
        self.steps = Some(steps);
        self
    }

    /// Whether a key lies between the ends.
    #[must_use]
    pub fn contains(&self, key: &[u8]) -> bool {
        !self.starts_after(key) && !self.ends_before(key)
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

impl<K: AsRef<[u8]>> From<(Bound<K>, Bound<K>)> for Range {
    fn from((lower, upper): (Bound<K>, Bound<K>)) -> Self {
        let owned = |bound: Bound<K>| bound.map(|key| key.as_ref().to_vec());
        Self { lower: owned(lower), upper: owned(upper), ..Self::all() }
    }
}

impl From<ops::RangeFull> for Range {
    fn from(_: ops::RangeFull) -> Self {
        Self::all()
    }
}

impl<K: AsRef<[u8]>> From<ops::Range<K>> for Range {
    fn from(range: ops::Range<K>) -> Self {
        (Bound::Included(range.start), Bound::Excluded(range.end)).into()
    }
}

impl<K: AsRef<[u8]>> From<ops::RangeInclusive<K>> for Range {
    fn from(range: ops::RangeInclusive<K>) -> Self {
        let (first, last) = range.into_inner();
        (Bound::Included(first), Bound::Included(last)).into()
    }
}

impl<K: AsRef<[u8]>> From<ops::RangeFrom<K>> for Range {
    fn from(range: ops::RangeFrom<K>) -> Self {
        (Bound::Included(range.start), Bound::Unbounded).into()
    }
}

impl<K: AsRef<[u8]>> From<ops::RangeTo<K>> for Range {
    fn from(range: ops::RangeTo<K>) -> Self {
        (Bound::Unbounded, Bound::Excluded(range.end)).into()
    }
}

impl<K: AsRef<[u8]>> From<ops::RangeToInclusive<K>> for Range {
    fn from(range: ops::RangeToInclusive<K>) -> Self {
        (Bound::Unbounded, Bound::Included(range.end)).into()
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
