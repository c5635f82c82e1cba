//! Reading from a messenger's store. What memory has is decrypted on the calling thread; everything
//! else goes to the pool. Lists come as one JSON text, because that is parsed fastest.

use bytes::Bytes;
use napi_derive::napi;
use sigil_storage::{Before, Cached, Kind, Page, Query};

use crate::boundary::{Result, guard};
use crate::bytes::{Form, Input, Output};
use crate::job::Promise;
use crate::reads::Answer;
use crate::vault_store::NativeVault;
use crate::vault_writes::kind_of;

/// What a value begins with that needs more than `JSON.parse`: `docs/format/vault-values.md`.
const SPECIAL: u8 = b'\n';

/// Values of a list.
#[napi(object, object_from_js = false)]
pub struct VaultList {
    /// The text of a JSON array.
    pub text: Output,
    /// Which of them need more than `JSON.parse`.
    pub special: Vec<u32>,
    /// The ids of items, in the same order.
    pub ids: Option<Vec<String>>,
    /// Where the next page of messages begins.
    pub cursor: Option<Output>,
}

impl VaultList {
    fn new<'a>(values: impl ExactSizeIterator<Item = &'a Bytes> + Clone) -> Self {
        let size = values.clone().map(|value| value.len() + 1).sum::<usize>() + 2;
        let (mut joined, mut special) = (Vec::with_capacity(size), Vec::new());
        joined.push(b'[');
        for (index, value) in (0..).zip(values) {
            if index > 0 {
                joined.push(b',');
            }
            if value.first() == Some(&SPECIAL) {
                special.push(index);
            }
            joined.extend_from_slice(value);
        }
        joined.push(b']');
        let text = Output(Form::Text, joined.into());
        Self { text, special, ids: None, cursor: None }
    }
}

impl From<Page> for VaultList {
    fn from(page: Page) -> Self {
        let cursor = page.cursor.map(|cursor| Output(Form::Buffer, cursor.into()));
        Self { cursor, ..Self::new(page.values.iter()) }
    }
}

/// Where a page of messages begins, as it came in.
enum Start {
    Cursor(Vec<u8>),
    Id(String),
    Time(f64),
}

impl Start {
    fn as_before(&self) -> Before<'_> {
        match self {
            Self::Cursor(cursor) => Before::Cursor(cursor),
            Self::Id(id) => Before::Id(id),
            Self::Time(time) => Before::Time(*time),
        }
    }
}

#[napi]
impl NativeVault {
    /// The value if memory has it.
    #[napi]
    pub fn get_if_cached(&self, kind: u32, id: Input) -> Result<Answer> {
        guard(|| {
            Ok(match self.store.get_if_cached(kind_of(kind)?, &id.text()?)? {
                Cached::Hit(value) => Answer::Value(Output(Form::Text, value)),
                Cached::Absent => Answer::Absent,
                Cached::Unknown => Answer::Unknown,
            })
        })
    }

    /// The value.
    #[napi]
    pub fn get(&self, kind: u32, id: Input) -> Result<Promise<Answer>> {
        let (kind, id) = guard(|| Ok((kind_of(kind)?, id.text()?)))?;
        self.on_pool(move |store| Ok(Answer::certain(Form::Text, store.get(kind, &id)?)))
    }

    /// Messages, the newest first. At most one of the last three says where to begin.
    #[napi]
    pub fn messages(
        &self,
        peer: Option<Input>,
        limit: f64,
        cursor: Option<Input>,
        before_id: Option<Input>,
        before_time: Option<f64>,
    ) -> Result<Promise<VaultList>> {
        let (peer, start) = guard(|| {
            let id = before_id.map(Input::text).transpose()?.map(Start::Id);
            let cursor = cursor.map(|cursor| Start::Cursor(cursor.0));
            let start = cursor.or(id).or(before_time.map(Start::Time));
            Ok((peer.map(Input::text).transpose()?, start))
        })?;
        self.on_pool(move |store| {
            let before = start.as_ref().map(Start::as_before);
            let query = Query { peer: peer.as_deref(), limit: limit as usize, before };
            Ok(VaultList::from(store.messages(&query)?))
        })
    }

    /// All sessions, proofs or peers.
    #[napi]
    pub fn items(&self, kind: u32) -> Result<Promise<VaultList>> {
        let kind: Kind = guard(|| kind_of(kind))?;
        self.on_pool(move |store| {
            let found = store.items(kind)?.found;
            let list = VaultList::new(found.iter().map(|(_, value)| value));
            Ok(VaultList { ids: Some(found.into_iter().map(|(id, _)| id).collect()), ..list })
        })
    }
}
