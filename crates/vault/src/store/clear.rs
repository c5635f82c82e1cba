//! Removing everything.

use super::{Inner, Store};
use crate::error::Result;
use crate::keys::SecretKey;
use crate::layout;
use crate::record::Counters;

impl Store {
    /// Removes everything, in one step. What was there cannot be decrypted any more: its keys are
    /// gone with the header that had them, and its files are removed.
    pub fn clear(&self) -> Result<()> {
        self.inner.clear()
    }
}

impl Inner {
    fn clear(&self) -> Result<()> {
        let _maintenance = self.maintenance.lock();
        let mut writer = self.writer.lock();
        writer.check()?;
        let secrets = self
            .with_header(|state| state.header.secrets.for_new_directory(SecretKey::random()?))??;
        let epoch = secrets.epoch;
        self.replace_data(&mut writer, secrets, |fresh| {
            let counters = Counters { epoch, sealed: 1, ..Counters::default() };
            let sealed = fresh.sealer.load().seal(&layout::COUNTERS, &counters.encode())?;
            fresh.db.put(&layout::COUNTERS, &sealed, sigil_leveldb::Durability::Sync)?;
            Ok((counters, None))
        })
    }
}
