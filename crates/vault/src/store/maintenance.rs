//! Backups: making them, keeping the newest, looking whether one is whole.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use sigil_leveldb::env::Env;
use sigil_leveldb::{Durability, Entries, IoOperation, Range, Snapshot};

use super::known;
use super::opened::{Opened, decode_message, decode_message_id};
use super::{Inner, Store};
use crate::backup::{
    self, BackupReport, BackupWriter, Entry, PARTIAL, backups_in, is_partial, prunable,
};
use crate::error::{Error, Result};
use crate::keys::{Password, PasswordKeys};
use crate::layout::{self, Kind, space};
use crate::options::Event;
use crate::record::Item;

impl Store {
    /// Makes a backup of the store as it is now, while others read and write. Afterwards it was
    /// read back, and backups beyond those that are kept are removed.
    pub fn backup(&self) -> Result<PathBuf> {
        let made = self.inner.backup();
        self.inner.note_backup(&made);
        made
    }

    /// Reads all of a backup. A password is needed where it is not the store's present one.
    pub fn verify_backup(&self, path: &Path, password: Option<&[u8]>) -> Result<BackupReport> {
        self.inner.verify_backup(path, password)
    }
}

impl Inner {
    pub(super) fn automatic_backup(&self) {
        let made = self.backup();
        self.note_backup(&made);
        match made {
            Ok(path) => self.options.tell(Event::BackupMade(path)),
            Err(Error::Closed) => {}
            Err(error) => self.options.tell(Event::BackupFailed(error)),
        }
    }

    fn note_backup(&self, made: &Result<PathBuf>) {
        let mut metrics = self.metrics.lock();
        match made {
            Ok(_) => metrics.backups_made += 1,
            Err(Error::Closed) => return,
            Err(_) => metrics.backups_failed += 1,
        }
        metrics.backup_failure = made.as_ref().err().cloned();
    }

    fn backup(&self) -> Result<PathBuf> {
        let _maintenance = self.maintenance.lock();
        self.check_closing()?;
        let no_place = || Error::Invalid("the store has no directory for backups".into());
        let directory = self.options.backups.as_deref().ok_or_else(no_place)?;
        let env = &*self.options.env;
        let opened = self.opened()?;
        make_directory(env, directory)?;
        let (path, time) = free_name(env, directory)?;
        let partial = directory.join(format!("{}{PARTIAL}", backup::file_name_of(time)));
        // The password may be another one by the time it is read back.
        let (password, keys) = self.password_and_keys()?;
        // Read back before it gets its name: a disk may have kept something else.
        let report = self
            .write_backup(&opened, &partial, time, &keys)
            .and_then(|_| backup::read(env, &partial, password.bytes(), Some(&keys)))
            .and_then(|contents| self.read_all(contents));
        let report = match report {
            Ok(report) => report,
            Err(error) => {
                let _ = env.remove(&partial);
                return Err(error);
            }
        };
        env.rename(&partial, &path).map_err(Error::io(IoOperation::Rename, &path))?;
        // IMPORTANT: older backups go only when this one is there after a power cut.
        env.sync_dir(directory).map_err(Error::io(IoOperation::SyncDir, directory))?;
        self.note_time(&opened, time)?;
        if report.skipped == 0 {
            for old in prunable(backups_in(env, directory)?, self.options.backups_kept, &path) {
                let _ = env.remove(&old);
            }
        }
        Ok(path)
    }

    fn write_backup(
        &self,
        opened: &Opened,
        path: &Path,
        time: u64,
        keys: &PasswordKeys,
    ) -> Result<BackupReport> {
        let env = &*self.options.env;
        let mut writer = self.with_header(|state| {
            BackupWriter::begin(env, path, keys, &state.header.secrets.names, time)
        })??;
        let moment = opened.db.snapshot()?;
        let mut skipped = 0;
        for kind in [Kind::Message, Kind::Session, Kind::Proof, Kind::Peer] {
            let mut write = |entry: &Entry| {
                self.check_closing()?;
                writer.entry(entry)
            };
            let count = write_kind(opened, &moment, kind, &mut write)?;
            if count > 0 {
                let count_here = usize::try_from(count).unwrap_or(usize::MAX);
                self.options.tell(Event::Unreadable { kind, ids: Vec::new(), count: count_here });
            }
            skipped += count;
        }
        writer.finish(skipped)
    }

    /// Remembers when the last backup was made.
    fn note_time(&self, opened: &Opened, time: u64) -> Result<()> {
        let mut writer = self.writer.lock();
        writer.check()?;
        writer.counters.last_backup = time;
        writer.counters.sealed += 1;
        let sealed = opened.sealer.load().seal(&layout::COUNTERS, &writer.counters.encode())?;
        opened.db.put(&layout::COUNTERS, &sealed, Durability::Process)?;
        self.metrics.lock().counters = writer.counters;
        Ok(())
    }

    /// Reads all of a backup, as restoring it would.
    fn verify_backup(&self, path: &Path, password: Option<&[u8]>) -> Result<BackupReport> {
        self.check_closing()?;
        self.read_all(self.open_backup(path, password)?)
    }

    fn read_all(&self, contents: backup::Contents) -> Result<BackupReport> {
        contents.each(|_, _| self.check_closing())
    }

    fn password_and_keys(&self) -> Result<(Password, PasswordKeys)> {
        self.with_header(|state| (Password::new(state.password.bytes()), state.keys.copy()))
    }

    pub(super) fn open_backup(
        &self,
        path: &Path,
        password: Option<&[u8]>,
    ) -> Result<backup::Contents> {
        let env = &*self.options.env;
        if let Some(password) = password {
            return backup::read(env, path, password, None);
        }
        // Deriving a key takes as long as the file says, and others need the header meanwhile.
        let (password, keys) = self.password_and_keys()?;
        backup::read(env, path, password.bytes(), Some(&keys))
    }
}

/// Writes all of a kind that can be read; gives how many cannot, at the least.
fn write_kind(
    opened: &Opened,
    moment: &Snapshot,
    kind: Kind,
    write: &mut impl FnMut(&Entry) -> Result<()>,
) -> Result<u64> {
    let (mut skipped, mut reached) = (0, Vec::new());
    for entry in Entries::forward(opened.db.iter_at(moment, Range::prefix(&[kind.values()]))?) {
        let (place, sealed) = match entry.map_err(Error::from) {
            Ok(entry) => entry,
            Err(error) if error.is_damage() => {
                // A block is damaged. Its neighbours are not, and the ids lead to them.
                let rest = write_known(opened, moment, kind, &reached, write)?;
                return Ok(skipped + rest.max(1));
            }
            Err(error) => return Err(error),
        };
        skipped += write_one(opened, moment, kind, (&place, &sealed), write)?;
        reached = place;
    }
    Ok(skipped)
}

/// Writes what the ids know to be behind a place.
fn write_known(
    opened: &Opened,
    moment: &Snapshot,
    kind: Kind,
    reached: &[u8],
    write: &mut impl FnMut(&Entry) -> Result<()>,
) -> Result<u64> {
    let mut skipped = 0;
    for place in known::all_places(opened, moment, kind)? {
        if place.as_slice() <= reached {
            continue;
        }
        match opened.db.get_at(moment, &place).map_err(Error::from) {
            Ok(Some(sealed)) => {
                skipped += write_one(opened, moment, kind, (&place, &sealed), write)?;
            }
            Ok(None) => {}
            Err(error) if error.is_damage() => skipped += 1,
            Err(error) => return Err(error),
        }
    }
    Ok(skipped)
}

/// Writes one record; gives 1 where it cannot be read.
fn write_one(
    opened: &Opened,
    moment: &Snapshot,
    kind: Kind,
    (place, sealed): (&[u8], &[u8]),
    write: &mut impl FnMut(&Entry) -> Result<()>,
) -> Result<u64> {
    let entry = match kind {
        Kind::Message => message_entry(opened, moment, place, sealed),
        _ => item_entry(opened, kind, place, sealed),
    };
    match entry {
        Ok(entry) => write(&entry).map(|()| 0),
        Err(error) if error.is_damage() => Ok(1),
        Err(error) => Err(error),
    }
}

fn message_entry(opened: &Opened, moment: &Snapshot, place: &[u8], sealed: &[u8]) -> Result<Entry> {
    let plain = opened.open(Kind::Message, place, sealed)?;
    let message = decode_message(&plain)?;
    let label = layout::label_of_message(place).ok_or(Error::Unreadable(Kind::Message))?;
    let entry = layout::named(space::MESSAGE_IDS, &message.id);
    let id = match opened.get(Kind::Message, &entry, Some(moment)) {
        Ok(plain) => plain.and_then(|plain| decode_message_id(&plain).ok()?.id),
        // The message is worth more than its id.
        Err(error) if error.is_damage() => None,
        Err(error) => return Err(error),
    };
    Ok(Entry::Message { label, id, plain })
}

fn item_entry(opened: &Opened, kind: Kind, place: &[u8], sealed: &[u8]) -> Result<Entry> {
    let item = Item::decode(&opened.open(kind, place, sealed)?).ok_or(Error::Unreadable(kind))?;
    Ok(Entry::Item { kind, id: item.id, value: item.value })
}

fn make_directory(env: &dyn Env, directory: &Path) -> Result<()> {
    env.create_dir_all(directory).map_err(Error::io(IoOperation::CreateDir, directory))?;
    if let Some(parent) = directory.parent() {
        env.sync_dir(parent).map_err(Error::io(IoOperation::SyncDir, parent))?;
    }
    // What a process that was killed did not finish.
    for name in env.list(directory).map_err(Error::io(IoOperation::List, directory))? {
        if is_partial(&name) {
            let _ = env.remove(&directory.join(name));
        }
    }
    Ok(())
}

/// Milliseconds since 1970.
pub(super) fn milliseconds_now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_millis() as u64
}

/// The name of a backup of now; of a little later where that is taken.
fn free_name(env: &dyn Env, directory: &Path) -> Result<(PathBuf, u64)> {
    let mut time = milliseconds_now();
    loop {
        let path = directory.join(backup::file_name_of(time));
        match env.size(&path) {
            Ok(_) => time += 1,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok((path, time)),
            Err(error) => return Err(Error::io(IoOperation::Stat, &path)(error)),
        }
    }
}
