//! Point reads and snapshots. What can be had without waiting is answered on the spot; the rest goes to the
//! pool, with a snapshot taken at the time of the call, so that a write made after it is not seen.

use std::sync::Arc;

use bytes::Bytes;
use napi::bindgen_prelude::{ClassInstance, ToNapiValue, TypeName, Undefined};
use napi::{ValueType, sys};
use napi_derive::napi;
use parking_lot::Mutex;
use sigil_leveldb::{Cached, Db, Snapshot};

use crate::boundary::{Result, guard};
use crate::bytes::{Form, Input, Output};
use crate::database::NativeDb;
use crate::failure::Failure;
use crate::gathered_reads::Wanted;
use crate::handle;
use crate::job::Promise;
use crate::registry::Lease;

/// The database at one moment. Closed by [`NativeSnapshot::close`], or when it is dropped.
#[napi]
pub struct NativeSnapshot {
    held: Mutex<Option<Arc<Snapshot>>>,
    // Dropped after the snapshot, which lives inside of what it holds open.
    _lease: Arc<Lease>,
}

#[napi]
impl NativeSnapshot {
    /// Lets go of what it holds.
    #[napi]
    pub fn close(&self) -> Result<()> {
        guard(|| {
            self.held.lock().take();
            Ok(())
        })
    }

    pub(crate) fn held(&self) -> std::result::Result<Arc<Snapshot>, Failure> {
        let closed = || Failure::new("LEVEL_DATABASE_NOT_OPEN", "the snapshot is closed");
        self.held.lock().clone().ok_or_else(closed)
    }
}

/// What memory has to say about a key.
pub enum Answer {
    /// Its value.
    Value(Output),
    /// It has none; `undefined` in JavaScript.
    Absent,
    /// The disk would have to be asked; `null` in JavaScript.
    Unknown,
}

impl Answer {
    /// The answer to a read that went as far as it had to.
    pub fn certain(form: Form, value: Option<Bytes>) -> Self {
        value.map_or(Self::Absent, |value| Self::Value(Output(form, value)))
    }

    /// Bytes of the value.
    pub fn byte_size(&self) -> usize {
        match self {
            Self::Value(Output(_, value)) => value.len(),
            Self::Absent | Self::Unknown => 0,
        }
    }

    fn cached(form: Form, cached: Cached) -> Self {
        match cached {
            Cached::Hit(value) => Self::Value(Output(form, value)),
            Cached::Absent => Self::Absent,
            Cached::Unknown => Self::Unknown,
        }
    }
}

impl TypeName for Answer {
    fn type_name() -> &'static str {
        "string | Buffer | undefined | null"
    }

    fn value_type() -> ValueType {
        ValueType::Unknown
    }
}

#[allow(unsafe_code, reason = "docs/decisions/0004-strings-by-hand.md")]
impl ToNapiValue for Answer {
    unsafe fn to_napi_value(env: sys::napi_env, value: Self) -> napi::Result<sys::napi_value> {
        // SAFETY: handed on as they came.
        unsafe {
            match value {
                Self::Value(output) => Output::to_napi_value(env, output),
                Self::Absent => Undefined::to_napi_value(env, ()),
                Self::Unknown => ToNapiValue::to_napi_value(env, napi::bindgen_prelude::Null),
            }
        }
    }
}

/// The value if memory has the answer; otherwise the read is gathered.
#[napi]
pub fn try_get(handle: u32, key: Input, as_text: bool) -> Result<Answer> {
    handle::with(handle, |held| {
        let form = Form::of(as_text);
        let answer = Answer::cached(form, held.db().get_if_cached(&key.0)?);
        if matches!(answer, Answer::Unknown) {
            held.reads.lock().add(Wanted::Value(key.0, form));
        }
        Ok(answer)
    })
}

/// A snapshot that a caller gave.
pub type Given<'a> = Option<ClassInstance<'a, NativeSnapshot>>;

#[napi]
impl NativeDb {
    /// Holds the database as it is now.
    #[napi]
    pub fn snapshot(&self) -> Result<NativeSnapshot> {
        guard(|| {
            let held = Mutex::new(Some(Arc::new(self.db().snapshot()?)));
            Ok(NativeSnapshot { held, _lease: Arc::clone(&self.lease) })
        })
    }

    /// The snapshot that was given, or one of now.
    pub(crate) fn moment(&self, given: &Given) -> std::result::Result<Arc<Snapshot>, Failure> {
        match given {
            Some(snapshot) => snapshot.held(),
            None => Ok(Arc::new(self.db().snapshot()?)),
        }
    }

    /// The value that it had, if it can be had without waiting.
    #[napi]
    pub fn try_get_at(
        &self,
        key: Input,
        as_text: bool,
        snapshot: ClassInstance<'_, NativeSnapshot>,
    ) -> Result<Answer> {
        guard(|| {
            let cached = self.db().try_get_at(&*snapshot.held()?, &key.0)?;
            Ok(Answer::cached(Form::of(as_text), cached))
        })
    }

    /// The value, waiting for the disk on the calling thread.
    #[napi]
    pub fn get_waiting(&self, key: Input, as_text: bool, snapshot: Given) -> Result<Answer> {
        guard(|| {
            let value = match snapshot {
                Some(snapshot) => self.db().get_at(&*snapshot.held()?, &key.0)?,
                None => self.db().get(&key.0)?,
            };
            Ok(Answer::certain(Form::of(as_text), value))
        })
    }

    /// The value.
    #[napi]
    pub fn get(&self, key: Input, as_text: bool, snapshot: Given) -> Result<Promise<Answer>> {
        let moment = guard(|| self.moment(&snapshot))?;
        self.on_pool(move |db| Ok(Answer::certain(Form::of(as_text), db.get_at(&moment, &key.0)?)))
    }

    /// The values of many keys, all of the same moment.
    #[napi]
    pub fn get_many(
        &self,
        keys: Vec<Input>,
        as_text: bool,
        snapshot: Given,
    ) -> Result<Promise<Vec<Answer>>> {
        let moment = guard(|| self.moment(&snapshot))?;
        let form = Form::of(as_text);
        self.on_pool(move |db| each(db, &moment, &keys, |value| Answer::certain(form, value)))
    }

    /// Which of many keys have a value, all at the same moment.
    #[napi]
    pub fn has_many(&self, keys: Vec<Input>, snapshot: Given) -> Result<Promise<Vec<bool>>> {
        let moment = guard(|| self.moment(&snapshot))?;
        self.on_pool(move |db| each(db, &moment, &keys, |value| value.is_some()))
    }
}

fn each<T>(
    db: &Db,
    moment: &Snapshot,
    keys: &[Input],
    answer: impl Fn(Option<Bytes>) -> T,
) -> std::result::Result<Vec<T>, Failure> {
    keys.iter().map(|key| Ok(answer(db.get_at(moment, &key.0)?))).collect()
}
