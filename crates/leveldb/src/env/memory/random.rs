//! Choices that a seed decides, so that a crash that fails a test can be made again.

/// The SplitMix64 generator.
#[derive(Debug)]
pub(super) struct Random(u64);

impl Random {
    pub(super) fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    pub(super) fn below(&mut self, limit: usize) -> usize {
        (self.next() % limit.max(1) as u64) as usize
    }

    pub(super) fn one_in(&mut self, count: usize) -> bool {
        self.below(count) == 0
    }

    pub(super) fn one_of<const N: usize>(&mut self, choices: [usize; N]) -> usize {
        choices.get(self.below(N)).copied().unwrap_or_default()
    }

    /// A length up to `length`; nothing and everything are likely.
    pub(super) fn prefix(&mut self, length: usize) -> usize {
        match self.below(4) {
            0 => 0,
            1 => length,
            _ => self.below(length + 1),
        }
    }
}
