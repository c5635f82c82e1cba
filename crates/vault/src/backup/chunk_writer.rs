//! Encrypting a stream in chunks that cannot be reordered, dropped or cut off.
//!
//! This is STREAM (Hoang, Reyhanitabar, Rogaway and Vizár): a chunk's nonce is its number and
//! whether it is the last one, under a key that no other stream has.

use std::io::{self, Write};
use std::mem;
use std::sync::Arc;

use sha2::{Digest, Sha256};
use sigil_leveldb::env::WritableFile;

use crate::cipher::{Cipher, NONCE};

/// Bytes of a chunk before it is encrypted; the last one may have fewer.
pub(super) const CHUNK: usize = 64 << 10;

/// The nonce of a chunk.
pub(super) fn nonce(number: u64, is_last: bool) -> [u8; NONCE] {
    let mut nonce = [0; NONCE];
    let bytes = number.to_be_bytes().into_iter().chain([u8::from(is_last)]);
    // Three zeros, eight bytes of the number, one for the end.
    nonce.iter_mut().skip(NONCE - 9).zip(bytes).for_each(|(place, byte)| *place = byte);
    nonce
}

/// See the module's documentation.
pub(super) struct ChunkWriter {
    file: Arc<dyn WritableFile>,
    cipher: Cipher,
    number: u64,
    buffer: Vec<u8>,
    hash: Sha256,
    pub(super) written: u64,
}

impl ChunkWriter {
    /// Begins with bytes that are not encrypted.
    pub(super) fn begin(
        file: Arc<dyn WritableFile>,
        prelude: &[u8],
        cipher: Cipher,
    ) -> io::Result<Self> {
        let buffer = Vec::with_capacity(CHUNK);
        let mut writer = Self { file, cipher, number: 0, buffer, hash: Sha256::new(), written: 0 };
        writer.append(prelude)?;
        Ok(writer)
    }

    /// Writes the last chunk and the hash of it all, and syncs. Gives the file's size.
    pub(super) fn finish(mut self) -> io::Result<u64> {
        self.write_chunk(true)?;
        let hash = mem::take(&mut self.hash).finalize();
        self.append(&hash)?;
        self.file.sync()?;
        Ok(self.written)
    }

    fn write_chunk(&mut self, is_last: bool) -> io::Result<()> {
        let mut chunk = mem::replace(&mut self.buffer, Vec::with_capacity(CHUNK));
        let tag = self
            .cipher
            .seal(&nonce(self.number, is_last), b"", &mut chunk)
            .map_err(io::Error::other)?;
        self.number += 1;
        chunk.extend_from_slice(&tag);
        self.append(&chunk)
    }

    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.hash.update(bytes);
        self.file.append(bytes)?;
        self.written += bytes.len() as u64;
        Ok(())
    }
}

impl Write for ChunkWriter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        // A full chunk waits until something follows it: only then it is not the last.
        if self.buffer.len() == CHUNK && !bytes.is_empty() {
            self.write_chunk(false)?;
        }
        let taken = bytes.len().min(CHUNK - self.buffer.len());
        self.buffer.extend_from_slice(bytes.get(..taken).unwrap_or_default());
        Ok(taken)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
