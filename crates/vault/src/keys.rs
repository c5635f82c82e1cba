//! Keys, and which is derived from which.
//!
//! A password opens the header; the header has random keys. No key is used for two things: what a
//! key is for is part of its derivation (HKDF-SHA256, one label a purpose). The tree stands in
//! `docs/format/vault.md`.

use std::fmt;

use hkdf::Hkdf;
use sha2::Sha256;
use subtle::ConstantTimeEq;
use zeroize::{Zeroize, Zeroizing};

use crate::cipher::{Cipher, NONCE, TAG};
use crate::error::{Error, Result};
use crate::kdf::{Kdf, SALT};

pub(crate) const KEY: usize = 32;
pub(crate) const CHECK: usize = 16;

/// 256 secret bits in one place of the memory, which is zeroed when they are dropped.
pub(crate) struct SecretKey(Box<[u8; KEY]>);

impl SecretKey {
    pub(crate) fn new(bytes: &[u8; KEY]) -> Self {
        let mut key = Self(Box::new([0; KEY]));
        key.0.copy_from_slice(bytes);
        key
    }

    pub(crate) fn from_slice(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self::new)
    }

    pub(crate) fn random() -> Result<Self> {
        let mut key = Self(Box::new([0; KEY]));
        fill_random(&mut *key.0)?;
        Ok(key)
    }

    pub(crate) fn bytes(&self) -> &[u8; KEY] {
        &self.0
    }

    /// Decrypts itself, where it was wrapped; false where it was not, or was changed.
    #[must_use]
    pub(crate) fn open_with(
        &mut self,
        cipher: &Cipher,
        nonce: &[u8; NONCE],
        associated: &[u8],
        tag: &[u8; TAG],
    ) -> bool {
        cipher.open(nonce, associated, &mut *self.0, tag)
    }

    pub(crate) fn copy(&self) -> Self {
        Self::new(&self.0)
    }

    /// Itself, hidden by another key or shown again.
    pub(crate) fn masked(mut self, mask: &Self) -> Self {
        self.0.iter_mut().zip(*mask.0).for_each(|(byte, other)| *byte ^= other);
        self
    }

    /// The key for one purpose.
    pub(crate) fn derive(&self, salt: &[u8], purpose: &str) -> Result<Self> {
        let mut derived = Self(Box::new([0; KEY]));
        expand(self, salt, purpose, &mut *derived.0)?;
        Ok(derived)
    }
}

impl Drop for SecretKey {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl fmt::Debug for SecretKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretKey")
    }
}

fn expand(key: &SecretKey, salt: &[u8], purpose: &str, output: &mut [u8]) -> Result<()> {
    let too_long = |_| Error::Invalid("a derived key is too long".into());
    Hkdf::<Sha256>::new(Some(salt), key.bytes())
        .expand(purpose.as_bytes(), output)
        .map_err(too_long)
}

/// Bytes that nobody can guess, from the system.
pub(crate) fn fill_random(bytes: &mut [u8]) -> Result<()> {
    getrandom::fill(bytes).map_err(|_| Error::Random)
}

/// Like [`fill_random`], as an array.
pub(crate) fn random_bytes<const N: usize>() -> Result<[u8; N]> {
    let mut bytes = [0; N];
    fill_random(&mut bytes)?;
    Ok(bytes)
}

/// What a password gives with one salt.
#[derive(Debug)]
pub(crate) struct PasswordKeys {
    pub(crate) kdf: Kdf,
    pub(crate) salt: [u8; SALT],
    /// Tells a wrong password from damage, and commits to the key as GCM does not.
    pub(crate) check: [u8; CHECK],
    /// Wraps the secrets of a header.
    pub(crate) header: SecretKey,
    /// Wraps the keys of backups.
    pub(crate) backup: SecretKey,
}

impl PasswordKeys {
    pub(crate) fn derive(password: &[u8], kdf: Kdf, salt: [u8; SALT]) -> Result<Self> {
        let root = kdf.derive(password, &salt)?;
        let mut check = [0; CHECK];
        expand(&root, &salt, "sigil-vault 1 check", &mut check)?;
        let header = root.derive(&salt, "sigil-vault 1 header")?;
        let backup = root.derive(&salt, "sigil-vault 1 backup")?;
        Ok(Self { kdf, salt, check, header, backup })
    }

    /// Those of a new salt.
    pub(crate) fn fresh(password: &[u8], kdf: Kdf) -> Result<Self> {
        Self::derive(password, kdf, random_bytes()?)
    }

    pub(crate) fn copy(&self) -> Self {
        Self { header: self.header.copy(), backup: self.backup.copy(), ..*self }
    }

    /// Those that a file was written with.
    pub(crate) fn checked(
        password: &[u8],
        kdf: Kdf,
        salt: [u8; SALT],
        check: &[u8; CHECK],
    ) -> Result<Self> {
        let keys = Self::derive(password, kdf, salt)?;
        if bool::from(keys.check.ct_eq(check)) { Ok(keys) } else { Err(Error::KeyWrong) }
    }
}

/// A password, zeroed when it is dropped.
pub(crate) struct Password(Zeroizing<Vec<u8>>);

impl Password {
    pub(crate) fn new(password: &[u8]) -> Self {
        Self(Zeroizing::new(password.to_vec()))
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        &self.0
    }

    pub(crate) fn is(&self, other: &[u8]) -> bool {
        self.0.as_slice().ct_eq(other).into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn purposes_and_salts_keep_keys_apart() {
        let key = SecretKey::random().unwrap();
        let derive = |salt: &[u8], purpose| *key.derive(salt, purpose).unwrap().bytes();
        assert_eq!(derive(b"s", "a"), derive(b"s", "a"));
        assert_ne!(derive(b"s", "a"), derive(b"s", "b"));
        assert_ne!(derive(b"s", "a"), derive(b"t", "a"));
        assert_ne!(derive(b"s", "a"), *key.bytes());
    }

    #[test]
    fn a_key_says_nothing_of_itself() {
        let key = SecretKey::new(&[0x41; KEY]);
        assert_eq!(format!("{key:?}"), "SecretKey");
    }

    #[test]
    fn a_wrong_password_is_noticed_by_the_check() {
        let keys = PasswordKeys::fresh(b"right", Kdf::CHEAP).unwrap();
        PasswordKeys::checked(b"right", keys.kdf, keys.salt, &keys.check).unwrap();
        let wrong = PasswordKeys::checked(b"wrong", keys.kdf, keys.salt, &keys.check);
        assert!(matches!(wrong, Err(Error::KeyWrong)));
    }
}
