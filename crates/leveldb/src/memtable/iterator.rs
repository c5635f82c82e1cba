//! A cursor over a memtable that may be growing. Nodes are never removed, so a cursor is a node's
//! number; what is inserted behind its back is newer than any snapshot it serves.

use std::sync::Arc;

use bytes::Bytes;

use super::MemTable;
use super::entry::Entry;
use super::skip_list::NONE;
use crate::error::Result;
use crate::internal_key;
use crate::iterator::InternalIterator;

pub(crate) struct MemTableIterator {
    table: Arc<MemTable>,
    node: u32,
}

impl MemTableIterator {
    pub(crate) fn new(table: Arc<MemTable>) -> Self {
        Self { table, node: NONE }
    }

    fn entry(&self) -> Option<&Entry> {
        if self.node == NONE { None } else { self.table.list.entry(self.node) }
    }
}

impl InternalIterator for MemTableIterator {
    fn valid(&self) -> bool {
        self.node != NONE
    }

    fn seek_to_first(&mut self) -> Result<()> {
        self.node = self.table.list.next(NONE);
        Ok(())
    }

    fn seek_to_last(&mut self) -> Result<()> {
        self.node = self.table.list.last();
        Ok(())
    }

    fn seek(&mut self, target: &[u8]) -> Result<()> {
        let (user_key, tag) = internal_key::split(target).unwrap_or((&[], u64::MAX));
        self.node = self.table.list.seek(user_key, tag);
        Ok(())
    }

    fn next(&mut self) -> Result<()> {
        if self.node != NONE {
            self.node = self.table.list.next(self.node);
        }
        Ok(())
    }

    fn prev(&mut self) -> Result<()> {
        let before = self.entry().map(|entry| {
            let (user_key, tag) = entry.position();
            self.table.list.before(user_key, tag)
        });
        self.node = before.unwrap_or(NONE);
        Ok(())
    }

    fn key(&self) -> &[u8] {
        self.entry().map_or(&[], Entry::internal_key)
    }

    fn value(&self) -> &[u8] {
        self.entry().map_or(&[], Entry::value)
    }

    fn value_bytes(&self) -> Bytes {
        self.entry().map_or_else(Bytes::new, Entry::value_bytes)
    }
}
