//! What the threads of a writing process write, and what must be there after any number of their
//! batches.
//!
//! Batches of a thread are numbered. Each has a few entries of its own, deletes those of a batch
//! long before it, and sets the thread's last number. So the last number determines everything that
//! the thread has in the database, and any other content shows a batch that is lost or half there.

use std::collections::BTreeMap;

use bytes::Bytes;
use sigil_leveldb::{Durability, WriteBatch};

use crate::random::Random;

pub(crate) const THREADS: usize = 4;

/// How many batches live before they are deleted.
const WINDOW: u64 = 150;

fn entries(thread: usize, number: u64) -> Vec<(Vec<u8>, Vec<u8>)> {
    let mut random = Random::new(number << 8 | thread as u64);
    let count = 1 + random.below(6);
    let entry = |index| {
        let key = format!("{thread}/{number:010}/{index}").into_bytes();
        let length = if random.below(200) == 0 { 40_000 } else { random.below(300) };
        (key, random.bytes(length as usize))
    };
    (0..count).map(entry).collect()
}

pub(crate) fn last_key(thread: usize) -> Vec<u8> {
    format!("{thread}/last").into_bytes()
}

pub(crate) fn batch(thread: usize, number: u64) -> WriteBatch {
    let mut batch = WriteBatch::new();
    for (key, value) in entries(thread, number) {
        batch.put(&key, &value);
    }
    if let Some(old) = number.checked_sub(WINDOW).filter(|old| *old > 0) {
        for (key, _) in entries(thread, old) {
            batch.delete(&key);
        }
    }
    batch.put(&last_key(thread), &number.to_le_bytes());
    batch
}

pub(crate) fn durability(thread: usize, number: u64) -> Durability {
    match Random::new(!number ^ thread as u64).below(16) {
        0 => Durability::Sync,
        1..5 => Durability::Interval,
        _ => Durability::Process,
    }
}

pub(crate) fn number(value: &[u8]) -> u64 {
    u64::from_le_bytes(value.try_into().unwrap())
}

/// Checks what a thread has in a database, and gives its last number.
pub(crate) fn check(thread: usize, found: &[(Vec<u8>, Bytes)]) -> u64 {
    let last_key = last_key(thread);
    let last = found.iter().find(|(key, _)| *key == last_key);
    let last = last.map_or(0, |(_, value)| number(value));
    let first = last.saturating_sub(WINDOW - 1).max(1);
    let mut expected: BTreeMap<_, _> =
        (first..=last).flat_map(|number| entries(thread, number)).collect();
    if last > 0 {
        expected.insert(last_key, last.to_le_bytes().to_vec());
    }
    let same = found.iter().map(|(key, value)| (key.as_slice(), value.as_ref()));
    let same = same.eq(expected.iter().map(|(key, value)| (key.as_slice(), value.as_slice())));
    assert!(same, "thread {thread} has not what its batch {last} leaves");
    last
}
