//! What follows from a code and a state alone: a sequence, a symbol, frequencies.

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::identity::{PHI, resonance};

const BASES: [char; 4] = ['A', 'C', 'G', 'T'];
const GLYPHS: [char; 16] =
    ['⟐', '⟁', '◈', '◇', '◉', '◎', '✶', '✧', '❖', '⌬', '⍟', '⎔', '⏣', '⧉', '⬡', '⬢'];

/// See the module's documentation.
pub(super) struct Dna {
    digest: [u8; 32],
}

impl Dna {
    /// Of a code, and of a state's canonical text.
    pub(super) fn of(code: &str, state: &str) -> Self {
        let digest = Sha256::new()
            .chain_update((code.len() as u64).to_le_bytes())
            .chain_update(code)
            .chain_update(state);
        Self { digest: digest.finalize().into() }
    }

    /// 64 letters.
    pub(super) fn sequence(&self) -> String {
        let pairs = self.digest.iter().take(16).flat_map(|byte| [6, 4, 2, 0].map(|at| byte >> at));
        pairs.filter_map(|pair| BASES.get(usize::from(pair & 3))).collect()
    }

    /// Four glyphs.
    pub(super) fn symbol(&self) -> String {
        let halves = self.digest.iter().skip(16).take(4);
        halves.filter_map(|half| GLYPHS.get(usize::from(half & 15))).collect()
    }

    /// Its segments' frequencies, and how much each resonates with the first.
    pub(super) fn networks(&self) -> Value {
        let frequencies: Vec<f64> = self
            .digest
            .chunks(4)
            .map(|four| four.iter().fold(0_u32, |value, byte| value << 8 | u32::from(*byte)))
            .map(|segment| f64::from(segment % 1000) / 1000.0 * PHI)
            .collect();
        let own = frequencies.first().copied().unwrap_or_default();
        let network = |frequency: &f64| json!({ "frequency": frequency, "resonance": resonance(own, *frequency) });
        frequencies.iter().skip(1).map(network).collect()
    }
}
