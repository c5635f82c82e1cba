//! Compression of single blocks. The byte behind a block says how it is stored: 0 as it is, 1 with
//! snappy, 2 with zstd. A block that compression does not make at least an eighth smaller is
//! stored as it is.
//!
//! Compressed bytes come from a disk and name their own length. Memory is only taken for lengths
//! that this many compressed bytes can possibly give.

use std::cell::RefCell;
use std::io::Read;

use bytes::Bytes;

use crate::error::{CorruptionKind, Error, Result};
use crate::format::MAX_BLOCK_SIZE;
use crate::options::Compression;

pub(crate) const TYPE_NONE: u8 = 0;
pub(crate) const TYPE_SNAPPY: u8 = 1;
pub(crate) const TYPE_ZSTD: u8 = 2;

/// Three bytes of snappy give 64 at most.
const SNAPPY_MAX_RATIO: u64 = 22;

/// Four bytes of zstd, a block that repeats one byte, give 128 KiB.
const ZSTD_MAX_RATIO: u64 = 128 * 1024 / 4;

/// A frame of unknown length is read through a window as large as the frame asks for, 128 MiB if
/// nobody objects. These 8 MiB are what the levels up to 19 ask for.
const ZSTD_MAX_WINDOW_LOG: u32 = 23;

/// Compresses blocks; holds the tables that the algorithms work with from block to block.
pub(crate) struct Compressor {
    method: Method,
    output: Vec<u8>,
}

enum Method {
    None,
    Snappy(Box<snap::raw::Encoder>),
    Zstd(Box<zstd::bulk::Compressor<'static>>),
}

impl Compressor {
    pub(crate) fn new(compression: Compression) -> Result<Self> {
        let method = match compression {
            Compression::None => Method::None,
            Compression::Snappy => Method::Snappy(Box::new(snap::raw::Encoder::new())),
            Compression::Zstd(level) => Method::Zstd(Box::new(
                zstd::bulk::Compressor::new(level)
                    .map_err(|error| Error::InvalidArgument(format!("zstd level: {error}")))?,
            )),
        };
        Ok(Self { method, output: Vec::new() })
    }

    /// The bytes to store for a block, and their type.
    pub(crate) fn compress<'a>(&'a mut self, raw: &'a [u8]) -> (u8, &'a [u8]) {
        let Some((block_type, length)) = self.try_compress(raw) else { return (TYPE_NONE, raw) };
        match self.output.get(..length) {
            Some(compressed) if length < raw.len() - raw.len() / 8 => (block_type, compressed),
            _ => (TYPE_NONE, raw),
        }
    }

    fn try_compress(&mut self, raw: &[u8]) -> Option<(u8, usize)> {
        match &mut self.method {
            Method::None => None,
            Method::Snappy(encoder) => {
                let bound = snap::raw::max_compress_len(raw.len());
                if self.output.len() < bound {
                    self.output.resize(bound, 0);
                }
                Some((TYPE_SNAPPY, encoder.compress(raw, &mut self.output).ok()?))
            }
            Method::Zstd(compressor) => {
                self.output.clear();
                self.output.reserve(zstd::zstd_safe::compress_bound(raw.len()));
                let length = compressor.compress_to_buffer(raw, &mut self.output).ok()?;
                Some((TYPE_ZSTD, length))
            }
        }
    }
}

/// The content of a block stored as `block_type`. A block stored as it is gets copied.
pub(crate) fn decompress(block_type: u8, stored: &[u8]) -> Result<Bytes, CorruptionKind> {
    match block_type {
        TYPE_NONE => Ok(Bytes::copy_from_slice(stored)),
        TYPE_SNAPPY => snappy(stored).map(Bytes::from),
        TYPE_ZSTD => zstd(stored).map(Bytes::from),
        _ => Err(CorruptionKind::UnknownType),
    }
}

fn snappy(stored: &[u8]) -> Result<Vec<u8>, CorruptionKind> {
    let length = snap::raw::decompress_len(stored).map_err(|_| CorruptionKind::Compression)?;
    check_plausible(length as u64, stored, SNAPPY_MAX_RATIO)?;
    let mut content = vec![0; length];
    match snap::raw::Decoder::new().decompress(stored, &mut content) {
        Ok(written) if written == length => Ok(content),
        _ => Err(CorruptionKind::Compression),
    }
}

fn zstd(stored: &[u8]) -> Result<Vec<u8>, CorruptionKind> {
    thread_local! {
        // A context is some hundred kilobytes: too much to make for every block.
        static DECOMPRESSOR: RefCell<zstd::bulk::Decompressor<'static>> = RefCell::default();
    }
    let declared =
        zstd::zstd_safe::get_frame_content_size(stored).map_err(|_| CorruptionKind::Compression)?;
    let Some(length) = declared else { return zstd_of_unknown_length(stored) };
    check_plausible(length, stored, ZSTD_MAX_RATIO)?;
    let mut content = Vec::with_capacity(length as usize);
    let written = DECOMPRESSOR
        .with_borrow_mut(|decompressor| decompressor.decompress_to_buffer(stored, &mut content));
    match written {
        Ok(written) if written as u64 == length => Ok(content),
        _ => Err(CorruptionKind::Compression),
    }
}

/// LevelDB's writer always declares the length; for one that does not, the output grows as it
/// comes.
fn zstd_of_unknown_length(stored: &[u8]) -> Result<Vec<u8>, CorruptionKind> {
    let mut decoder = zstd::stream::read::Decoder::with_buffer(stored)
        .map_err(|_| CorruptionKind::Compression)?;
    decoder.window_log_max(ZSTD_MAX_WINDOW_LOG).map_err(|_| CorruptionKind::Compression)?;
    let mut content = Vec::new();
    decoder
        .take(MAX_BLOCK_SIZE + 1)
        .read_to_end(&mut content)
        .map_err(|_| CorruptionKind::Compression)?;
    if content.len() as u64 > MAX_BLOCK_SIZE {
        return Err(CorruptionKind::BadLength);
    }
    Ok(content)
}

fn check_plausible(length: u64, stored: &[u8], max_ratio: u64) -> Result<(), CorruptionKind> {
    if length > MAX_BLOCK_SIZE || length > (stored.len() as u64).saturating_mul(max_ratio) {
        return Err(CorruptionKind::BadLength);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::RngExt;

    use super::*;

    const ALL: [Compression; 3] = [Compression::None, Compression::Snappy, Compression::Zstd(3)];

    #[test]
    fn blocks_survive_the_round_trip() {
        let noise: Vec<u8> =
            (0..5000u32).map(|i| (i.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
        for raw in [&b""[..], b"x", &[7; 100_000], &noise] {
            for compression in ALL {
                let mut compressor = Compressor::new(compression).unwrap();
                for _ in 0..2 {
                    let (block_type, stored) = compressor.compress(raw);
                    assert_eq!(decompress(block_type, stored).unwrap(), raw);
                }
            }
        }
    }

    #[test]
    fn what_does_not_shrink_by_an_eighth_is_stored_as_it_is() {
        let noise: Vec<u8> = proptest::test_runner::TestRunner::deterministic()
            .rng()
            .random_iter()
            .take(4096)
            .collect();
        for compression in ALL {
            let mut compressor = Compressor::new(compression).unwrap();
            assert_eq!(compressor.compress(&noise).0, TYPE_NONE);
        }
    }

    #[test]
    fn hostile_lengths_are_refused_before_memory_is_taken() {
        // A snappy header that claims 4 GiB - 1, then one that claims 1 GiB.
        assert!(decompress(TYPE_SNAPPY, &[0xff, 0xff, 0xff, 0xff, 0x0f, 0]).is_err());
        assert_eq!(
            decompress(TYPE_SNAPPY, &[0x80, 0x80, 0x80, 0x80, 0x04, 0]),
            Err(CorruptionKind::BadLength)
        );
        // A zstd frame header with an eight-byte content size of 2^40.
        let mut frame = vec![0x28, 0xb5, 0x2f, 0xfd, 0b1110_0000];
        frame.extend_from_slice(&(1u64 << 40).to_le_bytes());
        assert_eq!(decompress(TYPE_ZSTD, &frame), Err(CorruptionKind::BadLength));
        // One of a single byte and no content size, with a window of 128 MiB, then one of 8 MiB.
        let with_window = |log: u8| [0x28, 0xb5, 0x2f, 0xfd, 0, (log - 10) << 3, 9, 0, 0, b'x'];
        assert_eq!(decompress(TYPE_ZSTD, &with_window(27)), Err(CorruptionKind::Compression));
        assert_eq!(decompress(TYPE_ZSTD, &with_window(23)).unwrap(), b"x"[..]);
        assert!(decompress(3, b"").is_err());
    }

    #[test]
    fn zstd_frames_without_a_length_are_read() {
        let stored = zstd::stream::encode_all(&[5u8; 70_000][..], 1).unwrap();
        assert!(matches!(zstd::zstd_safe::get_frame_content_size(&stored), Ok(None)));
        assert_eq!(decompress(TYPE_ZSTD, &stored).unwrap(), vec![5u8; 70_000]);
    }
}
