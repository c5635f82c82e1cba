//! A cursor over a memtable that may be growing.
//!
//! The skip list lends its entries only as long as it is borrowed, and a cursor outlives any
//! borrow. So the cursor copies a run of entries at a time (an entry is a handle, not the data),
//! longer runs the longer it moves in one direction, and looks the place up again for each run.
//! What is inserted behind its back is newer than any snapshot it serves.

use std::ops::Bound;
use std::sync::Arc;

use bytes::Bytes;

use super::{Entry, Lookup, MemTable, Position};
use crate::error::Result;
use crate::internal_key::{self, TAG_SIZE};
use crate::iterator::InternalIterator;

const FIRST_RUN: usize = 4;
const LONGEST_RUN: usize = 128;

#[derive(Clone, Copy, PartialEq)]
enum Direction {
    Forward,
    Backward,
}

pub(crate) struct MemTableIterator {
    table: Arc<MemTable>,
    /// Entries in the order of `direction`; the cursor stands on `run[position]`.
    run: Vec<Entry>,
    position: usize,
    run_length: usize,
    direction: Direction,
    key: Vec<u8>,
}

impl MemTableIterator {
    pub(crate) fn new(table: Arc<MemTable>) -> Self {
        Self {
            table,
            run: Vec::new(),
            position: 0,
            run_length: FIRST_RUN,
            direction: Direction::Forward,
            key: Vec::with_capacity(64),
        }
    }

    fn start(&mut self, direction: Direction, from: Bound<&dyn Position>) {
        self.direction = direction;
        self.run_length = FIRST_RUN;
        self.fetch(from);
    }

    fn fetch(&mut self, from: Bound<&dyn Position>) {
        self.run.clear();
        self.position = 0;
        let entries = &self.table.entries;
        match self.direction {
            Direction::Forward => {
                let range = entries.range::<dyn Position, _>((from, Bound::Unbounded));
                self.run.extend(range.take(self.run_length).map(|found| found.key().clone()));
            }
            Direction::Backward => {
                let range = entries.range::<dyn Position, _>((Bound::Unbounded, from)).rev();
                self.run.extend(range.take(self.run_length).map(|found| found.key().clone()));
            }
        }
        self.load_key();
    }

    fn step(&mut self, direction: Direction) {
        let Some(current) = self.run.get(self.position) else { return };
        if direction != self.direction {
            let current = current.clone();
            return self.start(direction, Bound::Excluded(&current));
        }
        if self.position + 1 < self.run.len() {
            self.position += 1;
            return self.load_key();
        }
        let current = current.clone();
        self.run_length = (self.run_length * 2).min(LONGEST_RUN);
        self.fetch(Bound::Excluded(&current));
    }

    fn load_key(&mut self) {
        self.key.clear();
        if let Some(entry) = self.run.get(self.position) {
            self.key.extend_from_slice(entry.user_key());
            self.key.extend_from_slice(&entry.tag.to_le_bytes());
        }
    }
}

impl InternalIterator for MemTableIterator {
    fn valid(&self) -> bool {
        self.position < self.run.len()
    }

    fn seek_to_first(&mut self) -> Result<()> {
        self.start(Direction::Forward, Bound::Unbounded);
        Ok(())
    }

    fn seek_to_last(&mut self) -> Result<()> {
        self.start(Direction::Backward, Bound::Unbounded);
        Ok(())
    }

    fn seek(&mut self, target: &[u8]) -> Result<()> {
        debug_assert!(target.len() >= TAG_SIZE);
        let (user_key, tag) = internal_key::split(target).unwrap_or((&[], u64::MAX));
        self.start(Direction::Forward, Bound::Included(&Lookup { user_key, tag }));
        Ok(())
    }

    fn next(&mut self) -> Result<()> {
        self.step(Direction::Forward);
        Ok(())
    }

    fn prev(&mut self) -> Result<()> {
        self.step(Direction::Backward);
        Ok(())
    }

    fn key(&self) -> &[u8] {
        &self.key
    }

    fn value(&self) -> &[u8] {
        self.run.get(self.position).map_or(&[], Entry::value_slice)
    }

    fn value_bytes(&self) -> Bytes {
        self.run.get(self.position).map_or_else(Bytes::new, Entry::value)
    }
}
