//! Replacing the key that records are encrypted with, while the store is in use.
//!
//! The header gets the new key beside the old one, so that from then on records are written with
//! the new one; then those that still have the old one are encrypted again, a few at a time; then
//! the header forgets the old key. A crash leaves a header with two keys, and the next opening goes
//! on: what has the new key already is passed over. So is what cannot be read, whether a record or a
//! whole block of the database: nothing can be encrypted again without being read, and the key has to
//! be replaced all the same.

use std::sync::Arc;

use sigil_leveldb::{Durability, Range, WriteBatch};

use super::header_state::NotWritten;
use super::opened::Opened;
use super::{Inner, Store};
use crate::error::{Error, Result};
use crate::layout::{self, Kind, SEALED};
use crate::options::Event;
use crate::seal::Sealer;

/// Records that are encrypted again in one batch, and bytes of them.
const RECORDS: usize = 256;
const BYTES: usize = 1 << 20;
/// Records that are looked at before it is asked again whether the store is being closed.
const LOOKS: usize = 16 << 10;

impl Store {
    /// Encrypts everything with a new key and destroys the old one. Others read and write
    /// meanwhile. When the store is closed before it is done, that is [`Error::Closed`], and the
    /// next opening finishes it in the background.
    pub fn rotate_key(&self) -> Result<()> {
        self.inner.rotate_key()
    }
}

impl Inner {
    pub(super) fn rotate_key(&self) -> Result<()> {
        let _maintenance = self.maintenance.lock();
        self.check_closing()?;
        if !self.is_rotating()? {
            self.begin_rotation()?;
        }
        self.finish_rotation()
    }

    /// Goes on with what was interrupted.
    pub(super) fn resume_rotation(&self) -> Result<()> {
        let _maintenance = self.maintenance.lock();
        if self.is_rotating()? { self.finish_rotation() } else { Ok(()) }
    }

    /// Replaces the key that is in use now, whatever was begun before. Under `maintenance`.
    pub(super) fn destroy_key(&self) -> Result<()> {
        if self.is_rotating()? {
            self.finish_rotation()?;
        }
        self.begin_rotation()?;
        self.finish_rotation()
    }

    pub(super) fn is_rotating(&self) -> Result<bool> {
        self.with_header(|state| state.header.secrets.records.len() > 1)
    }

    /// From here on records are written with the new key.
    fn begin_rotation(&self) -> Result<()> {
        let mut writer = self.writer.lock();
        writer.check()?;
        let opened = self.opened()?;
        self.write_secrets(crate::header::Secrets::with_next_key)
            .map_err(NotWritten::into_error)?;
        change_sealer(&opened, self.sealer()?);
        writer.counters.sealed = 0;
        self.metrics.lock().counters = writer.counters;
        Ok(())
    }

    fn sealer(&self) -> Result<Sealer> {
        self.with_header(|state| Sealer::new(state.header.store, &state.header.secrets.records))?
    }

    /// While a rotation is under way and a file of the header perhaps lacks the new key, records
    /// are written with the one that both files have.
    pub(super) fn seal_with_older_key(&self) -> Result<()> {
        if self.is_rotating()? {
            change_sealer(&*self.opened()?, self.sealer()?.with_first_key_in_use());
        }
        Ok(())
    }

    fn finish_rotation(&self) -> Result<()> {
        let opened = self.opened()?;
        self.mend_header()?;
        {
            // Whoever writes meanwhile might use the older key after it was looked for.
            let _writer = self.writer.lock();
            change_sealer(&opened, self.sealer()?);
        }
        for space in SEALED {
            self.reseal_space(&opened, space)?;
        }
        // IMPORTANT: no record may need the old key after a power cut when the header forgets it.
        opened.db.sync()?;
        self.write_secrets(|secrets| Ok(secrets.with_last_key()))
            .map_err(NotWritten::into_error)?;
        // Nothing is left that opens what the old key had encrypted. It takes room, not more.
        self.signal.compact();
        Ok(())
    }

    fn reseal_space(&self, opened: &Opened, space: u8) -> Result<()> {
        let mut from = vec![space];
        let (mut damaged, mut is_block_damaged) = (0, false);
        loop {
            self.check_closing()?;
            let Stale { places, next, is_damaged } = stale(opened, space, &from)?;
            is_block_damaged |= is_damaged;
            damaged += self.reseal(opened, &places)?;
            match next {
                Some(next) => from = next,
                None => break,
            }
        }
        // Nobody knows all that was in a damaged block.
        let damaged = damaged.max(usize::from(is_block_damaged));
        if damaged > 0 {
            // No key can open these, so the old one is of no use to them.
            let kind = Kind::of_space(space).unwrap_or(Kind::Message);
            self.options.tell(Event::Unreadable { kind, ids: Vec::new(), count: damaged });
        }
        Ok(())
    }

    /// Encrypts records again; gives how many could not be read.
    fn reseal(&self, opened: &Opened, places: &[Vec<u8>]) -> Result<usize> {
        if places.is_empty() {
            return Ok(0);
        }
        let mut writer = self.writer.lock();
        writer.check()?;
        let sealer = opened.sealer.load();
        let mut batch = WriteBatch::new();
        let mut damaged = 0;
        for place in places {
            // What was written or removed since it was seen is not touched.
            let sealed = match opened.db.get(place).map_err(Error::from) {
                Ok(Some(sealed)) if !sealer.is_current(&sealed) => sealed,
                Ok(_) => continue,
                // What may have a newer version in a damaged block is not written anew.
                Err(error) if error.is_damage() => {
                    damaged += 1;
                    continue;
                }
                Err(error) => return Err(error),
            };
            match sealer.open(place, &sealed) {
                Some(plain) => batch.put(place, &sealer.seal(place, &plain)?),
                None => damaged += 1,
            }
        }
        let resealed = batch.len() as u64;
        writer.counters.sealed += resealed + 1;
        batch.put(&layout::COUNTERS, &sealer.seal(&layout::COUNTERS, &writer.counters.encode())?);
        opened.db.write(batch, Durability::Process)?;
        let mut metrics = self.metrics.lock();
        metrics.counters = writer.counters;
        metrics.resealed += resealed;
        Ok(damaged)
    }
}

/// Places whose records have an old key, where to go on, if not at the end, and whether blocks on
/// the way are damaged.
#[derive(Default)]
struct Stale {
    places: Vec<Vec<u8>>,
    next: Option<Vec<u8>>,
    is_damaged: bool,
}

/// Looks from `from` on.
fn stale(opened: &Opened, space: u8, from: &[u8]) -> Result<Stale> {
    let sealer = opened.sealer.load();
    let mut cursor = opened.db.iter(Range::prefix(&[space]).past_damage(true))?;
    let (mut found, mut bytes, mut looks) = (Stale::default(), 0, 0);
    let mut moved = cursor.seek(from);
    loop {
        match moved.map_err(Error::from) {
            Err(error) if error.is_damage() => found.is_damaged = true,
            Err(error) => return Err(error),
            Ok(()) if !cursor.valid() => return Ok(found),
            Ok(()) => {
                looks += 1;
                if found.places.len() == RECORDS || bytes > BYTES || looks > LOOKS {
                    found.next = Some(cursor.key().to_vec());
                    return Ok(found);
                }
                if !sealer.is_current(cursor.value()) {
                    bytes += cursor.value().len();
                    found.places.push(cursor.key().to_vec());
                }
            }
        }
        moved = cursor.next();
    }
}

impl Inner {
    /// Whether the key was used so often that it has to be replaced.
    pub(super) fn is_key_worn(&self) -> bool {
        self.metrics.lock().counters.sealed >= self.options.rotate_after
    }

    pub(super) fn note_rotation(&self, outcome: Result<()>) {
        match outcome {
            Ok(()) | Err(Error::Closed) => {}
            Err(error) => self.options.tell(Event::RotationFailed(error)),
        }
    }
}

/// Puts a sealer in force. It keeps the keys that there were, until the store is closed: whoever has
/// read something, or reads it as it was before any number of rotations, can still open it.
fn change_sealer(opened: &Opened, sealer: Sealer) {
    let with_older = sealer.and_keys_of(&opened.sealer.load());
    opened.sealer.store(Arc::new(with_older));
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use sigil_leveldb::env::MemoryEnv;

    use crate::{Change, Kdf, Kind, Options, Store};

    /// Or the background would replace it again and again while nobody writes.
    #[test]
    fn a_key_that_was_replaced_is_not_worn() {
        let options = Options {
            kdf: Kdf::CHEAP,
            weak_key_for_tests: true,
            rotate_after: 60,
            env: Arc::new(MemoryEnv::new()),
            ..Options::default()
        };
        let store = Store::open("/store", b"a password", options).unwrap();
        let (kind, id, value) = (Kind::Peer, "one".to_owned(), Vec::new());
        for _ in 0..40 {
            let (id, value) = (id.clone(), value.clone());
            store.write(Change::SaveItem { kind, id, value }).unwrap();
        }
        // The background may have come first.
        assert!(store.inner.is_key_worn() || store.metrics().resealed > 0);
        store.rotate_key().unwrap();
        assert!(!store.inner.is_key_worn());
    }
}
