//! Writes. One that needs no waiting is made on the spot. The others, and all that come while some
//! wait, so that order is kept, are queued; a job on the pool takes all that are queued at that
//! time and commits them in groups, one `fdatasync` a group.

use std::mem;
use std::sync::Arc;

use napi::bindgen_prelude::ClassInstance;
use napi_derive::napi;
use parking_lot::Mutex;
use sigil_leveldb::{Db, Durability, Error, WriteBatch};

use crate::boundary::{Result, guard};
use crate::bytes::Input;
use crate::database::NativeDb;
use crate::failure::Failure;
use crate::job::{Promise, on_pool};
use crate::open_options::durability;

/// A group takes no more writes beyond this many bytes.
const GROUP_LIMIT: usize = 4 << 20;

/// The writes that wait, in the order of their calls.
#[derive(Default)]
pub struct Queue {
    waiting: Vec<Waiting>,
    /// Whether a job is committing.
    committing: bool,
}

struct Waiting {
    batch: WriteBatch,
    durability: Durability,
}

/// Why one of the queued writes failed.
#[napi(object)]
pub struct WriteFailure {
    /// Which of those that the job took.
    pub index: u32,
    pub code: String,
    /// The details as JSON.
    pub message: String,
}

/// A batch that is put together piece by piece.
#[napi]
#[derive(Default)]
pub struct NativeBatch {
    batch: Mutex<WriteBatch>,
}

#[napi]
impl NativeBatch {
    #[napi(constructor)]
    pub fn new() -> Self {
        Self::default()
    }

    #[napi]
    pub fn put(&self, key: Input, value: Input) {
        self.batch.lock().put(&key.0, &value.0);
    }

    #[napi]
    pub fn del(&self, key: Input) {
        self.batch.lock().delete(&key.0);
    }

    #[napi]
    pub fn clear(&self) {
        self.batch.lock().clear();
    }
}

#[napi]
impl NativeDb {
    /// Says whether the write is made; otherwise it is queued.
    #[napi]
    pub fn put(&self, key: Input, value: Input, level: u32) -> Result<bool> {
        guard(|| {
            let mut batch = WriteBatch::with_capacity(key.0.len() + value.0.len() + 16);
            batch.put(&key.0, &value.0);
            self.write_or_queue(batch, durability(level))
        })
    }

    /// Like [`NativeDb::put`].
    #[napi]
    pub fn del(&self, key: Input, level: u32) -> Result<bool> {
        guard(|| {
            let mut batch = WriteBatch::with_capacity(key.0.len() + 16);
            batch.delete(&key.0);
            self.write_or_queue(batch, durability(level))
        })
    }

    /// Like [`NativeDb::put`]; takes what is in the batch.
    #[napi]
    pub fn write(&self, batch: ClassInstance<'_, NativeBatch>, level: u32) -> Result<bool> {
        guard(|| {
            let taken = mem::take(&mut *batch.batch.lock());
            self.write_or_queue(taken, durability(level))
        })
    }

    pub(crate) fn write_or_queue(
        &self,
        mut batch: WriteBatch,
        durability: Durability,
    ) -> std::result::Result<bool, Failure> {
        let mut queue = self.queue.lock();
        if durability != Durability::Sync && queue.waiting.is_empty() && !queue.committing {
            match self.db().try_write(&mut batch, durability) {
                Ok(()) => return Ok(true),
                Err(Error::WouldBlock) => {}
                Err(error) => return Err(error.into()),
            }
        }
        queue.waiting.push(Waiting { batch, durability });
        Ok(false)
    }

    /// Commits all that is queued now; gives those that failed. One job at a time.
    #[napi]
    pub fn commit_queued(&self) -> Result<Promise<Vec<WriteFailure>>> {
        guard(|| {
            let taken = {
                let mut queue = self.queue.lock();
                queue.committing = true;
                mem::take(&mut queue.waiting)
            };
            let lease = Arc::clone(&self.lease);
            Ok(on_pool(move || Ok(commit(&lease.opened().db, taken))))
        })
    }

    /// To be called when a job of [`NativeDb::commit_queued`] is done. Says whether more is queued.
    #[napi]
    pub fn committed(&self) -> bool {
        let mut queue = self.queue.lock();
        queue.committing = false;
        !queue.waiting.is_empty()
    }
}

fn commit(db: &Db, taken: Vec<Waiting>) -> Vec<WriteFailure> {
    let mut failures = Vec::new();
    let mut group: Vec<(u32, Waiting)> = Vec::new();
    let mut bytes = 0;
    for (index, waiting) in (0..).zip(taken) {
        let size = waiting.batch.byte_size();
        if bytes + size > GROUP_LIMIT {
            commit_group(db, mem::take(&mut group), &mut failures);
            bytes = 0;
        }
        bytes += size;
        group.push((index, waiting));
    }
    commit_group(db, group, &mut failures);
    failures
}

fn commit_group(db: &Db, group: Vec<(u32, Waiting)>, failures: &mut Vec<WriteFailure>) {
    let Some(durability) = group.iter().map(|(_, waiting)| waiting.durability).max() else {
        return;
    };
    let mut whole = WriteBatch::with_capacity(GROUP_LIMIT.min(4 << 10));
    group.iter().for_each(|(_, waiting)| whole.append(&waiting.batch));
    let Err(error) = db.write(whole, durability) else { return };
    let apart = matches!(error, Error::InvalidArgument(_)) || error.is_out_of_space();
    for (index, waiting) in group {
        // One write too large, or without room, does not take the others down.
        let answer =
            if apart { db.write(waiting.batch, waiting.durability) } else { Err(error.clone()) };
        if let Err(error) = answer {
            let failure = Failure::from(error);
            let code = failure.code().to_owned();
            failures.push(WriteFailure { index, code, message: failure.details() });
        }
    }
}
