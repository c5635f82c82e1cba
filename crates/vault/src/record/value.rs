//! A value as the caller gave it, made smaller where that is worth it.
//!
//! One byte says which: 0 as it is, 1 a Zstandard frame with the dictionary beside this file, which
//! has what JSON of a messenger is full of: a message is too short to learn that from. It also has
//! how often letters and digits come, so that a frame need not begin with that: to write it and to
//! read it took half of the time, and 23 bytes of 271. Short values are left alone, and so are those
//! that become less than an eighth smaller.

use std::cell::RefCell;
use std::io;

use bytes::Bytes;
use zstd::bulk::{Compressor, Decompressor};
use zstd::zstd_safe::CParameter;

const PLAIN: u8 = 0;
const COMPRESSED: u8 = 1;

/// What is shorter has nothing to repeat.
const LEAST: usize = 64;
const LEVEL: i32 = 3;
/// Part of the format: another one needs another number.
const DICTIONARY: &[u8] = include_bytes!("dictionary_1.bin");
/// No value is larger: the options see to that, and it bounds what is believed of a frame.
const MOST: usize = 1 << 30;

thread_local! {
    static COMPRESSOR: RefCell<Option<Compressor<'static>>> = const { RefCell::new(None) };
    static DECOMPRESSOR: RefCell<Option<Decompressor<'static>>> = const { RefCell::new(None) };
}

/// Adds the byte and the value.
pub(crate) fn append(bytes: &mut Vec<u8>, value: &[u8]) {
    let compressed = if value.len() < LEAST { None } else { compress(value) };
    match compressed.filter(|frame| frame.len() < value.len() - value.len() / 8) {
        Some(frame) => {
            bytes.push(COMPRESSED);
            bytes.extend_from_slice(&frame);
        }
        None => {
            bytes.push(PLAIN);
            bytes.extend_from_slice(value);
        }
    }
}

/// The value behind the byte.
pub(crate) fn read(bytes: &Bytes) -> Option<Bytes> {
    let (form, rest) = bytes.split_first()?;
    match *form {
        PLAIN => Some(bytes.slice_ref(rest)),
        COMPRESSED => decompress(rest),
        _ => None,
    }
}

/// How large the value is, at most; nothing is decompressed.
pub(crate) fn size(bytes: &Bytes) -> Option<usize> {
    let (form, rest) = bytes.split_first()?;
    match *form {
        COMPRESSED => Decompressor::upper_bound(rest),
        _ => Some(rest.len()),
    }
}

fn compress(value: &[u8]) -> Option<Vec<u8>> {
    COMPRESSOR.with_borrow_mut(|kept| {
        if kept.is_none() {
            *kept = compressor().ok();
        }
        kept.as_mut()?.compress(value).ok()
    })
}

fn compressor() -> io::Result<Compressor<'static>> {
    let mut compressor = Compressor::with_dictionary(LEVEL, DICTIONARY)?;
    // The byte before the frame says which one it is.
    compressor.set_parameter(CParameter::DictIdFlag(false))?;
    Ok(compressor)
}

fn decompress(frame: &[u8]) -> Option<Bytes> {
    let bound = Decompressor::upper_bound(frame);
    let size = bound.filter(|size| !frame.is_empty() && *size <= MOST)?;
    DECOMPRESSOR.with_borrow_mut(|kept| {
        if kept.is_none() {
            *kept = Decompressor::with_dictionary(DICTIONARY).ok();
        }
        kept.as_mut()?.decompress(frame, size).ok().map(Bytes::from)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn through(value: &[u8]) -> (usize, Bytes) {
        let mut bytes = Vec::new();
        append(&mut bytes, value);
        (bytes.len(), read(&Bytes::from(bytes)).unwrap())
    }

    #[test]
    fn values_come_back_whatever_their_form() {
        let text =
            b"{\"sender\":\"alice\",\"recipient\":\"bob\",\"sent\":true,\"seen\":true}".repeat(9);
        let noise: Vec<u8> =
            (0_u32..400).map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
        for (value, at_most) in [(&text[..], 150), (&noise[..], 401), (b"", 1), (b"short", 6)] {
            let (size, found) = through(value);
            assert_eq!(found, value);
            assert!(size <= at_most, "{size} of {}", value.len());
        }
    }

    #[test]
    fn the_dictionary_is_never_changed() {
        use sha2::{Digest, Sha256};
        let digest: String =
            Sha256::digest(DICTIONARY).iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(digest, "73a24c683e595f0231c7a7d2ae1b78c173914fc1ec623e4e95f0f7c798a34741");
    }

    /// Bytes of the dictionary behind its tables.
    const WORDS: usize = 1232;

    #[test]
    fn a_frame_has_no_tables_of_its_own() {
        let text = b"A message of some length has enough letters in it for a table of how often each of \
            them comes, and without those of the dictionary that would stand before them in the frame.";
        let words = DICTIONARY.split_at(DICTIONARY.len() - WORDS).1;
        let mut without = Compressor::with_dictionary(LEVEL, words).unwrap();
        let (size, _) = through(text);
        assert!(size < without.compress(text).unwrap().len(), "{size}");
    }

    #[test]
    fn what_is_no_value_is_none() {
        for bytes in [&b""[..], b"\x02text", b"\x01no frame", b"\x01"] {
            assert_eq!(read(&Bytes::copy_from_slice(bytes)), None);
        }
    }
}
