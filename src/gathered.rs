//! Writes that were asked for and are not made yet, in the order of their calls.
//!
//! What is called for in one go of JavaScript is committed in one go: one record in the log, one
//! system call, one `fdatasync` where one is asked for. Plain writes that follow each other share a
//! batch. One that is large has a batch of its own, so that it cannot make the others fail, and one
//! that depends on what is stored is planned when its turn comes.

use std::collections::VecDeque;
use std::mem;

use sigil_leveldb::{
    BatchEntry, Db, Durability, Error, Result as EngineResult, TRY_WRITE_LIMIT, WriteBatch,
};

use crate::failure::CallFailure;
use crate::record_writes::RecordWrites;
use crate::registry::Opened;

/// A write of more bytes has a batch of its own.
const ALONE: usize = 64 << 10;
/// A batch takes no more writes beyond this many bytes.
const BATCH_LIMIT: usize = 4 << 20;
/// The memory of a batch up to this size is used again.
const KEPT: usize = 1 << 20;

/// See the module's documentation.
#[derive(Default)]
pub struct Gathered {
    /// What comes before `open`.
    closed: VecDeque<Part>,
    /// Takes writes still.
    open: Known,
    /// How many calls there were.
    calls: u32,
}

enum Part {
    Known(Known),
    /// Writes of records for which something has to be read first.
    Records {
        writes: RecordWrites,
        durability: Durability,
        call: u32,
    },
}

/// Writes that follow each other and need nothing to be read.
#[derive(Default)]
struct Known {
    batch: WriteBatch,
    /// The number of entries of each call.
    entries: Vec<usize>,
    /// The most that any of the calls asks for.
    durability: Durability,
    first_call: u32,
}

impl Gathered {
    /// Adds a write of about so many bytes, which `put_in` puts into a batch.
    pub fn add(
        &mut self,
        durability: Durability,
        bytes: usize,
        put_in: impl FnOnce(&mut WriteBatch),
    ) {
        if bytes > ALONE || self.open.batch.byte_size() > BATCH_LIMIT {
            self.close();
        }
        self.open.add(self.calls, durability, put_in);
        self.calls += 1;
        if bytes > ALONE {
            self.close();
        }
    }

    /// Adds a whole batch.
    pub fn add_batch(&mut self, durability: Durability, batch: WriteBatch) {
        let bytes = batch.byte_size();
        self.add(durability, bytes, |open| {
            // One that is alone need not be copied.
            if open.is_empty() && bytes > ALONE { *open = batch } else { open.append(&batch) }
        });
    }

    /// Adds writes of records that cannot be made without reading.
    pub fn add_records(&mut self, durability: Durability, writes: RecordWrites) {
        self.close();
        self.closed.push_back(Part::Records { writes, durability, call: self.calls });
        self.calls += 1;
    }

    /// Makes all the writes on this thread. `false` where some are left, because they are many, or
    /// one asks for a sync, has to wait, or fails: [`Gathered::commit`] finds out.
    pub fn try_commit(&mut self, opened: &Opened) -> bool {
        let most = self.closed.iter().map(Part::durability).max();
        let bytes: usize = self.closed.iter().map(Part::byte_size).sum();
        if most.max(Some(self.open.durability)) == Some(Durability::Sync)
            || bytes + self.open.batch.byte_size() > TRY_WRITE_LIMIT
        {
            return false;
        }
        while let Some(part) = self.closed.front_mut() {
            if part.try_commit(opened).is_err() {
                return false;
            }
            self.closed.pop_front();
        }
        if self.open.try_commit(opened).is_err() {
            return false;
        }
        self.open.clear();
        self.calls = 0;
        true
    }

    /// Makes the writes, waiting for what they need, and gives those that failed.
    pub fn commit(mut self, opened: &Opened) -> Vec<CallFailure> {
        self.close();
        let mut failures = Vec::new();
        for part in self.closed {
            match part {
                Part::Known(known) => known.commit(&opened.db, &mut failures),
                Part::Records { writes, durability, call } => {
                    note(&mut failures, call, writes.write(opened, durability));
                }
            }
        }
        failures
    }

    fn close(&mut self) {
        if !self.open.entries.is_empty() {
            self.closed.push_back(Part::Known(mem::take(&mut self.open)));
        }
    }
}

impl Part {
    fn durability(&self) -> Durability {
        match self {
            Self::Known(known) => known.durability,
            Self::Records { durability, .. } => *durability,
        }
    }

    fn byte_size(&self) -> usize {
        match self {
            Self::Known(known) => known.batch.byte_size(),
            Self::Records { writes, .. } => writes.byte_size(),
        }
    }

    fn try_commit(&mut self, opened: &Opened) -> EngineResult<()> {
        match self {
            Self::Known(known) => known.try_commit(opened),
            Self::Records { writes, durability, .. } => writes.try_write(opened, *durability),
        }
    }
}

impl Known {
    fn add(&mut self, call: u32, durability: Durability, put_in: impl FnOnce(&mut WriteBatch)) {
        if self.entries.is_empty() {
            self.first_call = call;
        }
        let before = self.batch.len();
        put_in(&mut self.batch);
        self.entries.push(self.batch.len() - before);
        self.durability = self.durability.max(durability);
    }

    fn try_commit(&mut self, opened: &Opened) -> EngineResult<()> {
        if self.entries.is_empty() {
            return Ok(());
        }
        opened.db.try_write(&mut self.batch, self.durability)
    }

    fn clear(&mut self) {
        if self.batch.byte_size() > KEPT {
            self.batch = WriteBatch::default();
        }
        self.batch.clear();
        self.entries.clear();
        self.durability = Durability::default();
    }

    fn commit(self, db: &Db, failures: &mut Vec<CallFailure>) {
        let whole = self.batch.clone();
        let Err(error) = db.write(whole, self.durability) else { return };
        // What one of many makes impossible need not be so for the others.
        let impossible = matches!(error, Error::InvalidArgument(_)) || error.is_out_of_space();
        let apart = impossible && self.entries.len() > 1;
        let mut entries = self.batch.iter();
        for (call, count) in (self.first_call..).zip(self.entries) {
            let own = entries.by_ref().take(count);
            let answer =
                if apart { db.write(batch_of(own), self.durability) } else { Err(error.clone()) };
            note(failures, call, answer);
        }
    }
}

fn batch_of<'a>(entries: impl Iterator<Item = BatchEntry<'a>>) -> WriteBatch {
    let mut batch = WriteBatch::new();
    for entry in entries {
        match entry {
            BatchEntry::Put { key, value } => batch.put(key, value),
            BatchEntry::Delete { key } => batch.delete(key),
        }
    }
    batch
}

fn note(failures: &mut Vec<CallFailure>, call: u32, answer: EngineResult<()>) {
    if let Err(error) = answer {
        failures.push(CallFailure::of(call, &error.into()));
    }
}
