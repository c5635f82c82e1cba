//! Messages that were decrypted lately, so that those that are read again and again are not
//! decrypted and decompressed each time.
//!
//! An entry is found by the place at which it was authentic, and counts in two cases. If the
//! database was asked for the record there, it must be the one that the entry was made of, by its tag
//! and nonce. And without asking, if nothing that was at a place was changed between the moment at
//! which the entry was seen there and the moment that is asked about: messages are mostly added, and
//! seldom changed.
//!
//! Every entry has a number of its own, which no other gets in the life of the process, of this store
//! or another: who has made something of its value can tell by that whether it is the same again.

use std::sync::atomic::{AtomicU64, Ordering};

use quick_cache::sync::{Cache, DefaultLifecycle};
use quick_cache::{DefaultHashBuilder, OptionsBuilder, Weighter};

use crate::cipher::{NONCE, TAG};

/// What an entry weighs besides its bytes.
const OVERHEAD: usize = 160;

const PLANNED: usize = 600;

/// The share of what was asked for again and again. The rest is for what is new: who pages through his
/// conversations soon asks for it once more, and with the usual few hundredths it would be gone.
const PROVEN: f64 = 0.5;

/// The tag and the nonce of a record.
pub(crate) type Seal = [u8; NONCE + TAG];

static LAST_NUMBER: AtomicU64 = AtomicU64::new(0);

/// Stands for moments that are not known, and for a change that is under way.
const NEVER: u64 = u64::MAX;

/// The cache; of values that know their size.
pub(crate) struct OpenedCache<V: Clone> {
    entries: Cache<Box<[u8]>, Entry<V>, Weight>,
    /// The moment from which on nothing that was at a place was changed.
    unchanged_since: AtomicU64,
}

#[derive(Clone)]
struct Entry<V> {
    seal: Seal,
    /// A moment at which the record was there.
    seen: u64,
    known: Numbered<V>,
}

/// A value and the number of its entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Numbered<V> {
    pub(crate) number: u64,
    pub(crate) value: V,
}

#[derive(Clone)]
struct Weight;

/// What takes memory.
pub(crate) trait Weighed {
    fn weight(&self) -> usize;
}

impl<V: Weighed> Weighter<Box<[u8]>, Entry<V>> for Weight {
    fn weight(&self, place: &Box<[u8]>, entry: &Entry<V>) -> u64 {
        (place.len() + entry.known.value.weight() + OVERHEAD) as u64
    }
}

impl<V: Weighed + Clone> OpenedCache<V> {
    pub(crate) fn new(bytes: usize) -> Self {
        let (planned, bytes) = (bytes / PLANNED, bytes as u64);
        let options = OptionsBuilder::new()
            .estimated_items_capacity(planned)
            .weight_capacity(bytes)
            .hot_allocation(PROVEN)
            .build();
        let entries = match options {
            Ok(options) => Cache::with_options(
                options,
                Weight,
                DefaultHashBuilder::default(),
                DefaultLifecycle::default(),
            ),
            Err(_) => Cache::with_weighter(planned, bytes, Weight),
        };
        Self { entries, unchanged_since: AtomicU64::new(0) }
    }

    /// What is in the record with this seal, which was found at a place; at which moment, if that is
    /// known.
    pub(crate) fn get(
        &self,
        place: &[u8],
        seal: &Seal,
        moment: Option<u64>,
    ) -> Option<Numbered<V>> {
        let found = self.entries.get(place).filter(|entry| entry.seal == *seal)?;
        if let Some(moment) = moment
            && (found.seen == NEVER || found.seen < self.unchanged_since.load(Ordering::SeqCst))
        {
            self.put(place, Entry { seen: moment, ..found.clone() });
        }
        Some(found.known)
    }

    /// What is at a place at a moment that was taken already, if that is certain.
    pub(crate) fn get_at(&self, place: &[u8], moment: u64) -> Option<Numbered<V>> {
        // IMPORTANT: a change that the moment shows has begun before the moment was taken, so it is
        // noticed here.
        let unchanged_since = self.unchanged_since.load(Ordering::SeqCst);
        let found = self.entries.get(place)?;
        (unchanged_since <= found.seen && found.seen <= moment).then_some(found.known)
    }

    pub(crate) fn insert(
        &self,
        place: &[u8],
        seal: Seal,
        moment: Option<u64>,
        value: V,
    ) -> Numbered<V> {
        let number = LAST_NUMBER.fetch_add(1, Ordering::Relaxed) + 1;
        let known = Numbered { number, value };
        self.put(place, Entry { seal, seen: moment.unwrap_or(NEVER), known: known.clone() });
        known
    }

    fn put(&self, place: &[u8], entry: Entry<V>) {
        self.entries.insert(place.into(), entry);
    }

    /// To be called before something at a place is changed.
    pub(crate) fn begin_change(&self) {
        self.unchanged_since.store(NEVER, Ordering::SeqCst);
    }

    /// To be called afterwards, with a moment that shows the change.
    pub(crate) fn end_change(&self, moment: u64) {
        self.unchanged_since.store(moment, Ordering::SeqCst);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    impl Weighed for u8 {
        fn weight(&self) -> usize {
            1
        }
    }

    const SEAL: Seal = [1; NONCE + TAG];
    const OTHER: Seal = [2; NONCE + TAG];

    #[test]
    fn a_place_is_known_from_when_it_was_seen_until_something_is_changed() {
        let cache = OpenedCache::new(1 << 20);
        let known = Some(cache.insert(b"place", SEAL, Some(5), 7_u8));
        let at = |moments: [u64; 3]| moments.map(|moment| cache.get_at(b"place", moment));
        assert_eq!(at([4, 5, 9]), [None, known.clone(), known.clone()]);
        assert_eq!(cache.get_at(b"other", 5), None);
        cache.begin_change();
        assert_eq!(at([5, 6, 9]), [None, None, None]);
        cache.end_change(6);
        assert_eq!(at([5, 6, 9]), [None, None, None]);
        // Somebody has asked for it, and found the same record.
        assert_eq!(cache.get(b"place", &SEAL, Some(8)), known);
        assert_eq!(at([7, 8, 9]), [None, known.clone(), known]);
    }

    #[test]
    fn what_was_seen_at_no_moment_that_is_known_counts_by_its_seal_alone() {
        let cache = OpenedCache::new(1 << 20);
        let known = Some(cache.insert(b"place", SEAL, None, 7_u8));
        assert_eq!(cache.get_at(b"place", u64::MAX - 1), None);
        assert_eq!(cache.get(b"place", &OTHER, Some(1)), None);
        assert_eq!(cache.get(b"place", &SEAL, None), known);
        assert_eq!(cache.get(b"place", &SEAL, Some(3)), known);
        assert_eq!(cache.get_at(b"place", 3), known);
    }

    #[test]
    fn no_two_entries_have_one_number() {
        let cache = OpenedCache::new(1 << 20);
        let first = cache.insert(b"place", SEAL, Some(1), 7_u8);
        let elsewhere = OpenedCache::new(1 << 20).insert(b"place", SEAL, Some(1), 7_u8);
        let again = cache.insert(b"place", SEAL, Some(1), 7_u8);
        assert!(first.number < elsewhere.number && elsewhere.number < again.number);
        assert_eq!(cache.get_at(b"place", 1), Some(again));
    }

    #[test]
    fn what_is_new_stays_for_a_while() {
        let cache = OpenedCache::new(1 << 20);
        let insert = |number: u32| cache.insert(&number.to_le_bytes(), SEAL, Some(1), 7_u8);
        let is_here = |number: &u32| cache.get_at(&number.to_le_bytes(), 1).is_some();
        // More than there is room for, and then a fifth of that.
        (0..20_000).for_each(|number| {
            insert(number);
        });
        let fitting = (0..20_000).filter(is_here).count() as u32;
        let new = 20_000..20_000 + fitting / 5;
        new.clone().for_each(|number| {
            insert(number);
        });
        assert!(new.clone().filter(is_here).count() as u32 > fitting / 6, "{fitting}");
    }
}
