//! Records as they stand in the database: encrypted and bound to their place.
//!
//! The associated data has the store, the key and the place (whose first byte is the kind), so a
//! record that is moved, or comes from another store, does not decrypt. Every record gets 96 random
//! bits as its nonce; how often one key may do that is counted by the store.

use std::sync::Arc;

use crate::cipher::{Cipher, NONCE, TAG};
use crate::error::Result;
use crate::keys::{SecretKey, random_bytes};
use crate::opened_cache::Seal;

const VERSION: u8 = 1;
const KEY_ID: usize = 4;
const CONTEXT: &[u8] = b"sigil-vault 1 record";

/// What encryption adds to a record, with a key id of the longest.
const OVERHEAD: usize = 1 + 5 + NONCE + TAG;

pub(crate) const STORE_ID: usize = 16;

/// What tells a store from all others.
pub(crate) type StoreId = [u8; STORE_ID];

/// The keys that records are encrypted with. New ones get the last.
pub(crate) struct Sealer {
    store: StoreId,
    current: u32,
    ciphers: Vec<(u32, Arc<Cipher>)>,
}

impl Sealer {
    pub(crate) fn new(store: StoreId, keys: &[(u32, SecretKey)]) -> Result<Self> {
        let cipher = |(id, key): &(u32, SecretKey)| -> Result<(u32, Arc<Cipher>)> {
            Ok((*id, Arc::new(Cipher::new(&key.derive(&store, "sigil-vault 1 records")?))))
        };
        let ciphers = keys.iter().map(cipher).collect::<Result<_>>()?;
        Ok(Self { store, current: keys.last().map_or(0, |(id, _)| *id), ciphers })
    }

    /// The same keys, and new records get the first.
    pub(crate) fn with_first_key_in_use(mut self) -> Self {
        self.current = self.ciphers.first().map_or(self.current, |(id, _)| *id);
        self
    }

    /// With the keys of another besides, for what was encrypted before.
    pub(crate) fn and_keys_of(mut self, other: &Self) -> Self {
        let lacks = |id: &u32| self.ciphers.iter().all(|(own, _)| own != id);
        let others = other.ciphers.iter().filter(|(id, _)| lacks(id)).cloned();
        self.ciphers = others.chain(self.ciphers.iter().cloned()).collect();
        self
    }

    /// The record that is to stand at `place`.
    pub(crate) fn seal(&self, place: &[u8], plain: &[u8]) -> Result<Vec<u8>> {
        let nonce = random_bytes()?;
        let mut sealed = Vec::with_capacity(plain.len() + OVERHEAD);
        sealed.push(VERSION);
        push_number(&mut sealed, self.current);
        sealed.extend_from_slice(&nonce);
        let prefix = sealed.len();
        sealed.extend_from_slice(plain);
        let associated = self.associated(self.current, place);
        let (Some(cipher), Some(body)) = (self.cipher(self.current), sealed.get_mut(prefix..))
        else {
            return Err(crate::Error::Closed);
        };
        let tag = cipher.seal(&nonce, &associated, body)?;
        sealed.extend_from_slice(&tag);
        Ok(sealed)
    }

    /// What the record at `place` has inside, unless it was changed or is of another place.
    pub(crate) fn open(&self, place: &[u8], sealed: &[u8]) -> Option<Vec<u8>> {
        let (key, rest) = split(sealed)?;
        let (nonce, rest) = rest.split_first_chunk::<NONCE>()?;
        let (body, tag) = rest.split_last_chunk::<TAG>()?;
        let mut plain = body.to_vec();
        let associated = self.associated(key, place);
        self.cipher(key)?.open(nonce, &associated, &mut plain, tag).then_some(plain)
    }

    /// Whether a record was encrypted with the key that new ones get.
    pub(crate) fn is_current(&self, sealed: &[u8]) -> bool {
        split(sealed).is_some_and(|(key, _)| key == self.current)
    }

    fn cipher(&self, id: u32) -> Option<&Cipher> {
        self.ciphers.iter().rev().find(|(key, _)| *key == id).map(|(_, cipher)| &**cipher)
    }

    fn associated(&self, key: u32, place: &[u8]) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(CONTEXT.len() + STORE_ID + KEY_ID + place.len());
        bytes.extend_from_slice(CONTEXT);
        bytes.extend_from_slice(&self.store);
        bytes.extend_from_slice(&key.to_le_bytes());
        bytes.extend_from_slice(place);
        bytes
    }
}

/// What tells an encrypted record from all others: its tag and its nonce.
pub(crate) fn seal_of(sealed: &[u8]) -> Option<Seal> {
    let (nonce, _) = split(sealed)?.1.split_first_chunk::<NONCE>()?;
    let tag = sealed.last_chunk::<TAG>()?;
    let mut seal = [0; NONCE + TAG];
    seal.iter_mut().zip(tag.iter().chain(nonce)).for_each(|(place, byte)| *place = *byte);
    Some(seal)
}

/// The id of the key, and what follows it.
fn split(sealed: &[u8]) -> Option<(u32, &[u8])> {
    let (version, rest) = sealed.split_first()?;
    let (key, rest) = split_number(rest)?;
    (*version == VERSION).then_some((key, rest))
}

/// Seven bits a byte, the lowest first; the highest bit says that more follow.
fn push_number(bytes: &mut Vec<u8>, mut number: u32) {
    while number >= 0x80 {
        bytes.push(number as u8 | 0x80);
        number >>= 7;
    }
    bytes.push(number as u8);
}

fn split_number(bytes: &[u8]) -> Option<(u32, &[u8])> {
    let mut number = 0_u32;
    let mut rest = bytes;
    for shift in [0, 7, 14, 21, 28] {
        let (byte, after) = rest.split_first()?;
        rest = after;
        let bits = u32::from(byte & 0x7f);
        // A number has one form only: no bits beyond the 32, no zeros before it.
        if bits << shift >> shift != bits || shift > 0 && *byte == 0 {
            return None;
        }
        number |= bits << shift;
        if byte & 0x80 == 0 {
            return Some((number, rest));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(ids: &[u8]) -> Vec<(u32, SecretKey)> {
        ids.iter().map(|id| (u32::from(*id), SecretKey::new(&[*id; 32]))).collect()
    }

    #[test]
    fn a_record_opens_at_its_place_only() {
        let sealer = Sealer::new([1; 16], &keys(&[1])).unwrap();
        let sealed = sealer.seal(b"place", b"content").unwrap();
        assert_eq!(sealed.len(), 7 + 30);
        assert_eq!(sealer.open(b"place", &sealed).unwrap(), b"content");
        assert_eq!(sealer.open(b"other", &sealed), None);
        let elsewhere = Sealer::new([2; 16], &keys(&[1])).unwrap();
        assert_eq!(elsewhere.open(b"place", &sealed), None);
    }

    #[test]
    fn every_changed_byte_and_every_cut_is_noticed() {
        let sealer = Sealer::new([1; 16], &keys(&[1, 2])).unwrap();
        let sealed = sealer.seal(b"place", b"content").unwrap();
        for index in 0..sealed.len() {
            for bit in 0..8 {
                let mut changed = sealed.clone();
                changed[index] ^= 1 << bit;
                assert_eq!(sealer.open(b"place", &changed), None, "byte {index}");
            }
            assert_eq!(sealer.open(b"place", &sealed[..index]), None);
        }
    }

    #[test]
    fn key_ids_of_all_lengths() {
        for id in [0, 1, 127, 128, 300, 1 << 20, u32::MAX] {
            let mut bytes = Vec::new();
            push_number(&mut bytes, id);
            bytes.push(7);
            assert_eq!(split_number(&bytes), Some((id, &[7][..])));
        }
        for longer in [
            &[0xff; 8][..],
            &[0x81, 0],
            &[0x80, 0],
            &[0x81, 0x80, 0],
            &[0x81, 0x80, 0x80, 0x80, 0x10],
        ] {
            assert_eq!(split_number(longer), None, "{longer:?}");
        }
    }

    #[test]
    fn old_keys_open_and_the_last_seals() {
        let old = Sealer::new([1; 16], &keys(&[1])).unwrap();
        let both = Sealer::new([1; 16], &keys(&[1, 2])).unwrap();
        let sealed = old.seal(b"place", b"content").unwrap();
        assert_eq!(both.open(b"place", &sealed).unwrap(), b"content");
        assert!(old.is_current(&sealed) && !both.is_current(&sealed));
        let again = both.seal(b"place", b"content").unwrap();
        assert!(both.is_current(&again));
        assert_eq!(old.open(b"place", &again), None);
    }
}
