//! Writes. They are gathered first; those of one go of JavaScript are then committed together: on
//! the spot if nothing has to be waited for, otherwise on the pool. While a job commits, those that
//! come wait for it, so that order is kept.

use std::mem;
use std::sync::Arc;

use napi::bindgen_prelude::ClassInstance;
use napi_derive::napi;
use parking_lot::Mutex;
use sigil_leveldb::WriteBatch;

use crate::boundary::{Result, guard};
use crate::bytes::Input;
use crate::database::NativeDb;
use crate::failure::CallFailure;
use crate::handle;
use crate::job::{Promise, on_pool};
use crate::open_options::durability;
use crate::record_writes::{RecordWrite, Together};
use crate::records::record_id;

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

/// Gathers a write.
#[napi]
pub fn put(handle: u32, key: Input, value: Input, level: u32) -> Result<()> {
    handle::with(handle, |held| {
        let bytes = key.0.len() + value.0.len();
        let put_in = |batch: &mut WriteBatch| batch.put(&key.0, &value.0);
        held.gathered.lock().add(durability(level), bytes, put_in);
        Ok(())
    })
}

/// Gathers a deletion.
#[napi]
pub fn del(handle: u32, key: Input, level: u32) -> Result<()> {
    handle::with(handle, |held| {
        let put_in = |batch: &mut WriteBatch| batch.delete(&key.0);
        held.gathered.lock().add(durability(level), key.0.len(), put_in);
        Ok(())
    })
}

/// Puts a write into the batch that the running call of JavaScript puts together.
#[napi]
pub fn batch_put(handle: u32, key: Input, value: Input) -> Result<()> {
    handle::with(handle, |held| {
        held.batch.lock().put(&key.0, &value.0);
        Ok(())
    })
}

/// Puts a deletion into the batch.
#[napi]
pub fn batch_del(handle: u32, key: Input) -> Result<()> {
    handle::with(handle, |held| {
        held.batch.lock().delete(&key.0);
        Ok(())
    })
}

/// Puts the writing of a record into the batch of records, or its deletion; see [`put_record`].
///
/// [`put_record`]: crate::records::put_record
#[napi]
pub fn batch_record(
    handle: u32,
    tenant: Option<Input>,
    symbol: Input,
    auth_hash: Input,
    text: Option<Input>,
    updated_at: Option<Input>,
) -> Result<()> {
    handle::with(handle, |held| {
        let write = RecordWrite::new(record_id(tenant, symbol, auth_hash)?, text, updated_at)?;
        held.records.lock().add(write);
        Ok(())
    })
}

/// Gathers what was put together, of either kind.
#[napi]
pub fn batch_gather(handle: u32, level: u32) -> Result<()> {
    handle::with(handle, |held| {
        let (batch, records) =
            (mem::take(&mut *held.batch.lock()), mem::take(&mut *held.records.lock()));
        let mut gathered = held.gathered.lock();
        if batch.is_empty() {
            records.gather(durability(level), &mut gathered);
        } else {
            gathered.add_batch(durability(level), batch);
        }
        Ok(())
    })
}

/// Forgets what was put together.
#[napi]
pub fn batch_forget(handle: u32) -> Result<()> {
    handle::with(handle, |held| {
        held.batch.lock().clear();
        *held.records.lock() = Together::default();
        Ok(())
    })
}

/// Makes on the spot what is gathered. `false` where [`NativeDb::commit_gathered`] has to be
/// called: something has to be waited for, or failed.
#[napi]
pub fn try_commit_gathered(handle: u32) -> Result<bool> {
    handle::with(handle, |held| Ok(held.gathered.lock().try_commit(held.lease.opened())))
}

#[napi]
impl NativeDb {
    /// Gathers what is in the batch, and takes it.
    #[napi]
    pub fn write(&self, batch: ClassInstance<'_, NativeBatch>, level: u32) -> Result<()> {
        guard(|| {
            let taken = mem::take(&mut *batch.batch.lock());
            self.gathered.lock().add_batch(durability(level), taken);
            Ok(())
        })
    }

    /// Makes what is gathered on the pool; gives the calls whose writes failed. To be called again
    /// only when the promise is settled, so that order is kept.
    #[napi]
    pub fn commit_gathered(&self) -> Result<Promise<Vec<CallFailure>>> {
        guard(|| {
            let gathered = mem::take(&mut *self.gathered.lock());
            let lease = Arc::clone(&self.lease);
            Ok(on_pool(move || Ok(gathered.commit(lease.opened()))))
        })
    }
}
