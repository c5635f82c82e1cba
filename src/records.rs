//! Reading and writing sigil records: keys are made here, so that a call is one crossing. What has
//! to be decided, and how, stands in `sigil_records::records`.

use napi_derive::napi;
use sigil_leveldb::{Db, Error, Snapshot};
use sigil_records::keys::RecordId;
use sigil_records::records::find;

use crate::boundary::{Result, guard};
use crate::bytes::{Form, Input, Text};
use crate::database::NativeDb;
use crate::failure::Failure;
use crate::gathered_reads::{GatheredReads, Wanted, known};
use crate::handle;
use crate::job::Promise;
use crate::open_options::durability;
use crate::reads::Answer;
use crate::record_writes::RecordWrite;

/// The record's text, if memory has the answer; otherwise the read is gathered.
#[napi]
pub fn try_get_record(
    handle: u32,
    tenant: Option<Input>,
    symbol: Input,
    auth_hash: Input,
) -> Result<Answer> {
    handle::with(handle, |held| {
        let id = record_id(tenant, symbol, auth_hash)?;
        match find(&id, |key| known(held.db().get_if_cached(key)?)) {
            Ok(value) => Ok(Answer::certain(Form::Text, value)),
            Err(Error::WouldBlock) => {
                held.reads.lock().add(Wanted::Record(id));
                Ok(Answer::Unknown)
            }
            Err(error) => Err(error.into()),
        }
    })
}

/// The texts of the records that are named by tenant, symbol and hash, three after three, all of one
/// moment. `null` where [`NativeDb::get_records`] has to be called: something has to be waited for,
/// or failed.
#[napi]
pub fn try_get_records(handle: u32, names: Vec<Option<Text>>) -> Result<Option<Vec<Answer>>> {
    handle::with(handle, |held| {
        let (db, mut reads) = (held.db(), GatheredReads::default());
        for id in record_ids(names)? {
            reads.add(Wanted::Record(id));
        }
        Ok(reads.try_answer_at(db, &db.snapshot()?))
    })
}

/// Gathers the writing of a record, or without a text its deletion. With a time the text is that
/// of a record without the fields that say whose it is and when it was written, and gets them.
#[napi]
pub fn put_record(
    handle: u32,
    tenant: Option<Input>,
    symbol: Input,
    auth_hash: Input,
    text: Option<Input>,
    updated_at: Option<Input>,
    level: u32,
) -> Result<()> {
    handle::with(handle, |held| {
        let write = RecordWrite::new(record_id(tenant, symbol, auth_hash)?, text, updated_at)?;
        write.gather(durability(level), &mut held.gathered.lock());
        Ok(())
    })
}

#[napi]
impl NativeDb {
    /// The texts of records, named as for [`try_get_records`], all of the moment of this call.
    #[napi]
    pub fn get_records(&self, names: Vec<Option<Text>>) -> Result<Promise<Vec<Answer>>> {
        let (ids, moment) = guard(|| Ok((record_ids(names)?, self.db().snapshot()?)))?;
        let text = |db: &Db, id: &RecordId<'_>, moment: &Snapshot| {
            let found = find(id, |key| db.get_at(moment, key))?;
            Ok(Answer::certain(Form::Text, found))
        };
        self.on_pool(move |db| ids.iter().map(|id| text(db, id, &moment)).collect())
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
            let id = record_id(tenant, symbol, auth_hash)?;
            let value = find(&id, |key| self.db().get(key))?;
            Ok(Answer::certain(Form::Text, value))
        })
    }
}

/// The names of many records: three texts each.
fn record_ids(names: Vec<Option<Text>>) -> std::result::Result<Vec<RecordId<'static>>, Failure> {
    let mut ids = Vec::with_capacity(names.len() / 3);
    let mut names = names.into_iter();
    while let (Some(tenant), Some(Some(symbol)), Some(Some(auth_hash))) =
        (names.next(), names.next(), names.next())
    {
        ids.push(match tenant {
            Some(tenant) => RecordId::of_tenant(tenant.0, symbol.0, auth_hash.0)?,
            None => RecordId::shared(symbol.0, auth_hash.0)?,
        });
    }
    Ok(ids)
}

/// The name of a record as it came in. Text is well-formed, `lib/` has seen to that.
pub(crate) fn record_id(
    tenant: Option<Input>,
    symbol: Input,
    auth_hash: Input,
) -> std::result::Result<RecordId<'static>, Failure> {
    let (symbol, auth_hash) = (symbol.text()?, auth_hash.text()?);
    Ok(match tenant {
        Some(tenant) => RecordId::of_tenant(tenant.text()?, symbol, auth_hash)?,
        None => RecordId::shared(symbol, auth_hash)?,
    })
}
