//! Keyed hashes in place of ids and peers.
//!
//! Ids can be guessed, peer ids most of all, so a plain hash would tell whoever tries them. The key
//! of these is as secret as that of the content. What kind of name it is goes into the hash: the
//! same text as a peer and as a session has hashes that cannot be recognised as each other's.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::error::{Error, Result};
use crate::keys::SecretKey;

/// Bytes of a name on the disk. Two of 2^64 names would collide.
pub(crate) const NAME: usize = 16;

/// A name as it stands on the disk.
pub(crate) type Name = [u8; NAME];

/// What makes names.
pub(crate) struct NameKey(Box<Hmac<Sha256>>);

impl NameKey {
    pub(crate) fn new(key: &SecretKey) -> Result<Self> {
        let key = key.derive(b"", "sigil-vault 1 names")?;
        let mac = Hmac::<Sha256>::new_from_slice(key.bytes());
        Ok(Self(Box::new(mac.map_err(|_| Error::Invalid("a key of no length".into()))?)))
    }

    /// The name of `text` in the space that `domain` stands for.
    pub(crate) fn name(&self, domain: u8, text: &str) -> Name {
        let mut mac = (*self.0).clone();
        mac.update(&[domain]);
        mac.update(text.as_bytes());
        let full: [u8; 32] = mac.finalize().into_bytes().into();
        let mut name = [0; NAME];
        name.iter_mut().zip(full).for_each(|(place, byte)| *place = byte);
        name
    }
}
