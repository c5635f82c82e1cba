//! A cursor over a table: one over the index, and one over the data block that the index points
//! at. Blocks come from the cache or are read ahead.

use std::sync::Arc;

use bytes::Bytes;

use super::block::Block;
use super::block_handle::BlockHandle;
use super::block_iterator::BlockIterator;
use super::block_reader::ReadMode;
use super::readahead::Readahead;
use super::reader::Table;
use crate::error::{CorruptionKind, Error, Result};
use crate::internal_key;
use crate::iterator::{InternalIterator, PastDamage};

/// How a cursor reads.
#[derive(Clone)]
pub(crate) struct Reading {
    /// Whether the blocks that it reads are kept in the cache.
    pub(crate) fill_cache: bool,
    pub(crate) mode: ReadMode,
    pub(crate) past_damage: PastDamage,
}

impl Reading {
    /// As it comes, waiting for the disk and ending at damage.
    pub(crate) fn plain(fill_cache: bool) -> Self {
        Self { fill_cache, mode: ReadMode::Any, past_damage: PastDamage::default() }
    }
}

/// A cursor over a table.
pub(crate) struct TableIterator {
    table: Arc<Table>,
    index: BlockIterator,
    data: BlockIterator,
    /// The block that `data` is over.
    loaded: Option<BlockHandle>,
    readahead: Readahead,
    reading: Reading,
}

impl TableIterator {
    pub(super) fn new(table: Arc<Table>, reading: Reading) -> Self {
        Self {
            index: table.index().iterator(),
            data: BlockIterator::new(Block::empty()),
            loaded: None,
            readahead: Readahead::default(),
            reading,
            table,
        }
    }

    /// Goes to a place in the block that the index stands on; to none where it is damaged and the
    /// cursor goes past that.
    fn enter(
        &mut self,
        position: impl FnOnce(&mut BlockIterator) -> Result<(), CorruptionKind>,
    ) -> Result<()> {
        let entered = match self.load() {
            Ok(()) => position(&mut self.data).map_err(|kind| self.bad_data(kind)),
            Err(error) => Err(error),
        };
        if entered.is_err() {
            self.data.invalidate();
        }
        self.reading.past_damage.pass(entered)
    }

    /// Puts `data` over the block that the index stands on, nowhere in it.
    fn load(&mut self) -> Result<()> {
        let handle = self.table.handle(self.index.value())?;
        if self.loaded == Some(handle) {
            self.data.invalidate();
            return Ok(());
        }
        self.loaded = None;
        let block = match self.table.cached(handle) {
            Some(block) => {
                self.readahead.pass(handle);
                block
            }
            None => {
                let content = self.read(handle)?;
                self.table.make_block(handle, content, self.reading.fill_cache)?
            }
        };
        self.data.reset(block);
        self.loaded = Some(handle);
        Ok(())
    }

    fn read(&mut self, handle: BlockHandle) -> Result<Bytes> {
        let reader = self.table.reader();
        match self.reading.mode {
            ReadMode::Any => self.readahead.read(reader, handle, self.table.data_end()),
            mode => reader.read(handle, mode),
        }
    }

    /// Goes on to the first entry of the next block that has one.
    fn skip_forward(&mut self) -> Result<()> {
        while !self.data.valid() {
            if let Err(kind) = self.index.next() {
                return self.bad_index(kind);
            }
            if !self.index.valid() {
                return Ok(());
            }
            self.enter(BlockIterator::seek_to_first)?;
        }
        Ok(())
    }

    /// Goes back to the last entry of the next block before that has one.
    fn skip_backward(&mut self) -> Result<()> {
        while !self.data.valid() {
            if let Err(kind) = self.index.prev() {
                return self.bad_index(kind);
            }
            if !self.index.valid() {
                return Ok(());
            }
            self.enter(BlockIterator::seek_to_last)?;
        }
        Ok(())
    }

    fn bad_data(&self, kind: CorruptionKind) -> Error {
        self.table.reader().corruption(self.loaded.map(|handle| handle.offset), kind)
    }

    /// Behind damage in the index nothing of the table can be found: the cursor is at its end.
    fn bad_index(&self, kind: CorruptionKind) -> Result<()> {
        self.reading.past_damage.pass(Err(self.table.bad_index(kind)))
    }

    fn try_seek_to_first(&mut self) -> Result<()> {
        if let Err(kind) = self.index.seek_to_first() {
            return self.bad_index(kind);
        }
        if !self.index.valid() {
            return Ok(());
        }
        self.enter(BlockIterator::seek_to_first)?;
        self.skip_forward()
    }

    fn try_seek_to_last(&mut self) -> Result<()> {
        if let Err(kind) = self.index.seek_to_last() {
            return self.bad_index(kind);
        }
        if !self.index.valid() {
            return Ok(());
        }
        self.enter(BlockIterator::seek_to_last)?;
        self.skip_backward()
    }

    fn try_seek(&mut self, target: &[u8]) -> Result<()> {
        let (user_key, tag) = internal_key::split(target).unwrap_or((target, u64::MAX));
        let restart = self.table.index().restart_before(user_key, tag);
        if let Err(kind) = restart.and_then(|restart| self.index.seek_from(restart, target)) {
            return self.bad_index(kind);
        }
        if !self.index.valid() {
            return Ok(());
        }
        self.enter(|data| data.seek(target))?;
        self.skip_forward()
    }

    /// A move that failed leaves the cursor nowhere.
    fn settle(&mut self, moved: Result<()>) -> Result<()> {
        if moved.is_err() {
            self.data.invalidate();
        }
        moved
    }
}

impl InternalIterator for TableIterator {
    #[inline]
    fn valid(&self) -> bool {
        self.data.valid()
    }

    fn seek_to_first(&mut self) -> Result<()> {
        self.data.invalidate();
        let moved = self.try_seek_to_first();
        self.settle(moved)
    }

    fn seek_to_last(&mut self) -> Result<()> {
        self.data.invalidate();
        let moved = self.try_seek_to_last();
        self.settle(moved)
    }

    fn seek(&mut self, target: &[u8]) -> Result<()> {
        self.data.invalidate();
        let moved = self.try_seek(target);
        self.settle(moved)
    }

    #[inline]
    fn next(&mut self) -> Result<()> {
        if !self.data.valid() {
            return Ok(());
        }
        if let Err(kind) = self.data.next() {
            self.reading.past_damage.pass(Err(self.bad_data(kind)))?;
        }
        if self.data.valid() {
            return Ok(());
        }
        let moved = self.skip_forward();
        self.settle(moved)
    }

    fn prev(&mut self) -> Result<()> {
        if !self.data.valid() {
            return Ok(());
        }
        if let Err(kind) = self.data.prev() {
            self.reading.past_damage.pass(Err(self.bad_data(kind)))?;
        }
        let moved = self.skip_backward();
        self.settle(moved)
    }

    #[inline]
    fn key(&self) -> &[u8] {
        self.data.key()
    }

    #[inline]
    fn value(&self) -> &[u8] {
        self.data.value()
    }

    fn value_bytes(&self) -> Bytes {
        self.data.value_bytes()
    }
}
