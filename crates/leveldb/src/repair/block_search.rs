//! The data blocks of a table, with its index or without.
//!
//! The index says where the blocks are. Where it or the footer is damaged, the blocks still follow
//! one another from the start of the file without a gap, each with its type and checksum behind it,
//! and the only thing that is not known of the next one is its length. So every length is tried: a
//! checksum of four bytes that fits, on a type that there is, and a content that is a block of
//! entries behind those before it, prove each other. The checksum grows with the length, so that
//! costs one pass.
//!
//! The search ends at the first place where nothing can be proven, and goes no further: a value may
//! hold the bytes of a table, and its blocks would come alive.

use bytes::Bytes;

use crate::checksum::mask;
use crate::error::{CorruptionKind, Error, Result};
use crate::format::{BLOCK_TRAILER_SIZE, FOOTER_SIZE, MAX_BLOCK_SIZE};
use crate::table::{Block, BlockHandle, BlockIterator, BlockReader, Footer, ReadMode};

/// How much of a file is read at once.
const WINDOW: usize = 64 * 1024;

/// The blocks that the index names, of a table that ends at `end`.
pub(super) fn from_index(reader: &BlockReader, end: u64) -> Result<Vec<BlockHandle>> {
    let index = read_footer(reader, end)?.index;
    let bad = |kind| reader.corruption(index.offset, kind);
    let block = Block::new(reader.read(index, ReadMode::Any)?).map_err(bad)?;
    let mut entries = BlockIterator::new(block);
    let mut handles = Vec::new();
    let mut last_end = 0;
    entries.seek_to_first().map_err(bad)?;
    while entries.valid() {
        let handle = BlockHandle::decode(entries.value())
            .filter(|handle| handle.offset >= last_end && handle.end_within(index.offset).is_some())
            .ok_or_else(|| bad(CorruptionKind::BadLength))?;
        last_end = handle.offset + handle.stored_size();
        handles.push(handle);
        entries.next().map_err(bad)?;
    }
    Ok(handles)
}

fn read_footer(reader: &BlockReader, end: u64) -> Result<Footer> {
    let at = end.saturating_sub(FOOTER_SIZE as u64);
    let mut bytes = [0; FOOTER_SIZE];
    let read = reader.read_at(at, &mut bytes)?;
    Footer::decode(bytes.get(..read).unwrap_or_default(), end)
        .map_err(|kind| reader.corruption(at, kind))
}

/// What is at a place where a block should start.
pub(super) enum Found {
    /// A block of which `accept` took the content.
    Data(BlockHandle),
    /// A block that is whole and was not taken: the data ends here.
    Other,
    /// Nothing that can be proven.
    Nothing,
}

/// Looks for a block that starts at `offset` and ends at `end` at the latest.
pub(super) fn search(
    reader: &BlockReader,
    offset: u64,
    end: u64,
    mut accept: impl FnMut(&Bytes) -> Result<bool>,
) -> Result<Found> {
    let mut found = Found::Nothing;
    let mut window = Window::default();
    let mut crc = 0;
    let longest = end.saturating_sub(offset + BLOCK_TRAILER_SIZE as u64).min(MAX_BLOCK_SIZE);
    if offset + BLOCK_TRAILER_SIZE as u64 > end {
        return Ok(found);
    }
    for size in 0..=longest {
        // The byte behind the content, if it ends here, is its type, and is covered as well.
        let Some((byte, stored)) = window.trailer_at(reader, offset + size)? else { break };
        crc = crc32c::crc32c_append(crc, &[byte]);
        if mask(crc) != stored {
            continue;
        }
        let handle = BlockHandle { offset, size };
        match reader.read(handle, ReadMode::Any) {
            Ok(content) if accept(&content)? => return Ok(Found::Data(handle)),
            Ok(_) => found = Found::Other,
            Err(Error::Corruption { .. }) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(found)
}

/// The piece of the file that the search is in.
#[derive(Default)]
struct Window {
    bytes: Vec<u8>,
    start: u64,
}

impl Window {
    /// The byte at `offset` and the number behind it; `None` where the file ends before.
    fn trailer_at(&mut self, reader: &BlockReader, offset: u64) -> Result<Option<(u8, u32)>> {
        if let Some(trailer) = self.get(offset) {
            return Ok(Some(trailer));
        }
        self.bytes.resize(WINDOW, 0);
        let read = reader.read_at(offset, &mut self.bytes)?;
        self.bytes.truncate(read);
        self.start = offset;
        Ok(self.get(offset))
    }

    fn get(&self, offset: u64) -> Option<(u8, u32)> {
        let at = usize::try_from(offset.checked_sub(self.start)?).ok()?;
        let &[block_type, a, b, c, d] =
            self.bytes.get(at..)?.first_chunk::<{ BLOCK_TRAILER_SIZE }>()?;
        Some((block_type, u32::from_le_bytes([a, b, c, d])))
    }
}
