//! The header: what a password opens a store with.
//!
//! It has the random keys of the store, wrapped by a key that is derived from the password, and
//! names the directory in which the data is. So changing the password, replacing all data at once
//! and destroying a key are each the writing of one small file, which either happened or not.
//! `docs/format/vault.md` has the bytes.

mod secrets;
pub(crate) mod slots;

use std::path::Path;

use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

pub(crate) use self::secrets::Secrets;
use crate::cipher::{Cipher, NONCE, TAG};
use crate::error::{Error, Result};
use crate::kdf::{self, Kdf, SALT};
use crate::keys::{CHECK, PasswordKeys, random_bytes};
use crate::seal::{STORE_ID, StoreId};

const MAGIC: &[u8; 8] = b"SIGILKEY";
const VERSION: u16 = 1;
const DIGEST: usize = 32;

/// A header that is open.
#[derive(Debug)]
pub(crate) struct Header {
    /// Larger in each header that is written.
    pub(crate) sequence: u64,
    pub(crate) store: StoreId,
    pub(crate) secrets: Secrets,
}

impl Header {
    /// The bytes of the file.
    pub(crate) fn encode(&self, keys: &PasswordKeys) -> Result<Vec<u8>> {
        let mut bytes = Vec::with_capacity(512);
        bytes.extend_from_slice(MAGIC);
        bytes.extend_from_slice(&VERSION.to_le_bytes());
        bytes.extend_from_slice(&self.sequence.to_le_bytes());
        bytes.extend_from_slice(&self.store);
        bytes.extend_from_slice(&keys.kdf.encode());
        bytes.extend_from_slice(&keys.salt);
        bytes.extend_from_slice(&keys.check);
        let nonce: [u8; NONCE] = random_bytes()?;
        bytes.extend_from_slice(&nonce);
        let mut secrets = self.secrets.encode();
        let length = u32::try_from(secrets.len() + TAG).unwrap_or(u32::MAX);
        bytes.extend_from_slice(&length.to_le_bytes());
        let tag = Cipher::new(&keys.header).seal(&nonce, &bytes, &mut secrets)?;
        bytes.extend_from_slice(&secrets);
        bytes.extend_from_slice(&tag);
        let digest = Sha256::digest(&bytes);
        bytes.extend_from_slice(&digest);
        Ok(bytes)
    }
}

/// A header whose bytes are whole, and that no password was tried on yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ClosedHeader {
    pub(crate) sequence: u64,
    store: StoreId,
    kdf: Kdf,
    salt: [u8; SALT],
    check: [u8; CHECK],
    nonce: [u8; NONCE],
    /// What the wrapping is bound to: everything before it.
    associated: Vec<u8>,
    wrapped: Vec<u8>,
}

/// Why bytes are no header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NoHeader {
    Damaged,
    Unsupported,
}

impl ClosedHeader {
    pub(crate) fn parse(bytes: &[u8]) -> Result<Self, NoHeader> {
        let (content, digest) = bytes.split_last_chunk::<DIGEST>().ok_or(NoHeader::Damaged)?;
        if Sha256::digest(content).as_slice() != digest {
            return Err(NoHeader::Damaged);
        }
        let rest = content.strip_prefix(MAGIC).ok_or(NoHeader::Damaged)?;
        let (version, rest) = rest.split_first_chunk().ok_or(NoHeader::Damaged)?;
        if u16::from_le_bytes(*version) != VERSION {
            return Err(NoHeader::Unsupported);
        }
        Self::parse_first(content, rest).ok_or(NoHeader::Damaged)
    }

    fn parse_first(content: &[u8], rest: &[u8]) -> Option<Self> {
        let (sequence, rest) = rest.split_first_chunk()?;
        let (store, rest) = rest.split_first_chunk::<STORE_ID>()?;
        let (kdf, rest) = rest.split_first_chunk::<{ kdf::ENCODED }>()?;
        let (salt, rest) = rest.split_first_chunk()?;
        let (check, rest) = rest.split_first_chunk()?;
        let (nonce, rest) = rest.split_first_chunk()?;
        let (length, wrapped) = rest.split_first_chunk()?;
        let associated = content.get(..content.len() - wrapped.len())?.to_vec();
        (wrapped.len() == usize::try_from(u32::from_le_bytes(*length)).ok()?).then_some(())?;
        Some(Self {
            sequence: u64::from_le_bytes(*sequence),
            store: *store,
            kdf: Kdf::decode(kdf)?,
            salt: *salt,
            check: *check,
            nonce: *nonce,
            associated,
            wrapped: wrapped.to_vec(),
        })
    }

    /// Opens it. A header that the right password does not open was changed by somebody.
    pub(crate) fn open(&self, password: &[u8], path: &Path) -> Result<(Header, PasswordKeys)> {
        let keys = PasswordKeys::checked(password, self.kdf, self.salt, &self.check)?;
        let secrets = self.unwrap(&keys).ok_or_else(|| Error::HeaderDamaged(path.into()))?;
        Ok((Header { sequence: self.sequence, store: self.store, secrets }, keys))
    }

    fn unwrap(&self, keys: &PasswordKeys) -> Option<Secrets> {
        let (body, tag) = self.wrapped.split_last_chunk()?;
        let mut plain = Zeroizing::new(body.to_vec());
        let cipher = Cipher::new(&keys.header);
        let whole = cipher.open(&self.nonce, &self.associated, &mut plain, tag);
        whole.then(|| Secrets::decode(&plain)).flatten()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> (Header, PasswordKeys) {
        let keys = PasswordKeys::fresh(b"password", Kdf::CHEAP).unwrap();
        (Header { sequence: 7, store: [9; 16], secrets: Secrets::fresh().unwrap() }, keys)
    }

    #[test]
    fn a_header_opens_with_its_password() {
        let (header, keys) = sample();
        let bytes = header.encode(&keys).unwrap();
        let closed = ClosedHeader::parse(&bytes).unwrap();
        let (opened, _) = closed.open(b"password", Path::new("header")).unwrap();
        assert_eq!((opened.sequence, opened.store), (7, [9; 16]));
        assert_eq!(*opened.secrets.encode(), *header.secrets.encode());
        let wrong = closed.open(b"passwore", Path::new("header"));
        assert!(matches!(wrong, Err(Error::KeyWrong)));
    }

    #[test]
    fn damage_is_told_from_a_wrong_password() {
        let (header, keys) = sample();
        let bytes = header.encode(&keys).unwrap();
        for index in 0..bytes.len() {
            let mut changed = bytes.clone();
            changed[index] ^= 0x10;
            assert_eq!(ClosedHeader::parse(&changed), Err(NoHeader::Damaged), "byte {index}");
            assert_eq!(ClosedHeader::parse(&bytes[..index]), Err(NoHeader::Damaged));
        }
    }

    /// Whoever can write can fit the digest to what he wrote. Nothing of it is believed.
    #[test]
    fn a_forged_header_does_not_open() {
        let (header, keys) = sample();
        let bytes = header.encode(&keys).unwrap();
        let content = bytes.len() - DIGEST;
        for index in 0..content {
            let mut forged = bytes[..content].to_vec();
            forged[index] ^= 0x10;
            let digest = Sha256::digest(&forged);
            forged.extend_from_slice(&digest);
            let Ok(closed) = ClosedHeader::parse(&forged) else { continue };
            // Costs that were raised are believed, within bounds: trying takes that long.
            if closed.kdf != (Kdf::Pbkdf2Sha512 { rounds: 2 }) {
                continue;
            }
            assert!(closed.open(b"password", Path::new("header")).is_err(), "byte {index}");
        }
    }
}
