//! An open table: its index and filters in memory, its data blocks read as they are needed. It
//! never changes, so any number of threads read it at once.
//!
//! What no checksum covers, the footer and the table's length, is checked against the rest when the
//! table is opened, so that damage anywhere in the file is found there or when the damaged block
//! is read.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::{Buf, Bytes};

use super::block::Block;
use super::block_handle::BlockHandle;
use super::block_reader::{BlockReader, ReadMode};
use super::filter_block::FilterBlock;
use super::footer::Footer;
use super::index::{Index, decode_handle};
use super::iterator::{Reading, TableIterator};
use super::metaindex::Metaindex;
use super::read_cache::{ReadCache, TableKey};
use super::statistics::TableStatistics;
use crate::env::{FileIdentity, ReadableFile};
use crate::error::{CorruptionKind, Error, Result};
use crate::format::FOOTER_SIZE;
use crate::internal_key::{self, ValueKind};
use crate::lookup::Lookup;

/// An open table.
pub(crate) struct Table {
    reader: BlockReader,
    identity: FileIdentity,
    /// Where the data blocks end at the latest, and where the metaindex starts.
    data_end: u64,
    index: Index,
    index_offset: u64,
    filter: Option<FilterBlock>,
    statistics: Option<TableStatistics>,
    cache: Option<(Arc<ReadCache>, TableKey)>,
}

/// An entry that was looked for and found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Hit {
    pub(crate) tag: u64,
    pub(crate) value: Bytes,
    /// Whether its block had been searched before.
    pub(crate) again: bool,
}

impl Table {
    /// Opens the table with this file number. `expected_size` is what the manifest says of it.
    pub(crate) fn open(
        file: Arc<dyn ReadableFile>,
        path: PathBuf,
        number: u64,
        expected_size: Option<u64>,
        cache: Option<Arc<ReadCache>>,
    ) -> Result<Self> {
        let reader = BlockReader::new(file, path);
        let identity = reader.identity()?;
        let file_size = identity.size;
        if expected_size.is_some_and(|expected| expected != file_size) {
            return Err(reader.corruption(None, CorruptionKind::WrongSize));
        }
        let footer = read_footer(&reader, file_size)?;
        let data_end = footer.metaindex.offset;
        let metaindex = read_metaindex(&reader, footer.metaindex)?;
        let filter = read_filter(&reader, metaindex.filter, data_end)?;
        let statistics = read_statistics(&reader, metaindex.statistics, data_end)?;
        let index = reader.read(footer.index, ReadMode::Any)?;
        let index_offset = footer.index.offset;
        let index = Block::new(index)
            .and_then(|block| Index::new(block, data_end))
            .map_err(|kind| reader.corruption(index_offset, kind))?;
        let cache = cache.map(|cache| {
            let key = cache.key_of(number, identity);
            (cache, key)
        });
        Ok(Self { reader, identity, data_end, index, index_offset, filter, statistics, cache })
    }

    /// What a table counts itself as, without keeping it open.
    pub(crate) fn read_statistics(
        file: Arc<dyn ReadableFile>,
        path: PathBuf,
    ) -> Result<Option<TableStatistics>> {
        let reader = BlockReader::new(file, path);
        let footer = read_footer(&reader, reader.identity()?.size)?;
        let metaindex = read_metaindex(&reader, footer.metaindex)?;
        read_statistics(&reader, metaindex.statistics, footer.metaindex.offset)
    }

    pub(crate) fn path(&self) -> &Path {
        self.reader.path()
    }

    /// Which file it was when it was opened.
    pub(crate) fn identity(&self) -> FileIdentity {
        self.identity
    }

    /// Checks that this is the table whose first and last entries have these keys. Nothing in a
    /// table names it, and one that stands in the place of another is whole by itself: the keys of
    /// the other would be absent.
    pub(crate) fn check_identity(&self, smallest: &[u8], largest: &[u8]) -> Result<()> {
        for key in [smallest, largest] {
            let (user_key, tag) = internal_key::split(key).unwrap_or((key, 0));
            let sequence = tag >> 8;
            match self.get(&Lookup::new(user_key, internal_key::seek_tag(sequence)), ReadMode::Any)
            {
                Ok(Some(found)) if found.tag >> 8 == sequence => {}
                Ok(_) => return Err(self.reader.corruption(None, CorruptionKind::Inconsistent)),
                // A damaged block is for those who need what is in it.
                Err(error) if error.is_corruption() => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// The entry that is looked for.
    pub(crate) fn get(&self, lookup: &Lookup<'_>, mode: ReadMode) -> Result<Option<Hit>> {
        let Lookup { user_key, seek_tag, hash } = *lookup;
        let entry = self.index.search(user_key, seek_tag).map_err(|kind| self.bad_index(kind))?;
        let Some(entry) = entry else { return Ok(None) };
        let handle = self.handle(self.index.value(&entry))?;
        if let Some(filter) = &self.filter
            && !filter.may_contain(handle.offset, hash)
        {
            return Ok(None);
        }
        let (block, again) = self.block(handle, mode)?;
        let found = block
            .search(user_key, seek_tag)
            .map_err(|kind| self.reader.corruption(handle.offset, kind))?;
        let Some((tag, value)) = found.and_then(|found| Some((found.tag?, found.value))) else {
            return Ok(None);
        };
        if ValueKind::from_byte(tag as u8).is_none() {
            return Err(self.reader.corruption(handle.offset, CorruptionKind::BadKey));
        }
        let mut bytes = block.into_bytes();
        bytes.truncate(value.end);
        bytes.advance(value.start);
        Ok(Some(Hit { tag, value: bytes, again }))
    }

    /// A cursor over the table. `fill_cache` keeps the blocks that it reads in the cache; without
    /// it the cache is only asked.
    pub(crate) fn iter(self: &Arc<Self>, fill_cache: bool) -> TableIterator {
        self.cursor(Reading::plain(fill_cache))
    }

    pub(crate) fn cursor(self: &Arc<Self>, reading: Reading) -> TableIterator {
        TableIterator::new(Arc::clone(self), reading)
    }

    /// About where in the file the entries from `internal_key` on start.
    pub(crate) fn approximate_offset(&self, internal_key: &[u8]) -> u64 {
        let (user_key, tag) = internal_key::split(internal_key).unwrap_or((internal_key, u64::MAX));
        let Ok(Some(entry)) = self.index.search(user_key, tag) else { return self.data_end };
        self.handle(self.index.value(&entry)).map_or(self.data_end, |handle| handle.offset)
    }

    /// What the builder counted, if it was ours.
    pub(crate) fn statistics(&self) -> Option<TableStatistics> {
        self.statistics
    }

    /// Bytes of memory that the table takes while it is open.
    pub(crate) fn memory(&self) -> usize {
        let filter = self.filter.as_ref().map_or(0, FilterBlock::memory);
        size_of::<Self>() + self.index.memory() + filter
    }

    pub(super) fn reader(&self) -> &BlockReader {
        &self.reader
    }

    pub(super) fn filter(&self) -> Option<&FilterBlock> {
        self.filter.as_ref()
    }

    pub(super) fn data_end(&self) -> u64 {
        self.data_end
    }

    pub(super) fn index(&self) -> &Index {
        &self.index
    }

    /// An error in the index block.
    pub(super) fn bad_index(&self, kind: CorruptionKind) -> Error {
        self.reader.corruption(self.index_offset, kind)
    }

    /// The handle that is the value of an index entry.
    #[inline]
    pub(super) fn handle(&self, value: &[u8]) -> Result<BlockHandle> {
        decode_handle(value, self.data_end).map_err(|kind| self.bad_index(kind))
    }

    pub(super) fn cached(&self, handle: BlockHandle) -> Option<Block> {
        let (cache, key) = self.cache.as_ref()?;
        cache.block(*key, handle.offset)
    }

    /// Takes a block's content apart, and keeps it in the cache if wanted.
    pub(super) fn make_block(
        &self,
        handle: BlockHandle,
        content: Bytes,
        fill_cache: bool,
    ) -> Result<Block> {
        let block =
            Block::new(content).map_err(|kind| self.reader.corruption(handle.offset, kind))?;
        if fill_cache {
            self.keep(handle, &block);
        }
        Ok(block)
    }

    fn keep(&self, handle: BlockHandle, block: &Block) {
        if let Some((cache, key)) = &self.cache {
            cache.keep_block(*key, handle.offset, block.clone());
        }
    }

    /// The block, and whether it was searched before.
    fn block(&self, handle: BlockHandle, mode: ReadMode) -> Result<(Block, bool)> {
        match self.cached(handle) {
            // A directory costs as much as a few searches. Most of the blocks of a database that is
            // larger than the cache are searched once before they fall out.
            Some(block) if block.lacks_directory() => {
                let block = block.with_directory();
                self.keep(handle, &block);
                Ok((block, true))
            }
            Some(block) => Ok((block, true)),
            None => {
                let block = self.make_block(handle, self.reader.read(handle, mode)?, true)?;
                Ok((block, false))
            }
        }
    }
}

fn read_footer(reader: &BlockReader, file_size: u64) -> Result<Footer> {
    let Some(offset) = file_size.checked_sub(FOOTER_SIZE as u64) else {
        return Err(reader.corruption(0, CorruptionKind::WrongSize));
    };
    let mut bytes = [0; FOOTER_SIZE];
    if reader.read_at(offset, &mut bytes)? != FOOTER_SIZE {
        return Err(reader.corruption(offset, CorruptionKind::WrongSize));
    }
    Footer::decode(&bytes, file_size).map_err(|kind| reader.corruption(offset, kind))
}

fn read_metaindex(reader: &BlockReader, handle: BlockHandle) -> Result<Metaindex> {
    Block::new(reader.read(handle, ReadMode::Any)?)
        .and_then(|block| Metaindex::parse(&block))
        .map_err(|kind| reader.corruption(handle.offset, kind))
}

fn read_filter(
    reader: &BlockReader,
    handle: Option<BlockHandle>,
    limit: u64,
) -> Result<Option<FilterBlock>> {
    let Some(handle) = handle else { return Ok(None) };
    let content = read_meta_block(reader, handle, limit)?;
    if content.is_empty() {
        return Ok(None);
    }
    FilterBlock::new(content).map(Some).map_err(|kind| reader.corruption(handle.offset, kind))
}

fn read_statistics(
    reader: &BlockReader,
    handle: Option<BlockHandle>,
    limit: u64,
) -> Result<Option<TableStatistics>> {
    let Some(handle) = handle else { return Ok(None) };
    let content = read_meta_block(reader, handle, limit)?;
    TableStatistics::decode(&content)
        .map(Some)
        .map_err(|kind| reader.corruption(handle.offset, kind))
}

fn read_meta_block(reader: &BlockReader, handle: BlockHandle, limit: u64) -> Result<Bytes> {
    if handle.end_within(limit).is_none() {
        return Err(reader.corruption(limit, CorruptionKind::BadLength));
    }
    reader.read(handle, ReadMode::Any)
}
