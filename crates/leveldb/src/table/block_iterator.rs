//! A cursor over the entries of one block. It keeps the current key in a buffer that every move
//! reuses, and the value as a range of the block.
//!
//! Moving back is the hard direction of prefix compression. The cursor walks once from the restart
//! point before its place and notes at every step the bytes of the key that the step replaced;
//! moving back then only undoes steps, and the notes are never larger than the block.

use std::cmp::Ordering;
use std::ops::Range;

use bytes::Bytes;

use super::block::{Block, Entry};
use crate::error::CorruptionKind;
use crate::internal_key;

/// A cursor over a block of internal keys. Errors leave it nowhere.
pub(crate) struct BlockIterator {
    block: Block,
    valid: bool,
    key: Vec<u8>,
    value: Range<usize>,
    /// Where the current entry starts, and where the next one does.
    current: usize,
    next: usize,
    /// The steps that lead from a restart point to the current entry, while moving back.
    steps: Vec<Step>,
    /// The ends of keys that those steps replaced.
    replaced: Vec<u8>,
}

/// What a step forward changed.
struct Step {
    from: usize,
    value: Range<usize>,
    shared: usize,
    replaced_start: usize,
}

type Moved = Result<(), CorruptionKind>;

impl BlockIterator {
    pub(crate) fn new(block: Block) -> Self {
        Self {
            block,
            valid: false,
            key: Vec::new(),
            value: 0..0,
            current: 0,
            next: 0,
            steps: Vec::new(),
            replaced: Vec::new(),
        }
    }

    /// Goes over to another block, keeping the buffers.
    pub(crate) fn reset(&mut self, block: Block) {
        self.block = block;
        self.invalidate();
    }

    /// Leaves the cursor nowhere.
    pub(crate) fn invalidate(&mut self) {
        self.valid = false;
        self.key.clear();
        self.value = 0..0;
        self.forget_steps();
    }

    #[inline]
    pub(crate) fn valid(&self) -> bool {
        self.valid
    }

    #[inline]
    pub(crate) fn key(&self) -> &[u8] {
        &self.key
    }

    #[inline]
    pub(crate) fn value(&self) -> &[u8] {
        self.block.bytes().get(self.value.clone()).unwrap_or_default()
    }

    pub(crate) fn value_bytes(&self) -> Bytes {
        self.block.bytes().slice(self.value.clone())
    }

    pub(crate) fn value_range(&self) -> Range<usize> {
        self.value.clone()
    }

    /// Where in the block the current entry starts.
    pub(crate) fn position(&self) -> usize {
        self.current
    }

    pub(crate) fn seek_to_first(&mut self) -> Moved {
        self.start_run(0)?;
        self.advance()
    }

    pub(crate) fn seek_to_last(&mut self) -> Moved {
        self.start_run(self.block.restarts() - 1)?;
        self.advance()?;
        while self.valid && self.next < self.block.entries_end() {
            self.advance()?;
        }
        Ok(())
    }

    pub(crate) fn seek(&mut self, target: &[u8]) -> Moved {
        let restart = match internal_key::split(target) {
            Some((user_key, tag)) => {
                self.block.restart_before(1..self.block.restarts(), user_key, tag)
            }
            None => Ok(0),
        };
        match restart {
            Ok(restart) => self.seek_from(restart, target),
            Err(kind) => self.fail(kind),
        }
    }

    /// Goes on with a seek from the restart point that a search gave.
    pub(crate) fn seek_from(&mut self, restart: usize, target: &[u8]) -> Moved {
        self.start_run(restart)?;
        self.advance()?;
        while self.valid && internal_key::compare(&self.key, target) == Ordering::Less {
            self.advance()?;
        }
        Ok(())
    }

    #[inline]
    pub(crate) fn next(&mut self) -> Moved {
        if !self.valid {
            return Ok(());
        }
        if !self.steps.is_empty() {
            self.forget_steps();
        }
        self.advance()
    }

    pub(crate) fn prev(&mut self) -> Moved {
        if !self.valid {
            return Ok(());
        }
        if self.steps.is_empty() {
            return self.walk_to_predecessor();
        }
        self.undo_step();
        Ok(())
    }

    /// Goes to a restart point, without reading its entry.
    fn start_run(&mut self, restart: usize) -> Moved {
        self.forget_steps();
        self.key.clear();
        match self.block.restart(restart) {
            Ok(offset) => {
                self.next = offset;
                Ok(())
            }
            Err(kind) => self.fail(kind),
        }
    }

    /// Moves on to the entry at `next`.
    #[inline]
    fn advance(&mut self) -> Moved {
        if self.next >= self.block.entries_end() {
            self.invalidate();
            return Ok(());
        }
        match self.block.entry(self.next) {
            Ok(entry) => self.step_to(&entry),
            Err(kind) => self.fail(kind),
        }
    }

    #[inline]
    fn step_to(&mut self, entry: &Entry) -> Moved {
        if entry.shared > self.key.len() {
            return self.fail(CorruptionKind::BadLength);
        }
        self.key.truncate(entry.shared);
        self.key.extend_from_slice(self.block.key_rest(entry));
        if internal_key::parse(&self.key).is_none() {
            return self.fail(CorruptionKind::BadKey);
        }
        self.current = self.next;
        self.next = entry.end;
        self.value = entry.value();
        self.valid = true;
        Ok(())
    }

    /// Walks from the restart point before the current entry to the entry before it.
    fn walk_to_predecessor(&mut self) -> Moved {
        let current = self.current;
        let Some(restart) = self.restart_before_offset(current) else {
            self.invalidate();
            return Ok(());
        };
        self.start_run(restart)?;
        self.advance()?;
        while self.valid && self.next < current {
            let entry = match self.block.entry(self.next) {
                Ok(entry) => entry,
                Err(kind) => return self.fail(kind),
            };
            self.steps.push(Step {
                from: self.current,
                value: self.value.clone(),
                shared: entry.shared,
                replaced_start: self.replaced.len(),
            });
            self.replaced.extend_from_slice(self.key.get(entry.shared..).unwrap_or_default());
            self.step_to(&entry)?;
        }
        // A restart point that is not the start of an entry leads past the current one.
        if self.next != current { self.fail(CorruptionKind::BadLength) } else { Ok(()) }
    }

    fn restart_before_offset(&self, offset: usize) -> Option<usize> {
        let (mut low, mut high) = (0, self.block.restarts());
        while low < high {
            let middle = low + (high - low) / 2;
            if self.block.restart(middle).is_ok_and(|restart| restart < offset) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        low.checked_sub(1)
    }

    fn undo_step(&mut self) {
        let Some(step) = self.steps.pop() else { return };
        self.key.truncate(step.shared);
        self.key.extend_from_slice(self.replaced.get(step.replaced_start..).unwrap_or_default());
        self.replaced.truncate(step.replaced_start);
        self.next = self.current;
        self.current = step.from;
        self.value = step.value;
    }

    fn forget_steps(&mut self) {
        self.steps.clear();
        self.replaced.clear();
    }

    #[cold]
    fn fail(&mut self, kind: CorruptionKind) -> Moved {
        self.invalidate();
        Err(kind)
    }
}
