//! Writes a table: entries come in sorted and leave as data blocks; index, filters and statistics
//! grow in memory and follow at the end. The bytes are those that C++ LevelDB writes for the same
//! entries and options, plus our statistics block.

use std::cmp::Ordering;
use std::mem;
use std::path::PathBuf;
use std::sync::Arc;

use super::block_builder::BlockBuilder;
use super::block_handle::BlockHandle;
use super::compression::{Compressor, TYPE_NONE};
use super::filter_block::FilterBlockBuilder;
use super::footer::Footer;
use super::statistics::TableStatistics;
use crate::checksum::masked_crc32c;
use crate::env::WritableFile;
use crate::error::{Error, IoOperation, Result};
use crate::format::{BLOCK_TRAILER_SIZE, BLOOM_META_KEY, STATISTICS_META_KEY};
use crate::internal_key;
use crate::options::{Compression, Options};

/// Output is handed to the system in pieces of about this size.
const OUTPUT_SIZE: usize = 256 * 1024;

/// What was written is made durable in pieces of about this size. A disk that is handed a whole table
/// at once lets the sync of a log, which a writer waits for, stand in line behind it.
const SYNC_SIZE: usize = 1024 * 1024;

/// Options outside of this range are moved into it, as LevelDB does.
const BLOCK_SIZES: (usize, usize) = (1024, 4 * 1024 * 1024);

/// How a table is written.
#[derive(Debug, Clone)]
pub(crate) struct TableOptions {
    /// Bytes of a data block before compression.
    pub block_size: usize,
    /// Entries between restart points of data blocks.
    pub restart_interval: usize,
    pub compression: Compression,
    /// 0 for no filter.
    pub bloom_bits_per_key: usize,
}

impl From<&Options> for TableOptions {
    fn from(options: &Options) -> Self {
        Self {
            block_size: options.block_size.clamp(BLOCK_SIZES.0, BLOCK_SIZES.1),
            restart_interval: options.block_restart_interval.max(1),
            compression: options.compression,
            bloom_bits_per_key: options.bloom_bits_per_key,
        }
    }
}

/// What became of a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TableSummary {
    pub file_size: u64,
    /// The first and the last internal key; empty if there are no entries.
    pub smallest: Vec<u8>,
    pub largest: Vec<u8>,
    pub statistics: TableStatistics,
}

/// A table in the making.
pub(crate) struct TableBuilder {
    output: Output,
    options: TableOptions,
    compressor: Result<Compressor>,
    data: BlockBuilder,
    index: BlockBuilder,
    /// The block that was written last, whose index entry waits for the next key: the entry's key
    /// is a short one between the two blocks.
    pending_index: Option<BlockHandle>,
    filter: Option<FilterBlockBuilder>,
    smallest: Vec<u8>,
    statistics: TableStatistics,
    deletions_since: u64,
}

impl TableBuilder {
    pub(crate) fn new(file: Arc<dyn WritableFile>, path: PathBuf, options: TableOptions) -> Self {
        let bits_per_key = options.bloom_bits_per_key;
        Self {
            output: Output { file, path, offset: 0, buffer: Vec::new(), unsynced: 0 },
            compressor: Compressor::new(options.compression),
            data: BlockBuilder::new(options.restart_interval),
            index: BlockBuilder::new(1),
            pending_index: None,
            filter: (bits_per_key > 0).then(|| FilterBlockBuilder::new(bits_per_key)),
            smallest: Vec::new(),
            statistics: TableStatistics::default(),
            deletions_since: 0,
            options,
        }
    }

    /// Adds an entry. Each key must sort behind the one before.
    pub(crate) fn add(&mut self, internal_key: &[u8], value: &[u8]) -> Result<()> {
        let Some(parsed) = internal_key::parse(internal_key) else {
            return Err(Error::InvalidArgument("a malformed internal key for a table".into()));
        };
        let last_key = self.data.last_key();
        if self.statistics.entries == 0 {
            self.smallest = internal_key.to_vec();
        } else if internal_key::compare(last_key, internal_key) != Ordering::Less {
            return Err(Error::InvalidArgument("keys of a table out of order".into()));
        }
        if let Some(handle) = self.pending_index.take() {
            let separator = internal_key::shortest_separator(last_key, internal_key);
            add_handle(&mut self.index, &separator, handle);
        }
        if let Some(filter) = &mut self.filter {
            filter.add(parsed.user_key);
        }
        self.data.add(internal_key, value);
        self.statistics.count(&parsed, internal_key.len(), value.len());
        if self.data.size() >= self.options.block_size {
            self.finish_data_block()?;
        }
        Ok(())
    }

    /// Says since when, in seconds since 1970, the deletions in the table exist.
    pub(crate) fn deletions_since(&mut self, seconds: u64) {
        self.deletions_since = seconds;
    }

    /// Bytes that the table has so far, those of the unfinished block included.
    pub(crate) fn estimated_size(&self) -> u64 {
        let pending = if self.data.is_empty() { 0 } else { self.data.size() };
        self.output.offset + pending as u64
    }

    /// Writes what is left. The file is not made durable.
    pub(crate) fn finish(mut self) -> Result<TableSummary> {
        self.finish_data_block()?;
        let largest = match self.statistics.entries {
            0 => Vec::new(),
            _ => self.data.last_key().to_vec(),
        };
        if let Some(handle) = self.pending_index.take() {
            add_handle(&mut self.index, &internal_key::short_successor(&largest), handle);
        }
        if self.statistics.deletions > 0 {
            self.statistics.oldest_deletion = self.deletions_since;
        }
        let metaindex = self.write_metaindex()?;
        let index = self.output.write_block(self.compressor.as_mut(), self.index.finish())?;
        self.output.append(&Footer { metaindex, index }.encode())?;
        self.output.flush()?;
        Ok(TableSummary {
            file_size: self.output.offset,
            smallest: self.smallest,
            largest,
            statistics: self.statistics,
        })
    }

    fn finish_data_block(&mut self) -> Result<()> {
        if self.data.is_empty() {
            return Ok(());
        }
        let handle = self.output.write_block(self.compressor.as_mut(), self.data.finish())?;
        self.pending_index = Some(handle);
        self.data.reset();
        if let Some(filter) = &mut self.filter {
            filter.start_block(self.output.offset);
        }
        Ok(())
    }

    /// Writes the filter and the statistics, and the block that names them, in order.
    fn write_metaindex(&mut self) -> Result<BlockHandle> {
        // Without a filter its name stands for a block of no bytes, which every reader takes for
        // "no filter": rusty-leveldb takes the first name behind the filter's for the filter's.
        let filter = self.filter.take().map(FilterBlockBuilder::finish).unwrap_or_default();
        let filter = self.output.write_stored(TYPE_NONE, &filter)?;
        let statistics = self.output.write_stored(TYPE_NONE, &self.statistics.encode())?;
        let mut metaindex = BlockBuilder::new(self.options.restart_interval);
        add_handle(&mut metaindex, BLOOM_META_KEY.as_bytes(), filter);
        add_handle(&mut metaindex, STATISTICS_META_KEY.as_bytes(), statistics);
        self.output.write_block(self.compressor.as_mut(), metaindex.finish())
    }
}

fn add_handle(block: &mut BlockBuilder, key: &[u8], handle: BlockHandle) {
    let mut value = Vec::with_capacity(BlockHandle::MAX_ENCODED_SIZE);
    handle.encode_to(&mut value);
    block.add(key, &value);
}

/// The file, written in large pieces.
struct Output {
    file: Arc<dyn WritableFile>,
    path: PathBuf,
    /// Bytes appended, written or not.
    offset: u64,
    buffer: Vec<u8>,
    /// Bytes written since the last sync.
    unsynced: usize,
}

impl Output {
    fn write_block(
        &mut self,
        compressor: std::result::Result<&mut Compressor, &mut Error>,
        content: &[u8],
    ) -> Result<BlockHandle> {
        let (block_type, stored) = compressor.map_err(|error| error.clone())?.compress(content);
        self.write_stored(block_type, stored)
    }

    fn write_stored(&mut self, block_type: u8, stored: &[u8]) -> Result<BlockHandle> {
        let handle = BlockHandle { offset: self.offset, size: stored.len() as u64 };
        let mut trailer = [block_type; BLOCK_TRAILER_SIZE];
        let checksum = masked_crc32c(&[stored, &[block_type]]).to_le_bytes();
        trailer.iter_mut().skip(1).zip(checksum).for_each(|(to, from)| *to = from);
        self.append(stored)?;
        self.append(&trailer)?;
        Ok(handle)
    }

    fn append(&mut self, bytes: &[u8]) -> Result<()> {
        if self.buffer.len() + bytes.len() > OUTPUT_SIZE {
            self.flush()?;
        }
        if bytes.len() >= OUTPUT_SIZE {
            self.write(bytes)?;
        } else {
            self.buffer.extend_from_slice(bytes);
        }
        self.offset += bytes.len() as u64;
        Ok(())
    }

    fn flush(&mut self) -> Result<()> {
        if !self.buffer.is_empty() {
            let buffer = mem::take(&mut self.buffer);
            self.write(&buffer)?;
            self.buffer = buffer;
            self.buffer.clear();
        }
        Ok(())
    }

    fn write(&mut self, bytes: &[u8]) -> Result<()> {
        self.file.append(bytes).map_err(Error::io(IoOperation::Write, &self.path))?;
        self.unsynced += bytes.len();
        if self.unsynced >= SYNC_SIZE {
            self.unsynced = 0;
            self.file.sync().map_err(Error::io(IoOperation::Sync, &self.path))?;
        }
        Ok(())
    }
}
