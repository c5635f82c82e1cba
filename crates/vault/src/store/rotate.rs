//! Replacing the key that records are encrypted with, while the store is in use.
//!
//! The header gets the new key beside the old one, so that from then on records are written with
//! the new one; then those that still have the old one are encrypted again, a few at a time; then
//! the header forgets the old key. A crash leaves a header with two keys, and the next opening goes
//! on: what has the new key already is passed over.

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
        // The sealer keeps the keys it had until the store is closed: whoever has read something
        // can still open it.
        opened.sealer.store(Arc::new(self.sealer()?));
        writer.counters.sealed = 0;
        Ok(())
    }

    fn sealer(&self) -> Result<Sealer> {
        self.with_header(|state| Sealer::new(state.header.store, &state.header.secrets.records))?
    }

    /// While a rotation is under way and a file of the header perhaps lacks the new key, records
    /// are written with the one that both files have.
    pub(super) fn seal_with_older_key(&self) -> Result<()> {
        if self.is_rotating()? {
            self.opened()?.sealer.store(Arc::new(self.sealer()?.with_first_key_in_use()));
        }
        Ok(())
    }

    fn finish_rotation(&self) -> Result<()> {
        let opened = self.opened()?;
        self.mend_header()?;
        {
            // Whoever writes meanwhile might use the older key after it was looked for.
            let _writer = self.writer.lock();
            opened.sealer.store(Arc::new(self.sealer()?));
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
        let mut damaged = 0;
        loop {
            self.check_closing()?;
            let (places, next) = stale(opened, space, &from)?;
            damaged += self.reseal(opened, &places)?;
            match next {
                Some(next) => from = next,
                None => break,
            }
        }
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
            let Some(sealed) = opened.db.get(place)? else { continue };
            if sealer.is_current(&sealed) {
                continue;
            }
            match sealer.open(place, &sealed) {
                Some(plain) => batch.put(place, &sealer.seal(place, &plain)?),
                None => damaged += 1,
            }
        }
        let resealed = batch.len() as u64;
        writer.counters.sealed += resealed + 1;
        batch.put(&layout::COUNTERS, &sealer.seal(&layout::COUNTERS, &writer.counters.encode())?);
        opened.db.write(batch, Durability::Process)?;
        self.metrics.lock().resealed += resealed;
        Ok(damaged)
    }
}

/// Places whose records have an old key, and where to go on; none at the end.
type Stale = (Vec<Vec<u8>>, Option<Vec<u8>>);

/// Looks from `from` on.
fn stale(opened: &Opened, space: u8, from: &[u8]) -> Result<Stale> {
    let sealer = opened.sealer.load();
    let mut cursor = opened.db.iter(Range::prefix(&[space]))?;
    cursor.seek(from)?;
    let (mut places, mut bytes, mut looks) = (Vec::new(), 0, 0);
    while cursor.valid() {
        looks += 1;
        if places.len() == RECORDS || bytes > BYTES || looks > LOOKS {
            return Ok((places, Some(cursor.key().to_vec())));
        }
        if !sealer.is_current(cursor.value()) {
            bytes += cursor.value().len();
            places.push(cursor.key().to_vec());
        }
        cursor.next()?;
    }
    Ok((places, None))
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
