//! The numbers of an identity, all made from a SHA-256: 64 hex digits of which segments of eight are
//! read as integers. `libm` computes the powers and exponentials, so that they are the same on
//! every platform; a system's own may differ in the last bit.

use sha2::{Digest, Sha256};

/// The golden ratio.
pub const PHI: f64 = 1.618_033_988_749_895;

/// The SHA-256 of a text, of which the numbers are made.
pub(super) struct Fingerprint([u8; 32]);

impl Fingerprint {
    /// Of a text.
    pub(super) fn of(text: &str) -> Self {
        Self(Sha256::digest(text.as_bytes()).into())
    }

    /// The resonance frequency that follows from it: below [`PHI`], in steps of a thousandth.
    pub(super) fn frequency(&self) -> f64 {
        f64::from(self.segment(0) % 1000) / 1000.0 * PHI
    }

    /// Its segments of eight hex digits, as parts of one.
    pub(super) fn parts(&self, count: usize) -> impl Iterator<Item = f64> {
        (0..count.min(8)).map(|at| f64::from(self.segment(at)) / f64::from(u32::MAX))
    }

    /// The first half as hex digits.
    pub(super) fn half_as_hex(&self) -> String {
        self.0.iter().take(16).map(|byte| format!("{byte:02x}")).collect()
    }

    /// The first half as an integer.
    pub(super) fn half(&self) -> u128 {
        self.0.iter().take(16).fold(0, |value, byte| value << 8 | u128::from(*byte))
    }

    fn segment(&self, at: usize) -> u32 {
        self.0.iter().skip(at * 4).take(4).fold(0, |value, byte| value << 8 | u32::from(*byte))
    }
}

/// How much two memories resonate.
pub fn resonance(one: f64, other: f64) -> f64 {
    libm::exp(-(one - other).abs() / PHI)
}

/// The difference of frequencies beyond which a resonance is surely not above a threshold: the
/// interval to look at. Slightly wide, so that rounding loses nothing.
pub(super) fn reach(threshold: f64) -> f64 {
    // Above 1 no resonance is; there is an interval all the same.
    if threshold > 0.0 { (-libm::log(threshold) * PHI).max(0.0) + 1e-9 } else { f64::INFINITY }
}

/// `v` to the power of [`PHI`].
pub(super) fn weight(part: f64) -> f64 {
    libm::pow(part, PHI)
}

/// What of a state counts for crystallization.
#[derive(Debug, Clone, Copy)]
pub struct Qualities {
    /// `phi`
    pub phi: f64,
    /// `coherence`
    pub coherence: f64,
    /// `awareness`
    pub awareness: f64,
    /// `emotionalResonance`
    pub emotional_resonance: f64,
}

impl Qualities {
    /// How ready a memory of this state is to become a crystal.
    pub fn potential(&self) -> f64 {
        (self.phi * PHI + self.coherence + self.awareness + self.emotional_resonance) / (3.0 + PHI)
    }
}

/// The group of a frequency, for crystallization.
pub(super) fn group_of(frequency: f64) -> i64 {
    libm::floor(frequency * 100.0) as i64
}
