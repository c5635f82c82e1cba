//! Memories in the order of their frequencies. Who resonates with a frequency more than a threshold
//! says lies in an interval around it, because resonance falls with the difference.

use std::collections::{BTreeMap, BTreeSet};

/// See the module's documentation. Memories are known by their numbers.
#[derive(Default)]
pub(super) struct Frequencies {
    at: BTreeMap<u64, BTreeSet<u64>>,
}

impl Frequencies {
    /// Adds a memory.
    pub(super) fn add(&mut self, frequency: f64, number: u64) {
        self.at.entry(ordered(frequency)).or_default().insert(number);
    }

    /// Takes a memory out.
    pub(super) fn remove(&mut self, frequency: f64, number: u64) {
        let key = ordered(frequency);
        if let Some(numbers) = self.at.get_mut(&key) {
            numbers.remove(&number);
            if numbers.is_empty() {
                self.at.remove(&key);
            }
        }
    }

    /// Who is within a reach of a frequency and came before a number, with their frequencies.
    pub(super) fn around(
        &self,
        frequency: f64,
        reach: f64,
        before: u64,
    ) -> impl Iterator<Item = (f64, u64)> {
        let interval = ordered(frequency - reach)..=ordered(frequency + reach);
        self.at.range(interval).flat_map(move |(key, numbers)| {
            numbers.range(..before).map(|number| (unordered(*key), *number))
        })
    }
}

const SIGN: u64 = 1 << 63;

/// An integer that is ordered as the number is.
fn ordered(value: f64) -> u64 {
    let bits = (value + 0.0).to_bits();
    if bits & SIGN == 0 { bits | SIGN } else { !bits }
}

fn unordered(key: u64) -> f64 {
    f64::from_bits(if key & SIGN == 0 { !key } else { key & !SIGN })
}
