//! Appends records to a log.
//!
//! All fragments of a record are put together first and appended in one call, so that a crash of
//! the process leaves a record whole or not there at all wherever the system writes in one piece.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::record::{self, Part};
use crate::env::WritableFile;
use crate::error::{Error, IoOperation, Result};
use crate::format::{LOG_BLOCK_SIZE, LOG_HEADER_SIZE};

/// A buffer that one large record made larger than this is given back.
const KEPT_BUFFER: usize = 1024 * 1024;

#[derive(Debug)]
pub(crate) struct LogWriter {
    file: Arc<dyn WritableFile>,
    path: PathBuf,
    /// The length of what was appended successfully.
    offset: u64,
    /// An append failed, and part of it may stand behind `offset`.
    torn: bool,
    buffer: Vec<u8>,
}

impl LogWriter {
    /// Writes to `file`, which is new and empty.
    pub(crate) fn new(file: Arc<dyn WritableFile>, path: PathBuf) -> Self {
        Self { file, path, offset: 0, torn: false, buffer: Vec::new() }
    }

    /// Appends the record that `parts` make when joined. After an error the file may hold a piece
    /// of it; [`LogWriter::rewind`] removes that, and so does the next call.
    pub(crate) fn add_record(&mut self, parts: &[&[u8]]) -> Result<()> {
        if self.torn {
            self.rewind()?;
        }
        self.assemble(parts);
        let appended = self.file.append(&self.buffer);
        let length = self.buffer.len() as u64;
        if self.buffer.capacity() > KEPT_BUFFER {
            self.buffer = Vec::new();
        }
        // IMPORTANT: only what was appended whole counts, or a rewind would keep a torn record.
        self.torn = appended.is_err();
        appended.map_err(Error::io(IoOperation::Write, &self.path))?;
        self.offset += length;
        Ok(())
    }

    /// Cuts the file back to [`LogWriter::offset`], so that what a failed append left is gone.
    pub(crate) fn rewind(&mut self) -> Result<()> {
        self.file.truncate(self.offset).map_err(Error::io(IoOperation::Truncate, &self.path))?;
        self.torn = false;
        Ok(())
    }

    /// The length of what was appended successfully.
    pub(crate) fn offset(&self) -> u64 {
        self.offset
    }

    pub(crate) fn file(&self) -> &Arc<dyn WritableFile> {
        &self.file
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Puts the fragments of a record into the buffer, with the trailer of the block before it
    /// where there is one.
    fn assemble(&mut self, parts: &[&[u8]]) {
        self.buffer.clear();
        let mut within = (self.offset % LOG_BLOCK_SIZE as u64) as usize;
        let left = parts.iter().map(|part| part.len()).sum();
        let mut source = Source { parts, taken: 0, left };
        let mut first = true;
        loop {
            if record::is_trailer(within) {
                self.buffer.resize(self.buffer.len() + LOG_BLOCK_SIZE - within, 0);
                within = 0;
            }
            let room = LOG_BLOCK_SIZE - within - LOG_HEADER_SIZE;
            let last = source.left <= room;
            let part = match (first, last) {
                (true, true) => Part::Full,
                (true, false) => Part::First,
                (false, false) => Part::Middle,
                (false, true) => Part::Last,
            };
            let start = self.buffer.len();
            self.buffer.resize(start + LOG_HEADER_SIZE, 0);
            source.take(room, &mut self.buffer);
            if let Some(fragment) = self.buffer.get_mut(start..) {
                record::seal(fragment, part);
                within += fragment.len();
            }
            if last {
                return;
            }
            first = false;
        }
    }
}

/// The bytes of a record that are not in the buffer yet.
struct Source<'a> {
    parts: &'a [&'a [u8]],
    /// How much of the first part was moved already.
    taken: usize,
    left: usize,
}

impl Source<'_> {
    /// Moves up to `room` bytes to the end of `out`.
    fn take(&mut self, mut room: usize, out: &mut Vec<u8>) {
        while room > 0
            && let Some((part, rest)) = self.parts.split_first()
        {
            let unread = part.get(self.taken..).unwrap_or_default();
            let taken = unread.get(..room).unwrap_or(unread);
            out.extend_from_slice(taken);
            room -= taken.len();
            self.left -= taken.len();
            self.taken += taken.len();
            if self.taken == part.len() {
                self.parts = rest;
                self.taken = 0;
            }
        }
    }
}
