//! Reading a damaged table: every block whose checksum holds gives its entries, and every other one
//! is a loss with a place and a size.

use std::path::PathBuf;
use std::sync::Arc;

use bytes::Bytes;

use super::block_search::{self, Found};
use super::report::Damage;
use crate::env::ReadableFile;
use crate::error::{CorruptionKind, Error, Result};
use crate::internal_key;
use crate::table::{Block, BlockIterator, BlockReader, ReadMode};

/// Takes the entries that were proven, in order.
pub(super) type Sink<'a> = dyn FnMut(&[u8], &[u8]) -> Result<()> + 'a;

/// Gives the entries that can be proven to `sink`, and says what cannot. `expected_size` is the
/// size that the manifest names.
pub(super) fn salvage(
    file: Arc<dyn ReadableFile>,
    path: PathBuf,
    expected_size: Option<u64>,
    sink: &mut Sink<'_>,
) -> Result<Vec<Damage>> {
    let reader = BlockReader::new(file, path.clone());
    let size = reader.identity()?.size;
    // Whatever stands behind the size that was recorded is not part of the table.
    let end = expected_size.map_or(size, |expected| expected.min(size));
    let recorded_end = expected_size.unwrap_or(size);
    let mut salvage = Salvage {
        reader,
        path,
        end,
        recorded_end,
        last_key: Vec::new(),
        damages: Vec::new(),
        sink,
    };
    match block_search::from_index(&salvage.reader, end) {
        Ok(handles) => {
            for handle in handles {
                salvage.block(handle.offset, handle.stored_size(), |salvage| {
                    let content = salvage.reader.read(handle, ReadMode::Any)?;
                    salvage.entries(&content, handle.offset)
                })?;
            }
        }
        Err(error) => {
            salvage.damages.push(Damage::of(error)?);
            salvage.without_index()?;
        }
    }
    Ok(salvage.damages)
}

struct Salvage<'a, 'b> {
    reader: BlockReader,
    path: PathBuf,
    /// Where the bytes that may belong to the table end, and where they did once.
    end: u64,
    recorded_end: u64,
    /// The key that the next block must begin behind; empty before the first.
    last_key: Vec<u8>,
    damages: Vec<Damage>,
    sink: &'a mut Sink<'b>,
}

impl Salvage<'_, '_> {
    /// Reads a block of `bytes` bytes; where that cannot be done it is lost.
    fn block(
        &mut self,
        offset: u64,
        bytes: u64,
        read: impl FnOnce(&mut Self) -> Result<()>,
    ) -> Result<()> {
        if let Err(error) = read(self) {
            self.damages.push(Damage { offset, bytes, ..Damage::of(error)? });
        }
        Ok(())
    }

    fn without_index(&mut self) -> Result<()> {
        let mut offset = 0;
        loop {
            let mut content = Bytes::new();
            let last_key = &self.last_key;
            let found = block_search::search(&self.reader, offset, self.end, |candidate| {
                let is_data = last_key_of(candidate, last_key).is_ok();
                content = candidate.clone();
                Ok(is_data)
            })?;
            match found {
                Found::Data(handle) => {
                    self.entries(&content, offset)?;
                    offset += handle.stored_size();
                }
                Found::Other => return Ok(()),
                Found::Nothing => {
                    if offset < self.recorded_end {
                        self.damages.push(Damage {
                            path: self.path.clone(),
                            offset,
                            bytes: self.recorded_end - offset,
                            kind: CorruptionKind::Checksum,
                        });
                    }
                    return Ok(());
                }
            }
        }
    }

    /// Hands on the entries of a block, if all of it is sound.
    fn entries(&mut self, content: &Bytes, offset: u64) -> Result<()> {
        let bad = |kind| Error::corruption(&self.path, offset, kind);
        let last_key = last_key_of(content, &self.last_key).map_err(bad)?;
        let mut entries = BlockIterator::new(Block::new(content.clone()).map_err(bad)?);
        entries.seek_to_first().map_err(bad)?;
        while entries.valid() {
            (self.sink)(entries.key(), entries.value())?;
            entries.next().map_err(bad)?;
        }
        self.last_key = last_key;
        Ok(())
    }
}

/// The last key of a block, which has entries, in order and all behind `before`.
fn last_key_of(content: &Bytes, before: &[u8]) -> Result<Vec<u8>, CorruptionKind> {
    let mut entries = BlockIterator::new(Block::new(content.clone())?);
    let mut last = before.to_vec();
    entries.seek_to_first()?;
    if !entries.valid() {
        return Err(CorruptionKind::BadLength);
    }
    while entries.valid() {
        if internal_key::compare(&last, entries.key()).is_ge() {
            return Err(CorruptionKind::BadKey);
        }
        last.clear();
        last.extend_from_slice(entries.key());
        entries.next()?;
    }
    Ok(last)
}
