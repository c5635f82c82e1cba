//! Sigil records on an open database: keys are made here, so that a call is one crossing. What has
//! to be decided, and how, stands in `sigil_records::records`.

use std::str;

use bytes::Bytes;
use napi::bindgen_prelude::ClassInstance;
use napi_derive::napi;
use parking_lot::Mutex;
use sigil_leveldb::{Cached, Durability, Error, Result as EngineResult, WriteBatch};
use sigil_records::keys::RecordId;
use sigil_records::records::{Write, find, is_simple, plan};

use crate::boundary::{Result, guard};
use crate::bytes::{Form, Input};
use crate::database::NativeDb;
use crate::failure::Failure;
use crate::job::Promise;
use crate::open_options::durability;
use crate::reads::Answer;
use crate::registry::Opened;
use crate::writes::Work;

/// The name of a record as it came in. Text is well-formed, `lib/` has seen to that.
pub(crate) struct Name {
    tenant: Option<String>,
    symbol: String,
    auth_hash: String,
}

impl Name {
    fn new(
        tenant: Option<Input>,
        symbol: Input,
        auth_hash: Input,
    ) -> std::result::Result<Self, Failure> {
        let name = Self {
            tenant: tenant.map(text).transpose()?,
            symbol: text(symbol)?,
            auth_hash: text(auth_hash)?,
        };
        name.id()?;
        Ok(name)
    }

    fn id(&self) -> std::result::Result<RecordId<'_>, Failure> {
        Ok(match &self.tenant {
            Some(tenant) => RecordId::of_tenant(tenant, &self.symbol, &self.auth_hash)?,
            None => RecordId::shared(&self.symbol, &self.auth_hash)?,
        })
    }
}

pub(crate) fn text(input: Input) -> std::result::Result<String, Failure> {
    let no_text = |_| Failure::new("INVALID_PARAMETERS", "a name is not text");
    String::from_utf8(input.0).map_err(no_text)
}

/// Writes of records that are made all together, and for which something has to be read first.
#[derive(Default)]
pub struct RecordWrites {
    writes: Vec<(Name, Option<Vec<u8>>)>,
}

impl RecordWrites {
    /// Makes the writes on this thread, if nothing has to be waited for.
    pub(crate) fn try_write(
        &mut self,
        opened: &Opened,
        durability: Durability,
    ) -> EngineResult<()> {
        let Some(_deciding) = opened.deciding.try_lock() else { return Err(Error::WouldBlock) };
        let mut batch = self.plan(|key| match opened.db.get_if_cached(key)? {
            Cached::Hit(value) => Ok(Some(value)),
            Cached::Absent => Ok(None),
            Cached::Unknown => Err(Error::WouldBlock),
        })?;
        opened.db.try_write(&mut batch, durability)
    }

    /// Makes the writes.
    pub(crate) fn write(&self, opened: &Opened, durability: Durability) -> EngineResult<()> {
        let _deciding = opened.deciding.lock();
        opened.db.write(self.plan(|key| opened.db.get(key))?, durability)
    }

    fn plan(&self, get: impl Fn(&[u8]) -> EngineResult<Option<Bytes>>) -> EngineResult<WriteBatch> {
        let invalid = |failure: Failure| Error::InvalidArgument(failure.details());
        let mut writes = Vec::with_capacity(self.writes.len());
        for (name, text) in &self.writes {
            writes.push(Write { id: name.id().map_err(invalid)?, text: text.as_deref() });
        }
        let mut batch = WriteBatch::new();
        for change in plan(&writes, get)? {
            match change.value {
                Some(value) => batch.put(&change.key, &value),
                None => batch.delete(&change.key),
            }
        }
        Ok(batch)
    }

    fn is_simple(&self) -> bool {
        self.writes.iter().all(|(name, _)| name.id().is_ok_and(|id| is_simple(&id)))
    }

    /// What has to be done, as a batch where nothing has to be read for it.
    fn into_work(self) -> std::result::Result<Work, Failure> {
        Ok(if self.is_simple() {
            Work::Batch(self.plan(|_| Ok(None))?)
        } else {
            Work::Records(self)
        })
    }
}

/// Writes of records, put together one by one.
#[napi]
#[derive(Default)]
pub struct NativeRecordBatch {
    writes: Mutex<RecordWrites>,
}

#[napi]
impl NativeRecordBatch {
    /// An empty batch.
    #[napi(constructor)]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a record, or without a text the deletion of one.
    #[napi]
    pub fn add(
        &self,
        tenant: Option<Input>,
        symbol: Input,
        auth_hash: Input,
        text: Option<Input>,
    ) -> Result<()> {
        guard(|| {
            let name = Name::new(tenant, symbol, auth_hash)?;
            self.writes.lock().writes.push((name, text.map(|text| text.0)));
            Ok(())
        })
    }
}

#[napi]
impl NativeDb {
    /// The record's text, if memory has the answer.
    #[napi]
    pub fn get_record_if_cached(
        &self,
        tenant: Option<Input>,
        symbol: Input,
        auth_hash: Input,
    ) -> Result<Answer> {
        guard(|| {
            let name = Name::new(tenant, symbol, auth_hash)?;
            let found = find(&name.id()?, |key| match self.db().get_if_cached(key)? {
                Cached::Hit(value) => Ok(Some(value)),
                Cached::Absent => Ok(None),
                Cached::Unknown => Err(Error::WouldBlock),
            });
            match found {
                Ok(value) => Ok(Answer::certain(Form::Text, value)),
                Err(Error::WouldBlock) => Ok(Answer::Unknown),
                Err(error) => Err(error.into()),
            }
        })
    }

    /// The record's text, waiting for the disk on the calling thread.
    #[napi]
    pub fn get_record_waiting(
        &self,
        tenant: Option<Input>,
        symbol: Input,
        auth_hash: Input,
    ) -> Result<Answer> {
        guard(|| {
            let name = Name::new(tenant, symbol, auth_hash)?;
            let value = find(&name.id()?, |key| self.db().get(key))?;
            Ok(Answer::certain(Form::Text, value))
        })
    }

    /// The record's text.
    #[napi]
    pub fn get_record(
        &self,
        tenant: Option<Input>,
        symbol: Input,
        auth_hash: Input,
    ) -> Result<Promise<Answer>> {
        let name = guard(|| Name::new(tenant, symbol, auth_hash))?;
        let moment = guard(|| self.moment(&None))?;
        self.on_pool(move |db| {
            let value = find(&name.id()?, |key| db.get_at(&moment, key))?;
            Ok(Answer::certain(Form::Text, value))
        })
    }

    /// Says whether the record is written, or without a text deleted; otherwise that is queued.
    #[napi]
    pub fn put_record(
        &self,
        tenant: Option<Input>,
        symbol: Input,
        auth_hash: Input,
        text: Option<Input>,
        level: u32,
    ) -> Result<bool> {
        guard(|| {
            let name = Name::new(tenant, symbol, auth_hash)?;
            let writes = RecordWrites { writes: vec![(name, text.map(|text| text.0))] };
            self.write_or_queue(writes.into_work()?, durability(level))
        })
    }

    /// Like [`NativeDb::put_record`]; takes what is in the batch.
    #[napi]
    pub fn write_records(
        &self,
        batch: ClassInstance<'_, NativeRecordBatch>,
        level: u32,
    ) -> Result<bool> {
        guard(|| {
            let writes = std::mem::take(&mut *batch.writes.lock());
            self.write_or_queue(writes.into_work()?, durability(level))
        })
    }
}
