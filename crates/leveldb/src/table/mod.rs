//! Sorted tables: the immutable files that hold the database's entries, sorted by internal key.
//! Data blocks come first, then what helps to find things in them; `docs/format/table.md` has the
//! layout byte by byte.

mod block;
mod block_builder;
mod block_directory;
mod block_handle;
mod block_iterator;
mod block_reader;
mod bloom;
mod builder;
mod compression;
mod filter_block;
mod footer;
mod index;
mod iterator;
mod metaindex;
mod read_cache;
mod readahead;
mod reader;
mod statistics;
mod verify;

#[cfg(test)]
mod tests;

pub(crate) use block::Block;
pub(crate) use block_handle::BlockHandle;
pub(crate) use block_iterator::BlockIterator;
pub(crate) use block_reader::{BlockReader, ReadMode};
pub(crate) use builder::{TableBuilder, TableOptions, TableSummary};
pub(crate) use footer::Footer;
pub(crate) use iterator::Reading;
pub(crate) use read_cache::ReadCache;
pub(crate) use reader::{Hit, Table};
pub(crate) use statistics::TableStatistics;
