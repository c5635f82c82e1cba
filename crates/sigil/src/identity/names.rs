//! The numbers of names, in a table that never makes many wait: it is many small ones, of which one
//! at a time grows.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;

/// At a million names, a table that grows has about a thousand.
const SHARDS: usize = 1024;

/// See the module's documentation.
#[derive(Default)]
pub(super) struct Names {
    shards: Vec<HashMap<Arc<str>, u64>>,
    hasher: RandomState,
}

impl Names {
    pub(super) fn get(&self, name: &str) -> Option<u64> {
        self.shards.get(self.shard(name))?.get(name).copied()
    }

    pub(super) fn contains(&self, name: &str) -> bool {
        self.get(name).is_some()
    }

    pub(super) fn insert(&mut self, name: Arc<str>, number: u64) {
        if self.shards.is_empty() {
            self.shards.resize_with(SHARDS, HashMap::default);
        }
        let at = self.shard(&name);
        if let Some(shard) = self.shards.get_mut(at) {
            shard.insert(name, number);
        }
    }

    pub(super) fn remove(&mut self, name: &str) -> Option<u64> {
        let at = self.shard(name);
        self.shards.get_mut(at)?.remove(name)
    }

    fn shard(&self, name: &str) -> usize {
        self.hasher.hash_one(name) as usize % SHARDS
    }
}
