//! Going back to a backup.
//!
//! What the backup has is written into a directory of its own, encrypted with new keys, while the
//! backup is read for the first and only time. Only when its last byte was found right and the new
//! directory is on the disk, the header names it. Whatever goes wrong before leaves the store as it
//! was. Writers wait meanwhile; readers see the old data until the end.

use std::path::Path;

use bytes::Bytes;
use sigil_leveldb::{Durability, WriteBatch};

use super::message_order::{MessageOrder, Overlay};
use super::opened::Opened;
use super::plan::Tail;
use super::{Inner, Store};
use crate::backup::{BackupReport, Contents, Entry};
use crate::error::Result;
use crate::label::{self, Label};
use crate::layout::{self, space};
use crate::record::{Counters, Item, MessageId, StoredMessage};

/// Bytes that are written to the new database at once.
const BATCH: usize = 1 << 20;

impl Store {
    /// Replaces everything by what a backup has. A password is needed where the backup was made
    /// with another one than the store's present.
    pub fn restore(&self, path: &Path, password: Option<&[u8]>) -> Result<BackupReport> {
        self.inner.restore(path, password)
    }
}

impl Inner {
    fn restore(&self, path: &Path, password: Option<&[u8]>) -> Result<BackupReport> {
        // Deriving its key takes as long as the file says: nobody else waits for that.
        self.check_closing()?;
        let contents = self.open_backup(path, password)?;
        let _maintenance = self.maintenance.lock();
        let mut writer = self.writer.lock();
        writer.check()?;
        let names = contents.names.copy();
        let secrets = self.with_header(|state| state.header.secrets.for_new_directory(names))??;
        let kept = Counters {
            epoch: secrets.epoch,
            last_backup: writer.counters.last_backup,
            ..Counters::default()
        };
        let mut report = BackupReport::default();
        self.replace_data(&mut writer, secrets, |fresh| {
            let (made, counters, tail) = fill(fresh, contents, kept)?;
            report = made;
            Ok((counters, tail))
        })?;
        Ok(report)
    }
}

fn fill(
    fresh: &Opened,
    contents: Contents,
    counters: Counters,
) -> Result<(BackupReport, Counters, Option<Tail>)> {
    let mut filling = Filling { fresh, counters, batch: WriteBatch::new(), tail: None };
    let report = contents.each(|entry, message| filling.take(entry, message))?;
    filling.write()?;
    let Filling { mut counters, tail, .. } = filling;
    counters.sealed += 1;
    let sealed = fresh.sealer.load().seal(&layout::COUNTERS, &counters.encode())?;
    // Everything before it is durable with it.
    fresh.db.put(&layout::COUNTERS, &sealed, Durability::Sync)?;
    Ok((report, counters, tail))
}

struct Filling<'a> {
    fresh: &'a Opened,
    counters: Counters,
    batch: WriteBatch,
    /// The last message, whose time is the largest too.
    tail: Option<Tail>,
}

impl Filling<'_> {
    fn take(&mut self, entry: Entry, message: Option<StoredMessage<Bytes>>) -> Result<()> {
        match (entry, message) {
            (Entry::Message { label, id, .. }, Some(message)) => {
                let label = self.place(label, message.time)?;
                self.message(&label, id, &message)?;
            }
            (Entry::Item { kind, id, value }, _) => {
                let name = layout::name_of(&self.fresh.names, kind, &id);
                self.put(layout::named(kind.values(), &name), &Item::encode(&id, &value))?;
                self.put(layout::named(kind.ids(), &name), id.as_bytes())?;
                *self.counters.of(kind) += 1;
            }
            (Entry::Message { .. }, None) => {}
        }
        if self.batch.byte_size() > BATCH { self.write() } else { Ok(()) }
    }

    /// Where a message goes: to its place in the backup, as long as times rise as places do. One
    /// that stands behind later ones goes to where it belongs, which is before the last, and so
    /// before every place that is still to come.
    fn place(&mut self, label: Label, time: f64) -> Result<Label> {
        if self.tail.as_ref().is_none_or(|tail| tail.time <= time) {
            self.tail = Some(Tail { time, label: label.clone() });
            return Ok(label);
        }
        self.write()?;
        let (low, high) = MessageOrder::now(self.fresh, &Overlay::new())?.around(time, true)?;
        let found = Label::between(low.as_ref(), high.as_ref());
        // Out of order is better than not at all.
        let is_fit = high.is_some() && found.bytes().len() <= label::LONGEST;
        Ok(if is_fit { found } else { label })
    }

    fn message(
        &mut self,
        label: &Label,
        id: Option<String>,
        message: &StoredMessage<Bytes>,
    ) -> Result<()> {
        self.put(layout::message(label), &message.encode())?;
        for peer in message.peers() {
            self.batch.put(&layout::by_peer(&peer, label), b"");
        }
        // IMPORTANT: also where the id is not known. Without it nothing leads to the message: it
        // could neither be asked for nor replaced.
        let place = layout::named(space::MESSAGE_IDS, &message.id);
        self.put(place, &MessageId { label: label.clone(), id }.encode())?;
        self.counters.messages += 1;
        Ok(())
    }

    fn put(&mut self, place: Vec<u8>, plain: &[u8]) -> Result<()> {
        let sealed = self.fresh.sealer.load().seal(&place, plain)?;
        self.counters.sealed += 1;
        self.batch.put(&place, &sealed);
        Ok(())
    }

    fn write(&mut self) -> Result<()> {
        let batch = std::mem::take(&mut self.batch);
        Ok(self.fresh.db.write(batch, Durability::Process)?)
    }
}
