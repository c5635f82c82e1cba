//! Messages that were decrypted lately, so that those that are read again and again are not
//! decrypted and decompressed each time.
//!
//! An entry is found by the tag and the nonce of the encrypted record, and it counts only for the
//! place at which it was authentic. What was written since has another nonce, so nothing here ever
//! needs to be removed for being old; it falls out.

use quick_cache::Weighter;
use quick_cache::sync::Cache;

use crate::cipher::{NONCE, TAG};

/// What an entry weighs besides its bytes.
const OVERHEAD: usize = 160;

const PLANNED: usize = 600;

/// The tag and the nonce of a record.
pub(crate) type Seal = [u8; NONCE + TAG];

/// The cache; of values that know their size.
pub(crate) struct OpenedCache<V: Clone> {
    entries: Cache<Seal, (Box<[u8]>, V), Weight>,
}

#[derive(Clone)]
struct Weight;

/// What takes memory.
pub(crate) trait Weighed {
    fn weight(&self) -> usize;
}

impl<V: Weighed> Weighter<Seal, (Box<[u8]>, V)> for Weight {
    fn weight(&self, _: &Seal, (place, value): &(Box<[u8]>, V)) -> u64 {
        (place.len() + value.weight() + OVERHEAD) as u64
    }
}

impl<V: Weighed + Clone> OpenedCache<V> {
    pub(crate) fn new(bytes: usize) -> Self {
        Self { entries: Cache::with_weighter(bytes / PLANNED, bytes as u64, Weight) }
    }

    pub(crate) fn get(&self, seal: &Seal, place: &[u8]) -> Option<V> {
        let (found, value) = self.entries.get(seal)?;
        (*found == *place).then_some(value)
    }

    pub(crate) fn insert(&self, seal: Seal, place: &[u8], value: V) {
        self.entries.insert(seal, (place.into(), value));
    }
}
