//! From a password to a key, slowly.
//!
//! The function and its costs are stored beside the salt, so that they can be raised later: the
//! next change of the password uses what the options then say.

use argon2::{Algorithm, Argon2, Block, Params, Version};
use pbkdf2::pbkdf2_hmac;
use sha2::Sha512;
use zeroize::{Zeroize, Zeroizing};

use crate::error::{Error, Result};
use crate::keys::SecretKey;

pub(crate) const SALT: usize = 32;
/// Bytes that an encoded function takes.
pub(crate) const ENCODED: usize = 13;

/// The least that new stores may ask for: OWASP's figures.
const LEAST_ROUNDS: u32 = 210_000;
const LEAST_MEMORY: u32 = 19_456;
const LEAST_PASSES: u32 = 2;

/// What is accepted from a file: whoever can write it must not be able to take all memory or all
/// day.
const MOST_ROUNDS: u32 = 50_000_000;
const MOST_MEMORY: u32 = 2 << 20;
const MOST_PASSES: u32 = 1_000;
const MOST_LANES: u32 = 64;
/// Of memory and passes multiplied: 16 passes over the most memory, which take half a minute.
const MOST_WORK: u64 = 16 * MOST_MEMORY as u64;

/// A key derivation function with its costs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kdf {
    /// PBKDF2-HMAC-SHA512.
    Pbkdf2Sha512 {
        /// At least 210,000.
        rounds: u32,
    },
    /// Argon2id, version 0x13.
    Argon2id {
        /// At least 19,456.
        memory_kib: u32,
        /// At least 2.
        passes: u32,
        /// 1 or more.
        lanes: u32,
    },
}

impl Default for Kdf {
    fn default() -> Self {
        Self::Pbkdf2Sha512 { rounds: LEAST_ROUNDS }
    }
}

impl Kdf {
    /// Argon2id with the costs that RFC 9106 names for little memory.
    pub const ARGON2ID: Self = Self::Argon2id { memory_kib: 64 << 10, passes: 3, lanes: 4 };

    /// PBKDF2 with two rounds, for tests that open thousands of stores. A store refuses it unless
    /// [`crate::Options::weak_key_for_tests`] is set.
    #[doc(hidden)]
    pub const CHEAP: Self = Self::Pbkdf2Sha512 { rounds: 2 };

    /// Refuses costs that a new store must not have.
    pub fn check_new(&self) -> Result<()> {
        let (is_strong, range) = match *self {
            Self::Pbkdf2Sha512 { rounds } => (
                rounds >= LEAST_ROUNDS,
                format!("PBKDF2 takes from {LEAST_ROUNDS} to {MOST_ROUNDS} rounds"),
            ),
            Self::Argon2id { memory_kib, passes, .. } => (
                memory_kib >= LEAST_MEMORY && passes >= LEAST_PASSES,
                format!(
                    "Argon2id takes a memory of {LEAST_MEMORY} to {MOST_MEMORY} KiB, from \
                     {LEAST_PASSES} to {MOST_PASSES} passes, from 1 to {MOST_LANES} lanes, and \
                     memory times passes of at most {MOST_WORK}"
                ),
            ),
        };
        if is_strong && self.is_bearable() { Ok(()) } else { Err(Error::Invalid(range)) }
    }

    fn is_bearable(&self) -> bool {
        match *self {
            Self::Pbkdf2Sha512 { rounds } => (1..=MOST_ROUNDS).contains(&rounds),
            Self::Argon2id { memory_kib, passes, lanes } => {
                (1..=MOST_LANES).contains(&lanes)
                    && (8 * lanes..=MOST_MEMORY).contains(&memory_kib)
                    && (1..=MOST_PASSES).contains(&passes)
                    && u64::from(memory_kib) * u64::from(passes) <= MOST_WORK
            }
        }
    }

    /// Function and costs as bytes: one for the function, three numbers.
    pub(crate) fn encode(&self) -> [u8; ENCODED] {
        let (function, numbers) = match *self {
            Self::Pbkdf2Sha512 { rounds } => (1, [rounds, 0, 0]),
            Self::Argon2id { memory_kib, passes, lanes } => (2, [passes, memory_kib, lanes]),
        };
        let mut encoded = [0; ENCODED];
        let bytes = numbers.iter().flat_map(|number| number.to_le_bytes());
        for (place, byte) in encoded.iter_mut().zip(std::iter::once(function).chain(bytes)) {
            *place = byte;
        }
        encoded
    }

    /// None for a function that is not known, or costs that nobody can bear.
    pub(crate) fn decode(encoded: &[u8; ENCODED]) -> Option<Self> {
        let (function, numbers) = encoded.split_first()?;
        let (numbers, _) = numbers.as_chunks::<4>();
        let mut numbers = numbers.iter().map(|bytes| u32::from_le_bytes(*bytes));
        let (first, second, third) = (numbers.next()?, numbers.next()?, numbers.next()?);
        let kdf = match (function, first, second, third) {
            (1, rounds, 0, 0) => Self::Pbkdf2Sha512 { rounds },
            (2, passes, memory_kib, lanes) => Self::Argon2id { memory_kib, passes, lanes },
            _ => return None,
        };
        kdf.is_bearable().then_some(kdf)
    }

    /// The key of a password.
    pub(crate) fn derive(&self, password: &[u8], salt: &[u8; SALT]) -> Result<SecretKey> {
        let mut key = Zeroizing::new([0; 32]);
        match *self {
            Self::Pbkdf2Sha512 { rounds } => {
                pbkdf2_hmac::<Sha512>(password, salt, rounds, &mut *key);
            }
            Self::Argon2id { memory_kib, passes, lanes } => {
                let refused = |_| Error::Invalid("Argon2 refuses these costs".into());
                let params =
                    Params::new(memory_kib, passes, lanes, Some(key.len())).map_err(refused)?;
                let mut blocks = blocks(params.block_count())?;
                let derived = Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
                    .hash_password_into_with_memory(password, salt, &mut *key, &mut blocks);
                // The key can be made from what is in them.
                blocks.iter_mut().zeroize();
                derived.map_err(refused)?;
            }
        }
        Ok(SecretKey::new(&key))
    }
}

/// Memory for Argon2; an error where the system has not as much.
fn blocks(count: usize) -> Result<Vec<Block>> {
    let mut blocks = Vec::new();
    let none = |_| Error::Invalid("there is not as much memory as the key derivation needs".into());
    blocks.try_reserve_exact(count).map_err(none)?;
    blocks.resize(count, Block::new());
    Ok(blocks)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn functions_survive_their_encoding() {
        for kdf in [Kdf::default(), Kdf::ARGON2ID] {
            kdf.check_new().unwrap();
            assert_eq!(Kdf::decode(&kdf.encode()), Some(kdf));
        }
    }

    #[test]
    fn costs_that_nobody_can_bear_are_refused() {
        let rounds = Kdf::Pbkdf2Sha512 { rounds: u32::MAX };
        let memory = Kdf::Argon2id { memory_kib: u32::MAX, passes: 3, lanes: 1 };
        let none = Kdf::Argon2id { memory_kib: 1 << 16, passes: 3, lanes: 0 };
        // Each bearable by itself, together hours.
        let both = Kdf::Argon2id { memory_kib: MOST_MEMORY, passes: MOST_PASSES, lanes: 1 };
        for kdf in [rounds, memory, none, both] {
            assert_eq!(Kdf::decode(&kdf.encode()), None);
            assert!(kdf.check_new().is_err());
        }
    }

    /// What RFC 9106 recommends first has the most memory.
    #[test]
    fn costs_that_can_be_borne_are_believed() {
        for (memory_kib, passes) in [(2 << 20, 16), (2 << 20, 1), (32 << 10, 1_000)] {
            let kdf = Kdf::Argon2id { memory_kib, passes, lanes: 4 };
            assert_eq!(Kdf::decode(&kdf.encode()), Some(kdf));
        }
    }

    #[test]
    fn new_stores_need_high_costs() {
        assert!(Kdf::Pbkdf2Sha512 { rounds: 209_999 }.check_new().is_err());
        assert!(Kdf::Argon2id { memory_kib: 1 << 10, passes: 3, lanes: 1 }.check_new().is_err());
    }

    #[test]
    fn passwords_and_salts_make_different_keys() {
        let kdf = Kdf::Argon2id { memory_kib: 64, passes: 1, lanes: 1 };
        let key = |kdf: Kdf, password: &[u8], salt| kdf.derive(password, &[salt; SALT]).unwrap();
        let first = key(kdf, b"a", 1);
        assert_eq!(first.bytes(), key(kdf, b"a", 1).bytes());
        assert_ne!(first.bytes(), key(kdf, b"b", 1).bytes());
        assert_ne!(first.bytes(), key(kdf, b"a", 2).bytes());
        assert_ne!(first.bytes(), key(Kdf::CHEAP, b"a", 1).bytes());
    }
}
