//! Reading ahead for cursors. A cursor that takes blocks one behind the other, in either
//! direction, gets them out of pieces that were read at once; the pieces grow while it keeps going,
//! so that a short scan reads little and a long one is not bound by system calls.

use bytes::Bytes;

use super::block_handle::BlockHandle;
use super::block_reader::{BlockReader, ReadMode};
use crate::error::{CorruptionKind, Result};

const FIRST_WINDOW: u64 = 16 * 1024;
const MAX_WINDOW: u64 = 256 * 1024;

/// The piece of a table that a cursor read last.
#[derive(Default)]
pub(crate) struct Readahead {
    buffer: Vec<u8>,
    start: u64,
    filled: usize,
    /// How much the next read takes if it goes on from the last block.
    window: u64,
    last: Option<BlockHandle>,
}

impl Readahead {
    /// Notes that the cursor got a block from elsewhere.
    pub(crate) fn pass(&mut self, handle: BlockHandle) {
        self.last = Some(handle);
    }

    /// Reads a block of the data blocks, which end at `data_end`.
    pub(crate) fn read(
        &mut self,
        reader: &BlockReader,
        handle: BlockHandle,
        data_end: u64,
    ) -> Result<Bytes> {
        let last = self.last.replace(handle);
        if let Some(stored) = self.buffered(handle) {
            return reader.decode(handle, stored);
        }
        let size = handle.stored_size();
        let end = handle.offset + size;
        let forward = last.is_some_and(|last| last.offset + last.stored_size() == handle.offset);
        let backward = last.is_some_and(|last| last.offset == end);
        if forward || backward {
            self.window = (self.window * 2).clamp(FIRST_WINDOW, MAX_WINDOW);
        } else {
            self.window = 0;
        }
        if self.window <= size {
            return reader.read(handle, ReadMode::Any);
        }
        let (start, end) = if forward {
            (handle.offset, data_end.min(handle.offset + self.window).max(end))
        } else {
            (end.saturating_sub(self.window), end)
        };
        self.fill(reader, start, (end - start) as usize)?;
        match self.buffered(handle) {
            Some(stored) => reader.decode(handle, stored),
            None => Err(reader.corruption(handle.offset, CorruptionKind::BadLength)),
        }
    }

    fn fill(&mut self, reader: &BlockReader, start: u64, length: usize) -> Result<()> {
        self.filled = 0;
        if self.buffer.len() < length {
            self.buffer.resize(length, 0);
        }
        if let Some(buffer) = self.buffer.get_mut(..length) {
            self.filled = reader.read_at(start, buffer)?.min(length);
            self.start = start;
        }
        Ok(())
    }

    fn buffered(&self, handle: BlockHandle) -> Option<&[u8]> {
        let from = usize::try_from(handle.offset.checked_sub(self.start)?).ok()?;
        let to = from.checked_add(usize::try_from(handle.stored_size()).ok()?)?;
        self.buffer.get(..self.filled)?.get(from..to)
    }
}
