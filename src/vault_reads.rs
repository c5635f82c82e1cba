//! Reading from a messenger's store. What memory has, and small lists, are decrypted on the calling
//! thread; everything else goes to the pool.

use bytes::Bytes;
use napi_derive::napi;
use sigil_storage::{Before, Cached, Kind, Page, Query};

use crate::array_texts::ArrayTexts;
use crate::boundary::{Result, guard};
use crate::bytes::{Form, Input, Output};
use crate::failure::Failure;
use crate::job::Promise;
use crate::reads::Answer;
use crate::vault_store::NativeVault;
use crate::vault_writes::kind_of;

/// What a value begins with that needs more than `JSON.parse`: `docs/format/vault-values.md`.
const SPECIAL: u8 = b'\n';

/// Bytes of one text of a list. With the largest value behind it, it is still a text that V8 has.
const TEXT_SIZE: usize = 16 << 20;

/// Values of a list.
#[napi(object, object_from_js = false)]
pub struct VaultList {
    /// Texts of JSON arrays, which follow each other; or the texts of the values, one by one.
    pub texts: Vec<Output>,
    /// Which of the values need more than `JSON.parse`.
    pub special: Vec<u32>,
    /// The ids, in the same order, where they were asked for; empty where one cannot be told.
    pub ids: Option<Vec<String>>,
    /// Where the next page of messages begins.
    pub cursor: Option<Output>,
}

impl VaultList {
    fn joined<'a>(values: impl Iterator<Item = &'a Bytes> + Clone) -> Self {
        let size = values.clone().map(|value| value.len() + 1).sum();
        let (mut texts, mut special) = (ArrayTexts::new(TEXT_SIZE, size), Vec::new());
        for (index, value) in (0..).zip(values) {
            texts.push(value);
            if value.first() == Some(&SPECIAL) {
                special.push(index);
            }
        }
        Self { texts: texts.finish(), special, ids: None, cursor: None }
    }

    fn page(page: Page) -> Self {
        let cursor = page.cursor.map(|cursor| Output(Form::Buffer, cursor.into()));
        Self { cursor, ..Self::joined(page.values.iter()) }
    }

    fn apart(values: impl Iterator<Item = Bytes>) -> Self {
        let texts = values.map(|value| Output(Form::Text, value)).collect();
        Self { texts, special: Vec::new(), ids: None, cursor: None }
    }
}

/// A page of messages without their values.
#[napi(object, object_from_js = false)]
pub struct VaultPage {
    /// A number for each message, as the doubles of the machine: where it is one of before, so is the
    /// value.
    pub numbers: Output,
    /// Where the next page begins.
    pub cursor: Option<Output>,
}

impl VaultPage {
    fn new(numbers: &[u64], cursor: Option<Vec<u8>>) -> Self {
        let numbers = numbers.iter().flat_map(|number| (*number as f64).to_ne_bytes());
        let buffer = |bytes: Vec<u8>| Output(Form::Buffer, bytes.into());
        Self { numbers: buffer(numbers.collect()), cursor: cursor.map(buffer) }
    }
}

/// How much a page of messages has at most.
#[napi(object)]
pub struct PageSize {
    /// How many messages.
    pub count: f64,
    /// Bytes, beside the last of them.
    pub bytes: Option<f64>,
}

/// Where a page of messages begins, as it came in.
enum Start {
    Cursor(Vec<u8>),
    Id(String),
    Time(f64),
}

impl Start {
    fn of(
        cursor: Option<Input>,
        id: Option<Input>,
        time: Option<f64>,
    ) -> std::result::Result<Option<Self>, Failure> {
        let id = id.map(Input::text).transpose()?.map(Self::Id);
        Ok(cursor.map(|cursor| Self::Cursor(cursor.0)).or(id).or(time.map(Self::Time)))
    }

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

    /// Messages, the newest first. At most one of the three before the last says where to begin.
    /// Apart are the texts of the values, one by one and with their ids: for when one of them cannot
    /// be parsed. Fewer, with a cursor, where they are so many bytes.
    #[napi]
    pub fn messages(
        &self,
        peer: Option<Input>,
        size: PageSize,
        cursor: Option<Input>,
        before_id: Option<Input>,
        before_time: Option<f64>,
        apart: bool,
    ) -> Result<Promise<VaultList>> {
        let (peer, start) = guard(|| {
            let start = Start::of(cursor, before_id, before_time)?;
            Ok((peer.map(Input::text).transpose()?, start))
        })?;
        self.on_pool(move |store| {
            let before = start.as_ref().map(Start::as_before);
            let query = Query { peer: peer.as_deref(), limit: size.count as usize, before };
            let most = size.bytes.map_or(usize::MAX, |bytes| bytes as usize);
            let page = store.messages_up_to(&query, most)?;
            if !apart {
                return Ok(VaultList::page(page));
            }
            let cursor = page.cursor.map(|cursor| Output(Form::Buffer, cursor.into()));
            let ids = store.ids_at(&page.places)?.into_iter().map(Option::unwrap_or_default);
            let list = VaultList::apart(page.values.into_iter());
            Ok(VaultList { cursor, ids: Some(ids.collect()), ..list })
        })
    }

    /// The same, if it is a small list that can be had without waiting; otherwise none. Its values
    /// are only kept ready, for those that somebody does not have yet.
    #[napi]
    pub fn messages_at_once(
        &self,
        peer: Option<Input>,
        limit: f64,
        cursor: Option<Input>,
        before_id: Option<Input>,
        before_time: Option<f64>,
    ) -> Result<Option<VaultPage>> {
        guard(|| {
            let start = Start::of(cursor, before_id, before_time)?;
            let peer = peer.map(Input::text).transpose()?;
            let before = start.as_ref().map(Start::as_before);
            let query = Query { peer: peer.as_deref(), limit: limit as usize, before };
            Ok(self.store.messages_at_once(&query)?.map(|page| {
                *self.ready.lock() = page.values;
                VaultPage::new(&page.numbers, page.cursor)
            }))
        })
    }

    /// Values of the last such list: a byte for each of them, 0 where it is not wanted.
    #[napi]
    pub fn ready(&self, wanted: Input) -> Result<VaultList> {
        guard(|| {
            let values = std::mem::take(&mut *self.ready.lock());
            if values.len() != wanted.0.len() {
                return Err(Failure::new("INTERNAL_ERROR", "another list was asked for meanwhile"));
            }
            let all = values.iter().zip(&wanted.0);
            Ok(VaultList::joined(all.filter(|(_, wanted)| **wanted != 0).map(|(value, _)| value)))
        })
    }

    /// All sessions, proofs or peers; apart as with messages.
    #[napi]
    pub fn items(&self, kind: u32, apart: bool) -> Result<Promise<VaultList>> {
        let kind: Kind = guard(|| kind_of(kind))?;
        self.on_pool(move |store| {
            let (ids, values): (Vec<_>, Vec<_>) = store.items(kind)?.found.into_iter().unzip();
            let list = if apart {
                VaultList::apart(values.into_iter())
            } else {
                VaultList::joined(values.iter())
            };
            Ok(VaultList { ids: Some(ids), ..list })
        })
    }
}
