//! Reads single blocks of a table. Behind each stand its compression type and a masked crc32c of
//! the stored bytes and that type, which is verified on every read.

use std::cell::RefCell;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;

use super::block_handle::BlockHandle;
use super::compression;
use crate::checksum::masked_crc32c;
use crate::coding::fixed32;
use crate::env::{FileIdentity, ReadableFile};
use crate::error::{CorruptionKind, Error, IoOperation, Result};

/// Blocks up to this size are read into memory that a thread keeps for that: making and clearing a
/// buffer for each costs as much as its checksum.
const SCRATCH_LIMIT: usize = 64 * 1024;

/// Blocks beyond this size take their time although nothing is waited for.
const NO_WAIT_LIMIT: usize = 1 << 20;

thread_local! {
    static SCRATCH: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

/// What a read may wait for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ReadMode {
    /// The disk, if need be.
    Any,
    /// Nothing, but it may take what the system holds of a file in memory. Where that is not
    /// enough, or a block is large, the read is refused with [`Error::WouldBlock`].
    NoWait,
    /// Nothing, and no file is asked at all.
    MemoryOnly,
}

/// The file of a table. Handles that it is given were checked against the file's size.
pub(crate) struct BlockReader {
    file: Arc<dyn ReadableFile>,
    path: PathBuf,
}

impl BlockReader {
    pub(crate) fn new(file: Arc<dyn ReadableFile>, path: PathBuf) -> Self {
        Self { file, path }
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    pub(crate) fn identity(&self) -> Result<FileIdentity> {
        self.file.identity().map_err(Error::io(IoOperation::Stat, &self.path))
    }

    /// A corruption of this table.
    pub(crate) fn corruption(&self, offset: impl Into<Option<u64>>, kind: CorruptionKind) -> Error {
        Error::corruption(&self.path, offset, kind)
    }

    /// Fills `buffer` from `offset`, as far as the file goes.
    pub(crate) fn read_at(&self, offset: u64, buffer: &mut [u8]) -> Result<usize> {
        self.file.read_at(offset, buffer).map_err(Error::io(IoOperation::Read, &self.path))
    }

    /// Reads, verifies and decompresses a block.
    pub(crate) fn read(&self, handle: BlockHandle, mode: ReadMode) -> Result<Bytes> {
        let size = handle.stored_size() as usize;
        if size > SCRATCH_LIMIT {
            return self.read_into(&mut vec![0; size], handle, mode);
        }
        let scratched = SCRATCH.try_with(|scratch| {
            let mut scratch = scratch.try_borrow_mut().ok()?;
            if scratch.len() < size {
                scratch.resize(size, 0);
            }
            Some(self.read_into(scratch.get_mut(..size)?, handle, mode))
        });
        // A thread that is ending has no scratch any more.
        scratched.ok().flatten().unwrap_or_else(|| self.read_into(&mut vec![0; size], handle, mode))
    }

    fn read_into(&self, stored: &mut [u8], handle: BlockHandle, mode: ReadMode) -> Result<Bytes> {
        let read = match mode {
            ReadMode::Any => self.read_at(handle.offset, stored)?,
            ReadMode::NoWait if stored.len() > NO_WAIT_LIMIT => return Err(Error::WouldBlock),
            ReadMode::NoWait => self
                .file
                .read_at_if_cached(handle.offset, stored)
                .map_err(Error::io(IoOperation::Read, &self.path))?
                .filter(|&read| read == stored.len())
                .ok_or(Error::WouldBlock)?,
            ReadMode::MemoryOnly => return Err(Error::WouldBlock),
        };
        if read != stored.len() {
            return Err(self.corruption(handle.offset, CorruptionKind::BadLength));
        }
        self.decode(handle, stored)
    }

    /// Verifies and decompresses a block that was read with its trailer.
    pub(crate) fn decode(&self, handle: BlockHandle, stored: &[u8]) -> Result<Bytes> {
        let (block_type, content) = self.verify(handle, stored)?;
        self.decompress(handle, block_type, content)
    }

    fn verify<'a>(&self, handle: BlockHandle, stored: &'a [u8]) -> Result<(u8, &'a [u8])> {
        let parts = stored.split_at_checked(handle.size as usize).and_then(|(content, trailer)| {
            Some((content, *trailer.first()?, fixed32(trailer, 1)?))
        });
        let Some((content, block_type, checksum)) = parts else {
            return Err(self.corruption(handle.offset, CorruptionKind::BadLength));
        };
        if masked_crc32c(&[content, &[block_type]]) != checksum {
            return Err(self.corruption(handle.offset, CorruptionKind::Checksum));
        }
        Ok((block_type, content))
    }

    fn decompress(&self, handle: BlockHandle, block_type: u8, content: &[u8]) -> Result<Bytes> {
        compression::decompress(block_type, content)
            .map_err(|kind| self.corruption(handle.offset, kind))
    }
}
