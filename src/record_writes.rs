//! Records that are to be written. Nearly all of them can be put into a batch as they come. Where
//! the old code may have left a record under a key that several tuples share, something has to be
//! read first, and a lock makes sure that nobody else decides by it before the write.

use bytes::Bytes;
use sigil_leveldb::{
    BatchEntry, Durability, Error, MAX_VALUE_SIZE, Result as EngineResult, WriteBatch,
};
use sigil_records::keys::RecordId;
use sigil_records::records::{Write, is_simple, plan, stamp};

use crate::bytes::Input;
use crate::failure::Failure;
use crate::gathered::Gathered;
use crate::gathered_reads::known;
use crate::registry::Opened;

/// A record that is to be written, or without a text deleted.
pub struct RecordWrite {
    id: RecordId<'static>,
    text: Option<Vec<u8>>,
}

impl RecordWrite {
    /// With a time the text is that of a record without the fields that say whose it is and when it
    /// was written, and gets them.
    pub(crate) fn new(
        id: RecordId<'static>,
        text: Option<Input>,
        updated_at: Option<Input>,
    ) -> std::result::Result<Self, Failure> {
        let text = match (text, updated_at) {
            (Some(text), Some(time)) => Some(stamp(text.0, &id, &time.text()?)),
            (text, _) => text.map(|text| text.0),
        };
        if text.as_ref().is_some_and(|text| text.len() > MAX_VALUE_SIZE) {
            let message = format!("a record is at most {MAX_VALUE_SIZE} bytes of JSON");
            return Err(Failure::new("INVALID_PARAMETERS", message));
        }
        Ok(Self { id, text })
    }

    fn wanted(&self) -> Write<'_> {
        Write { id: self.id.clone(), text: self.text.as_deref() }
    }

    /// Adds the write to what is gathered.
    pub(crate) fn gather(self, durability: Durability, gathered: &mut Gathered) {
        if is_simple(&self.id) {
            let key = self.id.key();
            let text = self.text.as_deref();
            let bytes = key.len() + text.map_or(0, <[u8]>::len);
            gathered.add(durability, bytes, |batch| put_or_delete(batch, &key, text));
        } else {
            gathered.add_records(durability, RecordWrites { writes: vec![self] });
        }
    }
}

/// Writes of records, made all together, for which something has to be read first.
#[derive(Default)]
pub struct RecordWrites {
    writes: Vec<RecordWrite>,
}

impl RecordWrites {
    /// Bytes of the texts.
    pub(crate) fn byte_size(&self) -> usize {
        self.writes.iter().map(|write| write.text.as_ref().map_or(0, Vec::len)).sum()
    }

    /// Makes the writes on this thread, if nothing has to be waited for.
    pub(crate) fn try_write(&self, opened: &Opened, durability: Durability) -> EngineResult<()> {
        let Some(_deciding) = opened.deciding.try_lock() else { return Err(Error::WouldBlock) };
        let mut batch = self.plan(|key| known(opened.db.try_get(key)?))?;
        opened.db.try_write(&mut batch, durability)
    }

    /// Makes the writes.
    pub(crate) fn write(&self, opened: &Opened, durability: Durability) -> EngineResult<()> {
        let _deciding = opened.deciding.lock();
        opened.db.write(self.plan(|key| opened.db.get(key))?, durability)
    }

    fn plan(&self, get: impl Fn(&[u8]) -> EngineResult<Option<Bytes>>) -> EngineResult<WriteBatch> {
        let writes: Vec<Write<'_>> = self.writes.iter().map(RecordWrite::wanted).collect();
        let mut batch = WriteBatch::new();
        for change in plan(&writes, get)? {
            put_or_delete(&mut batch, &change.key, change.value.as_deref());
        }
        Ok(batch)
    }

    /// The writes that a batch of keys and values makes.
    fn of_batch(batch: &WriteBatch) -> Self {
        let writes = batch.iter().filter_map(|entry| {
            let (key, text) = match entry {
                BatchEntry::Put { key, value } => (key, Some(value.to_vec())),
                BatchEntry::Delete { key } => (key, None),
            };
            Some(RecordWrite { id: RecordId::decode(key)?.into_owned(), text })
        });
        Self { writes: writes.collect() }
    }
}

/// What is to be written all together, put together piece by piece.
pub enum Together {
    /// Nothing has to be read for it.
    Known(WriteBatch),
    /// Something has.
    Records(RecordWrites),
}

impl Default for Together {
    fn default() -> Self {
        Self::Known(WriteBatch::default())
    }
}

impl Together {
    /// Adds everything to what is gathered.
    pub(crate) fn gather(self, durability: Durability, gathered: &mut Gathered) {
        match self {
            Self::Known(batch) => gathered.add_batch(durability, batch),
            Self::Records(writes) => gathered.add_records(durability, writes),
        }
    }

    /// Adds a record.
    pub(crate) fn add(&mut self, write: RecordWrite) {
        if let Self::Known(batch) = self
            && !is_simple(&write.id)
        {
            // What comes before decides too, so all of it is looked at as records.
            *self = Self::Records(RecordWrites::of_batch(batch));
        }
        match self {
            Self::Known(batch) => put_or_delete(batch, &write.id.key(), write.text.as_deref()),
            Self::Records(records) => records.writes.push(write),
        }
    }
}

fn put_or_delete(batch: &mut WriteBatch, key: &[u8], text: Option<&[u8]>) {
    match text {
        Some(text) => batch.put(key, text),
        None => batch.delete(key),
    }
}
