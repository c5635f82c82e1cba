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

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::path::Path;

    use sigil_leveldb::env::{Env, MemoryEnv};

    use super::super::chunk_writer::ChunkWriter;
    use super::*;
    use crate::keys::SecretKey;

    const PRELUDE: &[u8] = b"prelude";

    fn cipher() -> Cipher {
        Cipher::new(&SecretKey::new(&[7; 32]))
    }

    fn write(content: &[u8]) -> Vec<u8> {
        let env = MemoryEnv::new();
        let path = Path::new("/stream");
        let mut writer = ChunkWriter::begin(env.create(path).unwrap(), PRELUDE, cipher()).unwrap();
        writer.write_all(content).unwrap();
        let size = writer.finish().unwrap();
        let bytes = env.read_file(path).unwrap();
        assert_eq!(bytes.len() as u64, size);
        bytes
    }

    /// Reads a stream whose hash was made to fit by whoever changed it.
    fn read(mut bytes: Vec<u8>) -> io::Result<Vec<u8>> {
        let end = bytes.len() - HASH as usize;
        let hash = Sha256::digest(&bytes[..end]);
        bytes[end..].copy_from_slice(&hash);
        let env = MemoryEnv::new();
        env.write_file(Path::new("/stream"), bytes).unwrap();
        let file = env.open(Path::new("/stream")).unwrap();
        let mut reader = ChunkReader::begin(file, PRELUDE, cipher())?;
        let mut content = Vec::new();
        reader.read_to_end(&mut content)?;
        reader.finish()?;
        Ok(content)
    }

    #[test]
    fn streams_of_all_lengths_come_back() {
        for length in [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK, 3 * CHUNK + 5] {
            let content: Vec<u8> = (0..length).map(|at| at as u8).collect();
            assert_eq!(read(write(&content)).unwrap(), content, "{length}");
        }
    }

    #[test]
    fn chunks_that_are_cut_off_swapped_or_repeated_do_not_decrypt() {
        let whole = write(&vec![5; 3 * CHUNK]);
        let sealed = SEALED_CHUNK as usize;
        let chunks: Vec<_> = whole[PRELUDE.len()..whole.len() - 32].chunks(sealed).collect();
        assert_eq!(chunks.len(), 3);
        let forged = |order: &[usize]| {
            let chosen = order.iter().flat_map(|chunk| chunks[*chunk]);
            read(PRELUDE.iter().chain(chosen).chain(&[0; 32]).copied().collect())
        };
        assert!(forged(&[0, 1, 2]).is_ok());
        for order in [&[0][..], &[0, 1], &[1, 0, 2], &[0, 2], &[2], &[0, 1, 1, 2], &[0, 1, 2, 2]] {
            assert!(forged(order).is_err(), "{order:?}");
        }
    }
}
