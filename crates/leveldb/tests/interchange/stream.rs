//! The writes that databases are made of, and what they must leave behind.
//!
//! A stream gives batches in an order that depends on its seed alone, and keeps in a map what a
//! database has after them. The last entry of each batch is its number under [`PROGRESS`], so a
//! database tells how many batches it has, and the map can be brought to the same point.

use std::collections::BTreeMap;

use crate::peers::put_part;
use crate::random::Random;

pub(crate) const PROGRESS: &[u8] = b"\x00progress";

/// Keys that a stream chooses from: few enough that most writes replace or delete something.
const KEYS: u64 = 60_000;

/// The first batch has one under a key that no other write has, so that every database does.
const LARGE: usize = 1 << 20;
const LARGE_EVERY: u64 = 25_000;

/// A key and its new value, or none to delete it.
pub(crate) type Write = (Vec<u8>, Option<Vec<u8>>);

#[derive(Clone)]
pub(crate) struct Stream {
    random: Random,
    batches: u64,
    /// What the database has.
    pub(crate) state: BTreeMap<Vec<u8>, Vec<u8>>,
    /// Batches that were given out and may not be in the database.
    open: Vec<(u64, Vec<Write>)>,
}

impl Stream {
    pub(crate) fn new(seed: u64) -> Self {
        Self { random: Random::new(seed), batches: 0, state: BTreeMap::new(), open: Vec::new() }
    }

    /// The next batch, encoded as a request, and its size.
    pub(crate) fn next_batch(&mut self) -> (Vec<u8>, usize) {
        self.batches += 1;
        let others = self.random.below(100);
        let mut batch: Vec<Write> = (0..others).map(|_| self.write()).collect();
        if self.batches == 1 {
            batch.push((key(KEYS + 1), Some(self.random.bytes(LARGE))));
        }
        batch.push((PROGRESS.to_vec(), Some(self.batches.to_le_bytes().to_vec())));
        let size = batch.len();
        let mut request = Vec::new();
        for (key, value) in &batch {
            put_part(&mut request, key);
            let mut change = vec![u8::from(value.is_some())];
            change.extend_from_slice(value.as_deref().unwrap_or_default());
            put_part(&mut request, &change);
        }
        self.open.push((self.batches, batch));
        (request, size)
    }

    /// Brings the state to the point after a batch. Batches after it were lost, and the stream
    /// goes on as if they had never been.
    pub(crate) fn settle(&mut self, last: u64) {
        let open = std::mem::take(&mut self.open);
        let kept = open.into_iter().take_while(|(number, _)| *number <= last);
        for (key, value) in kept.flat_map(|(_, batch)| batch) {
            match value {
                Some(value) => self.state.insert(key, value),
                None => self.state.remove(&key),
            };
        }
        self.batches = last;
    }

    /// The number of the last batch that was given out.
    pub(crate) fn batches(&self) -> u64 {
        self.batches
    }

    pub(crate) fn any_key(&mut self) -> Vec<u8> {
        key(self.random.below(KEYS))
    }

    fn write(&mut self) -> Write {
        let key = self.any_key();
        let value = match self.random.below(LARGE_EVERY) {
            0 => Some(self.random.bytes(LARGE)),
            choice if choice % 4 == 0 => None,
            choice if choice % 4 == 1 => Some(self.random.bytes(choice as usize % 60)),
            choice => Some(format!("value {choice} ").repeat(choice as usize % 12).into_bytes()),
        };
        (key, value)
    }
}

/// The key of a number: empty, runs of 0xff, long ones, binary ones, and texts that begin alike.
fn key(number: u64) -> Vec<u8> {
    let mut random = Random::new(number);
    match number {
        0 => Vec::new(),
        1..=64 => vec![0xff; number as usize],
        65..=200 => random.bytes(3_000),
        _ if number.is_multiple_of(50) => {
            let mut key = vec![0xff; random.below(20) as usize];
            key.extend(random.bytes(2));
            key
        }
        _ if number.is_multiple_of(3) => {
            let length = 1 + random.below(20) as usize;
            random.bytes(length)
        }
        _ => format!("user/{:02}/record/{number:08}", number % 37).into_bytes(),
    }
}
