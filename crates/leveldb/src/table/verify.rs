//! Reads a whole table from its file and compares everything in it with everything else: checksums,
//! the order of keys within and across blocks, restart points, the index's keys, the filters and
//! the counts.

use std::cmp::Ordering;

use super::block::Block;
use super::block_handle::BlockHandle;
use super::block_iterator::BlockIterator;
use super::readahead::Readahead;
use super::reader::Table;
use super::statistics::TableStatistics;
use crate::error::{CorruptionKind, Result};
use crate::internal_key;
use crate::key_hash::key_hash;

impl Table {
    /// Checks the whole table, not through the cache, and answers what it counted.
    pub(crate) fn verify(&self) -> Result<TableStatistics> {
        let mut verifier =
            Verifier { table: self, last_key: Vec::new(), statistics: TableStatistics::default() };
        let mut readahead = Readahead::default();
        let mut index = self.index().iterator();
        index.seek_to_first().map_err(|kind| self.bad_index(kind))?;
        while index.valid() {
            let handle = self.handle(index.value())?;
            let content = readahead.read(self.reader(), handle, self.data_end())?;
            let block = self.make_block(handle, content, false)?;
            verifier
                .check_block(block, handle)
                .map_err(|kind| self.reader().corruption(handle.offset, kind))?;
            verifier.check_separator(index.key()).map_err(|kind| self.bad_index(kind))?;
            index.next().map_err(|kind| self.bad_index(kind))?;
        }
        if let Some(stored) = self.statistics() {
            // The one thing that the entries themselves do not tell.
            verifier.statistics.oldest_deletion = stored.oldest_deletion;
            if stored != verifier.statistics {
                return Err(self.reader().corruption(None, CorruptionKind::Inconsistent));
            }
        }
        Ok(verifier.statistics)
    }
}

struct Verifier<'a> {
    table: &'a Table,
    /// The key, of an entry or of the index, that the next entry must sort behind; empty before
    /// the first.
    last_key: Vec<u8>,
    statistics: TableStatistics,
}

impl Verifier<'_> {
    fn check_block(&mut self, block: Block, handle: BlockHandle) -> Result<(), CorruptionKind> {
        let mut restarts = (0..block.restarts()).map(|index| block.restart(index)).peekable();
        let mut entries = BlockIterator::new(block.clone());
        entries.seek_to_first()?;
        while entries.valid() {
            let position = entries.position();
            if restarts.next_if_eq(&Ok(position)).is_some() && block.entry(position)?.shared != 0 {
                return Err(CorruptionKind::BadLength);
            }
            let key = entries.key();
            let parsed = internal_key::parse(key).ok_or(CorruptionKind::BadKey)?;
            if internal_key::compare(&self.last_key, key) != Ordering::Less {
                return Err(CorruptionKind::BadKey);
            }
            let passes = self
                .table
                .filter()
                .is_none_or(|filter| filter.may_contain(handle.offset, key_hash(parsed.user_key)));
            if !passes {
                return Err(CorruptionKind::Inconsistent);
            }
            self.statistics.count(&parsed, key.len(), entries.value().len());
            self.last_key.clear();
            self.last_key.extend_from_slice(key);
            entries.next()?;
        }
        // A restart point that is left over is none: it points into an entry.
        match restarts.next() {
            Some(_) => Err(CorruptionKind::BadLength),
            None => Ok(()),
        }
    }

    /// The index's key for a block sorts neither before the block's last nor, as the next block
    /// shows, behind the first of the next.
    fn check_separator(&mut self, separator: &[u8]) -> Result<(), CorruptionKind> {
        if internal_key::compare(&self.last_key, separator) != Ordering::Greater {
            self.last_key.clear();
            self.last_key.extend_from_slice(separator);
            return Ok(());
        }
        // rusty-leveldb takes a deletion's key for a value's here, which sorts one place before
        // it. Searches are for a value's key, so none goes wrong.
        match (internal_key::parse(&self.last_key), internal_key::parse(separator)) {
            (Some(last), Some(separator))
                if (last.user_key, last.sequence) == (separator.user_key, separator.sequence) =>
            {
                Ok(())
            }
            _ => Err(CorruptionKind::BadKey),
        }
    }
}
