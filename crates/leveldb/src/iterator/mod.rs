//! Iterators over internal keys: blocks, tables, memtables, levels and their merge all speak this
//! one language; `db_iterator` turns the last of them into what a user sees.

mod concatenating;
mod merging;
mod past_damage;

#[cfg(test)]
mod tests;

use bytes::Bytes;

use crate::error::Result;

pub(crate) use concatenating::{ConcatenatingIterator, FileList};
pub(crate) use merging::MergingIterator;
pub(crate) use past_damage::PastDamage;

/// A cursor over entries sorted by internal key.
///
/// A new cursor is nowhere. A move that fails leaves it nowhere, and the error says why: an entry
/// that could not be read is never skipped, unless [`PastDamage`] has a note of it.
pub(crate) trait InternalIterator: Send {
    /// Whether the cursor stands on an entry.
    fn valid(&self) -> bool;
    /// Moves to the first entry.
    fn seek_to_first(&mut self) -> Result<()>;
    /// Moves to the last entry.
    fn seek_to_last(&mut self) -> Result<()>;
    /// Moves to the first entry at or after `target`, an internal key.
    fn seek(&mut self, target: &[u8]) -> Result<()>;
    /// Moves on by one. Only on a valid cursor; elsewhere it stays nowhere.
    fn next(&mut self) -> Result<()>;
    /// Moves back by one. Only on a valid cursor; elsewhere it stays nowhere.
    fn prev(&mut self) -> Result<()>;
    /// The internal key under the cursor; empty where there is none. It is at least a tag long and
    /// of a known kind: whoever reads keys from a disk has checked that.
    fn key(&self) -> &[u8];
    /// The value under the cursor; empty where there is none.
    fn value(&self) -> &[u8];
    /// The value under the cursor without copying it.
    fn value_bytes(&self) -> Bytes;
}

impl<I: InternalIterator + ?Sized> InternalIterator for Box<I> {
    fn valid(&self) -> bool {
        (**self).valid()
    }
    fn seek_to_first(&mut self) -> Result<()> {
        (**self).seek_to_first()
    }
    fn seek_to_last(&mut self) -> Result<()> {
        (**self).seek_to_last()
    }
    fn seek(&mut self, target: &[u8]) -> Result<()> {
        (**self).seek(target)
    }
    fn next(&mut self) -> Result<()> {
        (**self).next()
    }
    fn prev(&mut self) -> Result<()> {
        (**self).prev()
    }
    fn key(&self) -> &[u8] {
        (**self).key()
    }
    fn value(&self) -> &[u8] {
        (**self).value()
    }
    fn value_bytes(&self) -> Bytes {
        (**self).value_bytes()
    }
}
