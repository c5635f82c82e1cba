//! The merge of several sorted cursors into one. The children stand in a heap ordered by their
//! keys, the next one on top. Mostly the child on top keeps delivering, and then a move costs one
//! look at the two below it.
//!
//! While moving forward, every child stands at its first entry behind the current one; while
//! moving back, at its last one before it. Turning around moves all the children over.

use std::cmp::Ordering;

use bytes::Bytes;

use super::InternalIterator;
use crate::error::Result;
use crate::internal_key;

/// The merge. Of entries with equal internal keys, that of the earlier child comes first.
pub(crate) struct MergingIterator {
    children: Vec<Box<dyn InternalIterator>>,
    /// Indexes of the children that stand on an entry, as a heap; the current one is first.
    heap: Vec<usize>,
    direction: Direction,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Direction {
    Forward,
    Backward,
}

impl MergingIterator {
    pub(crate) fn new(children: Vec<Box<dyn InternalIterator>>) -> Self {
        let heap = Vec::with_capacity(children.len());
        Self { children, heap, direction: Direction::Forward }
    }

    /// Moves every child, and orders them anew.
    fn restart(
        &mut self,
        direction: Direction,
        mut position: impl FnMut(usize, &mut dyn InternalIterator) -> Result<()>,
    ) -> Result<()> {
        self.heap.clear();
        self.direction = direction;
        for (index, child) in self.children.iter_mut().enumerate() {
            position(index, child.as_mut())?;
        }
        self.heap.extend(
            self.children.iter().enumerate().filter(|(_, child)| child.valid()).map(|(at, _)| at),
        );
        for at in (0..self.heap.len() / 2).rev() {
            self.sift_down(at);
        }
        Ok(())
    }

    /// Turns around on the current entry.
    fn turn(&mut self, direction: Direction) -> Result<()> {
        let Some(&current) = self.heap.first() else { return Ok(()) };
        let key = self.key().to_vec();
        self.restart(direction, |index, child| match direction {
            _ if index == current => Ok(()),
            Direction::Forward => {
                child.seek(&key)?;
                // An entry with the same key has been delivered.
                if child.valid() && child.key() == key { child.next() } else { Ok(()) }
            }
            Direction::Backward => {
                child.seek(&key)?;
                if child.valid() {
                    child.prev()?
                } else {
                    child.seek_to_last()?
                }
                // A memtable grows meanwhile, also between the entry sought and the one found.
                while child.valid() && internal_key::compare(child.key(), &key).is_ge() {
                    child.prev()?;
                }
                Ok(())
            }
        })
    }

    /// Moves the current child on in the direction, and lets the next one come to the top.
    fn advance(&mut self) -> Result<()> {
        let Some(child) = self.heap.first().and_then(|&top| self.children.get_mut(top)) else {
            return Ok(());
        };
        let moved = match self.direction {
            Direction::Forward => child.next(),
            Direction::Backward => child.prev(),
        };
        if moved.is_err() {
            self.heap.clear();
            return moved;
        }
        if !child.valid() {
            self.heap.swap_remove(0);
        }
        self.sift_down(0);
        Ok(())
    }

    /// Moves the child at `at` of the heap down to where it belongs.
    fn sift_down(&mut self, mut at: usize) {
        loop {
            let left = 2 * at + 1;
            if left >= self.heap.len() {
                return;
            }
            let right = left + 1;
            let first =
                if right < self.heap.len() && self.before(right, left) { right } else { left };
            if !self.before(first, at) {
                return;
            }
            self.heap.swap(first, at);
            at = first;
        }
    }

    /// Whether the child at `a` of the heap comes before the one at `b`.
    fn before(&self, a: usize, b: usize) -> bool {
        let (Some(&a), Some(&b)) = (self.heap.get(a), self.heap.get(b)) else { return false };
        let (Some(a_child), Some(b_child)) = (self.children.get(a), self.children.get(b)) else {
            return false;
        };
        let order = internal_key::compare(a_child.key(), b_child.key()).then(a.cmp(&b));
        match self.direction {
            Direction::Forward => order == Ordering::Less,
            Direction::Backward => order == Ordering::Greater,
        }
    }

    fn current(&self) -> Option<&dyn InternalIterator> {
        self.heap.first().and_then(|&top| self.children.get(top)).map(AsRef::as_ref)
    }
}

impl InternalIterator for MergingIterator {
    fn valid(&self) -> bool {
        !self.heap.is_empty()
    }

    fn seek_to_first(&mut self) -> Result<()> {
        self.restart(Direction::Forward, |_, child| child.seek_to_first())
    }

    fn seek_to_last(&mut self) -> Result<()> {
        self.restart(Direction::Backward, |_, child| child.seek_to_last())
    }

    fn seek(&mut self, target: &[u8]) -> Result<()> {
        self.restart(Direction::Forward, |_, child| child.seek(target))
    }

    fn next(&mut self) -> Result<()> {
        if self.direction != Direction::Forward {
            self.turn(Direction::Forward)?;
        }
        self.advance()
    }

    fn prev(&mut self) -> Result<()> {
        if self.direction != Direction::Backward {
            self.turn(Direction::Backward)?;
        }
        self.advance()
    }

    fn key(&self) -> &[u8] {
        self.current().map_or(&[], InternalIterator::key)
    }

    fn value(&self) -> &[u8] {
        self.current().map_or(&[], InternalIterator::value)
    }

    fn value_bytes(&self) -> Bytes {
        self.current().map_or_else(Bytes::new, InternalIterator::value_bytes)
    }
}
