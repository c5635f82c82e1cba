//! Point reads that memory did not answer. They are gathered, and those of one go of JavaScript are
//! answered together: a few of them on the spot, out of the system's page cache, many on the pool,
//! where blocks are unpacked while JavaScript goes on.

use std::mem;

use bytes::Bytes;
use napi_derive::napi;
use sigil_leveldb::{Cached, Db, Error, Result as EngineResult, Snapshot};
use sigil_records::keys::RecordId;
use sigil_records::records::find;

use crate::boundary::{Result, guard};
use crate::bytes::Form;
use crate::database::NativeDb;
use crate::failure::CallFailure;
use crate::handle;
use crate::job::Promise;
use crate::reads::Answer;

/// More bytes of values are not read on the thread of JavaScript, which would do nothing else
/// meanwhile.
const ON_THE_SPOT: usize = 512 << 10;
/// So many reads at once go to the pool where files have to be asked, as `lib/native-db.js` has it for
/// those that are gathered.
const FEW: usize = 16;

/// What a call wants to read.
pub enum Wanted {
    /// The value of a key, in this form.
    Value(Vec<u8>, Form),
    /// A record's text.
    Record(RecordId<'static>),
}

impl Wanted {
    fn read(&self, get: impl Fn(&[u8]) -> EngineResult<Option<Bytes>>) -> EngineResult<Answer> {
        Ok(match self {
            Self::Value(key, form) => Answer::certain(*form, get(key)?),
            Self::Record(id) => Answer::certain(Form::Text, find(id, get)?),
        })
    }
}

/// Reads in the order of their calls.
#[derive(Default)]
pub struct GatheredReads {
    wanted: Vec<Wanted>,
}

impl GatheredReads {
    /// Adds the read of a call.
    pub fn add(&mut self, wanted: Wanted) {
        self.wanted.push(wanted);
    }

    /// Answers all reads on this thread. None where that cannot be done without waiting, or takes
    /// long, or fails: then all of them are still there.
    fn try_answer(&mut self, db: &Db) -> Option<Vec<Answer>> {
        let answers = self.all(|key| db.try_get(key))?;
        self.wanted.clear();
        Some(answers)
    }

    /// The same, as of one moment. Of many only what is in memory is read.
    pub fn try_answer_at(&self, db: &Db, moment: &Snapshot) -> Option<Vec<Answer>> {
        if self.wanted.len() < FEW {
            self.all(|key| db.try_get_at(moment, key))
        } else {
            self.all(|key| db.get_if_cached_at(moment, key))
        }
    }

    fn all(&self, get: impl Fn(&[u8]) -> EngineResult<Cached>) -> Option<Vec<Answer>> {
        let mut answers = Vec::with_capacity(self.wanted.len());
        let mut bytes = 0;
        for wanted in &self.wanted {
            let answer = wanted.read(|key| known(get(key)?)).ok()?;
            bytes += answer.byte_size();
            if bytes > ON_THE_SPOT {
                return None;
            }
            answers.push(answer);
        }
        Some(answers)
    }

    fn answer(self, db: &Db, moment: &Snapshot) -> ReadAnswers {
        let (mut values, mut failures) = (Vec::with_capacity(self.wanted.len()), Vec::new());
        for (call, wanted) in (0..).zip(self.wanted) {
            let answer = wanted.read(|key| db.get_at(moment, key));
            values.push(answer.unwrap_or_else(|error| {
                failures.push(CallFailure::of(call, &error.into()));
                Answer::Absent
            }));
        }
        ReadAnswers { values, failures }
    }
}

/// What is known without waiting.
pub fn known(cached: Cached) -> EngineResult<Option<Bytes>> {
    match cached {
        Cached::Hit(value) => Ok(Some(value)),
        Cached::Absent => Ok(None),
        Cached::Unknown => Err(Error::WouldBlock),
    }
}

/// The answers to gathered reads.
#[napi(object, object_from_js = false)]
pub struct ReadAnswers {
    /// In the order of the calls; `undefined` also where the read failed.
    pub values: Vec<Answer>,
    /// The calls whose reads failed.
    pub failures: Vec<CallFailure>,
}

/// Answers on the spot what is gathered. `null` where [`NativeDb::answer_gathered`] has to be called:
/// something has to be waited for, or failed.
#[napi]
pub fn try_answer_gathered(handle: u32) -> Result<Option<Vec<Answer>>> {
    handle::with(handle, |held| Ok(held.reads.lock().try_answer(held.db())))
}

#[napi]
impl NativeDb {
    /// Answers on the pool what is gathered, as it is at the time of this call.
    #[napi]
    pub fn answer_gathered(&self) -> Result<Promise<ReadAnswers>> {
        let gathered = mem::take(&mut *self.reads.lock());
        let moment = guard(|| Ok(self.db().snapshot()?))?;
        self.on_pool(move |db| Ok(gathered.answer(db, &moment)))
    }
}
