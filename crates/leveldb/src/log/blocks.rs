//! Reads a log a block at a time and keeps the last block, of which a file that ends inside it has
//! only the beginning.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::env::ReadableFile;
use crate::error::{Error, IoOperation, Result};
use crate::format::LOG_BLOCK_SIZE;

const BLOCK: u64 = LOG_BLOCK_SIZE as u64;

#[derive(Debug)]
pub(super) struct Blocks {
    file: Arc<dyn ReadableFile>,
    path: PathBuf,
    /// Which block `bytes` is, by its offset in the file.
    start: Option<u64>,
    bytes: Vec<u8>,
}

impl Blocks {
    pub(super) fn new(file: Arc<dyn ReadableFile>, path: PathBuf) -> Self {
        Self { file, path, start: None, bytes: Vec::new() }
    }

    /// The block that holds `offset`, as far as the file goes, and where in it `offset` is.
    pub(super) fn at(&mut self, offset: u64) -> Result<(&[u8], usize)> {
        let within = offset % BLOCK;
        let start = offset - within;
        if self.start != Some(start) {
            self.start = None;
            self.bytes.resize(LOG_BLOCK_SIZE, 0);
            let read = self
                .file
                .read_at(start, &mut self.bytes)
                .map_err(Error::io(IoOperation::Read, &self.path))?;
            self.bytes.truncate(read);
            self.start = Some(start);
        }
        Ok((&self.bytes, within as usize))
    }

    /// Forgets the block that is kept: the file may have grown.
    pub(super) fn forget(&mut self) {
        self.start = None;
    }

    pub(super) fn size(&self) -> Result<u64> {
        self.file.size().map_err(Error::io(IoOperation::Stat, &self.path))
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }
}

/// Where the block after the one that holds `offset` starts.
pub(super) fn next_block(offset: u64) -> u64 {
    offset - offset % BLOCK + BLOCK
}
