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
use crate::records::RecordWrites;
use crate::registry::Opened;

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
    work: Work,
    durability: Durability,
}

/// What is to be written.
pub enum Work {
    /// Something that is known.
    Batch(WriteBatch),
    /// Something that depends on what is there.
    Records(RecordWrites),
}

/// Why one of the queued writes failed.
#[napi(object)]
pub struct WriteFailure {
    /// Which of those that the job took.
    pub index: u32,
    /// Its code.
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
    /// An empty batch.
    #[napi(constructor)]
    pub fn new() -> Self {
        Self::default()
    }

    /// Gives a key a value.
    #[napi]
    pub fn put(&self, key: Input, value: Input) {
        self.batch.lock().put(&key.0, &value.0);
    }

    /// Takes a key's value away.
    #[napi]
    pub fn del(&self, key: Input) {
        self.batch.lock().delete(&key.0);
    }

    /// Removes what is in the batch.
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
            self.write_or_queue(Work::Batch(batch), durability(level))
        })
    }

    /// Like [`NativeDb::put`].
    #[napi]
    pub fn del(&self, key: Input, level: u32) -> Result<bool> {
        guard(|| {
            let mut batch = WriteBatch::with_capacity(key.0.len() + 16);
            batch.delete(&key.0);
            self.write_or_queue(Work::Batch(batch), durability(level))
        })
    }

    /// Like [`NativeDb::put`]; takes what is in the batch.
    #[napi]
    pub fn write(&self, batch: ClassInstance<'_, NativeBatch>, level: u32) -> Result<bool> {
        guard(|| {
            let taken = mem::take(&mut *batch.batch.lock());
            self.write_or_queue(Work::Batch(taken), durability(level))
        })
    }

    pub(crate) fn write_or_queue(
        &self,
        mut work: Work,
        durability: Durability,
    ) -> std::result::Result<bool, Failure> {
        let mut queue = self.queue.lock();
        if durability != Durability::Sync && queue.waiting.is_empty() && !queue.committing {
            let tried = match &mut work {
                Work::Batch(batch) => self.db().try_write(batch, durability),
                Work::Records(writes) => writes.try_write(self.lease.opened(), durability),
            };
            match tried {
                Ok(()) => return Ok(true),
                Err(Error::WouldBlock) => {}
                Err(error) => return Err(error.into()),
            }
        }
        queue.waiting.push(Waiting { work, durability });
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
            Ok(on_pool(move || Ok(commit(lease.opened(), taken))))
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

fn commit(opened: &Opened, taken: Vec<Waiting>) -> Vec<WriteFailure> {
    let mut failures = Vec::new();
    let mut group = Group::default();
    for (index, waiting) in (0..).zip(taken) {
        match waiting.work {
            Work::Batch(batch) => {
                if group.bytes + batch.byte_size() > GROUP_LIMIT {
                    mem::take(&mut group).commit(&opened.db, &mut failures);
                }
                group.add(index, batch, waiting.durability);
            }
            Work::Records(writes) => {
                mem::take(&mut group).commit(&opened.db, &mut failures);
                note(&mut failures, index, writes.write(opened, waiting.durability));
            }
        }
    }
    group.commit(&opened.db, &mut failures);
    failures
}

/// Writes that are committed together.
#[derive(Default)]
struct Group {
    members: Vec<(u32, WriteBatch, Durability)>,
    bytes: usize,
}

impl Group {
    fn add(&mut self, index: u32, batch: WriteBatch, durability: Durability) {
        self.bytes += batch.byte_size();
        self.members.push((index, batch, durability));
    }

    fn commit(self, db: &Db, failures: &mut Vec<WriteFailure>) {
        let Some(durability) = self.members.iter().map(|&(.., durability)| durability).max() else {
            return;
        };
        let mut whole = WriteBatch::with_capacity(self.bytes);
        self.members.iter().for_each(|(_, batch, _)| whole.append(batch));
        let Err(error) = db.write(whole, durability) else { return };
        // One write too large, or without room, does not take the others down.
        let apart = matches!(error, Error::InvalidArgument(_)) || error.is_out_of_space();
        for (index, batch, durability) in self.members {
            let answer = if apart { db.write(batch, durability) } else { Err(error.clone()) };
            note(failures, index, answer);
        }
    }
}

fn note(failures: &mut Vec<WriteFailure>, index: u32, answer: sigil_leveldb::Result<()>) {
    if let Err(error) = answer {
        let failure = Failure::from(error);
        let code = failure.code().to_owned();
        failures.push(WriteFailure { index, code, message: failure.details() });
    }
}
