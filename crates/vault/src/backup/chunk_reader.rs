//! Decrypting a stream of chunks. Nothing of a chunk is given out before all of it is authentic.

use std::io::{self, Read};
use std::sync::Arc;

use sha2::{Digest, Sha256};
use sigil_leveldb::env::ReadableFile;

use super::chunk_writer::{CHUNK, nonce};
use crate::cipher::{Cipher, TAG};

/// Bytes of the hash at the end.
pub(super) const HASH: u64 = 32;

const SEALED_CHUNK: u64 = (CHUNK + TAG) as u64;

/// See the module's documentation.
pub(super) struct ChunkReader {
    file: Arc<dyn ReadableFile>,
    cipher: Cipher,
    number: u64,
    /// Where the next chunk begins, and where the last one ends.
    offset: u64,
    end: u64,
    chunk: Vec<u8>,
    taken: usize,
    hash: Sha256,
}

impl ChunkReader {
    pub(super) fn begin(
        file: Arc<dyn ReadableFile>,
        prelude: &[u8],
        cipher: Cipher,
    ) -> io::Result<Self> {
        let size = file.size()?;
        let offset = prelude.len() as u64;
        let end = size.checked_sub(HASH).filter(|end| *end >= offset + TAG as u64);
        let end = end.ok_or_else(|| damaged("it is too short"))?;
        let hash = Sha256::new().chain_update(prelude);
        Ok(Self { file, cipher, number: 0, offset, end, chunk: Vec::new(), taken: 0, hash })
    }

    /// To be called at the end of the stream: whether the hash is that of the file.
    pub(super) fn finish(mut self) -> io::Result<()> {
        if self.offset < self.end || self.taken < self.chunk.len() {
            return Err(damaged("something follows its end"));
        }
        let mut expected = [0; HASH as usize];
        let read = self.file.read_at(self.end, &mut expected)?;
        let hash = std::mem::take(&mut self.hash).finalize();
        if read == expected.len() && hash.as_slice() == expected {
            return Ok(());
        }
        Err(damaged("its hash is another"))
    }

    fn next_chunk(&mut self) -> io::Result<()> {
        let left = self.end - self.offset;
        let is_last = left <= SEALED_CHUNK;
        let size = usize::try_from(left.min(SEALED_CHUNK)).unwrap_or(0);
        self.chunk.resize(size, 0);
        self.taken = 0;
        if self.file.read_at(self.offset, &mut self.chunk)? != size {
            return Err(damaged("it became shorter"));
        }
        self.hash.update(&self.chunk);
        let Some((body, tag)) = self.chunk.split_last_chunk_mut::<TAG>() else {
            return Err(damaged("its last chunk is cut off"));
        };
        if !self.cipher.open(&nonce(self.number, is_last), b"", body, tag) {
            return Err(damaged("a chunk was changed, moved or cut off"));
        }
        self.chunk.truncate(size - TAG);
        self.number += 1;
        self.offset += size as u64;
        Ok(())
    }
}

impl Read for ChunkReader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.taken == self.chunk.len() {
            if self.offset == self.end {
                return Ok(0);
            }
            self.next_chunk()?;
        }
        let rest = self.chunk.get(self.taken..).unwrap_or_default();
        let count = rest.len().min(buffer.len());
        buffer.iter_mut().zip(rest).for_each(|(place, byte)| *place = *byte);
        self.taken += count;
        Ok(count)
    }
}

/// What is wrong with a backup, as an error of the system.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(super) struct Damage(pub(super) &'static str);

pub(super) fn damaged(what: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, Damage(what))
}

/// The hash of a file without its last bytes is in these.
pub(super) fn is_hash_right(file: &dyn ReadableFile) -> io::Result<bool> {
    let Some(end) = file.size()?.checked_sub(HASH) else { return Ok(false) };
    let (mut hash, mut offset) = (Sha256::new(), 0);
    let mut piece = vec![0; CHUNK];
    while offset < end {
        let wanted = usize::try_from(end - offset).unwrap_or(CHUNK).min(CHUNK);
        let read = file.read_at(offset, piece.get_mut(..wanted).unwrap_or_default())?;
        if read == 0 {
            return Ok(false);
        }
        hash.update(piece.get(..read).unwrap_or_default());
        offset += read as u64;
    }
    let mut expected = [0; HASH as usize];
    let read = file.read_at(end, &mut expected)?;
    Ok(read == expected.len() && hash.finalize().as_slice() == expected)
}
