//! A block: sorted entries, prefix-compressed. Each entry says how many bytes of its key it shares
//! with the key before it, and stores the rest and the value. At a *restart point* nothing is
//! shared; the array of their offsets, and its length, end the block. A search is binary over the
//! restart points and linear from there on.

use std::cmp::Ordering;
use std::ops::Range;

use bytes::Bytes;

use super::block_directory::{Directory, Search};
use super::block_iterator::BlockIterator;
use crate::coding::{fixed32, fixed64, varint32};
use crate::error::CorruptionKind;
use crate::internal_key::{self, TAG_SIZE};
use crate::key_digest::common_prefix;

/// A block that was read, its restart points checked. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Block {
    bytes: Bytes,
    entries_end: usize,
    restarts: usize,
    directory: WithDirectory,
}

/// Whether a block has a directory.
#[derive(Debug, Clone, Copy)]
enum WithDirectory {
    NotYet,
    /// It would not help.
    Never,
    Yes(Directory),
}

/// One entry's header and where its parts stand.
#[derive(Debug, Clone, Copy)]
pub(super) struct Entry {
    /// Bytes of the key that are those of the key before.
    pub(super) shared: usize,
    /// Where the rest of the key starts; it ends where the value starts.
    pub(super) key_start: usize,
    pub(super) value_start: usize,
    /// Where the value and the entry end.
    pub(super) end: usize,
}

impl Entry {
    pub(super) fn key_length(&self) -> usize {
        self.shared + (self.value_start - self.key_start)
    }

    pub(super) fn value(&self) -> Range<usize> {
        self.value_start..self.end
    }
}

/// The entry that a search ended at: the first one at or after its target.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Found {
    pub(crate) value: Range<usize>,
    /// The entry's tag, if its user key is the one that was searched.
    pub(crate) tag: Option<u64>,
}

impl Block {
    /// Checks the restart points of a block's content.
    pub(crate) fn new(bytes: Bytes) -> Result<Self, CorruptionKind> {
        Self::parse(bytes).ok_or(CorruptionKind::BadLength)
    }

    fn parse(bytes: Bytes) -> Option<Self> {
        let count_at = bytes.len().checked_sub(4)?;
        let restarts = fixed32(&bytes, count_at)? as usize;
        let entries_end = count_at.checked_sub(restarts.checked_mul(4)?)?;
        let block = Self { bytes, entries_end, restarts, directory: WithDirectory::NotYet };
        // The first restart point is the block's start, even of a block without entries.
        let mut last = block.restart(0).ok().filter(|&first| first == 0)?;
        for index in 1..restarts {
            let restart = block.restart(index).ok()?;
            if restart <= last || restart >= entries_end {
                return None;
            }
            last = restart;
        }
        Some(block)
    }

    /// A block without entries.
    pub(crate) fn empty() -> Self {
        let bytes = Bytes::from_static(&[0, 0, 0, 0, 1, 0, 0, 0]);
        Self { bytes, entries_end: 0, restarts: 1, directory: WithDirectory::Never }
    }

    /// The same block with a directory, if that helps to search it.
    pub(super) fn with_directory(self) -> Self {
        match Directory::append_to(&self) {
            Some((bytes, directory)) => {
                let directory = WithDirectory::Yes(directory);
                Self { bytes: Bytes::from(bytes), directory, ..self }
            }
            None => Self { directory: WithDirectory::Never, ..self },
        }
    }

    /// Whether [`Block::with_directory`] was not called yet.
    #[inline]
    pub(super) fn lacks_directory(&self) -> bool {
        matches!(self.directory, WithDirectory::NotYet)
    }

    #[cfg(test)]
    pub(super) fn has_directory(&self) -> bool {
        matches!(self.directory, WithDirectory::Yes(_))
    }

    /// Bytes of memory.
    pub(crate) fn size(&self) -> usize {
        self.bytes.len()
    }

    pub(crate) fn bytes(&self) -> &Bytes {
        &self.bytes
    }

    /// The block's bytes, without counting another owner.
    pub(crate) fn into_bytes(self) -> Bytes {
        self.bytes
    }

    pub(super) fn entries_end(&self) -> usize {
        self.entries_end
    }

    pub(super) fn restarts(&self) -> usize {
        self.restarts
    }

    /// The offset of a restart point.
    #[inline]
    pub(super) fn restart(&self, index: usize) -> Result<usize, CorruptionKind> {
        if index >= self.restarts {
            return Err(CorruptionKind::BadLength);
        }
        match fixed32(&self.bytes, self.entries_end + 4 * index) {
            Some(offset) => Ok(offset as usize),
            None => Err(CorruptionKind::BadLength),
        }
    }

    /// Reads the header of the entry at `at` and checks that its parts lie within the block.
    #[inline]
    pub(super) fn entry(&self, at: usize) -> Result<Entry, CorruptionKind> {
        self.parse_entry(at).ok_or(CorruptionKind::BadLength)
    }

    #[inline]
    fn parse_entry(&self, at: usize) -> Option<Entry> {
        let rest = self.bytes.get(at..self.entries_end)?;
        let (shared, first) = varint32(rest)?;
        let (unshared, second) = varint32(rest.get(first..)?)?;
        let (value, third) = varint32(rest.get(first + second..)?)?;
        let key_start = at + first + second + third;
        let value_start = key_start.checked_add(unshared as usize)?;
        let end = value_start.checked_add(value as usize)?;
        let entry = Entry { shared: shared as usize, key_start, value_start, end };
        (end <= self.entries_end).then_some(entry)
    }

    /// The bytes of the entry's key that it does not share.
    #[inline]
    pub(super) fn key_rest(&self, entry: &Entry) -> &[u8] {
        self.bytes.get(entry.key_start..entry.value_start).unwrap_or_default()
    }

    /// The key of the entry at a restart point, and its tag.
    #[inline]
    pub(super) fn restart_key(&self, index: usize) -> Result<(&[u8], u64), CorruptionKind> {
        let entry = self.entry(self.restart(index)?)?;
        if entry.shared != 0 {
            return Err(CorruptionKind::BadLength);
        }
        internal_key::split(self.key_rest(&entry)).ok_or(CorruptionKind::BadKey)
    }

    /// The last restart point whose key sorts before the target, or the first of all. Only those
    /// in `undecided` are looked at: all before it are known to sort before the target, all behind
    /// it are known not to.
    pub(super) fn restart_before(
        &self,
        undecided: Range<usize>,
        user_key: &[u8],
        tag: u64,
    ) -> Result<usize, CorruptionKind> {
        let Range { start: mut low, end: mut high } = undecided;
        while low < high {
            let middle = low + (high - low) / 2;
            let (middle_key, middle_tag) = self.restart_key(middle)?;
            match internal_key::compare_parts(middle_key, middle_tag, user_key, tag) {
                Ordering::Less => low = middle + 1,
                _ => high = middle,
            }
        }
        Ok(low.saturating_sub(1))
    }

    /// Finds the first entry at or after `(user_key, tag)`.
    pub(crate) fn search(
        &self,
        user_key: &[u8],
        tag: u64,
    ) -> Result<Option<Found>, CorruptionKind> {
        if let WithDirectory::Yes(directory) = self.directory
            && let Search::Done(found) = directory.search(self, user_key, tag)?
        {
            return Ok(found);
        }
        // The first restart point needs no look: the search can always start there.
        let restart = self.restart_before(1..self.restarts, user_key, tag)?;
        self.search_from(restart, user_key, tag)
    }

    /// Goes on with a search from the restart point that `restart_before` gave.
    ///
    /// No key is put together: it is enough to know how many bytes of the searched key the entry
    /// before had, because that one sorted before it. An entry that shares more than those also
    /// shares the byte that made its predecessor smaller, so it is smaller too; any other one
    /// starts with bytes of the searched key, and only its own rest must be compared.
    pub(super) fn search_from(
        &self,
        restart: usize,
        user_key: &[u8],
        tag: u64,
    ) -> Result<Option<Found>, CorruptionKind> {
        let mut at = self.restart(restart)?;
        let mut last_length = 0;
        let mut last = Smaller { matched: 0, by_a_byte: true };
        while at < self.entries_end {
            let entry = self.entry(at)?;
            let length = entry.key_length();
            let Some(user_length) = length.checked_sub(TAG_SIZE) else {
                return Err(CorruptionKind::BadKey);
            };
            if entry.shared > last_length {
                return Err(CorruptionKind::BadLength);
            }
            if entry.shared > last.matched {
                if !last.by_a_byte {
                    // What is shared reaches into the tag before, as entries of one key do.
                    return self.search_whole_keys(user_key, tag);
                }
                if user_length <= last.matched {
                    return Err(CorruptionKind::BadKey);
                }
            } else {
                let rest = self.key_rest(&entry);
                match order(user_key, tag, entry.shared, user_length, rest)? {
                    Order::Smaller(smaller) => last = smaller,
                    Order::AtOrAfter(tag) => return Ok(Some(Found { value: entry.value(), tag })),
                }
            }
            last_length = length;
            at = entry.end;
        }
        Ok(None)
    }

    /// The same for the rare case in which whole keys must be compared.
    #[cold]
    fn search_whole_keys(
        &self,
        user_key: &[u8],
        tag: u64,
    ) -> Result<Option<Found>, CorruptionKind> {
        let mut iterator = BlockIterator::new(self.clone());
        iterator.seek(&internal_key::encode(user_key, tag))?;
        if !iterator.valid() {
            return Ok(None);
        }
        let (found_key, found_tag) =
            internal_key::split(iterator.key()).ok_or(CorruptionKind::BadKey)?;
        let tag = (found_key == user_key).then_some(found_tag);
        Ok(Some(Found { value: iterator.value_range(), tag }))
    }
}

/// How an entry that sorts before the searched key relates to it.
pub(super) struct Smaller {
    /// Leading bytes of the two user keys that are equal.
    matched: usize,
    /// Whether the byte behind those is what makes it smaller; otherwise its user key ends there.
    by_a_byte: bool,
}

pub(super) enum Order {
    Smaller(Smaller),
    /// With the entry's tag if the user keys are the same.
    AtOrAfter(Option<u64>),
}

/// Orders an entry, the first `shared` bytes of whose key are those of `user_key`, against the
/// searched key.
#[inline]
pub(super) fn order(
    user_key: &[u8],
    tag: u64,
    shared: usize,
    user_length: usize,
    rest: &[u8],
) -> Result<Order, CorruptionKind> {
    // A key that ends within what it shares with a longer one sorts before it: out of order.
    let (Some(rest_user_length), Some(searched)) =
        (user_length.checked_sub(shared), user_key.get(shared..))
    else {
        return Err(CorruptionKind::BadKey);
    };
    let Some((rest_user, rest_tag)) = rest.split_at_checked(rest_user_length) else {
        return Err(CorruptionKind::BadKey);
    };
    let common = common_prefix(rest_user, searched);
    let matched = shared + common;
    Ok(match (rest_user.get(common), searched.get(common)) {
        (Some(byte), Some(searched)) if byte < searched => {
            Order::Smaller(Smaller { matched, by_a_byte: true })
        }
        (Some(_), _) => Order::AtOrAfter(None),
        (None, Some(_)) => Order::Smaller(Smaller { matched, by_a_byte: false }),
        (None, None) => match fixed64(rest_tag, 0) {
            Some(found) if found <= tag => Order::AtOrAfter(Some(found)),
            Some(_) => Order::Smaller(Smaller { matched, by_a_byte: false }),
            None => return Err(CorruptionKind::BadKey),
        },
    })
}
