//! The beginning of a backup: how to get from the password to its key.
//!
//! Every backup has a random key of its own, wrapped by one that the password gives. What encrypts
//! the chunks is derived from it and from everything in the prelude, so that none of it can be
//! changed.

use std::path::Path;

use sha2::{Digest, Sha256};
use sigil_leveldb::env::Env;

use crate::cipher::{Cipher, NONCE, TAG};
use crate::error::{Error, Result};
use crate::kdf::{self, Kdf, SALT};
use crate::keys::{CHECK, KEY, PasswordKeys, SecretKey, random_bytes};

const MAGIC: &[u8; 8] = b"SIGILBAK";
const VERSION: u16 = 1;
const WRAPPED: usize = KEY + TAG;

/// Bytes of a prelude.
pub(super) const SIZE: usize = 8 + 2 + kdf::ENCODED + SALT + CHECK + 8 + NONCE + WRAPPED;

/// A prelude whose key is still wrapped.
#[derive(Debug)]
pub(super) struct Prelude {
    pub(super) kdf: Kdf,
    pub(super) salt: [u8; SALT],
    pub(super) check: [u8; CHECK],
    pub(super) created: u64,
    bytes: Vec<u8>,
}

/// Why bytes are no prelude.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NoPrelude {
    Damaged,
    Unsupported,
}

/// What is derived for one backup.
pub(super) struct BackupKeys {
    pub(super) chunks: Cipher,
    /// Hides the key of the names from what compresses: that keeps what it has seen, and nobody
    /// can zero it there.
    pub(super) mask: SecretKey,
}

/// A new prelude, and the keys of what follows it.
pub(super) fn make(keys: &PasswordKeys, created: u64) -> Result<(Vec<u8>, BackupKeys)> {
    let nonce: [u8; NONCE] = random_bytes()?;
    let key = SecretKey::random()?;
    let mut bytes = Vec::with_capacity(SIZE);
    bytes.extend_from_slice(MAGIC);
    bytes.extend_from_slice(&VERSION.to_le_bytes());
    bytes.extend_from_slice(&keys.kdf.encode());
    bytes.extend_from_slice(&keys.salt);
    bytes.extend_from_slice(&keys.check);
    bytes.extend_from_slice(&created.to_le_bytes());
    bytes.extend_from_slice(&nonce);
    let mut wrapped = *key.bytes();
    let tag = Cipher::new(&keys.backup).seal(&nonce, &bytes, &mut wrapped)?;
    bytes.extend_from_slice(&wrapped);
    bytes.extend_from_slice(&tag);
    let keys = derive(&key, &bytes)?;
    Ok((bytes, keys))
}

fn derive(key: &SecretKey, prelude: &[u8]) -> Result<BackupKeys> {
    let digest = Sha256::digest(prelude);
    let chunks = Cipher::new(&key.derive(&digest, "sigil-vault 1 backup chunks")?);
    Ok(BackupKeys { chunks, mask: key.derive(&digest, "sigil-vault 1 backup names")? })
}

impl Prelude {
    pub(super) fn parse(bytes: &[u8; SIZE]) -> Result<Self, NoPrelude> {
        let rest = bytes.strip_prefix(MAGIC).ok_or(NoPrelude::Damaged)?;
        let (version, rest) = rest.split_first_chunk().ok_or(NoPrelude::Damaged)?;
        if u16::from_le_bytes(*version) != VERSION {
            return Err(NoPrelude::Unsupported);
        }
        let fields = || {
            let (kdf, rest) = rest.split_first_chunk()?;
            let (salt, rest) = rest.split_first_chunk()?;
            let (check, rest) = rest.split_first_chunk()?;
            let (created, _) = rest.split_first_chunk()?;
            let created = u64::from_le_bytes(*created);
            let kdf = Kdf::decode(kdf)?;
            Some(Self { kdf, salt: *salt, check: *check, created, bytes: bytes.to_vec() })
        };
        fields().ok_or(NoPrelude::Damaged)
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The keys of what follows; none where the prelude was changed.
    pub(super) fn open(&self, keys: &PasswordKeys) -> Result<Option<BackupKeys>> {
        let unwrapped = || {
            let (associated, wrapped) = self.bytes.split_at_checked(SIZE - WRAPPED)?;
            let nonce = associated.last_chunk::<NONCE>()?;
            let (wrapped, tag) = wrapped.split_last_chunk::<TAG>()?;
            let mut key = SecretKey::from_slice(wrapped)?;
            key.open_with(&Cipher::new(&keys.backup), nonce, associated, tag).then_some(key)
        };
        unwrapped().map(|key| derive(&key, &self.bytes)).transpose()
    }
}

/// Whether a file begins as ours do.
pub(super) fn is_ours(env: &dyn Env, path: &Path) -> bool {
    let mut magic = [0; MAGIC.len()];
    let read = env.open(path).and_then(|file| file.read_at(0, &mut magic));
    read.is_ok_and(|read| read == magic.len()) && magic == *MAGIC
}

impl NoPrelude {
    pub(super) fn into_error(self, path: &Path) -> Error {
        match self {
            Self::Damaged => {
                Error::BackupDamaged { path: path.into(), what: "it does not begin as backups do" }
            }
            Self::Unsupported => Error::Unsupported(path.into()),
        }
    }
}
