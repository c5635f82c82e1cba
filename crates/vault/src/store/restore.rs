//! Going back to a backup.
//!
//! What the backup has is written into a directory of its own, encrypted with new keys, while the
//! backup is read for the first and only time. Only when its last byte was found right and the new
//! directory is on the disk, the header names it. Whatever goes wrong before leaves the store as it
//! was. Writers wait meanwhile; readers see the old data until the end.

use std::path::Path;

use sigil_leveldb::{Durability, WriteBatch};

use super::opened::Opened;
use super::plan::Tail;
use super::{Inner, Store};
use crate::backup::{BackupReport, Contents, Entry};
use crate::error::{Error, Result};
use crate::label::Label;
use crate::layout::{self, Kind, space};
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
        let _maintenance = self.maintenance.lock();
        let contents = self.open_backup(path, password)?;
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
            let (made, counters, tail) = fill(fresh, path, contents, kept)?;
            report = made;
            Ok((counters, tail))
        })?;
        Ok(report)
    }
}

fn fill(
    fresh: &Opened,
    path: &Path,
    contents: Contents,
    counters: Counters,
) -> Result<(BackupReport, Counters, Option<Tail>)> {
    let mut filling = Filling { fresh, path, counters, batch: WriteBatch::new(), tail: None };
    let report = contents.each(|entry| filling.take(entry))?;
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
    path: &'a Path,
    counters: Counters,
    batch: WriteBatch,
    tail: Option<Tail>,
}

impl Filling<'_> {
    fn take(&mut self, entry: Entry) -> Result<()> {
        match entry {
            Entry::Message { label, id, plain } => {
                let message = StoredMessage::decode(&plain).ok_or_else(|| self.contradiction())?;
                self.message(&label, id, &message)?;
            }
            Entry::Item { kind, id, value } => {
                let name = layout::name_of(&self.fresh.names, kind, &id);
                self.put(layout::named(kind.values(), &name), &Item::encode(&id, &value))?;
                self.put(layout::named(kind.ids(), &name), id.as_bytes())?;
                *self.counters.of(kind) += 1;
            }
        }
        if self.batch.byte_size() > BATCH { self.write() } else { Ok(()) }
    }

    fn message(
        &mut self,
        label: &Label,
        id: Option<String>,
        message: &StoredMessage<bytes::Bytes>,
    ) -> Result<()> {
        self.put(layout::message(label), &message.encode())?;
        for peer in message.peers() {
            self.batch.put(&layout::by_peer(&peer, label), b"");
        }
        if let Some(id) = id {
            let name = layout::name_of(&self.fresh.names, Kind::Message, &id);
            if name != message.id {
                return Err(self.contradiction());
            }
            let entry = MessageId { label: label.clone(), id };
            self.put(layout::named(space::MESSAGE_IDS, &name), &entry.encode())?;
        }
        if self.tail.as_ref().is_some_and(|tail| tail.label >= *label || tail.time > message.time) {
            return Err(self.contradiction());
        }
        self.tail = Some(Tail { time: message.time, label: label.clone() });
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

    fn contradiction(&self) -> Error {
        Error::BackupDamaged { path: self.path.into(), what: "its content contradicts itself" }
    }
}
