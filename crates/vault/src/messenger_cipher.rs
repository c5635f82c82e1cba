//! The messenger's own cipher, as phase 1C defines it: for what the messenger encrypts by itself.
//! The storage does not use it.
//!
//! PBKDF2-SHA512 with 100,000 rounds, the result hashed with SHA-256 once more; AES-256-GCM with
//! nonces of 128 bits; a ciphertext is nonce, tag, encrypted bytes.

use aes_gcm::aead::array::typenum::U16;
use aes_gcm::aead::inout::InOutBuf;
use aes_gcm::{AeadInOut, AesGcm, KeyInit, aes::Aes256};
use pbkdf2::pbkdf2_hmac;
use sha2::{Digest, Sha256, Sha512};
use zeroize::{Zeroize, Zeroizing};

use crate::error::{Error, Result};
use crate::keys::random_bytes;

const ROUNDS: u32 = 100_000;
const NONCE: usize = 16;
const TAG: usize = 16;

/// See the module's documentation. Its key is zeroed when it is dropped.
pub struct MessengerCipher(Box<AesGcm<Aes256, U16>>);

impl MessengerCipher {
    /// The cipher of a password and a salt.
    pub fn new(password: &[u8], salt: &[u8]) -> Self {
        let mut master = Zeroizing::new([0; 32]);
        pbkdf2_hmac::<Sha512>(password, salt, ROUNDS, &mut *master);
        let mut key = Sha256::digest(*master);
        let cipher = Self(Box::new(AesGcm::new(&key)));
        key.as_mut_slice().zeroize();
        cipher
    }

    /// Encrypts with a new nonce.
    ///
    /// # Errors
    ///
    /// Where the system has no random numbers.
    pub fn encrypt(&self, plain: &[u8]) -> Result<Vec<u8>> {
        self.encrypt_with(random_bytes()?, plain)
    }

    fn encrypt_with(&self, nonce: [u8; NONCE], plain: &[u8]) -> Result<Vec<u8>> {
        let mut body = plain.to_vec();
        let tag = self
            .0
            .encrypt_inout_detached((&nonce).into(), b"", InOutBuf::from(&mut body[..]))
            .map_err(|_| Error::Invalid("larger than AES-GCM can encrypt at once".into()))?;
        Ok([&nonce, tag.as_slice(), &body].concat())
    }

    /// What was encrypted; none where it was changed, or encrypted with another key.
    pub fn decrypt(&self, encrypted: &[u8]) -> Option<Vec<u8>> {
        let (nonce, rest) = encrypted.split_first_chunk::<NONCE>()?;
        let (tag, body) = rest.split_first_chunk::<TAG>()?;
        let mut plain = body.to_vec();
        let buffer = InOutBuf::from(&mut plain[..]);
        self.0.decrypt_inout_detached(nonce.into(), b"", buffer, tag.into()).ok()?;
        Some(plain)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ciphertext_of_the_design_is_read_and_made_again() {
        let hex = |text: &str| -> Vec<u8> {
            let digits: Vec<_> = text.bytes().collect();
            let byte = |pair: &[u8]| u8::from_str_radix(str::from_utf8(pair).unwrap(), 16).unwrap();
            digits.chunks(2).map(byte).collect()
        };
        let cipher = MessengerCipher::new(b"peer-alice", &[0; 64]);
        // Case 0 of the vectors that come with the design; jest has them all.
        let nonce = hex("2ba36708c6dc2495a67293e66217e9f9");
        let rest = "693372489c6711cd396bafd0a86fe8813ae96efdb5";
        let expected = [nonce.clone(), hex(rest)].concat();
        assert_eq!(cipher.encrypt_with(nonce.try_into().unwrap(), b"hello").unwrap(), expected);
        assert_eq!(cipher.decrypt(&expected).unwrap(), b"hello");
    }

    #[test]
    fn changes_are_noticed() {
        let cipher = MessengerCipher::new(b"a", b"b");
        let encrypted = cipher.encrypt(b"content").unwrap();
        for index in 0..encrypted.len() {
            let mut changed = encrypted.clone();
            changed[index] ^= 1;
            assert_eq!(cipher.decrypt(&changed), None);
            assert_eq!(cipher.decrypt(&encrypted[..index]), None);
        }
    }
}
