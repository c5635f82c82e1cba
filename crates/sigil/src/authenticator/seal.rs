//! Keyed digests: HMAC-SHA-256 over parts that are framed by their lengths, so that no two lists of
//! parts give the same bytes, and that are made for a purpose, so that none stands for another.

use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use super::AuthenticatorError;

const LENGTH: usize = 32;

/// What digests are made with.
pub struct Key([u8; LENGTH]);

impl Key {
    /// From 64 hex digits.
    pub fn from_hex(text: &str) -> Result<Self, AuthenticatorError> {
        from_hex(text)
            .and_then(|bytes| bytes.try_into().ok())
            .map(Self)
            .ok_or(AuthenticatorError::Key)
    }

    /// What tells it from other keys and says nothing of it.
    pub fn id(&self) -> String {
        let digest = Sha256::new().chain_update(b"sigil key id").chain_update(self.0).finalize();
        to_hex(digest.get(..8).unwrap_or_default())
    }

    /// The digest of parts, as hex digits.
    pub(super) fn digest(&self, purpose: &str, parts: &[&[u8]]) -> String {
        let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(&self.0) else { return String::new() };
        for part in [purpose.as_bytes()].iter().chain(parts) {
            mac.update(&(part.len() as u64).to_le_bytes());
            mac.update(part);
        }
        to_hex(&mac.finalize().into_bytes())
    }
}

/// Compares digests in a time that does not depend on where they differ.
pub(super) fn same(one: &str, other: &str) -> bool {
    !one.is_empty() && one.as_bytes().ct_eq(other.as_bytes()).into()
}

pub(super) fn to_hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn from_hex(text: &str) -> Option<Vec<u8>> {
    let digits: Option<Vec<u8>> =
        text.chars().map(|digit| digit.to_digit(16).map(|value| value as u8)).collect();
    let pairs = digits?;
    (pairs.len() % 2 == 0)
        .then(|| pairs.chunks(2).map(|pair| pair.iter().fold(0, |byte, half| byte << 4 | half)))
        .map(Iterator::collect)
}
